//! Tasks of the pool's own.

use std::future::Future;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;

/// Starts a task on the runtime that this is called in. Outside of any, nothing could drive a
/// connection either, and what the task would do is dropped.
pub(super) fn start<F>(work: F) -> Option<AbortHandle>
where
    F: Future<Output = ()> + Send + 'static,
{
    Handle::try_current().ok().map(|runtime| runtime.spawn(work).abort_handle())
}
