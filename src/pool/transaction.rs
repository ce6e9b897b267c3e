//! Transactions and savepoints.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;

use bytes::Buf;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tracing::Instrument;

use super::cancel::CancelToken;
use super::copy::{CopyIn, CopyOut};
use super::cursor::Cursor;
use super::door::{System, Tenant};
use super::statement::sealed::Source;
use super::statement::{Way, judge_copy};
use super::statements::Statements;
use super::work::{Again, SavepointEnd, SavepointMark, Work};
use crate::error::{Error, Result};
use crate::tenant::WalPosition;

/// A transaction that carries its tenant, from [`TenantScope::begin`](crate::TenantScope::begin).
pub type TenantTransaction = Transaction<Tenant>;

/// A transaction that crosses tenants, from [`SystemScope::begin`](crate::SystemScope::begin).
pub type SystemTransaction = Transaction<System>;

/// A transaction. Nothing is sent before its first statement, with which `BEGIN` and the context
/// travel in one flight; so `k` statements and the commit cost `k + 1` flights, and a transaction
/// without a statement costs none.
///
/// Dropped without [`commit`](Self::commit), it is rolled back in the background; the connection
/// goes back to the pool only after the server has acknowledged that.
///
/// What it offers stands at [`TransactionBlock`] and [`Statements`].
#[must_use = "a transaction that is dropped is rolled back"]
pub struct Transaction<D> {
    block: TransactionBlock,
    door: PhantomData<fn() -> D>,
}

impl<D> Transaction<D> {
    pub(super) fn new(work: Work) -> Self {
        Self { block: TransactionBlock::new(Arc::new(work)), door: PhantomData }
    }

    /// What [`Scope::transact`](crate::Scope::transact) hands to its closure, and the means to tell
    /// whether the closure has let it go.
    pub(super) fn lend(&self) -> (TransactionBlock, Loan) {
        let loan = Arc::new(());
        let block = TransactionBlock {
            loan: Some(Arc::clone(&loan)),
            ..TransactionBlock::new(Arc::clone(&self.block.work))
        };
        (block, Loan(loan))
    }

    /// Makes the transaction unusable, whoever still holds a part of it.
    pub(super) fn give_up(&self) {
        self.block.work.give_up("a part of its transaction was kept beyond the end");
    }

    /// Whether another attempt may go well, and the SQLSTATE for which this one did not, if it is for one.
    pub(super) fn failed_retryably(&self) -> Option<Again> {
        self.block.work.failed_retryably()
    }

    /// Whether it has run on a replica.
    pub(super) fn is_on_replica(&self) -> bool {
        self.block.work.lease().is_some_and(|lease| lease.client().terms.replica)
    }

    /// Sets a savepoint.
    ///
    /// # Errors
    ///
    /// As for [`Statements`].
    pub async fn savepoint(&mut self) -> Result<Savepoint<'_>> {
        self.block.savepoint().await
    }

    /// Commits.
    ///
    /// # Errors
    ///
    /// The server refuses the commit, a deferred constraint for one, or a statement had failed
    /// before: the transaction is rolled back then. (PostgreSQL itself answers such a `COMMIT`
    /// without an error.) When the connection is lost before the answer, nobody knows which it
    /// was, see [`Error::is_in_doubt`].
    pub async fn commit(self) -> Result<()> {
        self.block.work.commit().await
    }

    /// Commits, and tells the position in the write-ahead log ahead of which all stands that was committed until then, for
    /// [`TenantContext::no_staler_than`](crate::TenantContext::no_staler_than). It is asked for behind the commit, in the same flight.
    ///
    /// Of a transaction on a replica it is how far that has replayed, and so ahead of it stands all that the transaction has read. Of
    /// one that sent nothing it is `0/0`. If the commit went well and the position is not heard, the result is `FFFFFFFF/FFFFFFFF`, which
    /// no replica reaches.
    ///
    /// # Errors
    ///
    /// As for [`commit`](Self::commit).
    pub async fn commit_with_position(self) -> Result<WalPosition> {
        self.block.work.commit_with_position().await
    }

    /// Rolls back, and waits until the server has done it.
    ///
    /// # Errors
    ///
    /// The connection is lost. The server rolls back then too.
    pub async fn rollback(self) -> Result<()> {
        self.block.work.rollback().await
    }
}

impl<D> Deref for Transaction<D> {
    type Target = TransactionBlock;

    fn deref(&self) -> &TransactionBlock {
        &self.block
    }
}

impl<D> fmt::Debug for Transaction<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").finish_non_exhaustive()
    }
}

/// What a transaction and a savepoint in it have in common, beyond [`Statements`].
///
/// [`Scope::transact`](crate::Scope::transact) hands one to its closure: a transaction that somebody
/// else commits.
pub struct TransactionBlock {
    work: Arc<Work>,
    statements: Statements,
    #[expect(dead_code, reason = "it is held for Loan to count, not to be read")]
    loan: Option<Arc<()>>,
}

/// Tells whether a block that was handed out still exists.
pub(super) struct Loan(Arc<()>);

