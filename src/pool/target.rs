//! Where a pool's connections lead, and how.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tokio_postgres::config::{Host, TargetSessionAttrs};
use tokio_postgres::{CancelToken, Config};

use super::client::Client;
use super::credentials::Provider;
use super::places::Place;
use crate::error::{Error, Kind, Result};
use crate::wire::{Connected, Connector, Kept, Link, StatementMode};

/// The first server that a configuration names, for those who watch: its name, address or folder, and its port.
pub(super) fn first_server(config: &Config) -> (String, u16) {
    let server = match (config.get_hosts().first(), config.get_hostaddrs().first()) {
        (Some(Host::Tcp(name)), _) => name.clone(),
        #[cfg(unix)]
        (Some(Host::Unix(folder)), _) => folder.display().to_string(),
        (None, address) => address.map(ToString::to_string).unwrap_or_default(),
    };
    (server, config.get_ports().first().copied().unwrap_or(5432))
}

/// Where a pool's connections lead, and how.
#[derive(Debug)]
pub(super) struct Target {
    config: Config,
    connector: Connector,
    credentials: Option<Provider>,
}

impl Target {
    pub(super) fn new(config: Config, connector: Connector, credentials: Option<Provider>) -> Arc<Self> {
        Arc::new(Self { config, connector, credentials })
    }

    /// Where it leads. It has no password that a provider gives.
    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Whether only a server that takes writes will do.
    pub(super) fn is_read_write(&self) -> bool {
        self.config.get_target_session_attrs() == TargetSessionAttrs::ReadWrite
    }

    /// Opens a connection, which has the place until its socket is closed.
    pub(super) async fn connect(
        &self,
        mode: StatementMode,
        place: &Arc<Place>,
        limit: Duration,
    ) -> Result<Connected> {
        let kept: Kept = Arc::<Place>::clone(place);
        self.open(mode, &kept, limit).await
    }

    /// Opens a connection that takes nobody's place.
    pub(super) async fn connect_apart(&self, limit: Duration) -> Result<Connected> {
        let kept: Kept = Arc::new(());
        self.open(StatementMode::default(), &kept, limit).await
    }

    /// Opens a connection within a limit, by the credentials of the provider where there is one.
    async fn open(&self, mode: StatementMode, kept: &Kept, limit: Duration) -> Result<Connected> {
        let deadline = Instant::now() + limit;
        let connect = async |config: &Config| {
            let connecting = self.connector.connect(config, mode, kept);
            let late = |_| Error::from(Kind::ConnectTimeout(limit));
            timeout_at(deadline, connecting).await.map_err(late)?
        };
        let Some(provider) = &self.credentials else { return connect(&self.config).await };
        let login = provider.login(&self.config, false, deadline, limit).await?;
        match connect(&login).await {
            // They may have been replaced between the answer and the login.
            Err(error) if error.is_login_refused() => {
                let login = provider.login(&self.config, true, deadline, limit).await?;
                connect(&login).await
            }
            connected => connected,
        }
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
