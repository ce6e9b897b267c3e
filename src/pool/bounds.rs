//! What bounds a pool and its connections.

use std::time::Duration;

/// What bounds a pool and its connections; each is explained at the builder's method.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) max_size: usize,
    pub(super) min_idle: usize,
    pub(super) wait_timeout: Duration,
    /// Whether a server that takes no connections at the moment is waited for.
    pub(super) waits_for_server: bool,
    pub(super) connect_timeout: Duration,
    pub(super) max_lifetime: Option<Duration>,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) check_idle_after: Duration,
    pub(super) recheck_role_after: Duration,
}
