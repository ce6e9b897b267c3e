//! The time as migrations have it in their names.

use std::time::SystemTime;

/// `YYYYMMDDhhmmss`, in UTC.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    stamp(since.as_secs())
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
    use super::stamp;

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
}
