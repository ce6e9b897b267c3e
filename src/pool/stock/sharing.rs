//! Callers who share a connection where they would have to wait for one.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::{State, Stock};
use crate::pool::client::Client;
use crate::pool::lease::Lease;
use crate::pool::shared::Ride;
use crate::pool::sharing::SHORT;
use crate::pool::texts::Text;
use crate::pool::waiting::{Got, Overtaken, Ticket};

impl Stock {
    /// Lets others follow what is under way on a connection: those who wait first.
    pub(in crate::pool) fn offer(&self, lease: &Arc<Lease>) {
        let mut seen = Vec::new();
        let mut state = self.lock();
        state.shared.offer(lease);
        state.serve(self, &mut seen);
        drop(state);
        drop(seen);
    }

    /// There is room behind what is under way on a connection.
    pub(in crate::pool) fn has_room(&self) {
        if self.willing.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut seen = Vec::new();
        let mut state = self.lock();
        state.serve(self, &mut seen);
        drop(state);
        drop(seen);
    }
}

impl State {
    /// A connection to share with others for a caller who comes just now.
    pub(super) fn ride(
        &self,
        text: &Text,
        reserved: usize,
        seen: &mut Vec<Arc<Lease>>,
        now: Instant,
    ) -> Option<Ride> {
        if reserved >= self.shared.len() || !text.may_share() {
            return None;
        }
        // One whose role is to be looked at comes to rest first.
        let due = self.role_due.is_some_and(|due| now >= due);
        self.shared.find(text, reserved, seen, |client: &Client| !due && !self.is_over(client, now))
    }

    /// Whoever is to have the connection that has come free: the one who waits longest or, once ahead of each who wants it
    /// alone, the first whose statement is short, with others behind it.
    pub(super) fn next_served(&mut self, stock: &Stock) -> Option<Ticket> {
        let first = self.queue.front_mut()?;
        if stock.willing.load(Ordering::Acquire) == 0 || first.overtaken != Overtaken::No || first.may_share()
        {
            return self.next(stock);
        }
        let Some(at) = self.queue.iter().position(Ticket::may_share) else { return self.next(stock) };
        self.queue[0].overtaken = Overtaken::Now;
        stock.willing.fetch_sub(1, Ordering::AcqRel);
        self.queue.remove(at)
    }

    /// Serves those who wait and would share, in their order. For each who cannot, a connection is left to come to rest,
    /// but for a connection that came free just now: short statements have it first, for [`SHORT`] in all.
    fn serve(&mut self, stock: &Stock, seen: &mut Vec<Arc<Lease>>) {
        let now = Instant::now();
        let overtakes = self.queue.front_mut().filter(|first| first.overtaken == Overtaken::Now);
        let mut left = overtakes.map(|first| {
            first.overtaken = Overtaken::Once;
            SHORT
        });
        let (mut at, mut reserved) = (0, 0);
        while at < self.queue.len() && reserved < self.shared.len() {
            let ride = match &self.queue[at].text {
                Some(text) => self.ride(text, reserved, seen, now),
                None => None,
            };
            let Some(ride) = ride else {
                at += 1;
                reserved += usize::from(left.is_none());
                continue;
            };
            if let (Some(time), Some(text)) = (left, &self.queue[at].text) {
                left = time.checked_sub(text.timing().get().unwrap_or(SHORT));
                if left.is_none() {
                    seen.push(ride.lease);
                    return;
                }
            }
            let Some(ticket) = self.queue.remove(at) else { return };
            stock.willing.fetch_sub(1, Ordering::AcqRel);
            if let Err(Ok(Got::Ride(Ride { lease, .. }))) = ticket.sender.send(Ok(Got::Ride(ride))) {
                seen.push(lease);
            }
        }
    }
}
