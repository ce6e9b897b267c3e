//! Days in Dhaka and the fiscal year of Bangladesh.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Asia::Dhaka;

/// The day that a moment belongs to.
pub fn day(moment: DateTime<Utc>) -> NaiveDate {
    moment.with_timezone(&Dhaka).date_naive()
}

/// The fiscal year of a day, named by the year in which it begins: it runs from July to June.
pub fn fiscal_year(day: NaiveDate) -> i32 {
    if day.month() >= 7 { day.year() } else { day.year() - 1 }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate};

    use super::{day, fiscal_year};

    #[test]
    fn a_day_begins_six_hours_before_utc() {
        for (moment, expected) in
            [("2026-06-30T17:59:59Z", (2026, 6, 30)), ("2026-06-30T18:00:00Z", (2026, 7, 1))]
        {
            let moment = DateTime::parse_from_rfc3339(moment).unwrap().to_utc();
            let (year, month, of_month) = expected;
            assert_eq!(Some(day(moment)), NaiveDate::from_ymd_opt(year, month, of_month));
        }
    }

    #[test]
    fn a_fiscal_year_runs_from_july_to_june() {
        for (year, month, of_month, expected) in
            [(2026, 6, 30, 2025), (2026, 7, 1, 2026), (2026, 12, 31, 2026), (2027, 1, 1, 2026)]
        {
            assert_eq!(fiscal_year(NaiveDate::from_ymd_opt(year, month, of_month).unwrap()), expected);
        }
    }
}
