//! What a pool has: idle connections, places for more, and the callers who wait for one.

mod end;
mod sharing;
mod take;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::bounds::Bounds;
use super::client::{Client, Terms};
use super::coming::Coming;
use super::object::Object;
use super::opener::Opener;
use super::pace::Pace;
use super::places::Place;
use super::shared::Shared;
use super::sharing::SharingRules;
use super::tending::Tending;
use super::waiting::{Answer, Got, Ticket, Waiting};
use super::{recheck, task};
use crate::error::Error;

/// The connections of a pool.
///
/// A connection takes one of `max_size` places before it is opened and has it until its socket is
/// closed, so the server never sees more. Whoever finds no idle connection waits in a queue for the
/// first that comes back or is opened; connections are opened by tasks, which go on when those who
/// waited have given up, and serve whoever comes next.
pub(super) struct Stock {
    state: Mutex<State>,
    pub(super) bounds: Bounds,
    pub(super) opener: Opener,
    tending: Tending,
    /// How many of those who wait would share a connection. To see that nobody would takes no lock.
    willing: AtomicUsize,
    /// On how many connections statements share, before the next one shares though another is idle.
    width: usize,
    /// Rings when a place is free again, and when the pool ends.
    bell: Arc<Notify>,
}

struct State {
    /// The one that was used last stands last, and is used next.
    idle: Vec<Client>,
    queue: VecDeque<Ticket>,
    tickets: u64,
    /// The connections on which others may follow.
    shared: Shared,
    /// How many places nobody has.
    free: usize,
    /// How many connections are being opened or checked, for whoever waits.
    coming: usize,
    /// How many places are about to be free, because their connections are being closed in good order.
    parting: usize,
    /// How many connections are in use, by callers, the drain or a check.
    lent: usize,
    generation: u64,
    pace: Pace,
    /// When the role is to be looked at again.
    role_due: Option<Instant>,
    /// The places of the connections that are open.
    places: Vec<Weak<Place>>,
    closed: bool,
}

/// How many connections a pool has at one moment.
pub(super) struct Counts {
    pub(super) size: usize,
    pub(super) idle: usize,
    pub(super) waiting: usize,
    pub(super) places_taken: usize,
    pub(super) sharing: usize,
}

/// What somebody who wants a connection gets.
pub(super) enum Taken {
    Got(Got),
    Waiting(Waiting),
}

