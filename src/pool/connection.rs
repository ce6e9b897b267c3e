//! A lease with what its unit of work binds on it.

use std::sync::Arc;

use deadpool_postgres::ClientWrapper;
use tokio_postgres::Statement;
use tracing::info;

use super::binding::{Binding, Bound};
use super::core::Core;
use super::lease::Lease;
use crate::error::{Error, Result};

/// A connection that is ready to open a unit of work.
pub(super) struct Connection {
    pub(super) lease: Arc<Lease>,
    pub(super) binding: Arc<Binding>,
    /// The statement that binds the context, where the strategy has one.
    pub(super) select: Option<Statement>,
}

impl Connection {
    /// Checks a connection out. Where the pool does not take the context, nothing is sent.
    pub(super) async fn acquire(core: &Arc<Core>, bound: &Bound) -> Result<Self> {
        let binding = bound.clone().map_err(|why| Error::config(&*why))?;
        let lease = core.lease().await?;
        if let Some(reason) = binding.reason() {
            info!(reason, "cross-tenant access");
        }
        let select = core.strategy().prepare(&lease, &binding).await?;
        Ok(Self { lease: Arc::new(lease), binding, select })
    }

    pub(super) fn client(&self) -> &ClientWrapper {
        self.lease.client()
    }
}
