//! Whose turn it is: tenants wait ahead of the stock, and each gets its share of the pool.
//!
//! There is room for as many units of work as connections, so those that are let in do not wait long for one, and the
//! order in which they are let in is the order in which they are served. A tenant is known here as long as it has something under way or waiting.

mod bucket;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::timeout;

use self::bucket::Bucket;
use super::fairness::Fairness;
use crate::error::{Error, Kind, Result, TenantLimit};

/// How much room a unit of work takes that has its connection alone. One that may share its connection takes 1.
pub(super) const ALONE: usize = 8;

/// After how many units of work tenants are forgotten that could begin with a whole burst.
const SWEEP: u64 = 1024;

pub(super) struct Turns {
    state: Mutex<State>,
    rules: Fairness,
    wait_timeout: Duration,
}

struct State {
    room: usize,
    tenants: HashMap<Arc<str>, Tenant>,
    /// The tenants whose callers wait for room alone, in the order of their turns. Those that wait because of a bound of their own are
    /// not among them.
    ring: VecDeque<Arc<str>>,
    tickets: u64,
    waiting: usize,
}

#[derive(Default)]
struct Tenant {
    running: usize,
    queue: VecDeque<Ticket>,
    /// Whether it is in the ring.
    takes_turns: bool,
    /// How many turns it has left before others have theirs.
    turns: u32,
    bucket: Option<Bucket>,
}

struct Ticket {
    id: u64,
    cost: usize,
    sender: oneshot::Sender<Turn>,
}

/// A unit of work that was let in. Dropped, there is room for another.
pub(super) struct Turn {
    turns: Arc<Turns>,
    /// Gone once nothing is to be given back.
    tenant: Option<Arc<str>>,
    cost: usize,
}

/// A caller who waits. Dropped, the place in the queue is given up.
struct Waiting {
    turns: Arc<Turns>,
    tenant: Arc<str>,
    id: u64,
    receiver: oneshot::Receiver<Turn>,
}

enum Asked {
    Turn(Turn),
    Waiting(Waiting),
}

impl Turns {
    pub(super) fn new(rules: Fairness, connections: usize, wait_timeout: Duration) -> Arc<Self> {
        let state = State {
            room: connections.saturating_mul(ALONE),
            tenants: HashMap::new(),
            ring: VecDeque::new(),
            tickets: 0,
            waiting: 0,
        };
        Arc::new(Self { state: Mutex::new(state), rules, wait_timeout })
    }

    /// Lets a unit of work of this tenant in, once it is its turn.
    pub(super) async fn take(self: &Arc<Self>, tenant: &str, cost: usize) -> Result<Turn> {
        match self.ask(tenant, cost, Instant::now())? {
            Asked::Turn(turn) => Ok(turn),
            // On the heap, because it is seldom and every checkout's future would have room for it.
            Asked::Waiting(waiting) => Box::pin(waiting.wait()).await,
        }
    }

