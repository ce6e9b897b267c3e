//! One connection of a pool: the driver's client, and how long it may be used.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tokio_postgres::CancelToken;

use super::cache::StatementCache;
use super::places::Place;
use crate::wire::{Connected, Driving, Link, StatementMode};

/// A connection with its statement cache, and the way to its stream.
///
/// Dropped, it says goodbye to the server once what it has sent is answered. It is on the heap, since every checkout passes it on from
/// hand to hand.
pub(super) struct Client(Box<Parts>);

/// What a connection is made of.
pub(super) struct Parts {
    driver: tokio_postgres::Client,
    cache: StatementCache,
    link: Arc<Link>,
    driving: Driving,
    pub(super) place: Arc<Place>,
    pub(super) terms: Terms,
    /// The number under which it is sealed for, once that is known.
    identity: OnceLock<usize>,
    /// Since when nobody uses it.
    pub(super) idle_since: Instant,
}

/// On which terms a connection was opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// How often the pool had been refreshed.
    pub(super) generation: u64,
    /// When it is too old to be used again.
    pub(super) expires: Option<Instant>,
    /// How it sends its statements, for good.
    pub(super) statements: StatementMode,
    /// How many of them it keeps.
    pub(super) cached_statements: usize,
    /// Whether the configuration asks for a server that takes writes.
    pub(super) read_write: bool,
    /// Whether it is to lead to a standby.
    pub(super) replica: bool,
}

impl Client {
    pub(super) fn new(connected: Connected, place: Arc<Place>, terms: Terms) -> Self {
        let Connected { client, link, driving } = connected;
        Self(Box::new(Parts {
            driver: client,
            cache: StatementCache::new(terms.cached_statements),
            link,
            driving,
            place,
            terms,
            identity: OnceLock::new(),
            idle_since: Instant::now(),
        }))
    }

    pub(super) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// Whether it was to lead to a standby, and the server has said with its latest answer that it is none any more.
    pub(super) fn is_promoted(&self) -> bool {
        self.terms.replica && self.link.takes_writes() && self.link.is_direct()
    }

    /// Notes as whom it is logged in, as seals number that.
    pub(super) fn logged_in_as(&self, identity: usize) {
        let _ = self.identity.set(identity);
    }

    pub(super) fn identity(&self) -> Option<usize> {
        self.identity.get().copied()
    }

    pub(super) fn cache(&self) -> &StatementCache {
        &self.cache
    }

    /// Lets go of the driver: nothing more is sent but a goodbye, once all is answered.
    pub(super) fn leave(self) -> Leaving {
        let Parts { driver, link, driving, .. } = *self.0;
        Leaving { token: driver.cancel_token(), link, driving }
    }

    /// Closes the socket now. For a connection that does not answer and owes nothing: no goodbye
    /// would arrive.
    pub(super) fn cut(self) {
        self.0.driving.cut();
    }
}

impl Deref for Client {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl DerefMut for Client {
    fn deref_mut(&mut self) -> &mut Parts {
        &mut self.0
    }
}

impl Deref for Parts {
    type Target = tokio_postgres::Client;

    fn deref(&self) -> &tokio_postgres::Client {
        &self.driver
    }
}

/// A connection that nobody uses any more, until its socket is closed.
pub(super) struct Leaving {
    pub(super) token: CancelToken,
    pub(super) link: Arc<Link>,
    pub(super) driving: Driving,
}
