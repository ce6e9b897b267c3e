//! Rows: a stream of them, and the counts that `query_one` and `query_opt` ask for.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio_postgres::{Error as PgError, Row};

use super::answers::Answers;
use super::connection::Connection;
use super::deadline::{Deadline, Expired, Patience};
use super::lease::Lease;
use super::single::failure;
use super::work::Hold;
use crate::error::{Error, Kind, Result, Step};

/// Rows as they arrive, in bounded memory: the server sends on only as rows are taken.
///
/// A stream that a transaction gave borrows the transaction, which therefore cannot be committed
/// before the stream is dropped. Until it is read to its end or dropped, every other statement of the
/// transaction is an error before it is sent ([`Error::is_usage`]): answers come in the order of their
/// requests, and rows that nobody reads are not kept. To go on meanwhile, use a [`Cursor`](crate::Cursor). A stream that a scope gave holds its connection until the rows
/// are read to their end or the stream is dropped; its error, when the commit itself fails, comes
/// after the last row.
#[must_use = "rows arrive only as the stream is read"]
pub struct RowStream<'a> {
    rows: Pin<Box<tokio_postgres::RowStream>>,
    end: End,
    patience: Patience,
    transaction: PhantomData<&'a ()>,
}

enum End {
    /// A statement on its own, whose COMMIT is under way.
    Single { lease: Arc<Lease>, closing: Answers, read_only: bool },
    /// The same once all its rows have been read.
    Closing { lease: Arc<Lease>, closing: Answers, read_only: bool },
    /// A statement of an open transaction.
    Block(Hold),
    /// The last row or an error was returned.
    Reached,
}

impl RowStream<'_> {
    pub(super) fn single(
        rows: tokio_postgres::RowStream,
        connection: &Connection,
        closing: Answers,
        deadline: Deadline,
    ) -> Self {
        let (lease, read_only) = (Arc::clone(&connection.lease), connection.binding.is_read_only());
        Self::new(rows, End::Single { lease, closing, read_only }, deadline)
    }

    pub(super) fn block(rows: tokio_postgres::RowStream, hold: Hold, deadline: Deadline) -> Self {
        Self::new(rows, End::Block(hold), deadline)
    }

    fn new(rows: tokio_postgres::RowStream, end: End, deadline: Deadline) -> Self {
        Self { rows: Box::pin(rows), end, patience: Patience::new(deadline), transaction: PhantomData }
    }

    /// For the stream of a statement on its own, which has no transaction to borrow.
    pub(super) fn into_owned(self) -> RowStream<'static> {
        let Self { rows, end, patience, .. } = self;
        RowStream { rows, end, patience, transaction: PhantomData }
    }

    /// The next row, or `None` after the last one.
    ///
    /// Dropping the future loses no row.
    ///
    /// # Errors
    ///
    /// The statement failed on the way, the connection was lost, or the commit failed.
    pub async fn try_next(&mut self) -> Result<Option<Row>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await.transpose()
    }

    /// How many rows the statement selected or changed. `None` until the stream has been read to its end.
    #[must_use]
    pub fn rows_affected(&self) -> Option<u64> {
        self.rows.rows_affected()
    }

    fn failed(&mut self, error: PgError) -> Error {
        let error = match std::mem::replace(&mut self.end, End::Reached) {
            End::Block(hold) => match hold.work() {
                Some(work) => {
                    let error = work.fail(Step::Statement, error);
                    work.unread_is_read();
                    error
                }
                None => Error::server(Step::Statement, error),
            },
            // The answer to the COMMIT is still to come; the drain waits for it.
            End::Single { lease, .. } | End::Closing { lease, .. } => failure(&lease, error),
            End::Reached => Error::final_step(Step::Statement, error),
        };
        self.patience.name(error)
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Row>>> {
        if matches!(self.end, End::Single { .. } | End::Block(_)) {
            match ready!(self.rows.as_mut().poll_next(cx)) {
                Some(Ok(row)) => return Poll::Ready(Some(Ok(row))),
                Some(Err(error)) => return Poll::Ready(Some(Err(self.failed(error)))),
                None => self.end = std::mem::replace(&mut self.end, End::Reached).after_rows(),
            }
        }
        let End::Closing { lease, closing, .. } = &mut self.end else { return Poll::Ready(None) };
        let closed = ready!(closing.poll_all(cx));
        if closed.is_ok() {
            lease.settle();
        }
        let failed = closed.err().map(|(step, error)| Err(lease.final_error(step, error)));
        self.end = End::Reached;
        Poll::Ready(failed)
    }
}

impl Stream for RowStream<'_> {
    type Item = Result<Row>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(next) = self.poll_end(cx) {
            self.patience.rest();
            return Poll::Ready(next);
        }
        let expired = ready!(self.patience.poll_expired(cx));
        // What it held goes to the drain.
        let error = std::mem::replace(&mut self.end, End::Reached).expire(expired);
        Poll::Ready(Some(Err(error)))
    }
}

impl End {
    fn after_rows(self) -> Self {
        match self {
            Self::Single { lease, closing, read_only } => Self::Closing { lease, closing, read_only },
            Self::Block(hold) => {
                if let Some(work) = hold.work() {
                    work.unread_is_read();
                }
                Self::Reached
            }
            ended @ (Self::Closing { .. } | Self::Reached) => ended,
        }
    }

    fn expire(self, expired: Expired) -> Error {
        match self {
            Self::Single { read_only, .. } | Self::Closing { read_only, .. } => {
                expired.after_commit(read_only)
            }
            Self::Block(hold) => match hold.work() {
                Some(work) => work.expire(expired),
                None => expired.undone(),
            },
            Self::Reached => expired.undone(),
        }
    }
}

impl fmt::Debug for RowStream<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowStream").finish_non_exhaustive()
    }
}

pub(super) fn exactly_one(rows: Vec<Row>) -> Result<Row> {
    let found = rows.len();
    at_most_one(rows)?.ok_or_else(|| Error::from(Kind::RowCount { found, expected: "exactly one" }))
}

pub(super) fn at_most_one(mut rows: Vec<Row>) -> Result<Option<Row>> {
    let found = rows.len();
    if found > 1 {
        return Err(Error::from(Kind::RowCount { found, expected: "at most one" }));
    }
    Ok(rows.pop())
}
