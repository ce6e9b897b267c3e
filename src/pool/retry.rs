//! Trying again what another transaction stood in the way of.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How often and after which pauses something is tried again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    pub(crate) max_retries: u32,
    pub(crate) first_pause: Duration,
    pub(crate) longest_pause: Duration,
}

/// For a serialization failure or a deadlock, after which the way is mostly free.
impl Default for Retry {
    fn default() -> Self {
        Self {
            max_retries: 5,
            first_pause: Duration::from_millis(5),
            longest_pause: Duration::from_millis(200),
        }
    }
}

impl Retry {
    /// The pause before the given retry, counted from 0: between half and all of a span that
    /// doubles up to a cap, at random, so that transactions that met once do not meet again.
    pub(crate) fn pause(self, retry: u32) -> Option<Duration> {
        (retry < self.max_retries).then(|| {
            let span = self.first_pause.saturating_mul(1 << retry.min(16)).min(self.longest_pause);
            span.mul_f64(0.5 + random_fraction() / 2.0)
        })
    }
}

/// A number in `0.0..1.0`. The standard library seeds each of its hashers at random, which is
/// random enough to spread retries.
pub(super) fn random_fraction() -> f64 {
    let bits = RandomState::new().hash_one(0_u8);
    f64::from(u32::try_from(bits >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::Retry;

    #[test]
    fn pauses_grow_to_a_cap_and_then_end() {
        let retry = Retry { max_retries: 20, ..Retry::default() };
        for n in 0..20 {
            let pause = retry.pause(n).unwrap();
            assert!(pause >= retry.first_pause / 2 && pause <= retry.longest_pause, "{n}: {pause:?}");
        }
        assert!(retry.pause(10).unwrap() >= retry.longest_pause / 2);
        assert_eq!(retry.pause(20), None);
    }

    #[test]
    fn pauses_differ() {
        let retry = Retry { max_retries: 1, ..Retry::default() };
        let first = retry.pause(0);
        assert!((0..100).any(|_| retry.pause(0) != first));
    }
}
