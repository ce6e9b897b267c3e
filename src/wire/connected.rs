//! A connection that is open, and the task that drives it.

use std::any::Any;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::timeout;
use tokio_postgres::{AsyncMessage, Client, Connection};
use tracing::warn;

use super::link::Link;
use super::violation::Violation;
use crate::error::reason;

/// How long a connection that its client has let go of may take until its last answer is in and
/// the other side has closed it. It is cut then.
pub(crate) const FAREWELL: Duration = Duration::from_secs(30);

/// What is let go once the socket of a connection is closed, and no sooner.
pub(crate) type Kept = Arc<dyn Any + Send + Sync>;

/// A connection that is open.
pub(crate) struct Connected {
    pub(crate) client: Client,
    pub(crate) link: Arc<Link>,
    pub(crate) driving: Driving,
}

/// The task that reads and writes for a client.
///
/// Once this and the client are dropped, the task waits for what is not answered yet, says goodbye to
/// the server, and waits for it to close its side: for [`FAREWELL`] at most.
pub(crate) struct Driving {
    task: JoinHandle<()>,
    /// Dropped, it tells the task that nobody sends any more.
    _sender: oneshot::Sender<Infallible>,
}

impl Driving {
    /// Waits until the socket is closed.
    pub(crate) async fn ended(&mut self) {
        Ended(self).await;
    }

    /// What closes the socket, held by somebody else.
    pub(crate) fn cutter(&self) -> AbortHandle {
        self.task.abort_handle()
    }

    /// Closes the socket now, whatever is under way.
    pub(crate) fn cut(&self) {
        self.task.abort();
    }
}

struct Ended<'a>(&'a mut Driving);

impl Future for Ended<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // A task that has ended must not be polled again.
        if self.0.task.is_finished() {
            return Poll::Ready(());
        }
        Pin::new(&mut self.0.task).poll(cx).map(drop)
    }
}

/// Lets the tasks that are ready run first, where several share a connection, so that what they send leaves in one write.
///
/// Each of them wakes this task as it sends, and a scheduler that runs next what was woken last would have it write for
/// each. (It halved the number of writes, at 64 tasks on 8 connections.)
struct Together<C> {
    connection: Box<C>,
    link: Arc<Link>,
    waited: bool,
}

impl<C: Speaks + Unpin> Future for Together<C> {
    type Output = Result<(), tokio_postgres::Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if !this.waited && this.link.under_way() > 1 {
            this.waited = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        this.waited = false;
        while let Some(message) = ready!(this.connection.poll_message(cx)?) {
            this.link.hear(message);
        }
        Poll::Ready(Ok(()))
    }
}

/// A connection of the driver's, over whatever stream: what the server says by itself comes out of it.
pub(super) trait Speaks {
    fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<AsyncMessage, tokio_postgres::Error>>>;
}

impl<S, T> Speaks for Connection<S, T>
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    fn poll_message(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<AsyncMessage, tokio_postgres::Error>>> {
        Connection::poll_message(self, cx)
    }
}

/// Drives a connection for its client.
pub(super) fn spawn<C>(connection: C, link: &Arc<Link>, kept: Kept) -> Driving
where
    C: Speaks + Unpin + Send + 'static,
{
    let (sender, left) = oneshot::channel();
    let connection = Together { connection: Box::new(connection), link: Arc::clone(link), waited: false };
    let task = tokio::spawn(async move {
        // Let go last, also where the task is cut.
        let _kept = kept;
        let ended = match select(connection, left).await {
            Either::Left((ended, _)) => Ok(ended),
            Either::Right((_, connection)) => timeout(FAREWELL, connection).await,
        };
        let Ok(ended) = ended else {
            return warn!("a connection was cut: the server did not close it within {FAREWELL:?}");
        };
        if let Err(error) = ended {
            let violation = Violation::behind(&error).map(ToString::to_string);
            warn!(reason = violation.unwrap_or_else(|| reason(&error)), "a connection ended");
        }
    });
    Driving { task, _sender: sender }
}
