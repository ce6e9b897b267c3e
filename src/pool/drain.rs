//! Where connections go that were left with something unanswered: a dropped future, a panic, a timeout.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::manager::{Client, Object, Target};

/// What has to come back from the server before a connection is clean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Debt {
    /// Nothing: no request is unanswered and no transaction is open.
    None,
    /// An answer, with no transaction open behind it.
    Answer,
    /// The acknowledgement of a ROLLBACK: a transaction is open.
    Rollback,
    /// Nothing that could be waited for: requests and answers may no longer match.
    Close,
}

/// The way to the drain task. Handing a connection over never waits, so `drop` can do it.
#[derive(Clone)]
pub(super) struct Drain(mpsc::UnboundedSender<Abandoned>);

impl Drain {
    /// Starts the drain task. It ends when the pool and all that was checked out of it are gone.
    pub(super) fn start(patience: Duration, target: Arc<Target>) -> Self {
        let (sender, mut receiver) = mpsc::unbounded_channel::<Abandoned>();
        tokio::spawn(async move {
            while let Some(abandoned) = receiver.recv().await {
                // Each on its own, so that one that hangs does not hold up the others. There are
                // never more of them than the pool has connections.
                tokio::spawn(abandoned.settle(patience, Arc::clone(&target)));
            }
        });
        Self(sender)
    }

    pub(super) fn take(&self, abandoned: Abandoned) {
        // The task is gone only with its runtime; the connection is then closed by its own drop.
        let _ = self.0.send(abandoned);
    }
}

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

    /// Brings the connection to rest: waits as long as `patience` for what it owes, and when that
    /// does not come, has the server cancel what runs and closes the connection.
    ///
    /// A connection to which a cancel request was sent is never used again: the request travels on
    /// its own and could meet the statement of the next caller.
    async fn settle(mut self, patience: Duration, target: Arc<Target>) {
        let Some(object) = self.object.as_ref() else { return };
        let answer = async {
            match self.debt {
                Debt::Rollback => object.batch_execute("ROLLBACK").await,
                Debt::None | Debt::Answer => object.check_connection().await,
                Debt::Close => std::future::pending().await,
            }
        };
        let patience = if self.debt == Debt::Close { Duration::ZERO } else { patience };
        match timeout(patience, answer).await {
            Ok(Ok(())) if !self.retired && !object.link().is_altered() => {
                debug!("abandoned connection is clean again");
                drop(self.object.take());
            }
            Ok(Ok(())) => debug!("abandoned connection is clean and is closed, as it was to be"),
            Ok(Err(error)) => debug!(code = ?error.code(), "abandoned connection was lost"),
            Err(_) => {
                warn!(?patience, "abandoned connection did not come to rest; canceling what it runs");
                let answers = self.debt != Debt::Close;
                let Some(object) = self.object.take() else { return };
                // Its place is free for a new connection from here on.
                cancel(&Object::take(object), &target, patience.max(MIN_CANCEL), answers).await;
            }
        }
    }
}

/// Has the server cancel what a connection runs, before that is closed.
///
/// A request can overtake the statement that it is for, on its way through a pooler above all, and cancels nothing then.
/// So it is sent again as long as the connection owes an answer. Where answers cannot be told from one another, nobody knows
/// whether it came too early, and it is sent a few times: the connection serves nobody any more, so it meets nobody else.
async fn cancel(client: &Client, target: &Target, limit: Duration, answers: bool) {
    for sent in 1..=CANCELS {
        let taken = matches!(timeout(limit, target.cancel(client)).await, Ok(Ok(())));
        if !taken {
            warn!("the cancel request was not taken; the server may go on with the statement");
        }
        let ended = if answers {
            timeout(ANSWER, client.check_connection()).await.is_ok()
        } else {
            sleep(APART).await;
            client.is_closed() || sent == CANCELS_BLIND
        };
        if ended {
            return;
        }
    }
    if answers {
        warn!("the statement went on after {CANCELS} cancel requests; the server may go on with it");
    }
}

/// How often a cancel request is sent.
const CANCELS: u32 = 8;

/// How often it is sent where nobody can tell whether it came too early, and how far apart.
const CANCELS_BLIND: u32 = 3;
const APART: Duration = Duration::from_millis(50);

/// How long a statement may take to end after a cancel request, before there is another.
const ANSWER: Duration = Duration::from_millis(250);

/// The least time that a cancel request gets, which needs a connection of its own. Nobody waits for it.
const MIN_CANCEL: Duration = Duration::from_secs(5);

impl Drop for Abandoned {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            // Taken out of the pool first, so that its place is free for a new connection.
            drop(Object::take(object));
        }
    }
}
