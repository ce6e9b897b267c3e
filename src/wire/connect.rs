//! Opening connections whose stream is a [`Wire`], and sending cancel requests the same way.
//!
//! The driver's own connecting does the work: several hosts, `target_session_attrs`, timeouts and
//! keep-alives. It wraps a stream only for TLS, so every TCP connection is one with direct TLS to
//! it, and what is really negotiated with the server is settled here, as the configuration asks.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::Arc;

use tokio_postgres::config::{SslMode, SslNegotiation};
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
pub(crate) struct Connector(Arc<dyn Dial>);

trait Dial: Send + Sync {
    fn connect<'a>(
        &'a self,
        config: &'a Config,
        mode: StatementMode,
        kept: Kept,
    ) -> BoxFuture<'a, Result<Connected>>;

    fn cancel<'a>(&'a self, config: &'a Config, token: CancelToken) -> BoxFuture<'a, Result<()>>;
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
        Self(Arc::new(Tls(can_connect.then_some(tls))))
    }

    /// Opens a connection to the first host that takes it. What is to be kept is let go once the
    /// socket is closed again, or was never open.
    pub(crate) async fn connect(
        &self,
        config: &Config,
        mode: StatementMode,
        kept: &Kept,
    ) -> Result<Connected> {
        let endpoints = endpoints(config);
        if endpoints.iter().all(|endpoint| matches!(endpoint.host, Host::Name { .. })) {
            return self.0.connect(config, mode, Arc::clone(kept)).await;
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
            Host::Name { .. } | Host::Address(_) => self.0.connect(&endpoint.alone(config), mode, kept).await,
        }
    }

    /// Sends a cancel request to the server that a connection leads to.
    pub(crate) async fn cancel(&self, config: &Config, token: CancelToken, link: &Link) -> Result<()> {
        match link.socket() {
            #[cfg(unix)]
            Some(path) => unix::cancel(config, path, token).await,
            _ => self.0.cancel(config, token).await,
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
        let mut config = config.clone();
        config.ssl_mode(SslMode::Require).ssl_negotiation(SslNegotiation::Direct);
        Box::pin(async move {
            let connected = config.connect(negotiate).await;
            let (client, connection) = connected.map_err(|error| Error::from(Kind::Connect(error)))?;
            Ok(Connected { client, link: latest.get(), driving: spawn(connection, kept) })
        })
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
