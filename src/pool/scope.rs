//! Scopes: whom the statements that follow run as.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::types::{PgLsn, ToSql, Type};
use tracing::{Instrument, debug};

use super::binding::Bound;
use super::door::{System, Tenant, Unbound};
use super::rows::RowStream;
use super::sharing::Sharing;
use super::single::Single;
use super::statement::ToStatement;
use super::statements::Statements;
use super::transaction::{Transaction, TransactionBlock};
use super::way::Way;
use super::work::{Again, POSITION};
use crate::error::{Error, Result};
use crate::tenant::WalPosition;

/// One tenant's view of the database, from [`TenantPool::tenant`](crate::TenantPool::tenant).
pub type TenantScope = Scope<Tenant>;

/// The view of nobody, from [`TenantPool::unbound`](crate::TenantPool::unbound).
pub type UnboundScope = Scope<Unbound>;

/// The view across tenants, from [`TenantPool::system`](crate::TenantPool::system).
pub type SystemScope = Scope<System>;

/// Whom statements run as. Making one sends nothing and holds no connection.
///
/// A statement that is run on the scope itself is a transaction of its own, and all that makes it
/// one travels with it in one flight; [`Strategy`](crate::Strategy) tells what that is. What can be
/// run stands at [`Statements`].
pub struct Scope<D> {
    statements: Statements,
    single: Arc<Single>,
    door: PhantomData<fn() -> D>,
}

impl<D> Scope<D> {
    pub(super) fn new(way: Way, bound: Bound) -> Self {
        Self::of(Single::new(way, bound))
    }

    pub(super) fn of(single: Single) -> Self {
        let single = Arc::new(single);
        Self { statements: Statements::single(Arc::clone(&single)), single, door: PhantomData }
    }

    pub(super) fn statements(&self) -> &Statements {
        &self.statements
    }

    pub(super) fn single(&self) -> &Single {
        &self.single
    }

