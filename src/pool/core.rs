//! What a tenant pool and a system pool have in common: connections to one database as one role.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_postgres::Config;
use tracing::info;

use super::binding::Bound;
use super::bounds::Bounds;
use super::connection::Connection;
use super::drain::Drain;
use super::guard::{Guard, Purpose};
use super::lease::Lease;
use super::opener::Opener;
use super::retry::Retry;
use super::stock::Stock;
use super::strategy::Strategy;
use super::target::Target;
use crate::error::{Error, Result};
use crate::ident::SettingName;
use crate::tenant::Limits;
use crate::wire::{Connector, StatementMode};

/// What a core is built from; each field is explained at the builder's method.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) bounds: Bounds,
    pub(super) drain_timeout: Duration,
    /// `None` leaves it to what the guard finds.
    pub(super) strategy: Option<Strategy>,
    /// `None` leaves it to what the guard finds.
    pub(super) statements: Option<StatementMode>,
    pub(super) statement_cache_size: usize,
    pub(super) retry: Retry,
    pub(super) limits: Limits,
}

pub(super) struct Core {
    stock: Arc<Stock>,
    options: Options,
}

impl Core {
    /// Opens nothing. Must be called within a tokio runtime.
    pub(super) fn new(
        config: Config,
        connector: Connector,
        options: Options,
        setting: &SettingName,
        purpose: Purpose,
    ) -> Result<Arc<Self>> {
        if Handle::try_current().is_err() {
            return Err(Error::config("a pool needs a runtime; build it within one of tokio's"));
        }
        let target = Target::new(config, connector);
        let drain = Drain::new(options.drain_timeout, Arc::clone(&target));
        let guard = Guard::new(setting.clone(), purpose, options.strategy, options.statements);
        let cached_statements = options.statement_cache_size;
        let stock = Stock::new(options.bounds, Opener { target, guard, drain, cached_statements });
        Ok(Arc::new(Self { stock, options }))
    }

    /// Checks a connection out and makes it ready to bind the context. Where the pool does not take
    /// the context, nothing is sent.
    pub(super) async fn connection(&self, bound: &Bound) -> Result<Connection> {
        let binding = bound.clone().map_err(|why| Error::config(&*why))?;
        let lease = self.lease().await?;
        if let Some(reason) = binding.reason() {
            info!(reason, "cross-tenant access");
        }
        let select = Mutex::new(self.strategy().prepare(&lease, &binding).await?);
        Ok(Connection { lease: Arc::new(lease), binding, select })
    }

    /// Checks a connection out. One that is found closed is replaced first.
    pub(super) async fn lease(&self) -> Result<Lease> {
        let object = self.stock.get().await?;
        Ok(Lease::new(object, self.stock.opener.drain.clone()))
    }

    /// Opens the first connection, which has the guard look at the role, and as many more as are to be kept idle.
    pub(super) async fn open(&self) -> Result<()> {
        drop(self.lease().await?);
        self.stock.fill();
        Ok(())
    }

    pub(super) fn stock(&self) -> &Arc<Stock> {
        &self.stock
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.stock.opener.guard
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    pub(super) fn strategy(&self) -> Strategy {
        self.guard().strategy()
    }

    pub(super) fn target(&self) -> &Target {
        &self.stock.opener.target
    }
}
