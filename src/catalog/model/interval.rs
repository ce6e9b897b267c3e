//! Intervals, as the server writes them.

/// The units of an interval, and the months, days or seconds that each is.
const UNITS: [(&str, i64, i64, i64); 8] = [
    ("year", 12, 0, 0),
    ("mon", 1, 0, 0),
    ("month", 1, 0, 0),
    ("week", 0, 7, 0),
    ("day", 0, 1, 0),
    ("hour", 0, 0, 3600),
    ("minute", 0, 0, 60),
    ("second", 0, 0, 1),
];

/// `1 hour` as `01:00:00`, if it is made of whole numbers and units, and has to be written otherwise.
pub(super) fn output(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (mut months, mut days, mut seconds) = (0_i64, 0_i64, 0_i64);
    for pair in words.chunks(2) {
        let [number, unit] = pair else { return None };
        let number: i64 = number.parse().ok().filter(|number| (0..1_000_000).contains(number))?;
        let unit = unit.to_ascii_lowercase();
        let singular = unit.strip_suffix('s').unwrap_or(&unit);
        let (_, month, day, second) = UNITS.iter().find(|(name, ..)| *name == singular)?;
        months += number * month;
        days += number * day;
        seconds += number * second;
    }
    let mut parts = Vec::new();
    for (number, unit) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] {
        match number {
            0 => {}
            1 => parts.push(format!("1 {unit}")),
            many => parts.push(format!("{many} {unit}s")),
        }
    }
    if seconds > 0 || parts.is_empty() {
        parts.push(format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60));
    }
    let written = parts.join(" ");
    (written != text).then_some(written)
}

#[cfg(test)]
mod tests {
    use super::output;

    #[test]
    fn units_are_written_as_the_server_writes_them() {
        for (written, server) in [
            ("1 hour", "01:00:00"),
            ("90 minutes", "01:30:00"),
            ("2 weeks", "14 days"),
            ("18 months", "1 year 6 mons"),
            ("1 day 30 seconds", "1 day 00:00:30"),
            ("0 days", "00:00:00"),
        ] {
            assert_eq!(output(written).as_deref(), Some(server), "{written}");
        }
        for same in ["1 day", "01:00:00", "P1D", "1.5 hours", "-1 day", "a day"] {
            assert_eq!(output(same), None, "{same}");
        }
    }
}
