//! How long a step waits for locks, and how often it is tried.

use std::borrow::Borrow;
use std::time::Duration;

use tokio_postgres::error::SqlState;

use crate::error::{Error, Result};
use crate::policy::LOCK_TIMEOUT;
use crate::pool::retry::Retry;

/// How long a step waits for a lock, and how often it is tried before it is given up.
///
/// While a statement waits for a lock, those that come after it on the same table wait too. So it gives up soon (SQLSTATE
/// 55P03), lets them through, and comes again after a pause that doubles from 0.1 to 5 seconds, with some chance in it. What
/// loses a deadlock (40P01) comes again too: it was rolled back. So does what has met another's change of the same role, function or
/// grant, on which the server takes no lock (XX000, `tuple concurrently updated`). Nothing else is repeated.
///
/// A migration that alters two tables and a transaction that reads them in the other order wait for each other. Of those
/// that do, the server ends the one that first has waited for
/// [`deadlock_timeout`](https://www.postgresql.org/docs/current/runtime-config-locks.html#GUC-DEADLOCK-TIMEOUT), 1 second
/// by default. A limit below it lets the migration give way before that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    lock_timeout: Duration,
    attempts: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { lock_timeout: LOCK_TIMEOUT, attempts: 10 }
    }
}

impl Patience {
    /// Lets a statement wait for a lock at most this long. Default: 800 ms. Resolution: one millisecond, rounded up; zero
    /// means to wait without a limit.
    ///
    /// See [`lock_timeout`](https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT).
    #[must_use]
    pub fn lock_timeout(mut self, limit: Duration) -> Self {
        self.lock_timeout = limit;
        self
    }

    /// How often a step is tried in all while its locks are not to be had. Default: 10. Zero counts as one.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// The limit as `lock_timeout` takes it.
    pub(crate) fn setting(self) -> String {
        milliseconds(self.lock_timeout)
    }

    /// Tries work until it does not fail for want of a lock. The work has to leave nothing behind when it fails.
    ///
    /// `told` hears of each failure that is followed by another try: the number of that try, of how many, and the pause.
    pub(crate) async fn retry<T, E, F>(
        self,
        mut work: impl FnMut() -> F,
        told: impl Fn(u32, u32, Duration),
    ) -> Result<T, E>
    where
        E: Borrow<Error>,
        F: Future<Output = Result<T, E>>,
    {
        let retry = Retry {
            max_retries: self.attempts - 1,
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(5),
        };
        let mut tried = 0;
        loop {
            let error = match work().await {
                Err(error) if is_worth_another_try(error.borrow()) => error,
                done => return done,
            };
            let Some(pause) = retry.pause(tried) else { return Err(error) };
            tried += 1;
            told(tried + 1, self.attempts, pause);
            tokio::time::sleep(pause).await;
        }
    }
}

/// A span as settings take it, rounded up.
pub(crate) fn milliseconds(span: Duration) -> String {
    format!("{}ms", span.as_nanos().div_ceil(1_000_000).min(i32::MAX.unsigned_abs().into()))
}

/// Whether a lock was not to be had in time, two waited for each other, or another has changed the same role or function meanwhile. The
/// transaction is gone either way.
fn is_worth_another_try(error: &Error) -> bool {
    let codes = [&SqlState::LOCK_NOT_AVAILABLE, &SqlState::T_R_DEADLOCK_DETECTED];
    error.code().is_some_and(|code| codes.contains(&code)) || is_changed_meanwhile(error)
}

/// What the server says where it takes no lock on an object that two change: an internal error, `tuple concurrently updated`.
fn is_changed_meanwhile(error: &Error) -> bool {
    let by = ["simple_heap_update", "simple_heap_delete"];
    error.as_db_error().is_some_and(|db| {
        *db.code() == SqlState::INTERNAL_ERROR && db.routine().is_some_and(|routine| by.contains(&routine))
    })
}
