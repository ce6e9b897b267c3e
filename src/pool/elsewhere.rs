//! Statements that share a connection, and are served elsewhere when that does not go well.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Poll, ready};

use tokio::time::{Instant, sleep};
use tokio_postgres::error::SqlState;

use super::cache::OutOfDate;
use super::kept::kept_number;
use super::ready::Ready;
use super::stale::is_stale;
use super::statement::sealed::Source;
use crate::error::{Error, Kind, Result};

impl Ready<'_> {
    /// Whether the statement follows others and can leave them, since it can be sent twice.
    pub(super) fn may_leave(&self) -> bool {
        self.follows_others() && self.binding.is_read_only()
    }

    /// Waits for the answer as long as the server is getting on with what it has been sent.
    pub(super) async fn patiently<T>(
        &self,
        mut running: Pin<&mut impl Future<Output = Result<T>>>,
    ) -> Result<T> {
        let patience = self.patience();
        let mut timer = pin!(sleep(patience));
        poll_fn(|cx| {
            if let Poll::Ready(answer) = running.as_mut().poll(cx) {
                return Poll::Ready(answer);
            }
            loop {
                ready!(timer.as_mut().poll(cx));
                let left = patience.saturating_sub(self.lease.link().stands_still_for());
                if left.is_zero() {
                    return Poll::Ready(Err(Error::from(Kind::Left)));
                }
                timer.as_mut().reset(Instant::now() + left);
            }
        })
        .await
    }

    /// Whether a statement that has followed others failed for their sake, or for the sake of what the connection has kept
    /// of it, and is to be sent once more with a connection of its own.
    pub(super) fn goes_elsewhere(&self, source: Source<'_>, error: &Error) -> bool {
        if error.is_promoted() {
            return self.is_alone();
        }
        if !self.follows_others() {
            return false;
        }
        // Nothing was sent: the connection takes nobody any more, or the parameters do not fit what it has prepared.
        if error.is_left() || error.is_of_a_parameter() {
            return true;
        }
        // Nothing has run: what the connection has prepared is out of date.
        if error.code().is_some_and(is_stale) && self.failed_at_bind() {
            self.forget(source, OutOfDate::There);
            return true;
        }
        if !self.binding.is_read_only() {
            return false;
        }
        if let Some(number) = kept_number(error) {
            self.lease.link().drop_kept(number);
            self.forget(source, OutOfDate::There);
            return true;
        }
        // Of its own limit it hears itself; any other cancel request was for somebody else.
        let canceled = error.code() == Some(&SqlState::QUERY_CANCELED);
        let limit = self.binding.statement_timeout();
        let unasked = canceled && limit.is_none_or(|limit| self.was_sent_within(limit));
        error.is_connection_lost() || unasked
    }
}
