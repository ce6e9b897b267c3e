//! What a tenant pool and a system pool have in common: connections to one database as one role.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod, Runtime, TimeoutType,
};
use tokio_postgres::Config;
use tracing::info;

use super::binding::{Bound, SET_CONTEXT};
use super::connect::{Canceller, Connector};
use super::connection::Connection;
use super::drain::Drain;
use super::lease::Lease;
use super::retry::Retry;
use super::strategy::Strategy;
use crate::error::{Error, Kind, Result, Step};

/// What a core is built from; each field is explained at the builder's method.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) max_size: usize,
    pub(super) wait_timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) drain_timeout: Duration,
    pub(super) strategy: Strategy,
    pub(super) retry: Retry,
}

pub(super) struct Core {
    pool: Pool,
    options: Options,
    drain: Drain,
    canceller: Canceller,
}

impl Core {
    /// Must be called within a tokio runtime: it starts the drain task.
    pub(super) fn new(config: Config, connector: Connector, options: Options) -> Result<Arc<Self>> {
        let canceller = connector.canceller();
        let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(config, connector, manager_config);
        let mut builder = Pool::builder(manager)
            .max_size(options.max_size)
            .wait_timeout(Some(options.wait_timeout))
            .create_timeout(Some(options.connect_timeout))
            .runtime(Runtime::Tokio1);
        if options.strategy == Strategy::Explicit {
            builder = builder.post_create(Hook::async_fn(|client, _| {
                Box::pin(async move {
                    let sql = SET_CONTEXT.trim_end().trim_end_matches(';');
                    client.prepare_cached(sql).await.map(drop).map_err(HookError::Backend)
                })
            }));
        }
        let pool =
            builder.build().map_err(|error| Error::config(format!("the pool cannot be built: {error}")))?;
        let drain = Drain::start(options.drain_timeout, canceller.clone());
        Ok(Arc::new(Self { pool, options, drain, canceller }))
    }

    /// Checks a connection out and makes it ready to bind the context. Where the pool does not take
    /// the context, nothing is sent.
    pub(super) async fn connection(&self, bound: &Bound) -> Result<Connection> {
        let binding = bound.clone().map_err(|why| Error::config(&*why))?;
        let lease = self.lease().await?;
        if let Some(reason) = binding.reason() {
            info!(reason, "cross-tenant access");
        }
        let select = self.options.strategy.prepare(&lease, &binding).await?;
        Ok(Connection { lease: Arc::new(lease), binding, select })
    }

    /// Checks a connection out. One that is found closed is replaced first.
    pub(super) async fn lease(&self) -> Result<Lease> {
        let object = self.pool.get().await.map_err(|error| self.no_connection(error))?;
        Ok(Lease::new(object, self.drain.clone()))
    }

    fn no_connection(&self, error: PoolError) -> Error {
        let kind = match error {
            PoolError::Timeout(TimeoutType::Wait) => Kind::PoolTimeout(self.options.wait_timeout),
            PoolError::Timeout(_) => Kind::ConnectTimeout(self.options.connect_timeout),
            PoolError::Backend(error) => Kind::Connect(error),
            PoolError::Closed => Kind::PoolClosed,
            PoolError::PostCreateHook(HookError::Backend(error)) => {
                Kind::Server { step: Step::Bind, source: error }
            }
            PoolError::PostCreateHook(HookError::Message(message)) => Kind::Config(message.into_owned()),
            PoolError::NoRuntimeSpecified => Kind::Config("the pool has no runtime".to_owned()),
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
        self.options.strategy
    }

    pub(super) fn canceller(&self) -> &Canceller {
        &self.canceller
    }
}
