//! What a tenant pool and a system pool have in common: connections to one database as one role.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{PoolError, TimeoutType};
use tokio_postgres::Config;
use tracing::info;

use super::binding::Bound;
use super::connection::Connection;
use super::drain::Drain;
use super::lease::Lease;
use super::manager::{Manager, Pool, Target};
use super::retry::Retry;
use super::strategy::Strategy;
use crate::error::{Error, Kind, Result};
use crate::tenant::Limits;
use crate::wire::{Connector, StatementMode};

/// What a core is built from; each field is explained at the builder's method.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) max_size: usize,
    pub(super) wait_timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) drain_timeout: Duration,
    /// `None` leaves it to what the guard finds.
    pub(super) strategy: Option<Strategy>,
    pub(super) statements: StatementMode,
    pub(super) retry: Retry,
    pub(super) limits: Limits,
}

pub(super) struct Core {
    pool: Pool,
    options: Options,
    strategy: OnceLock<Strategy>,
    target: Arc<Target>,
    drain: Drain,
}

impl Core {
    /// Must be called within a tokio runtime: it starts the drain task.
    pub(super) fn new(config: Config, connector: Connector, options: Options) -> Result<Arc<Self>> {
        let target = Target::new(config, connector, options.statements);
        let pool = Pool::builder(Manager::new(&target))
            .max_size(options.max_size)
            .wait_timeout(Some(options.wait_timeout))
            .create_timeout(Some(options.connect_timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| Error::config(format!("the pool cannot be built: {error}")))?;
        let drain = Drain::start(options.drain_timeout, Arc::clone(&target));
        Ok(Arc::new(Self { pool, options, strategy: OnceLock::new(), target, drain }))
    }

    /// Checks a connection out and makes it ready to bind the context. Where the pool does not take
    /// the context, nothing is sent.
    pub(super) async fn connection(&self, bound: &Bound) -> Result<Connection> {
        let binding = bound.clone().map_err(|why| Error::config(&*why))?;
        let lease = self.lease().await?;
        if let Some(reason) = binding.reason() {
            info!(reason, "cross-tenant access");
        }
        let select = self.strategy().prepare(&lease, &binding).await?;
        Ok(Connection { lease: Arc::new(lease), binding, select })
    }

    /// Checks a connection out. One that is found closed is replaced first.
    pub(super) async fn lease(&self) -> Result<Lease> {
        let object = self.pool.get().await.map_err(|error| self.no_connection(error))?;
        Ok(Lease::new(object, self.drain.clone()))
    }

    fn no_connection(&self, error: PoolError<Error>) -> Error {
        let kind = match error {
            PoolError::Timeout(TimeoutType::Wait) => Kind::PoolTimeout(self.options.wait_timeout),
            PoolError::Timeout(_) => Kind::ConnectTimeout(self.options.connect_timeout),
            PoolError::Backend(error) => return error,
            PoolError::Closed => Kind::PoolClosed,
            PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                Kind::Config("the pool has no runtime".to_owned())
            }
        };
        Error::from(kind)
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    pub(super) fn strategy(&self) -> Strategy {
        self.strategy.get().copied().or(self.options.strategy).unwrap_or_default()
    }

    /// Settles the strategy, for good.
    pub(super) fn settle_strategy(&self, strategy: Strategy) {
        let _ = self.strategy.set(strategy);
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }
}
