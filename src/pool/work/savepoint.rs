//! Savepoints of an open transaction.

use std::pin::pin;
use std::sync::atomic::Ordering;

use super::{Failure, Unread, Work, lock};
use crate::error::{Result, Step};
use crate::pool::answers::Answers;

/// A savepoint by name, and the state of the transaction when it was set.
#[derive(Clone)]
pub(in crate::pool) struct SavepointMark {
    name: String,
    unread: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::pool) enum SavepointEnd {
    Release,
    Rollback,
}

impl Work {
    /// Sets a savepoint and returns it with what is needed to come back to it.
    pub(in crate::pool) async fn savepoint(&self) -> Result<SavepointMark> {
        self.call(pin!(self.savepoint_now())).await
    }

    async fn savepoint_now(&self) -> Result<SavepointMark> {
        let connection = self.connection().await?;
        let name = self.next_name();
        let sql = format!("SAVEPOINT {name}");
        // Unprepared and not as a simple query, because it may be the one to carry the opening.
        self.run(connection, Step::Savepoint, pin!(connection.client().execute_typed(&sql, &[]))).await?;
        Ok(SavepointMark { name, unread: self.unread.load(Ordering::Acquire) })
    }

    /// Sends the end of a savepoint, with the context again behind it: whatever was set since the
    /// savepoint began does not reach past it.
    /// A transaction that was given up is left alone: its end undoes all of it.
    pub(in crate::pool) fn end_savepoint(&self, mark: &SavepointMark, end: SavepointEnd) -> Result<Answers> {
        self.give_up_if_leaked()?;
        self.is_usable()?;
        let mut answers = Answers::default();
        let Some(connection) = self.connection.get() else { return Ok(answers) };
        let lease = &connection.lease;
        if end == SavepointEnd::Rollback {
            answers.push_command(Step::Savepoint, lease, format!("ROLLBACK TO SAVEPOINT {}", mark.name));
            if let Some(Failure::Aborted(Some(_))) = self.failure() {
                *lock(&self.failure) = None;
            }
            self.unread.store(mark.unread, Ordering::Release);
        }
        answers.push_command(Step::Savepoint, lease, format!("RELEASE SAVEPOINT {}", mark.name));
        connection.strategy().bind(connection, &mut answers);
        Ok(answers)
    }

    /// Waits for what [`Work::end_savepoint`] sent.
    pub(in crate::pool) async fn savepoint_ended(&self, mut answers: Answers) -> Result<()> {
        let unread = Unread::count(self);
        let ended = self.call(pin!(async { Ok(answers.all().await) })).await?;
        unread.read();
        ended.map_err(|(step, error)| self.fail(step, error))
    }
}
