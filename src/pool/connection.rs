//! A lease with what its unit of work binds on it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_postgres::Statement;

use super::binding::Binding;
use super::client::Client;
use super::lease::Lease;
use super::strategy::Strategy;
use crate::error::Result;

/// A connection that is ready to open a unit of work.
pub(super) struct Connection {
    pub(super) lease: Arc<Lease>,
    pub(super) binding: Arc<Binding>,
    /// The statement that binds the context, where the strategy has one.
    pub(super) select: Mutex<Option<Statement>>,
}

impl Connection {
    pub(super) fn client(&self) -> &Client {
        self.lease.client()
    }

    /// Whether something was handed to the network that may have changed rows.
    pub(super) fn may_have_written(&self) -> bool {
        self.lease.link().was_written() && !self.binding.is_read_only()
    }

    pub(super) fn select(&self) -> Option<Statement> {
        self.select.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Prepares the statement that binds the context anew, where the connection has forgotten it.
    pub(super) async fn renew(&self, strategy: Strategy) -> Result<()> {
        let select = strategy.prepare(&self.lease, &self.binding).await?;
        *self.select.lock().unwrap_or_else(PoisonError::into_inner) = select;
        Ok(())
    }
}
