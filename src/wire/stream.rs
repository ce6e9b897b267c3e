//! A connection's byte stream, with the prologues put in and their answers taken out.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsStream};

use super::incoming::Incoming;
use super::ledger::Ledger;
use super::link::Link;
use super::outgoing::Outgoing;
use super::statements::StatementMode;
use super::violation::Violation;

/// The stream that the driver reads and writes in place of the server's.
#[derive(Debug)]
pub(crate) struct Wire<S> {
    inner: S,
    link: Arc<Link>,
    ledger: Ledger,
    outgoing: Outgoing,
    incoming: Incoming,
    /// What is to be written ahead of anything else.
    unwritten: BytesMut,
    /// Set, nothing more is read or written.
    violation: Option<Violation>,
}

impl<S> Wire<S> {
    pub(crate) fn new(inner: S, link: Arc<Link>, mode: StatementMode) -> Self {
        Self {
            inner,
            link,
            ledger: Ledger::default(),
            outgoing: Outgoing::new(mode),
            incoming: Incoming::new(),
            unwritten: BytesMut::new(),
            violation: None,
        }
    }

    /// How much room is taken by what is kept on its way.
    #[cfg(test)]
    pub(super) fn buffered(&self) -> usize {
        self.unwritten.capacity() + self.incoming.buffered() + self.outgoing.buffered()
    }

    /// Notes that the connection ends here, where the driver did what this layer does not know.
    fn give_up(&mut self, violation: Violation) -> io::Error {
        self.link.violated(&violation);
        self.violation = Some(violation.clone());
        violation.into()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { inner, link, ledger, outgoing, incoming, violation, .. } = self.get_mut();
        loop {
            let ready = incoming.ready();
            if !ready.is_empty() {
                let taken = ready.len().min(buf.remaining());
                buf.put_slice(&ready[..taken]);
                ready.advance(taken);
                return Poll::Ready(Ok(()));
            }
            if let Some(violation) = violation {
                return Poll::Ready(Err(violation.clone().into()));
            }
            let start = buf.filled().len();
            ready!(Pin::new(&mut *inner).poll_read(cx, buf))?;
            let read = &mut buf.filled_mut()[start..];
            if read.is_empty() {
                incoming.end();
                if incoming.ready().is_empty() {
                    return Poll::Ready(Ok(()));
                }
                continue;
            }
            let (kept, sorted) = incoming.sort(read, ledger, outgoing, link);
            buf.set_filled(start + kept);
            if let Err(found) = sorted {
                // What came before it was sound and still reaches the driver.
                link.violated(&found);
                *violation = Some(found);
            }
            if kept > 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> Wire<S> {
    fn poll_unwritten(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unwritten.is_empty() {
            let written = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.unwritten))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unwritten.advance(written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(violation) = &this.violation {
            return Poll::Ready(Err(violation.clone().into()));
        }
        ready!(this.poll_unwritten(cx))?;
        if !this.incoming.started() {
            return Pin::new(&mut this.inner).poll_write(cx, bytes);
        }
        if this.outgoing.rewrites(&this.link) {
            // Written with what the driver adds until it flushes.
            let Self { outgoing, ledger, link, unwritten, .. } = this;
            let rewritten = outgoing.rewrite(bytes, unwritten, ledger, link);
            if this.incoming.answer_kept_at_rest(&mut this.ledger, &this.link) {
                // Nothing comes from the server that would have it read.
                cx.waker().wake_by_ref();
            }
            this.outgoing.tell(&this.link);
            return Poll::Ready(rewritten.map_err(|violation| this.give_up(violation)));
        }
        let written = ready!(Pin::new(&mut this.inner).poll_write(cx, bytes))?;
        let followed = this.outgoing.follow(&bytes[..written], &mut this.ledger);
        this.outgoing.tell(&this.link);
        Poll::Ready(followed.map(|()| written).map_err(|violation| this.give_up(violation)))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_unwritten(cx))?;
        Pin::new(&mut this.inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_unwritten(cx))?;
        Pin::new(&mut this.inner).poll_shutdown(cx)
    }
}

impl<S: TlsStream + Unpin> TlsStream for Wire<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.inner.channel_binding()
    }
}
