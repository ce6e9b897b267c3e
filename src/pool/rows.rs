//! Rows: a stream of them, and the counts that `query_one` and `query_opt` ask for.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use super::cache::OutOfDate;
use super::ending::Ending;
use super::kept::kept_number_of;
use super::lease::Lease;
use super::observe::Call;
use super::statement::sealed::Source;
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
    ending: Ending,
    /// The text of the statement, where it is one that is prepared.
    sql: Option<Box<str>>,
    /// The rows in place of those that the driver cannot read yet, once they can be.
    kept: Option<Kept>,
    transaction: PhantomData<&'a ()>,
}

type Kept = Pin<Box<dyn Future<Output = Result<tokio_postgres::RowStream>> + Send>>;

impl RowStream<'_> {
    pub(super) fn new(rows: tokio_postgres::RowStream, ending: Ending) -> Self {
        Self { rows: Box::pin(rows), ending, sql: None, kept: None, transaction: PhantomData }
    }

    /// Has those who watch the statement hear of the end of its rows.
    pub(super) fn watched_by(mut self, call: Call) -> Self {
        self.ending.watched_by(call);
        self
    }

    /// For the stream of a statement on its own, which has no transaction to borrow.
    pub(super) fn into_owned(self) -> RowStream<'static> {
        let Self { rows, ending, sql, kept, .. } = self;
        RowStream { rows, ending, sql, kept, transaction: PhantomData }
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

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Row>>> {
        if self.ending.has_portions() {
            loop {
                if let Some(kept) = &mut self.kept {
                    let rows = ready!(kept.as_mut().poll(cx));
                    self.kept = None;
                    match rows {
                        Ok(rows) => self.rows = Box::pin(rows),
                        Err(error) => return Poll::Ready(Some(Err(self.ending.ended_with(error)))),
                    }
                }
                match ready!(self.rows.as_mut().poll_next(cx)) {
                    Some(Ok(row)) => return Poll::Ready(Some(Ok(row))),
                    Some(Err(error)) => match (kept_number_of(&error), self.ending.lease()) {
                        (Some(number), Some(lease)) => {
                            self.kept = Some(Box::pin(kept_rows(lease, self.sql.take(), number)));
                        }
                        _ => return Poll::Ready(Some(Err(self.ending.failed(error)))),
                    },
                    None => break,
                }
            }
            self.ending.portions_are_read();
        }
        self.ending.poll_closed(cx).map(|failed| failed.map(Err))
    }
}

impl Stream for RowStream<'_> {
    type Item = Result<Row>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Poll::Ready(next) = self.poll_end(cx) {
            self.ending.rest();
            return Poll::Ready(next);
        }
        self.ending.poll_expired(cx).map(|error| Some(Err(error)))
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
