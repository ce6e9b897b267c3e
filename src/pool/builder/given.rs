//! Where a pool's connections are to lead, as it was given to its builder.

use tokio_postgres::Config;

use crate::error::Result;
use crate::pool::url;
use crate::wire::{Connector, keep_alive};

/// Where to connect to. Text is parsed when the pool is built.
#[derive(Clone, Debug)]
pub(super) enum Given {
    Url(Secret),
    Config(Box<Config>),
}

/// A URL, which may hold a password.
#[derive(Clone)]
pub(super) struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(url)")
    }
}

impl Given {
    /// Reads a URL, which can ask something of the connector too.
    pub(super) fn read(self, connector: &Connector) -> Result<(Config, Connector)> {
        let (mut config, connector) = self.given(connector)?;
        keep_alive(&mut config);
        Ok((config, connector))
    }

    fn given(self, connector: &Connector) -> Result<(Config, Connector)> {
        match self {
            Self::Url(Secret(url)) => url::read(&url, connector),
            Self::Config(config) => Ok((*config, connector.clone())),
        }
    }
}

impl From<&str> for Given {
    fn from(url: &str) -> Self {
        Self::Url(Secret(url.to_owned()))
    }
}
