//! Where the units of work of a scope run.

use std::sync::Arc;

use super::binding::Bound;
use super::connection::Connection;
use super::core::Core;
use super::replicas::{Asks, Replicas};
use super::sharing::Sharing;
use super::texts::Text;
use crate::error::Result;
use crate::tenant::Servers;

/// Where the units of work of a scope run: on the primary or, where they only read, on a replica if one can serve. Which it is, is
/// decided when a connection is taken.
#[derive(Clone)]
pub(super) struct Way {
    primary: Arc<Core>,
    replicas: Option<Arc<Replicas>>,
}

impl Way {
    /// To the primary alone.
    pub(super) fn to(primary: &Arc<Core>) -> Self {
        Self { primary: Arc::clone(primary), replicas: None }
    }

    /// To replicas as well.
    pub(super) fn or_replicas(self, replicas: &Arc<Replicas>) -> Self {
        Self { replicas: Some(Arc::clone(replicas)), ..self }
    }

    /// What the pool has in common, whichever server serves.
    pub(super) fn primary(&self) -> &Arc<Core> {
        &self.primary
    }

    /// The same without replicas, unless no other server will do.
    pub(super) fn back_to_primary(&self, bound: &Bound) -> Self {
        let only = bound.as_ref().is_ok_and(|binding| binding.reading().servers == Servers::Replicas);
        if only { self.clone() } else { Self::to(&self.primary) }
    }

    /// Whether a replica may serve.
    pub(super) fn may_leave_primary(&self) -> bool {
        self.replicas.is_some()
    }

    /// A connection that nobody shares.
    pub(super) async fn connection(&self, bound: &Bound) -> Result<Connection> {
        match &self.replicas {
            None => self.primary.connection(bound).await,
            // On the heap, so that the futures of statements have no room for it where there are no replicas.
            Some(replicas) => {
                Box::pin(replicas.connection(&self.primary, Asks { bound, shares: None })).await
            }
        }
    }

    /// A connection that others may share, or one that others use already.
    pub(super) async fn shared(
        &self,
        bound: &Bound,
        text: Arc<Text>,
        sharing: Option<Sharing>,
    ) -> Result<Connection> {
        match &self.replicas {
            None => self.primary.shared(bound, text).await,
            Some(replicas) => {
                let asks = Asks { bound, shares: Some((&text, sharing)) };
                Box::pin(replicas.connection(&self.primary, asks)).await
            }
        }
    }
}
