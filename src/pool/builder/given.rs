//! Where a pool's connections are to lead, as it was given to its builder.

use std::sync::Arc;

use tokio_postgres::Config;

use crate::error::{Error, Result};
use crate::pool::credentials::Provider;
use crate::pool::target::Target;
use crate::pool::url::{self, Gathered};
use crate::wire::{Connector, keep_alive};

const SEVERAL_HOSTS: &str = "the URL of a replica names several hosts, of which nobody knows which one a connection leads to; name each replica by a URL of its own";

const TWO_PASSWORDS: &str = "the database URL has a password or a passfile, and credentials come from a provider too; leave one of them out";

/// Who gives the passwords, where the URLs do not.
#[derive(Clone, Debug, Default)]
pub(super) struct Providers {
    pub(super) tenants: Option<Provider>,
    pub(super) system: Option<Provider>,
}

/// Where to connect to. Text is parsed when the pool is built.
#[derive(Clone, Debug)]
pub(in crate::pool) enum Given {
    Url(Secret),
    Gathered(Gathered),
    Config(Box<Config>),
}

/// A URL, which may hold a password.
#[derive(Clone)]
pub(in crate::pool) struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(url)")
    }
}

impl Given {
    /// Reads a URL, which can ask something of the connector too.
    pub(super) fn target(self, connector: &Connector, credentials: Option<Provider>) -> Result<Arc<Target>> {
        let (mut config, connector) = self.given(connector)?;
        if credentials.is_some() && config.get_password().is_some() {
            return Err(Error::config(TWO_PASSWORDS));
        }
        keep_alive(&mut config);
        Ok(Target::new(config, connector, credentials))
    }

    /// Reads where a replica is.
    pub(super) fn replica(self, connector: &Connector, credentials: Option<Provider>) -> Result<Arc<Target>> {
        let target = self.target(connector, credentials)?;
        let config = target.config();
        if config.get_hosts().len().max(config.get_hostaddrs().len()) > 1 {
            return Err(Error::config(SEVERAL_HOSTS));
        }
        Ok(target)
    }

    fn given(self, connector: &Connector) -> Result<(Config, Connector)> {
        match self {
            Self::Url(Secret(url)) => url::read(&url, connector),
            Self::Gathered(gathered) => gathered.read(connector),
            Self::Config(_) if connector.is_by_settings() => Err(Error::config(
                "rustls() needs a URL, since a configuration of the driver's does not say whom to trust; set a connector with TenantPoolBuilder::tls",
            )),
            Self::Config(config) => Ok((*config, connector.clone())),
        }
    }
}

impl From<&str> for Given {
    fn from(url: &str) -> Self {
        Self::Url(Secret(url.to_owned()))
    }
}
