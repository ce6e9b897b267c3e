//! The time as migrations have it in their names.

use std::time::SystemTime;

/// `YYYYMMDDhhmmss`, in UTC.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    stamp(since.as_secs())
}

/// The same as ISO 8601 has it: `2026-01-31T23:59:59Z`.
pub(in crate::cli) fn iso() -> String {
    iso_of(now())
}

fn iso_of(stamp: u64) -> String {
    let (date, clock) = (stamp / 1_000_000, stamp % 1_000_000);
    let (year, month, day) = (date / 10_000, date / 100 % 100, date % 100);
    let (hour, minute, second) = (clock / 10_000, clock / 100 % 100, clock % 100);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Of seconds since 1970.
fn stamp(seconds: u64) -> u64 {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years that begin in March end with the day that leap years have more. 719,468 days before 1970 is March 1 of year 0,
    // and every 400 years have 146,097 days.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = 400 * era + year + carry;
    let clock = second / 3_600 * 10_000 + second / 60 % 60 * 100 + second % 60;
    ((year * 100 + month) * 100 + day) * 1_000_000 + clock
}

#[cfg(test)]
mod tests {
    use super::{iso_of, stamp};

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, stamped) in [
            (0, 19_700_101_000_000),
            (951_782_399, 20_000_228_235_959),
            (951_782_400, 20_000_229_000_000),
            (1_709_164_799, 20_240_228_235_959),
            (1_735_689_599, 20_241_231_235_959),
            (1_735_689_600, 20_250_101_000_000),
            (4_107_542_399, 21_000_228_235_959),
            (4_107_542_400, 21_000_301_000_000),
        ] {
            assert_eq!(stamp(seconds), stamped, "{seconds}");
        }
    }

    #[test]
    fn the_stamp_is_written_as_iso_8601_has_it() {
        assert_eq!(iso_of(20_000_228_030_509), "2000-02-28T03:05:09Z");
    }
}
