//! What is behind the last portion of something that arrives in portions.

use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio_postgres::Error as PgError;
use tracing::warn;

use super::answers::Answers;
use super::connection::{Connection, Passage};
use super::deadline::{Deadline, Patience};
use super::lease::Lease;
use super::observe::Call;
use super::work::Hold;
use crate::error::{Error, Step};

/// The end of the unit of work that a stream of rows or a COPY is, or is a part of.
pub(super) struct Ending {
    end: End,
    step: Step,
    patience: Patience,
    /// After how long the server ends the statement, if it was told so.
    limit: Option<Duration>,
    /// The statement, for those who watch.
    call: Call,
}

enum End {
    /// A statement on its own, whose COMMIT is under way.
    Single { passage: Passage, closing: Answers },
    /// The same once the last portion has been read.
    Closing { passage: Passage, closing: Answers },
    /// A statement of an open transaction.
    Block(Hold),
    /// The last portion or an error was returned.
    Reached,
}

impl Ending {
    /// Of a statement on its own.
    pub(super) fn single(connection: &Connection, closing: Answers, deadline: Deadline, step: Step) -> Self {
        let end = End::Single { passage: connection.passage(), closing };
        Self::new(end, connection, deadline, step)
    }

    /// Of a statement in a transaction.
    pub(super) fn block(connection: &Connection, hold: Hold, deadline: Deadline, step: Step) -> Self {
        Self::new(End::Block(hold), connection, deadline, step)
    }

    fn new(end: End, connection: &Connection, deadline: Deadline, step: Step) -> Self {
        let (patience, limit) = (Patience::new(deadline), connection.binding.statement_timeout());
        Self { end, step, patience, limit, call: Call::UNWATCHED }
    }

    /// Has those who watch the statement hear of its end.
    pub(super) fn watched_by(&mut self, call: Call) {
        self.call = call;
    }

    /// Whether portions are still to be read.
    pub(super) fn has_portions(&self) -> bool {
        matches!(self.end, End::Single { .. } | End::Block(_))
    }

    pub(super) fn lease(&self) -> Option<Arc<Lease>> {
        match &self.end {
            End::Single { passage, .. } | End::Closing { passage, .. } => Some(Arc::clone(&passage.lease)),
            End::Block(hold) => hold.work()?.lease().map(Arc::clone),
            End::Reached => None,
        }
    }

    /// The last portion has been read.
    pub(super) fn portions_are_read(&mut self) {
        self.end = match std::mem::replace(&mut self.end, End::Reached) {
            End::Single { passage, closing } => End::Closing { passage, closing },
            End::Block(hold) => {
                if let Some(work) = hold.work() {
                    work.unread_is_read();
                }
                End::Reached
            }
            ended @ (End::Closing { .. } | End::Reached) => ended,
        };
    }

    /// Waits for what is behind the last portion, and returns the error with which it has failed.
    pub(super) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<Option<Error>> {
        let End::Closing { passage, closing } = &mut self.end else {
            self.call.ended(None);
            return Poll::Ready(None);
        };
        let closed = ready!(closing.poll_all(cx));
        if closed.is_ok() {
            passage.lease.settle();
        }
        let failed = closed.map_err(|(step, error)| passage.final_error(step, error));
        let failed = failed.and_then(|()| passage.lease.still_fits()).err();
        self.end = End::Reached;
        self.call.ended(failed.as_ref());
        Poll::Ready(failed)
    }

    /// A portion has arrived, or the end.
    pub(super) fn rest(&mut self) {
        self.patience.rest();
    }

    /// Nothing has arrived yet. Ready once that has taken too long: what it held goes to the drain.
    pub(super) fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let expired = ready!(self.patience.poll_expired(cx));
        let error = match std::mem::replace(&mut self.end, End::Reached) {
            End::Single { passage, .. } | End::Closing { passage, .. } => {
                expired.after_commit(passage.read_only)
            }
            End::Block(hold) => match hold.work() {
                Some(work) => {
                    let error = work.expire(expired);
                    work.unread_is_read();
                    error
                }
                None => expired.undone(),
            },
            End::Reached => expired.undone(),
        };
        Poll::Ready(self.told(error))
    }

    /// An error of the driver's has come in place of a portion.
    pub(super) fn failed(&mut self, error: PgError) -> Error {
        let step = self.step.clone();
        let error = match std::mem::replace(&mut self.end, End::Reached) {
            End::Block(hold) => match hold.work() {
                Some(work) => {
                    let error = work.fail(step, error);
                    work.unread_is_read();
                    error
                }
                None => Error::server(step, error),
            },
            // The answer to the COMMIT is still to come; the drain waits for it.
            End::Single { passage, .. } | End::Closing { passage, .. } => passage.failure_of(step, error),
            End::Reached => Error::final_step(step, error),
        };
        self.ended(error)
    }

    /// It ends with this error, whatever was to come.
    pub(super) fn ended_with(&mut self, error: Error) -> Error {
        if let End::Block(hold) = std::mem::replace(&mut self.end, End::Reached)
            && let Some(work) = hold.work()
        {
            work.unread_is_read();
        }
        self.ended(error)
    }

    fn ended(&mut self, error: Error) -> Error {
        let error = self.patience.name(error);
        self.told(error)
    }

    /// Tells the log of what was cut off by a limit: whoever is served from it has got a part by then, and can no longer be
    /// told by a status that it is not the whole.
    fn told(&mut self, error: Error) -> Error {
        self.call.ended(Some(&error));
        if error.is_timeout() || error.is_canceled() {
            let limit = self.patience.limit().filter(|_| error.is_timeout()).or(self.limit);
            warn!(
                limit = limit.map(tracing::field::debug),
                "{} was cut off after it had begun, by a limit on its time or a cancel request; raise the limit if it is to reach its end",
                if self.step == Step::Copy { "the data of a COPY" } else { "a stream of rows" },
            );
        }
        error
    }
}
