//! How long one call may take, and what becomes of one that takes longer.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};
use tokio_postgres::error::SqlState;

use super::limits::sent_for;
use crate::error::{Error, Result};

/// When a call has to end, if ever. A timer is made only where there is a limit, and only once
/// something has to be waited for.
#[derive(Clone, Copy)]
pub(super) struct Deadline(Option<Limit>);

#[derive(Clone, Copy)]
struct Limit {
    since: Instant,
    limit: Duration,
}

/// A call has not ended in time.
#[derive(Clone, Copy)]
pub(super) struct Expired(Duration);

impl Expired {
    /// What the call did cannot be kept: nothing was sent, or nothing that is committed.
    pub(super) fn undone(self) -> Error {
        Error::call_timeout(self.0, false)
    }

    /// What the call sent may have been committed, unless it could change nothing.
    pub(super) fn after_commit(self, read_only: bool) -> Error {
        Error::call_timeout(self.0, !read_only)
    }
}

impl Deadline {
    /// Starts to count.
    pub(super) fn after(limit: Option<Duration>) -> Self {
        Self(limit.map(|limit| Limit { since: Instant::now(), limit }))
    }

    /// Waits for work until the deadline. What it waits for is large, and so stays where its maker has pinned it.
    pub(super) async fn bound<F: Future>(self, mut work: Pin<&mut F>) -> Result<F::Output, Expired> {
        let mut patience = Patience { limit: self.0, timer: None, waiting: true };
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(answer) => Poll::Ready(Ok(answer)),
            Poll::Pending => patience.poll_expired(cx).map(Err),
        })
        .await
    }

    /// Gives the server's own end of a statement its name where it is this limit that has passed.
    ///
    /// A cancel request gives the same SQLSTATE, so what counts is whether the time was up.
    pub(super) fn name(self, error: Error) -> Error {
        match self.0 {
            Some(Limit { since, limit })
                if error.code() == Some(&SqlState::QUERY_CANCELED) && since.elapsed() >= sent_for(limit) =>
            {
                error.timed_out(limit)
            }
            _ => error,
        }
    }
}

/// The same for each portion of something that arrives in portions.
pub(super) struct Patience {
    limit: Option<Limit>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether time counts now.
    waiting: bool,
}

impl Patience {
    /// For what the call with this deadline has opened.
    pub(super) fn new(deadline: Deadline) -> Self {
        Self { limit: deadline.0, timer: None, waiting: false }
    }

    /// Hears that a portion has not arrived yet, and is ready once it took too long.
    pub(super) fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<Expired> {
        let Some(limit) = self.limit else { return Poll::Pending };
        if !self.waiting {
            self.waiting = true;
            let end = Instant::now() + limit.limit.min(FOREVER);
            if let Some(timer) = &mut self.timer {
                timer.as_mut().reset(end);
            } else {
                self.timer = Some(Box::pin(sleep_until(end)));
            }
        }
        let end = || Box::pin(sleep_until(limit.since + limit.limit.min(FOREVER)));
        ready!(self.timer.get_or_insert_with(end).as_mut().poll(cx));
        Poll::Ready(Expired(limit.limit))
    }

    /// How long each portion may take.
    pub(super) fn limit(&self) -> Option<Duration> {
        self.limit.map(|limit| limit.limit)
    }

    /// Hears that a portion has arrived.
    pub(super) fn rest(&mut self) {
        self.waiting = false;
    }

    /// As [`Deadline::name`], counted from when the whole was opened, as the server counts.
    pub(super) fn name(&self, error: Error) -> Error {
        Deadline(self.limit).name(error)
    }
}

/// As long as a timer can run.
const FOREVER: Duration = Duration::from_hours(24 * 365 * 30);

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::pin::pin;
    use std::time::Duration;

    use super::Deadline;

    #[tokio::test]
    async fn work_ends_at_its_deadline_and_not_before() {
        let now = Duration::from_nanos(1);
        assert!(Deadline::after(Some(now)).bound(pin!(pending::<()>())).await.is_err());
        for limit in [None, Some(Duration::from_mins(10)), Some(Duration::MAX)] {
            assert!(Deadline::after(limit).bound(pin!(tokio::task::yield_now())).await.is_ok(), "{limit:?}");
        }
        // What is there is taken, however late that is noticed.
        assert!(Deadline::after(Some(now)).bound(pin!(ready(()))).await.is_ok());
    }
}
