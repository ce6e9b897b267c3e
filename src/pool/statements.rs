//! The statements that can be run as what is bound, in a scope as in a transaction.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::{BorrowToSql, ToSql, Type};

use super::cache::OutOfDate;
use super::kept::{kept_by, kept_number};
use super::rows::{at_most_one, exactly_one};
use super::single::Single;
use super::stale::{ATTEMPTS, Run};
use super::statement::sealed::Source;
use super::statement::{ToStatement, is_fetch};
use super::work::Work;
use crate::error::{Error, Result};
use crate::tenant::TenantId;

/// What scopes, transactions and savepoints have in common: running one statement.
///
/// A function that takes `&Statements` works with each of them, whether its caller wants the
/// statement to be a transaction of its own or a part of one.
///
/// The text of a statement is prepared once on each connection and kept in its statement cache (see
/// [`statement_cache_size`](crate::TenantPoolBuilder::statement_cache_size)); the `_typed` methods do
/// without that and name the parameters' types instead. A statement whose parameters or columns have
/// changed since is prepared and run anew where nothing of its unit of work has run, and is an error
/// elsewhere ([`Error::is_stale_statement`](crate::Error::is_stale_statement)).
///
/// Each method takes exactly one statement and refuses, before anything is sent, one that ends the transaction,
/// outlives it, or turns it to another tenant or role (`COMMIT`, `SET` without `LOCAL`, `LISTEN`,
/// `PREPARE`, `SET LOCAL` of the tenant's own setting and the like), one that can run in no
/// transaction (`VACUUM`), and in a scope one that would end with itself and do nothing (`SET LOCAL`,
/// `LOCK`). After a statement that may leave an object in the session, `CREATE TEMPORARY TABLE` or
/// `SELECT … INTO` for example, the connection is closed at the end of the transaction.
///
/// ```no_run
/// use tenantry::{Result, Statements};
///
/// async fn open_invoices(db: &Statements) -> Result<i64> {
///     let row = db.query_one("select count(*) from invoice where status = $1", &[&"open"]).await?;
///     Ok(row.try_get(0)?)
/// }
/// ```
///
/// # Errors
///
/// Every method fails when the statement or the context is refused
/// ([`Error::is_usage`](crate::Error::is_usage)), when no connection is to be had ([`Error::is_pool_timeout`](crate::Error::is_pool_timeout),
/// [`Error::is_connection_lost`](crate::Error::is_connection_lost)), and when the server reports an error ([`Error::code`](crate::Error::code)).
/// Nothing is sent a second time by itself but what only reads and has shared its connection ([`Sharing`](crate::Sharing)). In a transaction, all but what reads it fail while a stream of rows or a
/// COPY is open ([`Error::is_usage`](crate::Error::is_usage)), because answers come in the order of their requests.
pub struct Statements(pub(super) Unit);

pub(super) enum Unit {
    /// Each statement is a transaction of its own.
    Single(Arc<Single>),
    /// Each statement is a part of one transaction.
    Block(Arc<Work>),
}

/// Runs a request on a prepared statement, and once more where the statement turns out to be stale and
/// nothing of the unit of work has run. What the server has run already is not run again: its rows are
/// kept, and another request of the driver's, the last argument, reads them.
///
/// A macro, because the futures of the driver's are large and stay where their makers have pinned them.
macro_rules! run_prepared {
    (
        $db:ident.$observed:ident($get:ident.$run:ident($source:expr)),
        |$client:ident, $statement:ident| $request:expr,
        |$ready:ident, $text:ident| $kept:expr
    ) => {{
        let source = $db.source($source);
        let running = async {
            let mut $ready = $db.$get(source).await?;
            let mut prepared = $db.prepared(&$ready, source).await?;
            let mut repeats = 0;
            loop {
                let $client = $ready.client();
                let $statement = &prepared.statement;
                let error = match $db.$run(&$ready, pin!($request)).await {
                    Ok(value) => break Ok(value),
                    Err(error) => error,
                };
                if $ready.goes_elsewhere(source, &error) {
                    $ready = $db.elsewhere($ready, source, &error).await?;
                    prepared = $db.prepared(&$ready, source).await?;
                    continue;
                }
                let may_repeat = repeats < if $ready.lease.link().is_direct() { 1 } else { ATTEMPTS };
                let run = Run { source, fresh: prepared.fresh, first: repeats == 0, may_repeat };
                if let Some(number) = kept_number(&error) {
                    $ready.forget(source, OutOfDate::There);
                    let $text = $db.afterwards(&$ready, Box::pin($ready.lease.kept(number)).as_mut()).await?;
                    break $kept.await;
                }
                let sql = $db.within(&$ready, Box::pin($db.judge(&$ready, run, error)).as_mut()).await?;
                prepared = $db.prepared(&$ready, Source::Sql(&sql)).await?;
                repeats += 1;
            }
        };
        $db.$observed(source, pin!(running)).await
    }};
}

