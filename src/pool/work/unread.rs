//! Statements whose answer nobody has read to its end.

use std::sync::atomic::Ordering;

use super::Work;

/// Counts a statement as unread until its answer is in.
pub(super) struct Unread<'a>(&'a Work);

impl<'a> Unread<'a> {
    pub(super) fn count(work: &'a Work) -> Self {
        work.leave_unread();
        Self(work)
    }

    pub(super) fn read(self) {
        self.0.unread_is_read();
    }
}

impl Work {
    /// Counts an answer as unread until [`Work::unread_is_read`], if ever.
    pub(in crate::pool) fn leave_unread(&self) {
        self.unread.fetch_add(1, Ordering::AcqRel);
    }

    pub(in crate::pool) fn unread_is_read(&self) {
        // A rollback to a savepoint may have forgotten the statement already.
        let _ = self.unread.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| n.checked_sub(1));
    }
}
