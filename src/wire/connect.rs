//! Opening connections whose stream is a [`Wire`], and sending cancel requests the same way.
//!
//! The driver's own connecting does the work: several hosts, `target_session_attrs`, timeouts and
//! keep-alives. It wraps a stream only for TLS, so every TCP connection is one with direct TLS to
//! it, and what is really negotiated with the server is settled here, as the configuration asks.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use tokio_postgres::config::{SslMode, SslNegotiation, TargetSessionAttrs};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{CancelToken, Config, NoTls, Socket};

use super::BoxFuture;
use super::cancel::Canceling;
use super::connected::{Connected, Kept, spawn};
use super::endpoint::{Endpoint, Host, endpoints};
use super::link::Link;
use super::negotiate::Negotiate;
use super::statements::StatementMode;
#[cfg(unix)]
use super::unix;
use crate::error::{Error, Kind, Result, Step};

/// Opens connections, whichever TLS connector is used.
#[derive(Clone)]
pub(crate) struct Connector {
    dial: Arc<dyn Dial>,
    /// Whether servers that take no writes are tried ahead of the others.
    standby_first: bool,
    /// Whether the settings of the connection say which one takes its place.
    by_settings: bool,
}

trait Dial: Send + Sync {
    fn connect<'a>(
        &'a self,
        config: &'a Config,
        mode: StatementMode,
        kept: Kept,
    ) -> BoxFuture<'a, Result<Connected>>;

    fn cancel<'a>(&'a self, config: &'a Config, token: CancelToken) -> BoxFuture<'a, Result<()>>;

    fn has_tls(&self) -> bool;
}

/// The user's TLS connector, if it is one that can connect.
struct Tls<T>(Option<T>);

impl Connector {
    pub(crate) fn new<T>(tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Sync + Send + 'static,
        T::Stream: Sync + Send,
        T::TlsConnect: Sync + Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let can_connect = tls.type_id() != TypeId::of::<NoTls>();
        Self { dial: Arc::new(Tls(can_connect.then_some(tls))), standby_first: false, by_settings: false }
    }

    /// Stands for the one that the settings of the connection will ask for.
    #[cfg(feature = "rustls")]
    pub(crate) fn by_settings() -> Self {
        Self { by_settings: true, ..Self::default() }
    }

    /// Whether it stands for another one.
    pub(crate) fn is_by_settings(&self) -> bool {
        self.by_settings
    }

    /// The same, with `target_session_attrs=prefer-standby`, which the driver does not have.
    pub(crate) fn standby_first(mut self) -> Self {
        self.standby_first = true;
        self
    }

    /// Whether it can encrypt.
    pub(crate) fn has_tls(&self) -> bool {
        self.by_settings || self.dial.has_tls()
    }

    /// Opens a connection to the first host that takes it. What is to be kept is let go once the
    /// socket is closed again, or was never open.
    pub(crate) async fn connect(
        &self,
        config: &Config,
        mode: StatementMode,
        kept: &Kept,
    ) -> Result<Connected> {
        if self.standby_first {
            let mut standbys = config.clone();
            standbys.target_session_attrs(TargetSessionAttrs::ReadOnly);
            // Whatever is wrong is met, and told, once more where any server does.
            if let Ok(connected) = self.connect_first(&standbys, mode, kept).await {
                return Ok(connected);
            }
        }
        self.connect_first(config, mode, kept).await
    }

    async fn connect_first(&self, config: &Config, mode: StatementMode, kept: &Kept) -> Result<Connected> {
        let endpoints = endpoints(config);
        if endpoints.iter().all(|endpoint| matches!(endpoint.host, Host::Name { .. })) {
            return self.dial.connect(config, mode, Arc::clone(kept)).await;
        }
        let mut last = Error::config("the database URL names no host");
        for endpoint in endpoints {
            match self.connect_one(config, &endpoint, mode, Arc::clone(kept)).await {
                Ok(connected) => return Ok(connected),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn connect_one(
        &self,
        config: &Config,
        endpoint: &Endpoint,
        mode: StatementMode,
        kept: Kept,
    ) -> Result<Connected> {
        match &endpoint.host {
            #[cfg(unix)]
            Host::Socket(path) => unix::connect(config, path, mode, kept).await,
            Host::Name { .. } | Host::Address(_) => {
                self.dial.connect(&endpoint.alone(config), mode, kept).await
            }
        }
    }

    /// Sends a cancel request to the server that a connection leads to.
    pub(crate) async fn cancel(&self, config: &Config, token: CancelToken, link: &Link) -> Result<()> {
        match link.socket() {
            #[cfg(unix)]
            Some(path) => unix::cancel(config, path, token).await,
            _ => self.dial.cancel(config, token).await,
        }
    }
}

impl<T> Tls<T>
where
    T: MakeTlsConnect<Socket> + Clone,
{
    fn negotiate(&self, config: &Config, mode: StatementMode) -> Negotiate<T> {
        Negotiate::new(self.0.clone(), config, mode)
    }
}

impl<T> Dial for Tls<T>
where
    T: MakeTlsConnect<Socket> + Clone + Sync + Send + 'static,
    T::Stream: Sync + Send,
    T::TlsConnect: Sync + Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    fn connect<'a>(
        &'a self,
        config: &'a Config,
        mode: StatementMode,
        kept: Kept,
    ) -> BoxFuture<'a, Result<Connected>> {
        let negotiate = self.negotiate(config, mode);
        let latest = negotiate.latest_link();
        let plain = self.0.is_none() || config.get_ssl_mode() == SslMode::Disable;
        let mut config = config.clone();
        config.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
        Box::pin(async move {
            let connected = config.connect(negotiate).await;
            let (client, connection) =
                connected.map_err(|source| Error::from(Kind::Connect { source, plain }))?;
            let link = latest.get();
            let driving = spawn(connection, &link, kept);
            Ok(Connected { client, link, driving })
        })
    }

    fn has_tls(&self) -> bool {
        self.0.is_some()
    }

    fn cancel<'a>(&'a self, config: &'a Config, token: CancelToken) -> BoxFuture<'a, Result<()>> {
        let negotiate = Canceling(self.negotiate(config, StatementMode::default()));
        Box::pin(async move {
            token.cancel_query(negotiate).await.map_err(|error| Error::server(Step::Cancel, error))
        })
    }
}

impl Default for Connector {
    fn default() -> Self {
        Self::new(NoTls)
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").finish_non_exhaustive()
    }
}
