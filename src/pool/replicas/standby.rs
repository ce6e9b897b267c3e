//! What a pool knows of one replica: whether it can be used, and how far it has replayed.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{error, info, warn};

use super::Cluster;
use crate::error::{Error, Kind, Refusal};
use crate::pool::stock::Stock;
use crate::pool::task;
use crate::tenant::WalPosition;

/// How long a replica is left alone that could not be used: at first, doubled each time, and at most.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

const PROMOTED: &str = "it takes writes: it was promoted, or another server has taken its place; replace its URL, or make it a standby of the primary again";

/// One replica, as its opener and those who choose among replicas see it.
pub(in crate::pool) struct Standby {
    /// Where it is, for the log.
    pub(super) server: String,
    pub(super) cluster: Arc<Cluster>,
    pub(super) state: watch::Sender<State>,
    pauses: Mutex<Pauses>,
    /// Whether somebody asks how far it has replayed.
    pub(super) asking: AtomicBool,
    /// How many callers wait for it to replay.
    pub(super) waiting: AtomicUsize,
}

/// What is known of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) usable: bool,
    /// How many connections were opened. What was asked of the server before the last of them was opened does not count: it may have
    /// been started again since, and begun to replay from further back.
    pub(super) opened: u64,
    pub(super) replayed: WalPosition,
}

struct Pauses {
    next: Duration,
    /// Since when it could be used.
    since: Instant,
}

impl Standby {
    /// Optimistic, so that the first caller of a pool that was built without a connection tries it.
    pub(in crate::pool) fn new(server: String, cluster: Arc<Cluster>) -> Arc<Self> {
        let state = State { usable: true, opened: 0, replayed: WalPosition::default() };
        Arc::new(Self {
            server,
            cluster,
            state: watch::Sender::new(state),
            pauses: Mutex::new(Pauses { next: FIRST_PAUSE, since: Instant::now() }),
            asking: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
        })
    }

    pub(in crate::pool) fn is_usable(&self) -> bool {
        self.state.borrow().usable
    }

    /// Whether it is known to have replayed as much.
    pub(super) fn has_replayed(&self, position: WalPosition) -> bool {
        let state = self.state.borrow();
        state.usable && state.replayed >= position
    }

    /// A connection was opened, at which it had replayed as much. It may be less than before: a standby that was started again
    /// lets sessions in as soon as it is consistent.
    pub(super) fn opened(&self, replayed: WalPosition) {
        self.state.send_modify(|state| {
            state.opened += 1;
            state.replayed = replayed;
        });
    }

    /// No connection could be opened for this reason. Nobody tries before a look has gone well, which is taken in the background.
    pub(in crate::pool) fn failed(self: &Arc<Self>, stock: &Arc<Stock>, reason: &Error) {
        if reason.is_pool_closed() || !self.leave(stock) {
            return;
        }
        let server = &self.server;
        if reason.is_role_refused() {
            error!(server, %reason, "a replica is not used any more, since the pool's role is refused there");
        } else {
            warn!(server, %reason, "a replica is not used until it can be connected to again");
        }
    }

    /// It has said that it takes writes.
    pub(in crate::pool) fn is_promoted(self: &Arc<Self>, stock: &Arc<Stock>) {
        if self.leave(stock) {
            warn!(server = self.server, reason = PROMOTED, "a replica is not used any more");
        }
    }

    /// What those hear who wait for a connection to a replica that is left.
    pub(in crate::pool) fn away() -> Error {
        Error::from(Kind::Refused(Refusal(
            "the replica is not used at the moment, for the reason that the log tells",
        )))
    }

    /// Leaves it alone for a while. Returns whether it was in use.
    fn leave(self: &Arc<Self>, stock: &Arc<Stock>) -> bool {
        let left = self.state.send_if_modified(|state| {
            state.replayed = WalPosition::default();
            std::mem::replace(&mut state.usable, false)
        });
        if left {
            // What is open has been opened to a server that may be another by now.
            stock.refresh();
            let mut pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
            if pauses.since.elapsed() >= LONGEST_PAUSE {
                pauses.next = FIRST_PAUSE;
            }
            drop(pauses);
            task::start(Arc::clone(self).look(Arc::downgrade(stock)));
        }
        left
    }

    /// Tries from time to time whether it can be used again.
    async fn look(self: Arc<Self>, stock: Weak<Stock>) {
        loop {
            sleep(self.pause()).await;
            let Some(stock) = stock.upgrade().filter(|stock| !stock.is_closed()) else { return };
            // All that were open before are to be closed, so this opens one, and all that is to be checked is checked with it.
            if stock.get().await.is_ok() {
                break;
            }
        }
        self.pauses.lock().unwrap_or_else(PoisonError::into_inner).since = Instant::now();
        self.state.send_modify(|state| state.usable = true);
        info!(server = self.server, "a replica is used again");
    }

    fn pause(&self) -> Duration {
        let mut pauses = self.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = pauses.next;
        pauses.next = pause.saturating_mul(2).min(LONGEST_PAUSE);
        pause
    }
}

impl fmt::Debug for Standby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standby").field("server", &self.server).finish_non_exhaustive()
    }
}
