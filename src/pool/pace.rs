//! How fast a pool opens connections.

use std::time::{Duration, Instant};

/// Between two openings, once a burst is used up.
const APART: Duration = Duration::from_millis(10);

/// The least that may be opened at a time.
const LEAST_BURST: u32 = 8;

/// Between two openings after one has failed: at first, doubled each time, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Spreads openings: as many as the pool is large at a time, 100 a second in the long run, and after a failure
/// one by one with pauses that grow, so that a server in trouble is not stormed.
#[derive(Debug)]
pub(super) struct Pace {
    /// When the next opening would be due if all were apart.
    due: Instant,
    burst: Duration,
    /// How many openings have failed since the last that did not.
    failures: u32,
    /// The earliest start after a failure.
    not_before: Instant,
}

impl Pace {
    pub(super) fn new(now: Instant, max_size: usize) -> Self {
        let burst = u32::try_from(max_size).unwrap_or(u32::MAX).max(LEAST_BURST);
        Self { due: now, burst: APART.saturating_mul(burst - 1), failures: 0, not_before: now }
    }

    /// How long an opening that is wanted now has to wait.
    pub(super) fn delay(&mut self, now: Instant) -> Duration {
        let due = self.due.max(now);
        self.due = due + APART;
        let mut delay = due.duration_since(now).saturating_sub(self.burst);
        if self.failures > 0 {
            delay = delay.max(self.not_before.saturating_duration_since(now));
            self.not_before = now + delay + self.pause();
        }
        delay
    }

    pub(super) fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.not_before = self.not_before.max(now + self.pause());
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
    }

    fn pause(&self) -> Duration {
        FIRST_PAUSE.saturating_mul(1 << self.failures.saturating_sub(1).min(16)).min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{APART, LONGEST_PAUSE, Pace};

    #[test]
    fn a_pool_fills_at_once_and_then_opens_one_after_the_other() {
        let now = Instant::now();
        let mut pace = Pace::new(now, 16);
        assert!((0..16).all(|_| pace.delay(now) == Duration::ZERO));
        assert_eq!(pace.delay(now), APART);
        assert_eq!(pace.delay(now), 2 * APART);
        let later = now + Duration::from_secs(1);
        assert!((0..16).all(|_| pace.delay(later) == Duration::ZERO));
    }

    #[test]
    fn failures_slow_it_down_to_a_cap_until_one_succeeds() {
        let now = Instant::now();
        let mut pace = Pace::new(now, 4);
        let mut last = Duration::ZERO;
        for _ in 0..10 {
            pace.failed(now + last);
            let delay = pace.delay(now + last);
            assert!(delay > Duration::ZERO && delay <= LONGEST_PAUSE, "{delay:?}");
            last += delay;
        }
        // Two that are wanted at a time still start one after the other.
        let first = pace.delay(now + last);
        assert!(pace.delay(now + last) >= first + LONGEST_PAUSE);
        pace.succeeded();
        assert_eq!(pace.delay(now + Duration::from_secs(5)), Duration::ZERO);
    }
}
