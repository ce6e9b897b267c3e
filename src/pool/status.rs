//! How many connections there are.

use super::TenantPool;
use super::core::Core;

impl TenantPool {
    /// How many connections there are, for tenants, to the primary.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        PoolStatus::of(&self.0.tenants)
    }

    /// How many connections there are to each replica, in the order in which they were named.
    #[must_use]
    pub fn replica_status(&self) -> Vec<PoolStatus> {
        let cores = self.0.replicas.iter().flat_map(|replicas| replicas.cores());
        cores.map(|core| PoolStatus::of(core)).collect()
    }

    /// How many connections there are across tenants. `None`: the pool has no system door.
    #[must_use]
    pub fn system_status(&self) -> Option<PoolStatus> {
        self.0.system.as_ref().map(|system| PoolStatus::of(system))
    }
}

/// A count of a pool's connections at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStatus {
    /// The most that may be open.
    pub max_size: usize,
    /// How many are open, in use or idle. Those that are being opened or closed do not count.
    pub size: usize,
    /// How many are idle.
    pub available: usize,
    /// How many callers wait for one, or for the turn of their tenant ([`Fairness`]).
    pub waiting: usize,
    /// How many of `max_size` places are taken: by those that are open, and by those that are being
    /// opened or closed. The server never sees more.
    pub places_taken: usize,
    /// How many callers share a connection that another has taken, see [`Sharing`].
    pub sharing: usize,
}

impl PoolStatus {
    fn of(core: &Core) -> Self {
        let stock = core.stock();
        let counts = stock.counts();
        Self {
            max_size: stock.bounds.max_size,
            size: counts.size,
            available: counts.idle,
            waiting: counts.waiting + core.waiting_for_turns(),
            places_taken: counts.places_taken,
            sharing: counts.sharing,
        }
    }
}
