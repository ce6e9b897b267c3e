//! A lease with what its unit of work binds on it.

use std::sync::Arc;

use tokio_postgres::Statement;

use super::binding::Binding;
use super::client::Client;
use super::lease::Lease;

/// A connection that is ready to open a unit of work.
pub(super) struct Connection {
    pub(super) lease: Arc<Lease>,
    pub(super) binding: Arc<Binding>,
    /// The statement that binds the context, where the strategy has one.
    pub(super) select: Option<Statement>,
}

impl Connection {
    pub(super) fn client(&self) -> &Client {
        self.lease.client()
    }
}