impl Stock {
    /// Nothing is opened before somebody wants a connection, or some are to be kept idle.
    pub(super) fn new(bounds: Bounds, sharing: SharingRules, opener: Opener) -> Arc<Self> {
        let now = Instant::now();
        Arc::new_cyclic(|this: &Weak<Self>| Self {
            state: Mutex::new(State {
                idle: Vec::new(),
                queue: VecDeque::new(),
                shared: Shared::new(sharing.depth),
                tickets: 0,
                free: bounds.max_size,
                coming: 0,
                parting: 0,
                lent: 0,
                generation: 0,
                pace: Pace::new(now, bounds.max_size),
                role_due: None,
                places: Vec::new(),
                closed: false,
            }),
            tending: Tending::start(&bounds, opener.observer.meters().is_some(), this.clone()),
            willing: AtomicUsize::new(0),
            width: sharing.width,
            bell: Arc::default(),
            bounds,
            opener,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes places for those who wait, and for as many as are wanted beside. What is returned has
    /// to be opened once the state is not locked: after how long each.
    fn openings(state: &mut State, now: Instant, beside: usize) -> Vec<Duration> {
        let mut delays = Vec::new();
        let wanted = if state.closed { 0 } else { state.queue.len() + beside };
        while state.coming < wanted && state.free > 0 {
            state.free -= 1;
            state.coming += 1;
            delays.push(state.pace.delay(now));
        }
        delays
    }

    fn open(self: &Arc<Self>, delays: Vec<Duration>) {
        for delay in delays {
            let place = Place::new(Arc::downgrade(self));
            task::start(Opener::run(Coming::new(self, Some(place)), delay));
        }
    }

    /// Opens as many connections as are to be kept idle.
    pub(super) fn fill(self: &Arc<Self>) {
        let mut state = self.lock();
        let beside = self.bounds.min_idle.saturating_sub(state.idle.len());
        let openings = Self::openings(&mut state, Instant::now(), beside);
        drop(state);
        self.open(openings);
    }

    /// On which terms a connection is opened now. `None`: the pool is closed.
    pub(super) fn terms(&self) -> Option<Terms> {
        let state = self.lock();
        (!state.closed).then(|| self.opener.terms(state.generation, self.bounds.max_lifetime))
    }

    /// A connection that was on its way has come or does not come. Where its task never began, none
    /// could begin in its place.
    pub(super) fn came(self: &Arc<Self>, begun: bool, unused: Option<Place>) {
        let mut state = self.lock();
        state.coming -= 1;
        state.free += usize::from(unused.is_some());
        let openings = if begun { Self::openings(&mut state, Instant::now(), 0) } else { Vec::new() };
        drop(state);
        unused.into_iter().for_each(Place::forget);
        self.open(openings);
    }

    /// Takes a connection that was opened into the pool, as one that is in use.
    pub(super) fn adopt(self: &Arc<Self>, client: Client, place: &Arc<Place>) -> Object {
        let mut state = self.lock();
        state.lent += 1;
        state.places.retain(|known| known.strong_count() > 0);
        state.places.push(Arc::downgrade(place));
        drop(state);
        Object::new(client, self)
    }

    /// Notes how an opening went, for the pace of those that follow.
    pub(super) fn opened(&self, succeeded: bool) {
        let pace = &mut self.lock().pace;
        if succeeded { pace.succeeded() } else { pace.failed(Instant::now()) }
    }

    /// Tells who waits longest that no connection can be had.
    pub(super) fn disappoint(&self, error: Error) {
        let mut state = self.lock();
        let mut answer = Err(error);
        while let Some(ticket) = state.next(self) {
            match ticket.sender.send(answer) {
                Ok(()) => return,
                Err(unheard) => answer = unheard,
            }
        }
    }

    /// Tells all who wait that no connection can be had.
    pub(super) fn turn_away(&self, mut error: impl FnMut() -> Error) {
        let mut state = self.lock();
        let mut tickets = Vec::new();
        while let Some(ticket) = state.next(self) {
            tickets.push(ticket);
        }
        drop(state);
        for ticket in tickets {
            // Who has given up does not hear it.
            let _ = ticket.sender.send(Err(error()));
        }
    }

    /// How many units of work have a connection, or wait for one.
    pub(super) fn load(&self) -> usize {
        let state = self.lock();
        state.lent + state.queue.len()
    }

    /// Gives up a place in the queue.
    pub(super) fn leave_queue(&self, id: u64) {
        let mut state = self.lock();
        let at = state.queue.binary_search_by_key(&id, |ticket| ticket.id);
        let ticket = at.ok().and_then(|at| state.queue.remove(at));
        if ticket.as_ref().is_some_and(|ticket| ticket.text.is_some()) {
            self.willing.fetch_sub(1, Ordering::AcqRel);
        }
        drop(state);
        drop(ticket);
    }

    /// Whether a connection is on its way to whoever has this place in the queue, or a place for one.
    pub(super) fn is_served_next(&self, id: u64) -> bool {
        let state = self.lock();
        let at = state.queue.binary_search_by_key(&id, |ticket| ticket.id);
        at.is_ok_and(|at| at < state.coming + state.parting)
    }

    /// Takes a connection back that was in use.
    pub(super) fn give_back(self: &Arc<Self>, client: Client) {
        let mut over = Vec::new();
        let mut state = self.lock();
        let now = Instant::now();
        state.lent -= 1;
        state.shared.tidy();
        let mut recheck = None;
        if state.closed || state.is_over(&client, now) {
            state.part(client, &mut over);
        } else if state.role_due.is_some_and(|due| now >= due) {
            // Until it was looked at.
            state.role_due = None;
            state.lent += 1;
            recheck = Some(Object::new(client, self));
        } else {
            state.hand(client, self, now);
        }
        drop(state);
        drop(over);
        if let Some(object) = recheck {
            task::start(recheck::run(object));
        }
    }

    /// A connection that was in use leaves the pool.
    pub(super) fn lose(&self) {
        let mut state = self.lock();
        state.lent -= 1;
        state.shared.tidy();
    }

    /// Closes a connection in good order that was in use.
    pub(super) fn close_used(&self, client: Client) {
        let mut over = Vec::new();
        let mut state = self.lock();
        state.lent -= 1;
        state.shared.tidy();
        state.part(client, &mut over);
        drop(state);
        drop(over);
    }

    /// A place is free again.
    pub(super) fn vacated(self: &Arc<Self>, parting: bool) {
        let mut state = self.lock();
        state.free += 1;
        state.parting -= usize::from(parting);
        let openings = Self::openings(&mut state, Instant::now(), 0);
        drop(state);
        self.bell.notify_waiters();
        self.open(openings);
    }

    /// The role was looked at just now, or could not be.
    pub(super) fn role_is_known(&self) {
        self.lock().role_due = Instant::now().checked_add(self.bounds.recheck_role_after);
    }

    /// Closes idle connections that are too old or, beyond those to be kept, were idle for too long.
    pub(super) fn close_over(&self) {
        let limit = self.bounds.idle_timeout.unwrap_or(Duration::MAX);
        let least = self.bounds.min_idle;
        self.close_idle(|state, client, now| {
            let idle = now.duration_since(client.idle_since);
            state.is_over(client, now) || (idle >= limit && state.idle.len() > least)
        });
    }

    /// Has no connection that is there now used again.
    pub(super) fn refresh(&self) {
        self.lock().generation += 1;
        self.close_over();
    }

    fn close_idle(&self, unwanted: impl Fn(&State, &Client, Instant) -> bool) {
        let mut over = Vec::new();
        let mut state = self.lock();
        let now = Instant::now();
        let mut at = 0;
        while let Some(client) = state.idle.get(at) {
            if unwanted(&state, client, now) {
                let client = state.idle.remove(at);
                state.part(client, &mut over);
            } else {
                at += 1;
            }
        }
        drop(state);
        drop(over);
    }

    /// Closes, without a goodbye, the idle connections that nobody has used since.
    pub(super) fn cut_idle_since(&self, since: Instant) -> usize {
        let mut state = self.lock();
        let used_later = state.idle.partition_point(|client| client.idle_since <= since);
        let cut: Vec<Client> = state.idle.drain(..used_later).collect();
        drop(state);
        let count = cut.len();
        cut.into_iter().for_each(Client::cut);
        count
    }

    pub(super) fn counts(&self) -> Counts {
        let state = self.lock();
        Counts {
            size: state.idle.len() + state.lent,
            idle: state.idle.len(),
            waiting: state.queue.len(),
            places_taken: self.bounds.max_size - state.free,
            sharing: state.shared.followers(),
        }
    }
}

impl Drop for Stock {
    fn drop(&mut self) {
        self.bell.notify_waiters();
    }
}

impl State {
    /// Whether a connection must not be used again.
    fn is_over(&self, client: &Client, now: Instant) -> bool {
        client.is_closed()
            || client.terms.generation != self.generation
            || client.is_promoted()
            || client.terms.expires.is_some_and(|expires| now >= expires)
    }

    /// Whoever waits longest.
    fn next(&mut self, stock: &Stock) -> Option<Ticket> {
        let ticket = self.queue.pop_front()?;
        if ticket.text.is_some() {
            stock.willing.fetch_sub(1, Ordering::AcqRel);
        }
        Some(ticket)
    }

    /// Gives a connection to whoever waits longest, or puts it to the others.
    fn hand(&mut self, mut client: Client, stock: &Arc<Stock>, now: Instant) {
        client.idle_since = now;
        while let Some(ticket) = self.next_served(stock) {
            let answer: Answer = Ok(Got::Object(Object::new(client, stock)));
            match ticket.sender.send(answer) {
                Ok(()) => {
                    self.lent += 1;
                    return;
                }
                Err(Ok(Got::Object(object))) => match Object::unlent(object) {
                    Some(unheard) => client = unheard,
                    None => return,
                },
                Err(_) => return,
            }
        }
        self.idle.push(client);
    }

    /// Has a connection closed in good order. It must be dropped once the state is not locked.
    fn part(&mut self, client: Client, over: &mut Vec<Client>) {
        client.place.part();
        self.parting += 1;
        over.push(client);
    }
}
