//! How a caller gets a connection.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::sync::oneshot;

use super::{Stock, Taken};
use crate::error::{Error, Kind, Result};
use crate::pool::coming::Coming;
use crate::pool::object::Object;
use crate::pool::texts::Text;
use crate::pool::waiting::{Got, Overtaken, Ticket, Waiting};
use crate::pool::{checkup, task};

impl Stock {
    /// A connection, checked where it was idle for long, or opened where there is none.
    pub(in crate::pool) async fn get(self: &Arc<Self>) -> Result<Object> {
        match self.wait(None).await? {
            Got::Object(object) => Ok(object),
            // Not reached: only a ticket with a statement is served with a connection to share, and this has none.
            Got::Ride(_) => Err(Error::from(Kind::PoolClosed)),
        }
    }

    /// The same for a statement that may share a connection, where it would have to wait for one.
    pub(in crate::pool) async fn get_or_share(self: &Arc<Self>, text: &Arc<Text>) -> Result<Got> {
        self.wait(Some(text)).await
    }

    async fn wait(self: &Arc<Self>, text: Option<&Arc<Text>>) -> Result<Got> {
        match self.take(text)? {
            Taken::Got(got) => Ok(got),
            // On the heap, because it is large and every checkout's future would have room for it.
            Taken::Waiting(waiting) => Box::pin(waiting.wait()).await,
        }
    }

    /// The connection that was used last, or a place in the queue.
    pub(in crate::pool) fn take(self: &Arc<Self>, text: Option<&Arc<Text>>) -> Result<Taken> {
        let (mut over, mut seen) = (Vec::new(), Vec::new());
        let mut state = self.lock();
        if state.closed {
            return Err(Error::from(Kind::PoolClosed));
        }
        let now = Instant::now();
        let narrow = text.filter(|_| state.shared.len() >= self.width);
        if let Some(ride) = narrow.and_then(|text| state.ride(text, state.queue.len(), &mut seen, now)) {
            drop(state);
            drop(seen);
            return Ok(Taken::Got(Got::Ride(ride)));
        }
        let mut found = None;
        while let Some(client) = state.idle.pop() {
            if !state.is_over(&client, now) {
                state.lent += 1;
                found = Some(Object::new(client, self));
                break;
            }
            state.part(client, &mut over);
        }
        let unchecked = match found {
            Some(object) if now.duration_since(object.idle_since) < self.bounds.check_idle_after => {
                drop(state);
                drop(over);
                return Ok(Taken::Got(Got::Object(object)));
            }
            unchecked => unchecked,
        };
        let ride = text.and_then(|text| state.ride(text, state.queue.len(), &mut seen, now));
        state.coming += usize::from(unchecked.is_some());
        let taken = if let Some(ride) = ride {
            Taken::Got(Got::Ride(ride))
        } else {
            let (sender, receiver) = oneshot::channel();
            state.tickets += 1;
            let id = state.tickets;
            self.willing.fetch_add(usize::from(text.is_some()), Ordering::AcqRel);
            let (text, overtaken) = (text.cloned(), Overtaken::No);
            state.queue.push_back(Ticket { id, text: text.clone(), overtaken, sender });
            Taken::Waiting(Waiting::new(Arc::clone(self), id, text, receiver))
        };
        // Who shares makes room for those who come later.
        let beside = usize::from(matches!(taken, Taken::Got(_)));
        let openings = Self::openings(&mut state, now, beside);
        drop(state);
        drop((over, seen));
        if let Some(object) = unchecked {
            task::start(checkup::run(object, Coming::new(self, None)));
        }
        self.open(openings);
        Ok(taken)
    }
}
