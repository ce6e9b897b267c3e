//! A connection that is open, and the task that drives it.

use std::future::Future;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_postgres::Client;
use tracing::warn;

use super::link::Link;
use super::violation::Violation;
use crate::error::reason;

/// A connection that is open.
pub(crate) struct Connected {
    pub(crate) client: Client,
    pub(crate) link: Arc<Link>,
    /// Reads and writes for the client.
    pub(crate) task: JoinHandle<()>,
}

/// Drives a connection for its client.
pub(super) fn spawn(
    connection: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            let violation = Violation::behind(&error).map(ToString::to_string);
            warn!(reason = violation.unwrap_or_else(|| reason(&error)), "a connection ended");
        }
    })
}
