//! Running a transaction again after a serialization failure or a deadlock.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How often and after which pauses a transaction is run again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retry {
    pub(super) max_retries: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self { max_retries: 5 }
    }
}

const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

impl Retry {
    /// The pause before the given retry, counted from 0: between half and all of a span that
    /// doubles up to a cap, at random, so that transactions that met once do not meet again.
    pub(super) fn pause(self, retry: u32) -> Option<Duration> {
        (retry < self.max_retries).then(|| {
            let span = FIRST_PAUSE.saturating_mul(1 << retry.min(16)).min(LONGEST_PAUSE);
            span.mul_f64(0.5 + random_fraction() / 2.0)
        })
    }
}

/// A number in `0.0..1.0`. The standard library seeds each of its hashers at random, which is
/// random enough to spread retries.
fn random_fraction() -> f64 {
    let bits = RandomState::new().hash_one(0_u8);
    f64::from(u32::try_from(bits >> 32).unwrap_or(0)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::{FIRST_PAUSE, LONGEST_PAUSE, Retry};

    #[test]
    fn pauses_grow_to_a_cap_and_then_end() {
        let retry = Retry { max_retries: 20 };
        for n in 0..20 {
            let pause = retry.pause(n).unwrap();
            assert!(pause >= FIRST_PAUSE / 2 && pause <= LONGEST_PAUSE, "{n}: {pause:?}");
        }
        assert!(retry.pause(10).unwrap() >= LONGEST_PAUSE / 2);
        assert_eq!(retry.pause(20), None);
    }

    #[test]
    fn pauses_differ() {
        let retry = Retry { max_retries: 1 };
        let first = retry.pause(0);
        assert!((0..100).any(|_| retry.pause(0) != first));
    }
}
