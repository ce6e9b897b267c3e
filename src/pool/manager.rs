//! Connections as the pool keeps them.

use std::ops::Deref;
use std::sync::Arc;

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use tokio_postgres::Config;

use super::cache::StatementCache;
use crate::error::{Error, Result};
use crate::wire::{Connected, Connector, Link, StatementMode};

/// A connection on loan. It goes back when it is dropped, unless it is taken out of the pool first.
pub(super) type Object = managed::Object<Manager>;

pub(super) type Pool = managed::Pool<Manager>;

/// Opens connections for the pool.
#[derive(Debug)]
pub(super) struct Manager {
    target: Arc<Target>,
}

/// Where a pool's connections lead, and how.
#[derive(Debug)]
pub(super) struct Target {
    config: Config,
    connector: Connector,
    statements: StatementMode,
    cache_size: usize,
}

/// A connection with its statement cache, and the way to its stream.
pub(super) struct Client {
    driver: ClientWrapper,
    link: Arc<Link>,
    cache: StatementCache,
}

impl Target {
    pub(super) fn new(
        config: Config,
        connector: Connector,
        statements: StatementMode,
        cache_size: usize,
    ) -> Arc<Self> {
        Arc::new(Self { config, connector, statements, cache_size })
    }

    /// Asks the server to cancel what runs on a connection, over a connection of its own.
    pub(super) async fn cancel(&self, client: &Client) -> Result<()> {
        self.connector.cancel(&self.config, client.cancel_token(), client.link()).await
    }
}

impl Manager {
    pub(super) fn new(target: &Arc<Target>) -> Self {
        Self { target: Arc::clone(target) }
    }
}

impl managed::Manager for Manager {
    type Type = Client;
    type Error = Error;

    async fn create(&self) -> Result<Client> {
        let Target { config, connector, statements, cache_size } = &*self.target;
        // On the heap, because it is large and every checkout's future would have room for it.
        let connecting = Box::pin(connector.connect(config, *statements));
        let Connected { client, link, task } = connecting.await?;
        let rows = client.query_typed("SELECT pg_catalog.pg_backend_pid()", &[]).await;
        let rows = rows.map_err(|error| Error::server(crate::error::Step::Guard, error))?;
        if let Some(row) = rows.first() {
            link.served_by(row.get(0));
        }
        let cache = StatementCache::new(*cache_size);
        Ok(Client { driver: ClientWrapper::new(client, task), link, cache })
    }

    async fn recycle(&self, client: &mut Client, _: &Metrics) -> RecycleResult<Error> {
        if client.is_closed() {
            return Err(RecycleError::message("the connection is closed"));
        }
        Ok(())
    }
}

impl Client {
    pub(super) fn link(&self) -> &Link {
        &self.link
    }

    pub(super) fn cache(&self) -> &StatementCache {
        &self.cache
    }
}

impl Deref for Client {
    type Target = ClientWrapper;

    fn deref(&self) -> &ClientWrapper {
        &self.driver
    }
}
