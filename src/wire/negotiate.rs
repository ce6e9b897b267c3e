//! Whether a TCP connection is encrypted: what the driver would settle with the server before it
//! has a stream to read and write.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Config, Socket};

use super::BoxFuture;
use super::cancel::Patient;
use super::connected::FAREWELL;
use super::link::Link;
use super::statements::StatementMode;
use super::stream::Wire;
use crate::error::Refusal;

type BoxError = Box<dyn Error + Send + Sync>;

/// What the driver takes for a TLS connector.
pub(super) struct Negotiate<T> {
    tls: Option<T>,
    ssl_mode: SslMode,
    negotiation: SslNegotiation,
    statements: StatementMode,
    latest: LatestLink,
}

/// The link of the connection that was opened last. The driver opens one after the other until a
/// host suits it, and keeps that one.
#[derive(Clone, Default)]
pub(super) struct LatestLink(Arc<Mutex<Arc<Link>>>);

impl LatestLink {
    pub(super) fn get(&self) -> Arc<Link> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn renew(&self, mode: StatementMode) -> Arc<Link> {
        let link = Arc::new(Link::new(mode));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&link);
        link
    }
}

impl<T> Negotiate<T> {
    pub(super) fn new(tls: Option<T>, config: &Config, statements: StatementMode) -> Self {
        Self {
            tls: tls.filter(|_| config.get_ssl_mode() != SslMode::Disable),
            ssl_mode: config.get_ssl_mode(),
            negotiation: config.get_ssl_negotiation(),
            statements,
            latest: LatestLink::default(),
        }
    }

    pub(super) fn latest_link(&self) -> LatestLink {
        self.latest.clone()
    }
}

impl<T> MakeTlsConnect<Socket> for Negotiate<T>
where
    T: MakeTlsConnect<Socket>,
    T::Stream: Send,
    T::TlsConnect: Send + 'static,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    type Stream = Wire<Patient<Transport<T::Stream>>>;
    type TlsConnect = Handshake<T::TlsConnect>;
    type Error = BoxError;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Self::TlsConnect, BoxError> {
        let tls = self.tls.as_mut().map(|tls| tls.make_tls_connect(domain)).transpose();
        Ok(Handshake {
            tls: tls.map_err(Into::into)?,
            ssl_mode: self.ssl_mode,
            negotiation: self.negotiation,
            statements: self.statements,
            link: self.latest.renew(self.statements),
        })
    }
}

/// The same for one host.
pub(super) struct Handshake<C> {
    tls: Option<C>,
    ssl_mode: SslMode,
    negotiation: SslNegotiation,
    statements: StatementMode,
    link: Arc<Link>,
}

impl<C> TlsConnect<Socket> for Handshake<C>
where
    C: TlsConnect<Socket> + Send + 'static,
    C::Stream: Send,
    C::Future: Send,
{
    type Stream = Wire<Patient<Transport<C::Stream>>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Stream, BoxError>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let Self { tls, ssl_mode, negotiation, statements, link } = self;
            let transport = transport(tls, ssl_mode, negotiation, socket).await?;
            Ok(Wire::new(Patient::new(transport, FAREWELL), link, statements))
        })
    }
}

/// Does what `sslmode` and `sslnegotiation` say.
async fn transport<C>(
    tls: Option<C>,
    ssl_mode: SslMode,
    negotiation: SslNegotiation,
    mut socket: Socket,
) -> Result<Transport<C::Stream>, BoxError>
where
    C: TlsConnect<Socket>,
{
    let Some(tls) = tls else {
        return match ssl_mode {
            SslMode::Disable | SslMode::Prefer => Ok(Transport::Plain(socket)),
            _ => {
                Err(Refusal("sslmode=require needs a TLS connector; set one with TenantPoolBuilder::tls")
                    .into())
            }
        };
    };
    match (negotiation, ssl_mode) {
        (SslNegotiation::Direct, SslMode::Prefer) => {
            return Err(Refusal("sslnegotiation=direct needs sslmode=require").into());
        }
        (SslNegotiation::Direct, _) => {}
        _ if asks_for_tls(&mut socket).await? => {}
        (_, SslMode::Prefer) => return Ok(Transport::Plain(socket)),
        _ => return Err(Refusal("the server does not support TLS, which sslmode=require asks for").into()),
    }
    tls.connect(socket).await.map(Transport::Tls).map_err(Into::into)
}

/// Asks whether the server takes TLS. It answers with one byte, and more than that is not read, so
/// that nothing that somebody adds to it in clear can be taken for a part of the encrypted stream.
async fn asks_for_tls(socket: &mut Socket) -> io::Result<bool> {
    let mut request = BytesMut::new();
    frontend::ssl_request(&mut request);
    socket.write_all(&request).await?;
    Ok(socket.read_u8().await? == b'S')
}

/// A TCP stream, encrypted or not.
#[derive(Debug)]
pub(super) enum Transport<T> {
    Plain(Socket),
    Tls(T),
}

impl<T: AsyncRead + Unpin> AsyncRead for Transport<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Transport<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl<T: TlsStream + Unpin> TlsStream for Transport<T> {
    fn channel_binding(&self) -> ChannelBinding {
        match self {
            Self::Plain(_) => ChannelBinding::none(),
            Self::Tls(stream) => stream.channel_binding(),
        }
    }
}
