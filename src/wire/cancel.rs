//! Streams that are closed by the other side first, and the connection on which a cancel request
//! travels, which is one.
//!
//! The driver closes it as soon as the request is written. A pooler may take that for a client who
//! no longer wants anything: PgBouncer forgets the request while its own connection to the server
//! is on the way. So closing waits for the other side to close first, as libpq does. PostgreSQL does
//! that once it has sent the signal.
//!
//! It does the same at the end of a session, and until then it counts the connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};

use super::BoxFuture;

/// How long the other side may take. What is behind it may hang; the request is on its way then.
pub(super) const LIMIT: Duration = Duration::from_secs(5);

/// Makes [`Patient`] streams of those that another connector makes.
pub(super) struct Canceling<M>(pub(super) M);

impl<M> MakeTlsConnect<Socket> for Canceling<M>
where
    M: MakeTlsConnect<Socket>,
    M::Stream: Send,
    <M::TlsConnect as TlsConnect<Socket>>::Future: Send + 'static,
{
    type Stream = Patient<M::Stream>;
    type TlsConnect = Canceling<M::TlsConnect>;
    type Error = M::Error;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Self::TlsConnect, M::Error> {
        self.0.make_tls_connect(domain).map(Canceling)
    }
}

impl<C> TlsConnect<Socket> for Canceling<C>
where
    C: TlsConnect<Socket>,
    C::Future: Send + 'static,
{
    type Stream = Patient<C::Stream>;
    type Error = C::Error;
    type Future = BoxFuture<'static, Result<Self::Stream, C::Error>>;

    fn connect(self, socket: Socket) -> Self::Future {
        let connecting = self.0.connect(socket);
        Box::pin(async move { connecting.await.map(|stream| Patient::new(stream, LIMIT)) })
    }
}

/// A stream whose shutdown waits until the other side has closed it.
pub(super) struct Patient<S> {
    inner: S,
    limit: Duration,
    /// Runs from the first attempt to shut down.
    running: Option<Pin<Box<Sleep>>>,
}

impl<S> Patient<S> {
    pub(super) fn new(inner: S, limit: Duration) -> Self {
        Self { inner, limit, running: None }
    }
}

impl<S: AsyncRead + Unpin> Patient<S> {
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let limit = self.running.get_or_insert_with(|| Box::pin(sleep(self.limit)));
        if limit.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let mut nothing = [0; 64];
            let mut buf = ReadBuf::new(&mut nothing);
            match Pin::new(&mut self.inner).poll_read(cx, &mut buf) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(()),
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    /// How the stream is closed then matters to nobody, and it may be closed already: its drop does that.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_closed(cx).map(Ok)
    }
}

impl<S: TlsStream + Unpin> TlsStream for Patient<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.inner.channel_binding()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::{LIMIT, Patient};

    #[tokio::test]
    async fn it_is_closed_only_when_the_other_side_has_closed_it() {
        let (client, mut server) = duplex(64);
        let mut client = Patient::new(client, LIMIT);
        client.write_all(b"request").await.unwrap();
        let mut closing = Box::pin(client.shutdown());
        assert!(futures_util::poll!(&mut closing).is_pending());
        server.read_exact(&mut [0; 7]).await.unwrap();
        server.write_all(b"nobody asked").await.unwrap();
        assert!(futures_util::poll!(&mut closing).is_pending());
        drop(server);
        closing.await.unwrap();
    }

    #[tokio::test]
    async fn it_is_closed_at_last_when_the_other_side_hangs() {
        let (client, _server) = duplex(64);
        let mut client = Patient::new(client, Duration::ZERO);
        client.shutdown().await.unwrap();
    }
}
