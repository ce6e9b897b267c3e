//! The end of a pool's stock.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use tokio::sync::Notify;

use super::Stock;
use crate::error::{Error, Kind};
use crate::pool::places::Place;

impl Stock {
    pub(in crate::pool) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let queue = std::mem::take(&mut state.queue);
        self.willing.store(0, Ordering::Release);
        drop(state);
        for ticket in queue {
            let _ = ticket.sender.send(Err(Error::from(Kind::PoolClosed)));
        }
        self.close_idle(|_, _, _| true);
        self.tending.stop();
        self.bell.notify_waiters();
    }

    pub(in crate::pool) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// What rings when a place is free again, and when the pool ends.
    pub(in crate::pool) fn bell(&self) -> Arc<Notify> {
        Arc::clone(&self.bell)
    }

    /// Waits until no connection is open any more.
    pub(in crate::pool) async fn ended(&self) {
        loop {
            // From here on it hears of every place that is free again, also before it waits.
            let vacated = self.bell.notified();
            if self.counts().places_taken == 0 {
                return;
            }
            vacated.await;
        }
    }

    /// The places of the connections that are open.
    pub(in crate::pool) fn places(&self) -> Vec<Arc<Place>> {
        self.lock().places.iter().filter_map(Weak::upgrade).collect()
    }
}
