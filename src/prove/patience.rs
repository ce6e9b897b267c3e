//! How long the server works at one attempt.

use std::time::Duration;

/// How long one statement may take, and how long it waits for a lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) statement: Duration,
    pub(crate) lock: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { statement: Duration::from_secs(5), lock: Duration::from_secs(1) }
    }
}
