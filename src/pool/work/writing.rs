//! A request at the moment when the driver writes it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Failure, Work, lock};
use crate::pool::lease::Writing;

impl Work {
    /// Polls a request for the first time, which writes it. A panic ends the transaction.
    pub(super) fn write<F: Future>(
        &self,
        writing: Writing<'_>,
        request: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        let broken = Broken(self);
        let first = request.poll(cx);
        std::mem::forget(broken);
        writing.end();
        first
    }
}

/// Notes that a request was not written to its end.
struct Broken<'a>(&'a Work);

impl Drop for Broken<'_> {
    fn drop(&mut self) {
        *lock(&self.0.failure) = Some(Failure::GivenUp("the conversion of a parameter panicked"));
    }
}
