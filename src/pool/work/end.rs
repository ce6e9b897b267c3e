//! The end of a transaction.

use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};

use tokio_postgres::types::PgLsn;

use super::{Answers, Failure, PROBE, Work};
use crate::error::{Error, Kind, Result, Step, connection_is_lost};
use crate::pool::connection::Connection;
use crate::pool::lease::Lease;
use crate::pool::observe::Operation;
use crate::tenant::WalPosition;

/// How far the write-ahead log has come.
pub(in crate::pool) const POSITION: &str = include_str!("../../../sql/pool/position.sql");

/// A question that is sent behind a COMMIT, where it is to be asked.
struct Asked {
    answer: Answers,
    position: Arc<OnceLock<WalPosition>>,
}

impl Asked {
    fn send(lease: &Arc<Lease>) -> Self {
        let position = Arc::new(OnceLock::new());
        let (on, heard) = (Arc::clone(lease), Arc::clone(&position));
        let mut answer = Answers::default();
        answer.push(Step::Statement, async move {
            let row = on.client().query_typed_one(POSITION, &[]).await?;
            if let Some(told) = row.try_get::<_, Option<PgLsn>>(0)? {
                let _ = heard.set(told.into());
            }
            Ok(())
        });
        Self { answer, position }
    }
}

impl Work {
    /// Ends the transaction with COMMIT, unless the server has aborted it.
    ///
    /// PostgreSQL answers the COMMIT of an aborted transaction with a rollback and no error, so
    /// here a failure that was seen turns into ROLLBACK and an error, and where an answer was not
    /// read, a probe ahead of the COMMIT finds out.
    pub(in crate::pool) async fn commit(&self) -> Result<()> {
        self.watched_to_its_end(Operation::COMMIT, pin!(self.commit_in_time(None))).await
    }

    /// The same, with a question behind it how far the write-ahead log has come.
    pub(in crate::pool) async fn commit_with_position(&self) -> Result<WalPosition> {
        let position = OnceLock::new();
        self.watched_to_its_end(Operation::COMMIT, pin!(self.commit_in_time(Some(&position)))).await?;
        let unheard = if self.has_begun().is_some() { WalPosition::BEYOND } else { WalPosition::default() };
        Ok(position.get().copied().unwrap_or(unheard))
    }

    async fn commit_in_time(&self, position: Option<&OnceLock<WalPosition>>) -> Result<()> {
        self.give_up_if_leaked()?;
        if self.has_begun().is_none() || self.failure().is_some() {
            return self.call(pin!(self.commit_now(position))).await;
        }
        self.call_or(pin!(self.commit_now(position)), |expired| self.expire_after_commit(expired)).await
    }

    async fn commit_now(&self, position: Option<&OnceLock<WalPosition>>) -> Result<()> {
        let Some(connection) = self.has_begun() else {
            return self.failure().map_or(Ok(()), |failure| Err(failure.error()));
        };
        let record = connection.binding.record();
        if record.is_some() {
            self.hear_the_rest(connection).await;
        }
        if let Some(failure) = self.failure() {
            let rolled_back = self.rollback_now().await;
            // Where the server had aborted it, it is rolled back whatever becomes of the connection.
            let aborted = matches!(failure, Failure::Aborted(Some(_)));
            return Err(rolled_back.err().filter(|_| !aborted).unwrap_or_else(|| failure.error()));
        }
        let lease = &connection.lease;
        let mut probe = Answers::default();
        if self.unread.load(Ordering::Acquire) > 0 {
            probe.push_command(Step::Statement, lease, PROBE);
        }
        lease.link().forget_written();
        let mut committed = match record {
            Some(record) => record.close(lease),
            None => Self::send_commit(connection),
        };
        let mut asked = position.filter(|_| record.is_none()).map(|_| Asked::send(lease));
        let opened = self.opening_answered().await;
        let probed = probe.all().await;
        let answer = committed.all().await;
        if record.is_some() && position.is_some() && answer.is_ok() {
            // Its COMMIT has only just been sent.
            asked = Some(Asked::send(lease));
        }
        if let (Some(mut asked), Some(position)) = (asked, position) {
            // Whatever becomes of it, the COMMIT was answered. A connection that is lost here is closed.
            let told = asked.answer.all().await;
            if told.is_err_and(|(_, error)| error.code().is_none()) {
                lease.retire();
            }
            if let Some(told) = asked.position.get() {
                let _ = position.set(*told);
            }
        }
        let lost = matches!(&answer, Err((_, error)) if connection_is_lost(error));
        if !lost {
            lease.settle();
        }
        // What had failed ahead of the COMMIT makes that a rollback, even if nobody hears its answer.
        if let Some(failure @ Failure::Aborted(Some(_))) = self.failure() {
            return Err(opened.err().unwrap_or_else(|| failure.error()));
        }
        if let Err((_, error)) = &probed
            && !connection_is_lost(error)
        {
            return Err(Error::from(Kind::Aborted { code: error.code().cloned() }));
        }
        if let Err((step, error)) = answer {
            return Err(connection.final_error(step, error));
        }
        opened?;
        if self.opening_failed().is_some() {
            return Err(Error::from(Kind::Aborted { code: None }));
        }
        probed.map_err(|(_, error)| connection.final_error(Step::Commit, error))?;
        lease.still_fits()
    }

    /// Waits for the answers that nobody has read to their end, so that their rows count.
    async fn hear_the_rest(&self, connection: &Connection) {
        if self.unread.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut probe = Answers::default();
        probe.push_command(Step::Statement, &connection.lease, PROBE);
        // What has failed is noted, and is the failure of the transaction.
        let _ = self.opening_answered().await;
        if let Err((step, error)) = probe.all().await {
            self.fail(step, error);
        }
    }

    /// Ends the transaction with ROLLBACK.
    pub(in crate::pool) async fn rollback(&self) -> Result<()> {
        let ending = async {
            self.give_up_if_leaked()?;
            self.call(pin!(self.rollback_now())).await
        };
        self.watched_to_its_end(Operation::ROLLBACK, pin!(ending)).await
    }

    pub(in crate::pool) async fn rollback_now(&self) -> Result<()> {
        let Some(connection) = self.has_begun() else { return Ok(()) };
        self.is_usable()?;
        // What the opening said is of no interest to what undoes it.
        let (_, answer) = self.behind_opening(connection.lease.client().batch_execute("ROLLBACK")).await;
        answer.map_err(|error| self.error(Step::Rollback, error))?;
        connection.lease.settle();
        Ok(())
    }
}
