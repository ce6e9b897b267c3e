//! How often something may begin: tokens that come back with time.

use std::time::{Duration, Instant};

use crate::pool::fairness::Rate;

pub(super) struct Bucket {
    tokens: f64,
    since: Instant,
    /// When it is full again if nothing is taken.
    full: Instant,
}

impl Bucket {
    pub(super) fn full(rate: Rate, now: Instant) -> Self {
        Self { tokens: rate.burst, since: now, full: now }
    }

    /// Takes a token if there is one.
    pub(super) fn take(&mut self, rate: Rate, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.since).as_secs_f64();
        self.tokens = passed.mul_add(rate.per_second, self.tokens).min(rate.burst);
        self.since = now;
        if self.tokens < 1.0 {
            return false;
        }
        self.tokens -= 1.0;
        let missing = Duration::try_from_secs_f64((rate.burst - self.tokens) / rate.per_second);
        self.full = now + missing.unwrap_or(LONG);
        true
    }

    pub(super) fn is_full(&self, now: Instant) -> bool {
        now >= self.full
    }
}

/// Stands for a time that nobody waits for.
const LONG: Duration = Duration::from_hours(24 * 365);
