//! Rows: a stream of them, and the counts that `query_one` and `query_opt` ask for.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error as PgError, Row};

use super::answers::Answers;
use super::cache::OutOfDate;
use super::connection::{Connection, Passage};
use super::deadline::{Deadline, Expired, Patience};
use super::kept::kept_number_of;
use super::lease::Lease;
use super::statement::sealed::Source;
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
    /// The text of the statement, where it is one that is prepared.
    sql: Option<Box<str>>,
    /// The rows in place of those that the driver cannot read yet, once they can be.
    kept: Option<Kept>,
    patience: Patience,
    transaction: PhantomData<&'a ()>,
}

type Kept = Pin<Box<dyn Future<Output = Result<tokio_postgres::RowStream>> + Send>>;

enum End {
    /// A statement on its own, whose COMMIT is under way.
    Single { passage: Passage, closing: Answers },
    /// The same once all its rows have been read.
    Closing { passage: Passage, closing: Answers },
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
        Self::new(rows, End::Single { passage: connection.passage(), closing }, deadline)
    }

    pub(super) fn block(rows: tokio_postgres::RowStream, hold: Hold, deadline: Deadline) -> Self {
        Self::new(rows, End::Block(hold), deadline)
    }

    fn new(rows: tokio_postgres::RowStream, end: End, deadline: Deadline) -> Self {
        let patience = Patience::new(deadline);
        Self { rows: Box::pin(rows), end, sql: None, kept: None, patience, transaction: PhantomData }
    }

    /// For the stream of a statement on its own, which has no transaction to borrow.
    pub(super) fn into_owned(self) -> RowStream<'static> {
        let Self { rows, end, sql, kept, patience, .. } = self;
        RowStream { rows, end, sql, kept, patience, transaction: PhantomData }
    }

    /// Notes which statement the rows are of.
    pub(super) fn of(mut self, source: Source<'_>) -> Self {
        self.sql = Some(source.sql().into());
        self
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

    fn ended_with(&mut self, error: Error) -> Error {
        if let End::Block(hold) = std::mem::replace(&mut self.end, End::Reached)
            && let Some(work) = hold.work()
        {
            work.unread_is_read();
        }
        self.patience.name(error)
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
            End::Single { passage, .. } | End::Closing { passage, .. } => passage.failure(error),
            End::Reached => Error::final_step(Step::Statement, error),
        };
        self.patience.name(error)
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Row>>> {
        if matches!(self.end, End::Single { .. } | End::Block(_)) {
            loop {
                if let Some(kept) = &mut self.kept {
                    let rows = ready!(kept.as_mut().poll(cx));
                    self.kept = None;
                    match rows {
                        Ok(rows) => self.rows = Box::pin(rows),
                        Err(error) => return Poll::Ready(Some(Err(self.ended_with(error)))),
                    }
                }
                match ready!(self.rows.as_mut().poll_next(cx)) {
                    Some(Ok(row)) => return Poll::Ready(Some(Ok(row))),
                    Some(Err(error)) => match (kept_number_of(&error), self.end.lease()) {
                        (Some(number), Some(lease)) => {
                            self.kept = Some(Box::pin(kept_rows(lease, self.sql.take(), number)));
                        }
                        _ => return Poll::Ready(Some(Err(self.failed(error)))),
                    },
                    None => break,
                }
            }
            self.end = std::mem::replace(&mut self.end, End::Reached).after_rows();
        }
        let End::Closing { passage, closing } = &mut self.end else { return Poll::Ready(None) };
        let closed = ready!(closing.poll_all(cx));
        if closed.is_ok() {
            passage.lease.settle();
        }
        let failed = closed.err().map(|(step, error)| Err(passage.final_error(step, error)));
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

/// Asks for the rows that are kept of a statement, which is forgotten.
async fn kept_rows(
    lease: Arc<Lease>,
    sql: Option<Box<str>>,
    number: u64,
) -> Result<tokio_postgres::RowStream> {
    if let Some(sql) = sql {
        lease.forget(&sql, OutOfDate::There);
    }
    let text = lease.kept(number).await?;
    let no_params = std::iter::empty::<(&(dyn ToSql + Sync), Type)>();
    let rows = lease.client().query_typed_raw(&text, no_params).await;
    rows.map_err(|error| lease.error(Step::Statement, error))
}

impl End {
    fn lease(&self) -> Option<Arc<Lease>> {
        match self {
            Self::Single { passage, .. } | Self::Closing { passage, .. } => Some(Arc::clone(&passage.lease)),
            Self::Block(hold) => hold.work()?.lease().map(Arc::clone),
            Self::Reached => None,
        }
    }

    fn after_rows(self) -> Self {
        match self {
            Self::Single { passage, closing } => Self::Closing { passage, closing },
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
            Self::Single { passage, .. } | Self::Closing { passage, .. } => {
                expired.after_commit(passage.read_only)
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
