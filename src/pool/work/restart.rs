//! Transactions whose statement was stale, and so can begin anew.

use std::sync::atomic::Ordering;

use tokio_postgres::Error as PgError;
use tokio_postgres::error::SqlState;

use super::{Answers, Failure, NOT_BEGUN, Work, lock};
use crate::error::Result;

impl Work {
    /// Notes that a statement failed for its description, which is forgotten.
    pub(in crate::pool) fn note_stale(&self) {
        self.stale.store(true, Ordering::Release);
    }

    /// Whether nothing but one request was sent, so that the transaction can begin anew.
    pub(in crate::pool) fn is_at_first_request(&self) -> bool {
        self.sent.load(Ordering::Acquire) == 1
    }

    /// Rolls back a transaction whose first statement failed, so that the next one begins it anew.
    pub(in crate::pool) async fn restart(&self) -> Result<()> {
        match self.failure() {
            None => return Ok(()),
            Some(Failure::GivenUp(NOT_BEGUN)) => {}
            Some(_) => self.rollback_now().await?,
        }
        *lock(&self.opening) = Answers::default();
        *lock(&self.begun) = false;
        self.opened.store(false, Ordering::Release);
        self.unread.store(0, Ordering::Release);
        self.sent.store(0, Ordering::Release);
        *lock(&self.failure) = None;
        Ok(())
    }

    /// Keeps a transaction whose `BEGIN` failed from being used any more. What was sent behind it ran outside
    /// of any transaction, so the connection is given up with it.
    ///
    /// A `BEGIN` that the server has forgotten is another matter where only one request was sent: that one
    /// carried it, nothing of it has run, and it can be sent again.
    pub(super) fn did_not_begin(&self, error: &PgError) {
        let forgotten = error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME);
        match self.lease() {
            Some(lease) if forgotten && self.is_at_first_request() => {
                lease.settle();
                *lock(&self.failure) = Some(Failure::GivenUp(NOT_BEGUN));
            }
            _ => self.give_up(NOT_BEGUN),
        }
    }
}
