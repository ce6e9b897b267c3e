//! Cancel requests from another task.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::timeout;

use super::work::Work;
use crate::error::{Error, Kind, Result};

/// How long the other side may take to close the connection once it has the request.
const CLOSING: Duration = Duration::from_secs(5);

/// Cancels what runs in one transaction, and nothing that comes after it on the same connection.
///
/// A cancel request travels on a connection of its own and may arrive late. So a connection to
/// which one was sent is closed when its transaction ends, and never carries another tenant.
#[derive(Clone)]
pub struct CancelToken(Weak<Work>);

impl CancelToken {
    pub(super) fn new(work: &Arc<Work>) -> Self {
        Self(Arc::downgrade(work))
    }

    /// Asks the server to cancel the statement that is running; that statement then fails with
    /// SQLSTATE 57014 ([`Error::is_canceled`](crate::Error::is_canceled)). Does nothing when the transaction has ended or has
    /// sent nothing yet.
    ///
    /// # Errors
    ///
    /// The request cannot be sent, or not within the time that opening a connection may take
    /// ([`TenantPoolBuilder::connect_timeout`](crate::TenantPoolBuilder::connect_timeout)) and 5 s more.
    pub async fn cancel(&self) -> Result<()> {
        // Held until the request is sent, the transaction keeps its connection so long.
        let Some(work) = self.0.upgrade() else { return Ok(()) };
        let Some(lease) = work.lease() else { return Ok(()) };
        lease.retire();
        let limit = work.way().primary().options().bounds.connect_timeout.saturating_add(CLOSING);
        let lease = Arc::clone(lease);
        // In a task of its own, because a pooler may take it ill when a caller hangs up whose request it is
        // about to pass on.
        let canceling = tokio::spawn(async move {
            let canceled = timeout(limit, lease.opener().target.cancel(lease.client())).await;
            canceled.unwrap_or_else(|_| Err(Error::from(Kind::ConnectTimeout(limit))))
        });
        canceling.await.unwrap_or_else(|_| Err(Error::from(Kind::PoolClosed)))
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").finish_non_exhaustive()
    }
}
