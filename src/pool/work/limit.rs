//! How long a call on a transaction may take.

use std::future::Future;
use std::pin::Pin;

use super::{Failure, Work, lock};
use crate::error::{Error, Result};
use crate::pool::deadline::{Deadline, Expired};

const OUT_OF_TIME: &str = "a call on it did not end in time";

impl Work {
    /// Starts to count the time of a call.
    pub(in crate::pool) fn deadline(&self) -> Deadline {
        Deadline::after(self.bound.as_ref().ok().and_then(|binding| binding.timeout()))
    }

    /// Runs a whole call within its limit.
    pub(in crate::pool) async fn call<T>(
        &self,
        work: Pin<&mut impl Future<Output = Result<T>>>,
    ) -> Result<T> {
        self.call_or(work, |expired| self.expire(expired)).await
    }

    /// The same of a call that may end in something else than the loss of the transaction.
    pub(in crate::pool) async fn call_or<T>(
        &self,
        work: Pin<&mut impl Future<Output = Result<T>>>,
        expire: impl FnOnce(Expired) -> Error,
    ) -> Result<T> {
        let deadline = self.deadline();
        let answer = deadline.bound(work).await.unwrap_or_else(|expired| Err(expire(expired)));
        answer.map_err(|error| deadline.name(error))
    }

    /// Keeps the transaction from being used any more: what was sent has not been answered. The drain brings its
    /// connection to rest. Nothing of it was committed, so nothing is in doubt.
    pub(in crate::pool) fn expire(&self, expired: Expired) -> Error {
        self.stop();
        expired.undone()
    }

    /// The same after the COMMIT was sent.
    pub(in crate::pool) fn expire_after_commit(&self, expired: Expired) -> Error {
        self.stop();
        expired.after_commit(self.bound.as_ref().is_ok_and(|binding| binding.is_read_only()))
    }

    fn stop(&self) {
        if self.lease().is_some() {
            *lock(&self.failure) = Some(Failure::GivenUp(OUT_OF_TIME));
        }
    }

    /// An error where the transaction must not be used any more.
    pub(super) fn is_usable(&self) -> Result<()> {
        match &*lock(&self.failure) {
            Some(failure @ Failure::GivenUp(_)) => Err(failure.error()),
            _ => Ok(()),
        }
    }
}
