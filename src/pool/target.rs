//! Where a pool's connections lead, and how.

use std::sync::Arc;

use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::{CancelToken, Config};

use super::client::Client;
use super::places::Place;
use crate::error::Result;
use crate::wire::{Connected, Connector, Kept, Link, StatementMode};

/// Where a pool's connections lead, and how.
#[derive(Debug)]
pub(super) struct Target {
    config: Config,
    connector: Connector,
}

impl Target {
    pub(super) fn new(config: Config, connector: Connector) -> Arc<Self> {
        Arc::new(Self { config, connector })
    }

    /// Whether only a server that takes writes will do.
    pub(super) fn is_read_write(&self) -> bool {
        self.config.get_target_session_attrs() == TargetSessionAttrs::ReadWrite
    }

    /// Opens a connection, which has the place until its socket is closed.
    pub(super) async fn connect(&self, mode: StatementMode, place: &Arc<Place>) -> Result<Connected> {
        let kept: Kept = Arc::<Place>::clone(place);
        self.connector.connect(&self.config, mode, &kept).await
    }

    /// Opens a connection that takes nobody's place.
    pub(super) async fn connect_apart(&self) -> Result<Connected> {
        let kept: Kept = Arc::new(());
        self.connector.connect(&self.config, StatementMode::default(), &kept).await
    }

    /// Asks the server to cancel what runs on a connection, over a connection of its own.
    pub(super) async fn cancel(&self, client: &Client) -> Result<()> {
        self.connector.cancel(&self.config, client.cancel_token(), client.link()).await
    }

    /// The same for one that nobody uses any more.
    pub(super) async fn cancel_last(&self, token: &CancelToken, link: &Link) -> Result<()> {
        self.connector.cancel(&self.config, token.clone(), link).await
    }
}
