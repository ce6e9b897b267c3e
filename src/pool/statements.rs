//! The statements that can be run as what is bound, in a scope as in a transaction.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::{BorrowToSql, ToSql, Type};
use tokio_postgres::{Error as PgError, Row, Statement};

use super::connection::Connection;
use super::deadline::Deadline;
use super::rows::{RowStream, at_most_one, exactly_one};
use super::single::Single;
use super::statement::sealed::Source;
use super::statement::{ToStatement, Trace, judge_rows};
use super::work::{Open, Work};
use crate::error::{Result, Step};

/// What scopes, transactions and savepoints have in common: running one statement.
///
/// A function that takes `&Statements` works with each of them, whether its caller wants the
/// statement to be a transaction of its own or a part of one.
///
/// The text of a statement is prepared once on each connection and kept in its statement cache;
/// the `_typed` methods do without that and name the parameters' types instead. Each method takes
/// exactly one statement and refuses, before anything is sent, one that ends the transaction or
/// outlives it (`COMMIT`, `SET` without `LOCAL`, `LISTEN`, `PREPARE` and the like). After a
/// statement that may leave an object in the session, `CREATE TEMPORARY TABLE` for one, the
/// connection is closed at the end of the transaction.
///
/// ```no_run
/// use tenantry::{Result, Statements};
///
/// async fn open_invoices(db: &Statements) -> Result<i64> {
///     let row = db.query_one("select count(*) from invoice where status = $1", &[&"open"]).await?;
///     Ok(row.get(0))
/// }
/// ```
///
/// # Errors
///
/// Every method fails when the statement or the context is refused
/// ([`Error::is_usage`](crate::Error::is_usage)), when no connection is to be had ([`Error::is_pool_timeout`](crate::Error::is_pool_timeout),
/// [`Error::is_connection_lost`](crate::Error::is_connection_lost)), and when the server reports an error ([`Error::code`](crate::Error::code)).
/// Nothing is sent a second time by itself. In a transaction, all but what reads it fail while a stream of rows or a
/// COPY is open ([`Error::is_usage`](crate::Error::is_usage)), because answers come in the order of their requests.
pub struct Statements(Unit);

enum Unit {
    /// Each statement is a transaction of its own.
    Single(Arc<Single>),
    /// Each statement is a part of one transaction.
    Block(Arc<Work>),
}

/// A connection to run one statement on, and until when.
struct Ready<'a> {
    on: On<'a>,
    deadline: Deadline,
}

enum On<'a> {
    Own(Connection),
    Shared(&'a Connection),
}

impl std::ops::Deref for Ready<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match &self.on {
            On::Own(connection) => connection,
            On::Shared(connection) => connection,
        }
    }
}

#[expect(clippy::missing_errors_doc, reason = "the type tells them once, for every method")]
impl Statements {
    pub(super) fn single(single: Arc<Single>) -> Self {
        Self(Unit::Single(single))
    }

    pub(super) fn block(work: Arc<Work>) -> Self {
        Self(Unit::Block(work))
    }