    /// The same with another limit on how long each call may take, see
    /// [`TenantPoolBuilder::timeout`](crate::TenantPoolBuilder::timeout). Zero means no limit.
    ///
    /// ```no_run
    /// # async fn example(pool: tenantry::TenantPool) -> tenantry::Result<()> {
    /// use std::time::Duration;
    ///
    /// let report = pool.tenant(42_i64).timeout(Duration::from_secs(60));
    /// let rows = report.query("select * from yearly_turnover", &[]).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Self {
        Self::of(self.single.with_timeout(limit))
    }

    /// The same with another rule for which statements may share a connection, see [`Sharing`].
    ///
    /// [`Sharing::Always`] is for statements that wait for no lock that the caller may hold; what they read or write may be
    /// anything. [`Sharing::Never`] has each of them alone on its connection.
    ///
    /// ```no_run
    /// # async fn example(pool: tenantry::TenantPool) -> tenantry::Result<()> {
    /// use tenantry::Sharing;
    ///
    /// let seen = pool.tenant(42_i64).sharing(Sharing::Always);
    /// seen.execute("insert into page_view (page) values ($1)", &[&"/invoices"]).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn sharing(self, sharing: Sharing) -> Self {
        Self::of(self.single.with_sharing(sharing))
    }

    /// Like [`Statements::query_raw`]; the stream holds its connection by itself and borrows nothing.
    ///
    /// # Errors
    ///
    /// As for [`Statements`].
    pub async fn query_raw<S>(
        &self,
        statement: &S,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<RowStream<'static>>
    where
        S: ?Sized + ToStatement,
    {
        self.statements.query_raw(statement, params).await.map(RowStream::into_owned)
    }

    /// Like [`Statements::query_typed_raw`]; the stream holds its connection by itself and borrows nothing.
    ///
    /// # Errors
    ///
    /// As for [`Statements`].
    pub async fn query_typed_raw(
        &self,
        sql: &str,
        params: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<RowStream<'static>> {
        self.statements.query_typed_raw(sql, params).await.map(RowStream::into_owned)
    }

    /// The position in the write-ahead log ahead of which all stands that was committed until now, by anybody, also with
    /// `synchronous_commit` off: for [`TenantContext::no_staler_than`](crate::TenantContext::no_staler_than). One flight, to the primary.
    /// [`Transaction::commit_with_position`] tells it in that of the commit.
    ///
    /// It is `pg_current_wal_insert_lsn()`, which everybody may call
    /// ([backup control functions](https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-BACKUP)).
    ///
    /// # Errors
    ///
    /// As for [`Statements`].
    pub async fn wal_position(&self) -> Result<WalPosition> {
        let primary = Self::of(self.single.on_primary());
        let row = primary.statements.query_typed_one(POSITION, &[]).await?;
        Ok(row.try_get::<_, PgLsn>(0)?.into())
    }

    /// Begins a transaction. Nothing is sent before its first statement.
    pub fn begin(&self) -> Transaction<D> {
        Transaction::new(self.single.begin().watched())
    }

    /// Runs `work` in a transaction and commits it, and runs it again, from the start and in a new
    /// transaction, when the server ended it for a serialization failure (SQLSTATE 40001) or a
    /// deadlock (40P01). An error of `work` rolls back.
    ///
    /// Pauses before retries start at 5 ms, double up to 200 ms and vary at random; their number
    /// is [`TenantPoolBuilder::max_retries`](crate::TenantPoolBuilder::max_retries), 5 by default.
    /// What `work` does besides the database it does again each time. What has run on a replica runs on the primary then: a standby
    /// ends a query that holds up what it replays with SQLSTATE 40001
    /// ([query conflicts](https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-CONFLICT)), and would again.
    ///
    /// ```no_run
    /// # async fn example(pool: tenantry::TenantPool, due: i32, status: String) -> tenantry::Result<()> {
    /// use tenantry::Error;
    ///
    /// let status = &status;
    /// let changed = pool
    ///     .tenant(42_i64)
    ///     .transact(|tx| async move {
    ///         let changed = tx.execute("update invoice set status = $1 where due = $2", &[status, &due]).await?;
    ///         tx.execute("update company set invoices_changed = now()", &[]).await?;
    ///         Ok::<_, Error>(changed)
    ///     })
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// (It takes a closure that returns a future, and not an `async` closure, because the compiler
    /// cannot yet see that the future of one that borrows can be sent to another thread, which
    /// `tokio::spawn` and every web framework ask for.)
    ///
    /// # Errors
    ///
    /// The error of `work`, or of the commit, of the last attempt. An error whose outcome is
    /// unknown ([`Error::is_in_doubt`]) is never met with another attempt. A closure that keeps its
    /// block beyond its end is an error, and the transaction is rolled back.
    pub async fn transact<T, E, F, Fut>(&self, mut work: F) -> Result<T, E>
    where
        F: FnMut(TransactionBlock) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: From<Error>,
    {
        let (mut retries, mut on_primary) = (0, false);
        loop {
            let begun = if on_primary { self.single.begin_on_primary() } else { self.single.begin() };
            let transaction = Transaction::<D>::new(begun.watched());
            let (block, loan) = transaction.lend();
            let outcome = work(block).await;
            if !loan.is_back() {
                // Whoever holds it could go on after the commit, in no transaction and as no tenant.
                transaction.give_up();
                return Err(E::from(Error::config(
                    "the closure kept its transaction beyond its end; let it go when the future ends",
                )));
            }
            on_primary |= transaction.is_on_replica();
            let (error, code) = match outcome {
                Ok(value) => match transaction.commit().await {
                    Ok(()) => return Ok(value),
                    Err(error) => {
                        let code = error.is_retryable().then(|| Again(error.code().cloned()));
                        (E::from(error), code)
                    }
                },
                Err(error) => {
                    let code = transaction.failed_retryably();
                    // The server rolls back by itself where this cannot be sent, and what the
                    // caller has to hear is the error of the work.
                    let _ = transaction.rollback().await;
                    (error, code)
                }
            };
            match (self.single.retry().pause(retries), code) {
                (Some(pause), Some(Again(code))) => {
                    retries += 1;
                    let span = self.single.way().primary().observer().retry(retries, code.as_ref(), pause);
                    debug!(parent: &span, retries, ?pause, "transaction is run again");
                    tokio::time::sleep(pause).instrument(span).await;
                }
                _ => return Err(error),
            }
        }
    }
}

impl<D> Deref for Scope<D> {
    type Target = Statements;

    fn deref(&self) -> &Statements {
        &self.statements
    }
}

impl<D> fmt::Debug for Scope<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}
