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
