//! Errors of the pool itself, before anything was sent.

use super::{Error, Kind};

/// The bound that a tenant has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TenantLimit {
    #[error("too many callers of this tenant wait already; answer them later, or raise max_waiting")]
    Waiting,
    #[error("this tenant has begun too much in too short a time; try again later, or raise its rate")]
    Rate,
}

impl Error {
    /// Whether every connection stayed in use for as long as the caller was willing to wait. Nothing was sent.
    #[must_use]
    pub fn is_pool_timeout(&self) -> bool {
        matches!(*self.kind(), Kind::PoolTimeout(_))
    }

    /// Whether a unit of work that is [`replica_only`](crate::TenantContext::replica_only) found no replica that can serve it: none can be
    /// connected to, or none has replayed what it asks for. Nothing was sent.
    #[must_use]
    pub fn is_replica_unavailable(&self) -> bool {
        matches!(*self.kind(), Kind::NoReplica(_))
    }

    /// Whether what was read from a replica is not taken, since it was promoted meanwhile.
    pub(crate) fn is_promoted(&self) -> bool {
        matches!(*self.kind(), Kind::Promoted)
    }

    /// Whether a server cannot serve for what its pool has in use, or because it is closed, and not for what the server is.
    pub(crate) fn is_of_a_full_pool(&self) -> bool {
        matches!(*self.kind(), Kind::PoolTimeout(_) | Kind::PoolClosed | Kind::TenantLimit(_))
    }

    /// Whether the pool was closed. Nothing was sent.
    #[must_use]
    pub fn is_pool_closed(&self) -> bool {
        matches!(*self.kind(), Kind::PoolClosed)
    }

    /// Whether the tenant has come to a bound of its own, see [`Fairness`](crate::Fairness). Nothing was sent, and other tenants are served:
    /// HTTP has the status 429 for it.
    #[must_use]
    pub fn is_tenant_limit(&self) -> bool {
        matches!(*self.kind(), Kind::TenantLimit(_))
    }
}
