//! Where connections go that were left with something unanswered: a dropped future, a panic, a timeout.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;
use tracing::{Instrument, Span, debug, warn};

use super::client::Leaving;
use super::object::Object;
use super::observe::Observer;
use super::target::Target;
use super::task;
use crate::wire::FAREWELL;

/// What has to come back from the server before a connection is clean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Debt {
    /// Nothing: no request is unanswered and no transaction is open.
    None,
    /// An answer, with no transaction open behind it.
    Answer,
    /// The acknowledgement of a ROLLBACK: a transaction is open.
    Rollback,
    /// Nothing that could be waited for: requests and answers may no longer match.
    Close,
    /// The same, and nobody reads what comes: rows were left with somebody who can read them no more.
    Cut,
}

/// The way to the drain, where each connection has a task of its own, so that one that hangs does
/// not hold up the others. Handing a connection over never waits, so `drop` can do it.
#[derive(Clone)]
pub(super) struct Drain(Arc<Rules>);

struct Rules {
    patience: Duration,
    target: Arc<Target>,
    observer: Arc<Observer>,
}

impl Drain {
    pub(super) fn new(patience: Duration, target: Arc<Target>, observer: Arc<Observer>) -> Self {
        Self(Arc::new(Rules { patience, target, observer }))
    }

    /// Takes a connection over, from whoever runs in this span. Where its runtime has ended, its socket is closed with that.
    pub(super) fn take(&self, abandoned: Abandoned, left_by: &Span) {
        let rules = Arc::clone(&self.0);
        let span = rules.observer.drain(left_by);
        let settling = async move {
            let result = abandoned.settle(&rules).await;
            rules.observer.drained(&Span::current(), result);
        };
        task::start(settling.instrument(span));
    }
}

/// What became of a connection that was lost, for those who watch.
const LOST: &str = "lost";

/// A connection that still owes something. Dropped, it is closed: it goes back to the pool only
/// through [`Abandoned::settle`].
pub(super) struct Abandoned {
    object: Option<Object>,
    debt: Debt,
    retired: bool,
}

impl Abandoned {
    pub(super) fn new(object: Object, debt: Debt, retired: bool) -> Self {
        Self { object: Some(object), debt, retired }
    }

    /// Brings the connection to rest: waits as long as the pool's patience for what it owes, and when
    /// that does not come, has the server cancel what runs and closes the connection.
    ///
    /// A connection to which a cancel request was sent is never used again: the request travels on
    /// its own and could meet the statement of the next caller. Says what became of it, for those who watch.
    async fn settle(mut self, rules: &Rules) -> &'static str {
        let Some(object) = self.object.as_ref() else { return LOST };
        let answer = async {
            match self.debt {
                Debt::Rollback => object.batch_execute("ROLLBACK").await,
                Debt::None | Debt::Answer => object.check_connection().await,
                Debt::Close | Debt::Cut => std::future::pending().await,
            }
        };
        let patience = if self.debt >= Debt::Close { Duration::ZERO } else { rules.patience };
        let answered = timeout(patience, answer).await;
        let Some(object) = self.object.take() else { return LOST };
        match answered {
            Ok(Ok(())) if !self.retired && !object.link().is_altered() => {
                debug!("abandoned connection is clean again");
                "clean"
            }
            Ok(Ok(())) => {
                debug!("abandoned connection is clean and is closed, as it was to be");
                Object::close(object);
                "closed"
            }
            Ok(Err(error)) => {
                debug!(code = ?error.code(), "abandoned connection was lost");
                Object::close(object);
                LOST
            }
            Err(_) => {
                warn!(?patience, "abandoned connection did not come to rest; canceling what it runs");
                if let Some(client) = Object::take(object) {
                    end(client.leave(), &rules.target, self.debt).await;
                }
                "canceled"
            }
        }
    }
}

/// Has the server end what an abandoned connection runs. The connection keeps its place until it has.
///
/// A request can overtake the statement that it is for, on its way through a pooler above all, and cancels nothing then.
/// So it is sent again, less and less often, until the connection has ended: which it does by itself once what it has
/// sent is answered. Nobody else is served on it, so no request meets anybody else.
///
/// Where nobody reads what comes, it does not end by itself, and is cut once a request was taken: the server is at
/// work on what it has begun to answer. Where requests and answers may no longer match, it need not end by itself either,
/// and is cut once a request was taken that no statement can be behind any more.
async fn end(leaving: Leaving, target: &Target, debt: Debt) {
    let Leaving { token, link, mut driving } = leaving;
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    while begun.elapsed() < FAREWELL {
        // To its end, even where the statement ends before: a pooler may take it ill when somebody hangs up
        // whose request it is about to pass on. PgBouncer 1.18 was seen to exit.
        let taken = matches!(timeout(CANCEL_LIMIT, target.cancel_last(&token, &link)).await, Ok(Ok(())));
        if !taken {
            warn!("the cancel request was not taken; the server may go on with the statement");
        }
        if timeout(pause, driving.ended()).await.is_ok() {
            return;
        }
        let waits_for_nothing = match debt {
            Debt::Cut => true,
            Debt::Close => begun.elapsed() >= OVERTAKEN,
            Debt::None | Debt::Answer | Debt::Rollback => false,
        };
        if taken && waits_for_nothing {
            return driving.cut();
        }
        pause = (2 * pause).min(LONGEST_PAUSE);
    }
    warn!("a statement went on for {FAREWELL:?} after it was to be canceled; the server may go on with it");
    driving.cut();
}

/// How long a statement may take to end after a cancel request, before there is another: at first,
/// doubled each time, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// How much later than a cancel request its statement may arrive, at most.
const OVERTAKEN: Duration = Duration::from_secs(3);

/// How long a cancel request may take, which needs a connection of its own. Nobody waits for it.
const CANCEL_LIMIT: Duration = Duration::from_secs(5);

impl Drop for Abandoned {
    fn drop(&mut self) {
        // Closed, and not given back: it may owe something.
        drop(self.object.take().and_then(Object::take));
    }
}