    /// Runs a statement and returns its rows.
    pub async fn query<S>(&self, statement: &S, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>>
    where
        S: ?Sized + ToStatement,
    {
        let (ready, prepared) = self.prepared(statement.source()).await?;
        let answer = self.run(&ready, pin!(ready.client().query(&prepared, params))).await;
        forget_if_stale(&ready, statement.source(), answer)
    }

    /// Runs a statement and returns its only row.
    ///
    /// # Errors
    ///
    /// As for every method, and when the number of rows is not one ([`Error::is_row_count`](crate::Error::is_row_count)). The
    /// statement has run by then, and outside of a transaction it is committed.
    pub async fn query_one<S>(&self, statement: &S, params: &[&(dyn ToSql + Sync)]) -> Result<Row>
    where
        S: ?Sized + ToStatement,
    {
        exactly_one(self.query(statement, params).await?)
    }

    /// Runs a statement and returns its row, if there is one.
    ///
    /// # Errors
    ///
    /// As for every method, and when there is more than one row ([`Error::is_row_count`](crate::Error::is_row_count)). The
    /// statement has run by then, and outside of a transaction it is committed.
    pub async fn query_opt<S>(&self, statement: &S, params: &[&(dyn ToSql + Sync)]) -> Result<Option<Row>>
    where
        S: ?Sized + ToStatement,
    {
        at_most_one(self.query(statement, params).await?)
    }

    /// Runs a statement and returns its rows as they arrive, in bounded memory.
    pub async fn query_raw<S, P, I>(&self, statement: &S, params: I) -> Result<RowStream<'_>>
    where
        S: ?Sized + ToStatement,
        P: BorrowToSql,
        I: IntoIterator<Item = P>,
        I::IntoIter: ExactSizeIterator,
    {
        let (ready, prepared) = self.prepared(statement.source()).await?;
        let answer = self.stream(&ready, pin!(ready.client().query_raw(&prepared, params))).await;
        forget_if_stale(&ready, statement.source(), answer)
    }

    /// Runs a statement and returns how many rows it changed; zero for one that changes none.
    pub async fn execute<S>(&self, statement: &S, params: &[&(dyn ToSql + Sync)]) -> Result<u64>
    where
        S: ?Sized + ToStatement,
    {
        let (ready, prepared) = self.prepared(statement.source()).await?;
        let answer = self.run(&ready, pin!(ready.client().execute(&prepared, params))).await;
        forget_if_stale(&ready, statement.source(), answer)
    }

    /// Like [`execute`](Self::execute), with the parameters from any iterator.
    pub async fn execute_raw<S, P, I>(&self, statement: &S, params: I) -> Result<u64>
    where
        S: ?Sized + ToStatement,
        P: BorrowToSql,
        I: IntoIterator<Item = P>,
        I::IntoIter: ExactSizeIterator,
    {
        let (ready, prepared) = self.prepared(statement.source()).await?;
        let answer = self.run(&ready, pin!(ready.client().execute_raw(&prepared, params))).await;
        forget_if_stale(&ready, statement.source(), answer)
    }

    /// Like [`query`](Self::query), unprepared: parsed, bound and run in one flight, even the first time.
    pub async fn query_typed(&self, sql: &str, params: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Row>> {
        let ready = self.unprepared(sql).await?;
        self.run(&ready, pin!(ready.client().query_typed(sql, params))).await
    }

    /// Like [`query_one`](Self::query_one), unprepared.
    ///
    /// # Errors
    ///
    /// As for [`query_one`](Self::query_one).
    pub async fn query_typed_one(&self, sql: &str, params: &[(&(dyn ToSql + Sync), Type)]) -> Result<Row> {
        exactly_one(self.query_typed(sql, params).await?)
    }

    /// Like [`query_opt`](Self::query_opt), unprepared.
    ///
    /// # Errors
    ///
    /// As for [`query_opt`](Self::query_opt).
    pub async fn query_typed_opt(
        &self,
        sql: &str,
        params: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Option<Row>> {
        at_most_one(self.query_typed(sql, params).await?)
    }

    /// Like [`query_raw`](Self::query_raw), unprepared.
    pub async fn query_typed_raw<P, I>(&self, sql: &str, params: I) -> Result<RowStream<'_>>
    where
        P: BorrowToSql,
        I: IntoIterator<Item = (P, Type)>,
    {
        let ready = self.unprepared(sql).await?;
        self.stream(&ready, pin!(ready.client().query_typed_raw(sql, params))).await
    }

    /// Like [`execute`](Self::execute), unprepared.
    pub async fn execute_typed(&self, sql: &str, params: &[(&(dyn ToSql + Sync), Type)]) -> Result<u64> {
        let ready = self.unprepared(sql).await?;
        self.run(&ready, pin!(ready.client().execute_typed(sql, params))).await
    }

    async fn prepared(&self, source: Source<'_>) -> Result<(Ready<'_>, Statement)> {
        match source {
            Source::Sql(sql) => {
                let ready = self.unprepared(sql).await?;
                let prepared = match &self.0 {
                    Unit::Single(_) => {
                        let prepared = ready.deadline.bound(pin!(ready.lease.prepare(sql))).await;
                        prepared.unwrap_or_else(|expired| Err(expired.undone()))
                    }
                    Unit::Block(work) => {
                        let prepared = ready.deadline.bound(pin!(work.prepare(&ready, sql))).await;
                        prepared.unwrap_or_else(|expired| Err(work.expire(expired)))
                    }
                };
                let prepared = prepared.map_err(|error| ready.deadline.name(error))?;
                Ok((ready, prepared))
            }
            Source::Prepared(statement) => Ok((self.connection().await?, statement.clone())),
        }
    }

    async fn unprepared(&self, sql: &str) -> Result<Ready<'_>> {
        let trace = judge_rows(sql)?;
        let ready = self.connection().await?;
        if trace == Trace::Session {
            ready.lease.retire();
        }
        Ok(ready)
    }

    async fn connection(&self) -> Result<Ready<'_>> {
        match &self.0 {
            Unit::Single(single) => {
                let deadline = single.deadline();
                let connection = deadline.bound(pin!(single.connection())).await;
                let connection = connection.unwrap_or_else(|expired| Err(expired.undone()))?;
                Ok(Ready { on: On::Own(connection), deadline })
            }
            Unit::Block(work) => {
                let deadline = work.deadline();
                let connection = deadline.bound(pin!(work.connection())).await;
                let connection = connection.unwrap_or_else(|expired| Err(work.expire(expired)))?;
                Ok(Ready { on: On::Shared(connection), deadline })
            }
        }
    }

    /// Runs a request of the driver's. Its future is large, and so stays where its maker has pinned it.
    async fn run<T>(
        &self,
        ready: &Ready<'_>,
        statement: Pin<&mut impl Future<Output = Result<T, PgError>>>,
    ) -> Result<T> {
        let answer = match &self.0 {
            Unit::Single(single) => {
                let answer = ready.deadline.bound(pin!(single.run(ready, statement))).await;
                answer.unwrap_or_else(|expired| Err(expired.after_commit(ready.binding.is_read_only())))
            }
            Unit::Block(work) => {
                let answer = ready.deadline.bound(pin!(work.run(ready, Step::Statement, statement))).await;
                answer.unwrap_or_else(|expired| Err(work.expire(expired)))
            }
        };
        answer.map_err(|error| ready.deadline.name(error))
    }

    async fn stream(
        &self,
        ready: &Ready<'_>,
        statement: Pin<&mut impl Future<Output = Result<tokio_postgres::RowStream, PgError>>>,
    ) -> Result<RowStream<'_>> {
        let rows = match &self.0 {
            Unit::Single(single) => {
                let answer = ready.deadline.bound(pin!(single.answer(ready, statement))).await;
                let answer =
                    answer.unwrap_or_else(|expired| Err(expired.after_commit(ready.binding.is_read_only())));
                answer.map(|(rows, closing)| RowStream::single(rows, ready, closing, ready.deadline))
            }
            Unit::Block(work) => {
                let opening = work.open(ready, Step::Statement, Open::Rows, statement);
                let opened = ready.deadline.bound(pin!(opening)).await;
                let opened = opened.unwrap_or_else(|expired| Err(work.expire(expired)));
                opened.map(|(rows, hold)| RowStream::block(rows, hold, ready.deadline))
            }
        };
        rows.map_err(|error| ready.deadline.name(error))
    }
}

/// Drops a statement from the connection's cache that the server has forgotten, or whose result
/// has changed since (after a migration, for one), so that the next use prepares it anew.
fn forget_if_stale<T>(connection: &Connection, source: Source<'_>, answer: Result<T>) -> Result<T> {
    let stale = [&SqlState::FEATURE_NOT_SUPPORTED, &SqlState::INVALID_SQL_STATEMENT_NAME];
    if let (Source::Sql(sql), Err(error)) = (source, &answer)
        && error.code().is_some_and(|code| stale.contains(&code))
    {
        connection.client().statement_cache.remove(sql, &[]);
    }
    answer
}

impl fmt::Debug for Statements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statements").finish_non_exhaustive()
    }
}