pub(super) use run_prepared;

#[expect(clippy::missing_errors_doc, reason = "the type tells them once, for every method")]
impl Statements {
    pub(super) fn single(single: Arc<Single>) -> Self {
        Self(Unit::Single(single))
    }

    pub(super) fn block(work: Arc<Work>) -> Self {
        Self(Unit::Block(work))
    }

    /// The tenant that is bound, as a parameter for statements on tables that are partitioned by it.
    ///
    /// No statement has to name its tenant, since policies do. But they do so when it runs, and the server leaves partitions out
    /// when it plans: a statement that names the tenant itself locks and plans the one partition, any other all of them. (Once on
    /// each connection, at the sixth time, the server plans a prepared statement for whatever tenant, and locks them all.)
    ///
    /// ```no_run
    /// use tenantry::{Result, Statements};
    ///
    /// async fn total(db: &Statements, entry: i64) -> Result<i64> {
    ///     let row = db
    ///         .query_one("select total from entry where tenant_id = $1 and id = $2", &[&db.tenant()?, &entry])
    ///         .await?;
    ///     Ok(row.try_get(0)?)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// None is bound, in work across tenants; or the context was refused ([`Error::is_usage`](crate::Error::is_usage)).
    pub fn tenant(&self) -> Result<TenantId> {
        let bound = match &self.0 {
            Unit::Single(single) => single.bound(),
            Unit::Block(work) => work.bound(),
        };
        match bound {
            Ok(binding) => binding.bound_tenant(),
            Err(why) => Err(Error::config(why.to_string())),
        }
    }

    /// Runs a statement and returns its rows.
    pub async fn query<S>(&self, statement: &S, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>>
    where
        S: ?Sized + ToStatement,
    {
        match statement.source() {
            // Its columns are those of the cursor, of which only this execution tells.
            Source::Sql(sql) if params.is_empty() && is_fetch(sql) => self.query_typed(sql, &[]).await,
            source => run_prepared!(
                self.observed(ready_to_share.run(source)),
                |client, statement| client.query(statement, params),
                |ready, text| self.kept_rows(&ready, &text)
            ),
        }
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

    /// Runs a statement and returns how many rows it changed; zero for one that changes none.
    pub async fn execute<S>(&self, statement: &S, params: &[&(dyn ToSql + Sync)]) -> Result<u64>
    where
        S: ?Sized + ToStatement,
    {
        run_prepared!(
            self.observed(ready_to_share.run(statement.source())),
            |client, statement| client.execute(statement, params),
            |ready, text| self.kept_count(&ready, &text)
        )
    }

    /// Like [`execute`](Self::execute), with the parameters from any iterator.
    pub async fn execute_raw<S, P, I>(&self, statement: &S, params: I) -> Result<u64>
    where
        S: ?Sized + ToStatement,
        P: BorrowToSql,
        I: IntoIterator<Item = P>,
        I::IntoIter: ExactSizeIterator,
    {
        let params: Vec<P> = params.into_iter().collect();
        let params = || params.iter().map(BorrowToSql::borrow_to_sql);
        run_prepared!(
            self.observed(ready_to_share.run(statement.source())),
            |client, statement| client.execute_raw(statement, params()),
            |ready, text| self.kept_count(&ready, &text)
        )
    }

    /// Like [`query`](Self::query), unprepared: parsed, bound and run in one flight, even the first time.
    pub async fn query_typed(&self, sql: &str, params: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Row>> {
        let running = async {
            let ready = self.unprepared(sql).await?;
            let answer = self.run(&ready, pin!(ready.client().query_typed(sql, params))).await;
            match kept_by(&answer) {
                Some(number) => {
                    self.kept_rows(&ready, &self.afterwards(&ready, pin!(ready.lease.kept(number))).await?)
                        .await
                }
                None => answer,
            }
        };
        self.observed(Source::Sql(sql), pin!(running)).await
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

    /// Like [`execute`](Self::execute), unprepared.
    pub async fn execute_typed(&self, sql: &str, params: &[(&(dyn ToSql + Sync), Type)]) -> Result<u64> {
        let running = async {
            let ready = self.unprepared(sql).await?;
            let answer = self.run(&ready, pin!(ready.client().execute_typed(sql, params))).await;
            match kept_by(&answer) {
                Some(number) => {
                    self.kept_count(&ready, &self.afterwards(&ready, pin!(ready.lease.kept(number))).await?)
                        .await
                }
                None => answer,
            }
        };
        self.observed(Source::Sql(sql), pin!(running)).await
    }

    /// Declares a cursor, which nobody but [`Cursor`](crate::Cursor) may.
    pub(super) async fn declare(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<u64> {
        run_prepared!(
            self.observed(ready.run(Source::Judged(sql))),
            |client, statement| client.execute(statement, params),
            |ready, text| self.kept_count(&ready, &text)
        )
    }
}

impl fmt::Debug for Statements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statements").finish_non_exhaustive()
    }
}
