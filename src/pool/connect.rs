//! Opening connections and sending cancel requests, whichever TLS connector is used.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use deadpool_postgres::{ConfigConnectImpl, Connect};
use tokio::task::JoinHandle;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{CancelToken, Client, Config, Error as PgError, NoTls, Socket};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends a cancel request the way the connection itself was opened.
pub(super) type Canceller = Arc<dyn Fn(CancelToken) -> BoxFuture<'static, Result<(), PgError>> + Send + Sync>;

/// A TLS connector in the two forms in which a pool needs it.
#[derive(Clone)]
pub(super) struct Connector {
    connect: Arc<dyn Connect>,
    canceller: Canceller,
}

impl Connector {
    pub(super) fn new<T>(tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Sync + Send + 'static,
        T::Stream: Sync + Send,
        T::TlsConnect: Sync + Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let for_cancel = tls.clone();
        Self {
            connect: Arc::new(ConfigConnectImpl { tls }),
            canceller: Arc::new(move |token| {
                let tls = for_cancel.clone();
                Box::pin(async move { token.cancel_query(tls).await })
            }),
        }
    }

    pub(super) fn canceller(&self) -> Canceller {
        Arc::clone(&self.canceller)
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

impl Connect for Connector {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), PgError>> {
        self.connect.connect(config)
    }
}
