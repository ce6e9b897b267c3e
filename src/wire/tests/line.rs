//! The line between the stream and a server, with every delay in the test's hand.

use std::cell::{RefCell, RefMut};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How the server leaves, once what it has sent is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Eof,
    Reset,
}

#[derive(Debug, Default)]
struct State {
    to_client: VecDeque<u8>,
    to_server: Vec<u8>,
    /// How many bytes the client may be ahead of the server.
    room: usize,
    end: Option<End>,
    /// Whether the client has hung up.
    closed: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// The server's end.
#[derive(Clone, Debug)]
pub(super) struct Line(Rc<RefCell<State>>);

/// The client's end. Dropped, it hangs up.
#[derive(Debug)]
pub(super) struct ClientEnd(Line);

impl Line {
    pub(super) fn new(room: usize) -> (Self, ClientEnd) {
        let line = Self(Rc::new(RefCell::new(State { room, ..State::default() })));
        (line.clone(), ClientEnd(line))
    }

    fn state(&self) -> RefMut<'_, State> {
        self.0.borrow_mut()
    }

    pub(super) fn send(&self, bytes: &[u8]) {
        let mut state = self.state();
        state.to_client.extend(bytes);
        if let Some(reader) = state.reader.take() {
            reader.wake();
        }
    }

    pub(super) fn end(&self, end: End) {
        let mut state = self.state();
        state.end = Some(end);
        for waker in [state.reader.take(), state.writer.take()].into_iter().flatten() {
            waker.wake();
        }
    }

    /// What the client has written since the last call.
    pub(super) fn take(&self) -> Vec<u8> {
        let mut state = self.state();
        if let Some(writer) = state.writer.take() {
            writer.wake();
        }
        std::mem::take(&mut state.to_server)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }
}

impl Drop for ClientEnd {
    fn drop(&mut self) {
        self.0.state().closed = true;
    }
}

impl AsyncRead for ClientEnd {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut state = self.0.state();
        if state.to_client.is_empty() {
            return match state.end {
                Some(End::Eof) => Poll::Ready(Ok(())),
                Some(End::Reset) => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
                None => {
                    state.reader = Some(cx.waker().clone());
                    Poll::Pending
                }
            };
        }
        let (front, _) = state.to_client.as_slices();
        let taken = front.len().min(buf.remaining());
        buf.put_slice(&front[..taken]);
        state.to_client.drain(..taken);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ClientEnd {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.0.state();
        if state.end == Some(End::Reset) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let taken = bytes.len().min(state.room - state.to_server.len());
        if taken == 0 && state.end.is_none() {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        // Whatever is written to a server that has left is lost.
        let taken = if state.end.is_some() { bytes.len() } else { taken };
        if state.end.is_none() {
            state.to_server.extend_from_slice(&bytes[..taken]);
        }
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
