//! How fast, and how patient.

use std::time::Duration;

use crate::pool::retry::Retry;

/// How an adoption goes about its work.
///
/// | knob | default |
/// |---|---|
/// | [`lock_timeout`](Self::lock_timeout) | 1 second |
/// | [`attempts`](Self::attempts) | 30 |
/// | [`batch`](Self::batch) | 5,000 rows |
/// | [`pause`](Self::pause) | six times as long as the batch took |
/// | [`rate`](Self::rate) | no limit |
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// How long a step waits for its locks, all of them together, before it gives up for a while; whoever comes behind it waits
    /// as long. Resolution: one millisecond. Zero means no limit. What waits for old transactions and keeps nobody waiting has
    /// no limit: `CREATE INDEX CONCURRENTLY` and `DROP INDEX CONCURRENTLY`.
    pub lock_timeout: Duration,
    /// How often a step is tried whose locks are not to be had, with growing pauses between, and how often rows are come back
    /// to that others have locked. At least 1.
    pub attempts: u32,
    /// How many rows a batch of the backfill goes through at most. It goes through fewer where that many take more than some
    /// 30 milliseconds. At least 1.
    pub batch: u32,
    /// How long to pause after each batch.
    pub pause: Pause,
    /// How many rows to fill in a second at most. Default: as many as the pauses allow.
    pub rate: Option<u32>,
}

/// How long to pause after a batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pause {
    /// As many times the time that the batch took: with 6, the backfill is at work a seventh of the time.
    Times(f64),
    /// As long as this.
    Fixed(Duration),
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(1),
            attempts: 30,
            batch: 5_000,
            pause: Pause::Times(6.0),
            rate: None,
        }
    }
}

impl Settings {
    /// How long to pause after a batch of so many rows that took so long.
    pub(super) fn pause_after(&self, took: Duration, rows: u64) -> Duration {
        let pause = match self.pause {
            Pause::Times(times) => took.mul_f64(times.clamp(0.0, 1_000_000.0)),
            Pause::Fixed(pause) => pause,
        };
        let due = self.rate.map(|rate| {
            let rows = u32::try_from(rows).unwrap_or(u32::MAX);
            Duration::from_secs_f64(f64::from(rows) / f64::from(rate.max(1))).saturating_sub(took)
        });
        pause.max(due.unwrap_or_default())
    }
}

/// How long to pause before another attempt, the first pause being that of attempt 1: longer each time, at most 10 seconds.
pub(super) fn backoff(attempt: u32) -> Duration {
    let longest = Duration::from_secs(10);
    let retry =
        Retry { max_retries: u32::MAX, first_pause: Duration::from_millis(200), longest_pause: longest };
    retry.pause(attempt.saturating_sub(1)).unwrap_or(longest)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Pause, Settings};

    #[test]
    fn a_pause_keeps_to_its_share_and_to_the_rate() {
        let millis = Duration::from_millis;
        let settings = Settings::default();
        assert_eq!(settings.pause_after(millis(30), 1_000), millis(180));
        let rated = Settings { rate: Some(1_000), ..settings.clone() };
        assert_eq!(rated.pause_after(millis(30), 1_000), millis(970));
        assert_eq!(rated.pause_after(millis(30), 10), millis(180));
        let fixed = Settings { pause: Pause::Fixed(millis(5)), ..settings };
        assert_eq!(fixed.pause_after(millis(30), 1_000), millis(5));
    }
}
