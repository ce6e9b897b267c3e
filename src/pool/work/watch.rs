//! Who watches a transaction, and hears of its statements and its end.

use std::future::Future;
use std::pin::Pin;

use tracing::Instrument;

use super::{Work, lock};
use crate::error::Result;
use crate::pool::observe::{Call, Kind, Operation};

impl Work {
    /// Tells those who watch of the transaction as a whole.
    pub(in crate::pool) fn watched(self) -> Self {
        if self.way.primary().observer().is_watched() {
            *lock(&self.call) = Call::begin(&self.way, &self.bound, Kind::Transaction);
        }
        self
    }

    /// Tells those who watch of a statement of the transaction.
    pub(in crate::pool) fn watch(&self, operation: Operation, text: Option<&str>) -> Call {
        let transaction = lock(&self.call);
        let kind = Kind::Statement { operation, text, within: Some(&transaction) };
        Call::begin(&self.way, &self.bound, kind)
    }

    /// Ends the transaction while those watch who want to. One that has sent nothing is of no interest to them.
    pub(super) async fn watched_to_its_end(
        &self,
        operation: Operation,
        ending: Pin<&mut impl Future<Output = Result<()>>>,
    ) -> Result<()> {
        if self.has_begun().is_none() || !self.way.primary().observer().is_watched() {
            lock(&self.call).dismiss();
            return ending.await;
        }
        let mut call = self.watch(operation, None);
        if let Some(lease) = self.lease().filter(|_| self.way.may_leave_primary()) {
            lease.opener().observer.shows_server(&call.span());
        }
        let ended = ending.instrument(call.span()).await;
        let error = ended.as_ref().err();
        call.ended(error);
        let mut transaction = lock(&self.call);
        if operation == Operation::ROLLBACK && error.is_none() {
            transaction.rolled_back();
        } else {
            transaction.ended(error);
        }
        drop(transaction);
        ended
    }
}
