//! How tenants share a pool with each other.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};

/// How tenants share a pool with each other, see
/// [`TenantPoolBuilder::fairness`](crate::TenantPoolBuilder::fairness).
///
/// Without it, whoever comes first is served first, and a tenant that asks for much more than the others has them wait behind
/// all that it asked for. With it, waiting tenants take turns, however many callers each of them has. It can be bounded, too, how much of
/// the pool one tenant has at a time, how many of its callers wait, and how often they come; who is beyond a bound is told so
/// ([`Error::is_tenant_limit`]).
///
/// A unit of work, a statement on a scope or a transaction, is one turn. A statement that may share its connection
/// ([`Sharing`](crate::Sharing)) takes an eighth of the room that any other takes, so up to eight of them are under way for each connection.
///
/// Memory: some 300 bytes for each tenant that has work under way, and some 100 for each caller who waits. A tenant that has
/// neither takes none; with a [`rate`](Self::rate), none once it may have its whole burst again.
///
/// ```no_run
/// # async fn example() -> tenantry::Result<()> {
/// use tenantry::{Fairness, TenantPool};
///
/// let pool = TenantPool::builder("postgresql://erp_app@localhost/erp")
///     .max_size(16)
///     .fairness(Fairness::round_robin().max_concurrent(4).max_waiting(200))
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "it holds for a pool that is built with it"]
pub struct Fairness {
    weight: Option<Weight>,
    pub(super) max_concurrent: usize,
    pub(super) max_waiting: usize,
    pub(super) rate: Option<Rate>,
}

type Weight = Arc<dyn Fn(&str) -> u32 + Send + Sync>;

/// How often units of work may begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub(super) per_second: f64,
    pub(super) burst: f64,
}

impl Fairness {
    /// Each waiting tenant has one turn after the other.
    pub fn round_robin() -> Self {
        Self { weight: None, max_concurrent: usize::MAX, max_waiting: usize::MAX, rate: None }
    }

    /// Each waiting tenant has as many turns in a row as its weight says; 0 counts as 1. It is asked for with the tenant as its
    /// setting has it ([`TenantId::as_setting`](crate::TenantId::as_setting)), while callers wait: it has to answer from memory.
    pub fn weighted(weight: impl Fn(&str) -> u32 + Send + Sync + 'static) -> Self {
        Self { weight: Some(Arc::new(weight)), ..Self::round_robin() }
    }

    /// The most units of work that one tenant has under way at a time. The next one waits, even where the pool has room. Default: no bound
    /// but the pool's. Zero is refused.
    ///
    /// Whoever has a transaction open and runs something else beside it needs two.
    pub fn max_concurrent(mut self, units: usize) -> Self {
        self.max_concurrent = units;
        self
    }

    /// The most callers of one tenant that wait. One more is told at once ([`Error::is_tenant_limit`]). Default: no bound. Zero lets nobody wait.
    pub fn max_waiting(mut self, callers: usize) -> Self {
        self.max_waiting = callers;
        self
    }

    /// How many units of work of one tenant may begin in a second, on average, and how many at once after a time without. One more
    /// is told at once ([`Error::is_tenant_limit`]). Default: no bound. Zero, negative and infinite rates are refused, and so is a burst of 0.
    pub fn rate(mut self, per_second: f64, burst: u32) -> Self {
        self.rate = Some(Rate { per_second, burst: f64::from(burst) });
        self
    }

    pub(super) fn weight(&self, tenant: &str) -> u32 {
        self.weight.as_ref().map_or(1, |weight| weight(tenant).max(1))
    }

    /// Refuses what would serve nobody.
    pub(super) fn check(&self) -> Result<()> {
        if self.max_concurrent == 0 {
            return Err(Error::config(
                "a tenant with 0 units of work at a time can do nothing; set max_concurrent to 1 or more",
            ));
        }
        match self.rate {
            Some(Rate { per_second, burst })
                if !per_second.is_finite() || per_second <= 0.0 || burst < 1.0 =>
            {
                Err(Error::config(
                    "a rate needs more than 0 units of work in a second and a burst of 1 or more",
                ))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Fairness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fairness")
            .field("weighted", &self.weight.is_some())
            .field("max_concurrent", &self.max_concurrent)
            .field("max_waiting", &self.max_waiting)
            .field("rate", &self.rate)
            .finish()
    }
}
