//! COPY in and out.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_util::{Sink, SinkExt, Stream};
use tokio_postgres::{CopyInSink, CopyOutStream, Error as PgError};

use super::deadline::{Expired, Patience};
use super::ending::Ending;
use super::observe::Call;
use super::work::{Hold, Open, Work};
use crate::error::{Error, Result, Step};

/// Takes the data of a `COPY … FROM STDIN`, from
/// [`TransactionBlock::copy_in`](crate::TransactionBlock::copy_in).
///
/// Dropped without [`finish`](Self::finish), the copy fails on the server, and so does the transaction.
/// Until then every other statement of the transaction is an error ([`Error::is_usage`]).
#[must_use = "a copy that is not finished fails"]
pub struct CopyIn<'a, B: 'static> {
    sink: Pin<Box<CopyInSink<B>>>,
    /// Gone once the copy has ended.
    hold: Option<Hold>,
    patience: Patience,
    call: Call,
    transaction: PhantomData<&'a ()>,
}

impl<B: Buf + Send + 'static> CopyIn<'_, B> {
    /// Has those who watch the COPY hear of its end.
    pub(super) fn watched_by(self, call: Call) -> Self {
        Self { call, ..self }
    }

    pub(super) async fn begin(work: &Arc<Work>, sql: &str) -> Result<Self> {
        let connection = work.connection().await?;
        work.is_free()?;
        let statement = work.prepare(connection, sql).await?.statement;
        let deadline = work.deadline();
        let distrust = Distrust(work);
        let copy = pin!(connection.client().copy_in(&statement));
        let (sink, hold) = work.open(connection, Step::Copy, Open::CopyIn, copy).await?;
        distrust.end();
        let patience = Patience::new(deadline);
        let call = Call::UNWATCHED;
        Ok(Self { sink: Box::pin(sink), hold: Some(hold), patience, call, transaction: PhantomData })
    }

    /// Sends a portion of the data, in the format that the statement names, and waits while the
    /// connection is not taking more. Portions may end anywhere.
    ///
    /// # Errors
    ///
    /// The connection is lost. What the server thinks of the data is told by [`finish`](Self::finish).
    pub async fn send(&mut self, data: B) -> Result<()> {
        SinkExt::send(&mut Pin::new(self), data).await
    }

    /// Ends the data and returns how many rows were copied.
    ///
    /// # Errors
    ///
    /// The server did not take the data, and the transaction has failed; or the connection is lost.
    pub async fn finish(mut self) -> Result<u64> {
        poll_fn(|cx| self.poll_finish(cx)).await
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<u64>> {
        let finished = self.sink.as_mut().poll_finish(cx);
        let finished = ready!(self.bound(finished, cx));
        self.call.ended(finished.as_ref().err());
        if let Some(work) = self.hold.take().and_then(|hold| hold.work()) {
            work.unread_is_read();
        }
        Poll::Ready(finished)
    }

    /// What the sink says, or that it took too long to say anything.
    fn bound<T>(&mut self, answer: Poll<Result<T, PgError>>, cx: &mut Context<'_>) -> Poll<Result<T>> {
        let work = self.hold.as_ref().and_then(Hold::work);
        match answer {
            Poll::Ready(answer) => {
                self.patience.rest();
                Poll::Ready(answer.map_err(|error| self.patience.name(failed(work.as_deref(), error))))
            }
            Poll::Pending => {
                self.patience.poll_expired(cx).map(|expired| Err(expire(work.as_deref(), expired)))
            }
        }
    }
}

fn failed(work: Option<&Work>, error: PgError) -> Error {
    match work {
        Some(work) => work.fail(Step::Copy, error),
        None => Error::server(Step::Copy, error),
    }
}

fn expire(work: Option<&Work>, expired: Expired) -> Error {
    work.map_or_else(|| expired.undone(), |work| work.expire(expired))
}

impl<B: Buf + Send + 'static> Sink<B> for CopyIn<'_, B> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let ready = self.sink.as_mut().poll_ready(cx);
        self.bound(ready, cx)
    }

    fn start_send(mut self: Pin<&mut Self>, data: B) -> Result<()> {
        let work = self.hold.as_ref().and_then(Hold::work);
        self.sink.as_mut().start_send(data).map_err(|error| failed(work.as_deref(), error))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let flushed = self.sink.as_mut().poll_flush(cx);
        self.bound(flushed, cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll_finish(cx).map_ok(drop)
    }
}

impl<B> fmt::Debug for CopyIn<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyIn").finish_non_exhaustive()
    }
}

/// Gives the transaction up, and its connection with it, unless the server takes the COPY's data.
///
/// When the server refuses a COPY, the driver ends it with a second Sync, to which the server
/// answers a second time: from then on each answer would be taken for that of the next request.
/// Where nobody stayed to hear whether it was refused, it may have been.
struct Distrust<'a>(&'a Work);

impl Distrust<'_> {
    fn end(self) {
        std::mem::forget(self);
    }
}

impl Drop for Distrust<'_> {
    fn drop(&mut self) {
        self.0.give_up("a COPY on it was refused, or abandoned before the server had taken it");
    }
}

/// The data of a `COPY … TO STDOUT`, from [`Scope::copy_out`](crate::Scope::copy_out) or
/// [`TransactionBlock::copy_out`](crate::TransactionBlock::copy_out), in the format that the statement names.
///
/// Until it is read to its end or dropped, every other statement of the transaction that gave it is an error
/// ([`Error::is_usage`]). One that a scope gave is a transaction of its own, and ends it.
#[must_use = "data arrives only as the stream is read"]
pub struct CopyOut<'a> {
    data: Pin<Box<CopyOutStream>>,
    ending: Ending,
    transaction: PhantomData<&'a ()>,
}

impl CopyOut<'_> {
    /// Has those who watch the COPY hear of the end of its data.
    pub(super) fn watched_by(mut self, call: Call) -> Self {
        self.ending.watched_by(call);
        self
    }

    pub(super) fn new(data: CopyOutStream, ending: Ending) -> Self {
        Self { data: Box::pin(data), ending, transaction: PhantomData }
    }

    pub(super) async fn begin(work: &Arc<Work>, sql: &str) -> Result<Self> {
        let connection = work.connection().await?;
        let statement = work.prepare(connection, sql).await?.statement;
        let deadline = work.deadline();
        let copy = pin!(connection.client().copy_out(&statement));
        let (data, hold) = work.open(connection, Step::Copy, Open::CopyOut, copy).await?;
        Ok(Self::new(data, Ending::block(connection, hold, deadline, Step::Copy)))
    }

    /// The next portion, or `None` after the last one. Portions of the server's are whole rows.
    ///
    /// # Errors
    ///
    /// The server fails on the way, or the connection is lost.
    pub async fn try_next(&mut self) -> Result<Option<Bytes>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await.transpose()
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if self.ending.has_portions() {
            match ready!(self.data.as_mut().poll_next(cx)) {
                Some(Ok(data)) => return Poll::Ready(Some(Ok(data))),
                Some(Err(error)) => return Poll::Ready(Some(Err(self.ending.failed(error)))),
                None => self.ending.portions_are_read(),
            }
        }
        self.ending.poll_closed(cx).map(|failed| failed.map(Err))
    }
}

impl Stream for CopyOut<'_> {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(next) = self.poll_end(cx) {
            self.ending.rest();
            return Poll::Ready(next);
        }
        self.ending.poll_expired(cx).map(|error| Some(Err(error)))
    }
}

impl fmt::Debug for CopyOut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyOut").finish_non_exhaustive()
    }
}
