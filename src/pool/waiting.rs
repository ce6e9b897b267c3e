//! A caller's place in the queue for a connection.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::object::Object;
use super::retry::Retry;
use super::shared::Ride;
use super::stock::{Stock, Taken};
use super::texts::Text;
use crate::error::{Error, Kind, Result};

/// What a caller hears at last.
pub(super) type Answer = Result<Got>;

/// What somebody who wants a connection gets in the end.
pub(super) enum Got {
    Object(Object),
    /// One that others use too.
    Ride(Ride),
}

/// The pool's side of a place in the queue.
pub(super) struct Ticket {
    pub(super) id: u64,
    /// The statement that would share a connection, if it would.
    pub(super) text: Option<Arc<Text>>,
    pub(super) overtaken: Overtaken,
    pub(super) sender: oneshot::Sender<Answer>,
}

impl Ticket {
    /// Whether whoever waits would share a connection, and can.
    pub(super) fn may_share(&self) -> bool {
        self.text.as_ref().is_some_and(|text| text.may_share())
    }
}

/// Whether short statements that came later have been served ahead of somebody who wants a connection alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overtaken {
    No,
    /// The first of them has a connection. The others follow it once.
    Now,
    /// They have had their turn.
    Once,
}

/// A caller's place in the queue. Dropped, it is given up; what arrives meanwhile goes to the next.
pub(super) struct Waiting {
    stock: Arc<Stock>,
    id: u64,
    text: Option<Arc<Text>>,
    receiver: oneshot::Receiver<Answer>,
}

/// Between two attempts at a server that does not take connections at the moment.
const RETRY: Retry = Retry {
    max_retries: u32::MAX,
    first_pause: Duration::from_millis(10),
    longest_pause: Duration::from_millis(250),
};

impl Waiting {
    pub(super) fn new(
        stock: Arc<Stock>,
        id: u64,
        text: Option<Arc<Text>>,
        receiver: oneshot::Receiver<Answer>,
    ) -> Self {
        Self { stock, id, text, receiver }
    }

    /// Waits for a connection as long as the pool's `wait_timeout`, during which it also tries again
    /// what only failed because the server is not taking connections at the moment.
    ///
    /// Who is next may wait longer where a connection is on its way, which has limits of its own.
    pub(super) async fn wait(mut self) -> Result<Got> {
        let bounds = self.stock.bounds;
        let begun = Instant::now();
        let mut retries = 0;
        let mut last = None;
        loop {
            let left = bounds.wait_timeout.saturating_sub(begun.elapsed());
            let mut answer = timeout(left, &mut self.receiver).await;
            if answer.is_err() && self.stock.is_served_next(self.id) {
                // The connection that is opened, its guard, and the check of another one before it.
                let longer = bounds.connect_timeout.saturating_mul(3);
                answer = timeout(longer, &mut self.receiver).await;
            }
            let Ok(answer) = answer else {
                return Err(last.unwrap_or_else(|| Error::from(Kind::PoolTimeout(bounds.wait_timeout))));
            };
            let error = match answer {
                Ok(Ok(got)) => return Ok(got),
                Ok(Err(error)) => error,
                Err(_) => Error::from(Kind::PoolClosed),
            };
            let left = bounds.wait_timeout.saturating_sub(begun.elapsed());
            let again = bounds.waits_for_server && error.is_server_unready();
            let pause = RETRY.pause(retries).filter(|pause| again && *pause < left);
            let Some(pause) = pause else { return Err(error) };
            retries += 1;
            last = Some(error);
            sleep(pause).await;
            match self.stock.take(self.text.as_ref())? {
                Taken::Got(got) => return Ok(got),
                Taken::Waiting(waiting) => self = waiting,
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.stock.leave_queue(self.id);
    }
}
