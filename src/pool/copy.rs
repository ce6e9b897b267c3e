//! COPY in and out.

use std::fmt;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use futures_util::{Sink, SinkExt, Stream};
use tokio_postgres::{CopyInSink, CopyOutStream, Error as PgError};

use super::work::Work;
use crate::error::{Error, Result, Step};

/// Takes the data of a `COPY … FROM STDIN`, from
/// [`TransactionBlock::copy_in`](crate::TransactionBlock::copy_in).
///
/// Dropped without [`finish`](Self::finish), the copy fails on the server, and so does the transaction.
#[must_use = "a copy that is not finished fails"]
pub struct CopyIn<'a, B: 'static> {
    sink: Pin<Box<CopyInSink<B>>>,
    work: Arc<Work>,
    transaction: PhantomData<&'a ()>,
}

impl<B: Buf + Send + 'static> CopyIn<'_, B> {
    pub(super) async fn begin(work: &Arc<Work>, sql: &str) -> Result<Self> {
        let connection = work.connection().await?;
        let statement = work.prepare(connection, sql).await?.statement;
        let distrust = Distrust(work);
        let sink = work.run(connection, Step::Copy, pin!(connection.client().copy_in(&statement))).await?;
        distrust.end();
        work.leave_unread();
        Ok(Self { sink: Box::pin(sink), work: Arc::clone(work), transaction: PhantomData })
    }

    /// Sends a portion of the data, in the format that the statement names, and waits while the
    /// connection is not taking more. Portions may end anywhere.
    ///
    /// # Errors
    ///
    /// The connection is lost. What the server thinks of the data is told by [`finish`](Self::finish).
    pub async fn send(&mut self, data: B) -> Result<()> {
        self.sink.send(data).await.map_err(|error| self.work.fail(Step::Copy, error))
    }

    /// Ends the data and returns how many rows were copied.
    ///
    /// # Errors
    ///
    /// The server did not take the data, and the transaction has failed; or the connection is lost.
    pub async fn finish(mut self) -> Result<u64> {
        let finished = self.sink.as_mut().finish().await;
        self.work.unread_is_read();
        finished.map_err(|error| self.work.fail(Step::Copy, error))
    }
}

impl<B: Buf + Send + 'static> Sink<B> for CopyIn<'_, B> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.sink.as_mut().poll_ready(cx).map_err(|error| self.work.fail(Step::Copy, error))
    }

    fn start_send(mut self: Pin<&mut Self>, data: B) -> Result<()> {
        self.sink.as_mut().start_send(data).map_err(|error| self.work.fail(Step::Copy, error))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.sink.as_mut().poll_flush(cx).map_err(|error| self.work.fail(Step::Copy, error))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let closed: Result<(), PgError> = ready!(self.sink.as_mut().poll_close(cx));
        self.work.unread_is_read();
        Poll::Ready(closed.map_err(|error| self.work.fail(Step::Copy, error)))
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

/// The data of a `COPY … TO STDOUT`, from
/// [`TransactionBlock::copy_out`](crate::TransactionBlock::copy_out), in the format that the statement names.
#[must_use = "data arrives only as the stream is read"]
pub struct CopyOut<'a> {
    data: Pin<Box<CopyOutStream>>,
    work: Option<Arc<Work>>,
    transaction: PhantomData<&'a ()>,
}

impl CopyOut<'_> {
    pub(super) async fn begin(work: &Arc<Work>, sql: &str) -> Result<Self> {
        let connection = work.connection().await?;
        let statement = work.prepare(connection, sql).await?.statement;
        let data = work.run(connection, Step::Copy, pin!(connection.client().copy_out(&statement))).await?;
        work.leave_unread();
        Ok(Self { data: Box::pin(data), work: Some(Arc::clone(work)), transaction: PhantomData })
    }

    /// The next portion, or `None` after the last one. Portions of the server's are whole rows.
    ///
    /// # Errors
    ///
    /// The server fails on the way, or the connection is lost.
    pub async fn try_next(&mut self) -> Result<Option<Bytes>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await.transpose()
    }
}

impl Stream for CopyOut<'_> {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(work) = self.work.clone() else { return Poll::Ready(None) };
        let next = match ready!(self.data.as_mut().poll_next(cx)) {
            Some(Ok(data)) => return Poll::Ready(Some(Ok(data))),
            Some(Err(error)) => Some(Err(work.fail(Step::Copy, error))),
            None => None,
        };
        work.unread_is_read();
        self.work = None;
        Poll::Ready(next)
    }
}

impl fmt::Debug for CopyOut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyOut").finish_non_exhaustive()
    }
}
