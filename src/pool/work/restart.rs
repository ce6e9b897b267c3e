//! Transactions whose statement was stale, and so can begin anew.

use std::sync::atomic::Ordering;

use super::{Answers, Work, lock};
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
        if self.failure().is_none() {
            return Ok(());
        }
        self.rollback_now().await?;
        *lock(&self.opening) = Answers::default();
        *lock(&self.begun) = false;
        self.opened.store(false, Ordering::Release);
        self.unread.store(0, Ordering::Release);
        self.sent.store(0, Ordering::Release);
        *lock(&self.failure) = None;
        Ok(())
    }
}