impl Loan {
    pub(super) fn is_back(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl TransactionBlock {
    fn new(work: Arc<Work>) -> Self {
        Self { statements: Statements::block(Arc::clone(&work)), work, loan: None }
    }

    /// Opens a cursor over a query's rows, to fetch them in portions.
    ///
    /// # Errors
    ///
    /// As for [`Statements`].
    pub async fn cursor(&self, query: &str, params: &[&(dyn ToSql + Sync)]) -> Result<Cursor<'_>> {
        self.work.call(pin!(Cursor::open(&self.work, &self.statements, query, params))).await
    }

    /// Runs a `COPY … FROM STDIN`, whose data the returned sink takes. No other statement is taken.
    ///
    /// PostgreSQL does not run `COPY … FROM` on a table whose policies bind the role, and answers
    /// with SQLSTATE 0A000: insert such rows, or load them through the system door. See
    /// [COPY](https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.7).
    ///
    /// # Errors
    ///
    /// As for [`Statements`]. The connection is given up then, and the transaction with it.
    pub async fn copy_in<B>(&self, sql: &str) -> Result<CopyIn<'_, B>>
    where
        B: Buf + Send + 'static,
    {
        judge_copy(sql, Way::In)?;
        let mut call = self.statements.watch(Source::Judged(sql));
        let copy = self.work.call(pin!(CopyIn::begin(&self.work, sql))).instrument(call.span()).await;
        match copy {
            Ok(copy) => Ok(copy.watched_by(call)),
            Err(error) => {
                call.ended(Some(&error));
                Err(error)
            }
        }
    }

    /// Runs a `COPY … TO STDOUT`, whose data arrives as the returned stream is read. Policies apply.
    /// No other statement is taken.
    ///
    /// # Errors
    ///
    /// As for [`Statements`].
    pub async fn copy_out(&self, sql: &str) -> Result<CopyOut<'_>> {
        judge_copy(sql, Way::Out)?;
        let mut call = self.statements.watch(Source::Judged(sql));
        let copy = self.work.call(pin!(CopyOut::begin(&self.work, sql))).instrument(call.span()).await;
        match copy {
            Ok(copy) => Ok(copy.watched_by(call)),
            Err(error) => {
                call.ended(Some(&error));
                Err(error)
            }
        }
    }

    /// Sets a savepoint.
    ///
    /// # Errors
    ///
    /// As for [`Statements`].
    pub async fn savepoint(&mut self) -> Result<Savepoint<'_>> {
        let mark = self.work.savepoint().await?;
        let block = Self::new(Arc::clone(&self.work));
        Ok(Savepoint { block, mark: Some(mark), parent: PhantomData })
    }

    /// A token with which another task can cancel what runs in this transaction.
    #[must_use]
    pub fn cancel_token(&self) -> CancelToken {
        CancelToken::new(&self.work)
    }
}

impl Deref for TransactionBlock {
    type Target = Statements;

    fn deref(&self) -> &Statements {
        &self.statements
    }
}

impl fmt::Debug for TransactionBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionBlock").finish_non_exhaustive()
    }
}

/// A savepoint. When it ends, either way, the context is bound anew: the tenant, and whatever else
/// [`TenantContext`](crate::TenantContext) sets, is what it was before, even where a function has set it.
///
/// Another setting that `SET LOCAL` changes inside it, `search_path` for example, holds to the end of
/// the transaction once the savepoint is released, as in PostgreSQL; a rollback to it undoes that.
///
/// Dropped without [`release`](Self::release), the transaction is rolled back to it.
#[must_use = "a savepoint that is dropped is rolled back to"]
pub struct Savepoint<'a> {
    block: TransactionBlock,
    /// Gone once the end of the savepoint has been sent.
    mark: Option<SavepointMark>,
    parent: PhantomData<&'a mut ()>,
}

impl Savepoint<'_> {
    /// Sets a savepoint inside this one.
    ///
    /// # Errors
    ///
    /// As for [`Statements`].
    pub async fn savepoint(&mut self) -> Result<Savepoint<'_>> {
        self.block.savepoint().await
    }

    /// Keeps what was done since the savepoint, as a part of the transaction.
    ///
    /// # Errors
    ///
    /// A statement in it had failed: the transaction is rolled back to the savepoint then, and can go on.
    pub async fn release(mut self) -> Result<()> {
        let mut failed = self.block.work.failed();
        if failed.is_none() {
            let mark = self.mark.clone();
            match self.end(SavepointEnd::Release).await {
                // A statement had failed whose answer nobody had read. The server releases nothing
                // then, so the savepoint is still there to go back to.
                Err(error) if error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION) => {
                    failed = self.block.work.failed().or(Some(error));
                    self.mark = mark;
                }
                ended => return ended,
            }
        }
        self.end(SavepointEnd::Rollback).await?;
        failed.map_or(Ok(()), Err)
    }

    /// Undoes what was done since the savepoint. The transaction can go on, even after an error.
    ///
    /// # Errors
    ///
    /// The connection is lost.
    pub async fn rollback(mut self) -> Result<()> {
        self.end(SavepointEnd::Rollback).await
    }

    async fn end(&mut self, end: SavepointEnd) -> Result<(), Error> {
        let Some(mark) = self.mark.take() else { return Ok(()) };
        let answers = self.block.work.end_savepoint(&mark, end)?;
        self.block.work.savepoint_ended(answers).await
    }
}

impl Drop for Savepoint<'_> {
    fn drop(&mut self) {
        if let Some(mark) = self.mark.take() {
            // Sent here, with nobody to wait for the answers. If one of them is an error, the
            // transaction's next statement fails, or its commit notices.
            // Where nothing could be sent, the transaction was given up.
            let _ = self.block.work.end_savepoint(&mark, SavepointEnd::Rollback);
            self.block.work.leave_unread();
        }
    }
}

impl Deref for Savepoint<'_> {
    type Target = TransactionBlock;

    fn deref(&self) -> &TransactionBlock {
        &self.block
    }
}

impl fmt::Debug for Savepoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Savepoint").finish_non_exhaustive()
    }
}