    /// How many callers wait.
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting
    }

    fn ask(self: &Arc<Self>, tenant: &str, cost: usize, now: Instant) -> Result<Asked> {
        let mut state = self.lock();
        let state = &mut *state;
        state.tickets += 1;
        let id = state.tickets;
        if id.is_multiple_of(SWEEP) {
            state.forget_idle(now);
        }
        let name = match state.tenants.get_key_value(tenant) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::from(tenant),
        };
        let known = state.tenants.entry(Arc::clone(&name)).or_default();
        if let Some(rate) = self.rules.rate
            && !known.bucket.get_or_insert_with(|| Bucket::full(rate, now)).take(rate, now)
        {
            return Err(Error::from(Kind::TenantLimit(TenantLimit::Rate)));
        }
        let its_bound = known.running >= self.rules.max_concurrent;
        if known.queue.is_empty() && !its_bound && state.ring.is_empty() && state.room >= cost {
            known.running += 1;
            state.room -= cost;
            return Ok(Asked::Turn(self.turn(name, cost)));
        }
        if known.queue.len() >= self.rules.max_waiting {
            state.forget_if_idle(&name, now);
            return Err(Error::from(Kind::TenantLimit(TenantLimit::Waiting)));
        }
        let (sender, receiver) = oneshot::channel();
        known.queue.push_back(Ticket { id, cost, sender });
        state.waiting += 1;
        if !its_bound && !known.takes_turns {
            known.takes_turns = true;
            state.ring.push_back(Arc::clone(&name));
        }
        Ok(Asked::Waiting(Waiting { turns: Arc::clone(self), tenant: name, id, receiver }))
    }

    fn turn(self: &Arc<Self>, tenant: Arc<str>, cost: usize) -> Turn {
        Turn { turns: Arc::clone(self), tenant: Some(tenant), cost }
    }

    /// Gives room back, and lets in whose turn it is.
    fn give_back(self: &Arc<Self>, tenant: &Arc<str>, cost: usize) {
        let mut state = self.lock();
        state.room += cost;
        if let Some(known) = state.tenants.get_mut(tenant) {
            known.running -= 1;
        }
        state.take_turns(tenant);
        state.let_in(self);
        state.forget_if_idle(tenant, Instant::now());
    }

    fn leave(self: &Arc<Self>, tenant: &Arc<str>, id: u64) {
        let mut state = self.lock();
        let Some(known) = state.tenants.get_mut(tenant) else { return };
        let Ok(at) = known.queue.binary_search_by_key(&id, |ticket| ticket.id) else { return };
        let ticket = known.queue.remove(at);
        state.waiting -= 1;
        // It may have been the one whose turn it was, and for which there was not room enough.
        state.let_in(self);
        state.forget_if_idle(tenant, Instant::now());
        drop(state);
        drop(ticket);
    }

    /// Tells all who wait that it is over. Who comes later is let in, and hears it from the stock.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        let queues: Vec<_> =
            state.tenants.values_mut().map(|known| std::mem::take(&mut known.queue)).collect();
        state.waiting = 0;
        state.ring.clear();
        state.tenants.values_mut().for_each(|known| known.takes_turns = false);
        drop(state);
        drop(queues);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Has a tenant take turns again that has come below a bound of its own.
    fn take_turns(&mut self, tenant: &Arc<str>) {
        if let Some(known) = self.tenants.get_mut(tenant)
            && !known.queue.is_empty()
            && !known.takes_turns
        {
            known.takes_turns = true;
            self.ring.push_back(Arc::clone(tenant));
        }
    }

    /// Lets in who waits, as long as there is room.
    fn let_in(&mut self, turns: &Arc<Turns>) {
        while let Some(name) = self.ring.front().map(Arc::clone) {
            let Some(known) = self.tenants.get_mut(&name) else {
                self.ring.pop_front();
                continue;
            };
            let may_begin = known.running < turns.rules.max_concurrent;
            let Some(first) = known.queue.front().filter(|_| may_begin) else {
                (known.takes_turns, known.turns) = (false, 0);
                self.ring.pop_front();
                continue;
            };
            if self.room < first.cost {
                return;
            }
            let Some(Ticket { cost, sender, .. }) = known.queue.pop_front() else { return };
            self.waiting -= 1;
            match sender.send(turns.turn(Arc::clone(&name), cost)) {
                Ok(()) => {
                    known.running += 1;
                    self.room -= cost;
                }
                Err(mut unheard) => {
                    unheard.tenant = None;
                    continue;
                }
            }
            if known.turns == 0 {
                known.turns = turns.rules.weight(&name);
            }
            known.turns -= 1;
            if known.turns == 0 && !known.queue.is_empty() {
                self.ring.rotate_left(1);
            }
        }
    }

    fn forget_if_idle(&mut self, tenant: &Arc<str>, now: Instant) {
        if self.tenants.get(tenant).is_some_and(|known| known.is_idle(now)) {
            self.tenants.remove(tenant);
        }
    }

    fn forget_idle(&mut self, now: Instant) {
        self.tenants.retain(|_, known| !known.is_idle(now));
    }
}

impl Tenant {
    /// Whether nothing is known of it that would be missed.
    fn is_idle(&self, now: Instant) -> bool {
        self.running == 0
            && self.queue.is_empty()
            && !self.takes_turns
            && self.bucket.as_ref().is_none_or(|bucket| bucket.is_full(now))
    }
}

impl Waiting {
    async fn wait(mut self) -> Result<Turn> {
        let limit = self.turns.wait_timeout;
        match timeout(limit, &mut self.receiver).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) => Err(Error::from(Kind::PoolClosed)),
            Err(_) => Err(Error::from(Kind::PoolTimeout(limit))),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.turns.leave(&self.tenant, self.id);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(tenant) = self.tenant.take() {
            self.turns.give_back(&tenant, self.cost);
        }
    }
}
