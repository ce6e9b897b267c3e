//! Replicas: which server a unit of work that only reads runs on.

mod asking;
mod lag;
mod member;
mod standby;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::select_ok;
use tokio::time::Instant;
use tracing::debug;

pub(super) use self::lag::Lag;
pub(super) use self::member::{Cluster, Member};
pub(super) use self::standby::Standby;
use super::binding::{Binding, Bound};
use super::connection::Connection;
use super::core::Core;
use super::sharing::Sharing;
use super::texts::Text;
use crate::error::{Error, Kind, Result};
use crate::tenant::{Servers, WalPosition};

/// The replicas of a pool.
pub(super) struct Replicas {
    all: Vec<Arc<Replica>>,
    cluster: Arc<Cluster>,
    /// How long a unit of work waits until one has replayed what it asks for.
    wait: Duration,
    /// How stale they may be, where that is bounded.
    lag: Option<Arc<Lag>>,
    /// Which of them is asked first the next time.
    next: AtomicUsize,
}

/// One of them.
pub(super) struct Replica {
    core: Arc<Core>,
    standby: Arc<Standby>,
}

/// Where a unit of work that could run on a replica has run, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Replica,
    /// On the primary, because no replica can be used.
    Gone,
    /// On the primary, because none has replayed what it asks for.
    Lagging,
    /// On the primary, because behind a pooler it is not known how far a replica has replayed.
    Pooler,
    /// On the primary, because no standby is serializable.
    Serializable,
}

impl Route {
    /// As spans and metrics call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Replica => "replica",
            Self::Gone => "gone",
            Self::Lagging => "lagging",
            Self::Pooler => "pooler",
            Self::Serializable => "serializable",
        }
    }

    /// Why no replica has served what nobody else may.
    fn problem(self) -> &'static str {
        match self {
            Self::Replica | Self::Gone => "none of them can be connected to, for reasons that the log tells",
            Self::Lagging => {
                "none of them has replayed the position that it asks for; raise replica_wait or max_replica_lag, or find out why they lag"
            }
            Self::Pooler => {
                "behind a pooler it is not known how far they have replayed; connect to them directly"
            }
            Self::Serializable => "no standby is serializable; ask for repeatable read",
        }
    }
}

/// What asks for a connection: its context and, where it may share one, its statement and the rules for that.
#[derive(Clone, Copy)]
pub(super) struct Asks<'a> {
    pub(super) bound: &'a Bound,
    pub(super) shares: Option<(&'a Arc<Text>, Option<Sharing>)>,
}

impl Replica {
    pub(super) fn new(core: Arc<Core>, standby: Arc<Standby>) -> Arc<Self> {
        Arc::new(Self { core, standby })
    }

    /// Whether it was met without a pooler between, as far as is known.
    fn is_direct(&self) -> bool {
        !self.core.guard().met_a_pooler()
    }

    async fn connection(&self, asks: Asks<'_>) -> Result<Connection> {
        let shares =
            asks.shares.and_then(|(text, sharing)| self.core.may_share(asks.bound, sharing, text.sql()));
        on(&self.core, asks.bound, shares.as_ref()).await
    }
}

async fn on(core: &Core, bound: &Bound, text: Option<&Arc<Text>>) -> Result<Connection> {
    match text {
        Some(text) => core.shared(bound, Arc::clone(text)).await,
        None => core.connection(bound).await,
    }
}

impl Replicas {
    pub(super) fn new(
        all: Vec<Arc<Replica>>,
        cluster: Arc<Cluster>,
        wait: Duration,
        lag: Option<Arc<Lag>>,
    ) -> Arc<Self> {
        for replica in &all {
            cluster.has_replica(replica.core.stock());
        }
        Arc::new(Self { all, cluster, wait, lag, next: AtomicUsize::new(0) })
    }

    /// Begins to ask the primary how far it is, where that bounds how stale a replica may be.
    pub(super) fn watch(&self, primary: &Arc<Core>) {
        if let Some(lag) = &self.lag {
            lag.watch(primary);
        }
    }

    pub(super) fn cores(&self) -> impl Iterator<Item = &Arc<Core>> {
        self.all.iter().map(|replica| &replica.core)
    }

    /// A connection to a replica, or else to the primary.
    pub(super) async fn connection(&self, primary: &Core, asks: Asks<'_>) -> Result<Connection> {
        let Ok(binding) = asks.bound else {
            // It says why the pool does not take the context.
            return primary.connection(asks.bound).await;
        };
        if !self.cluster.is_known() {
            // The first connection of a pool that was built without one: no replica can be told from any other server before.
            drop(primary.lease().await?);
        }
        let only = binding.reading().servers == Servers::Replicas;
        let mut left = if only { self.all.len() } else { 1 };
        let why = loop {
            let position = match self.least(binding) {
                Ok(position) => position,
                Err(route) => break route,
            };
            let route = match self.choose(position).await {
                Ok(replica) => match replica.connection(asks).await {
                    Ok(connection) if replica.suffices(&connection, position) => {
                        primary.observer().routed(Route::Replica, &connection);
                        return Ok(connection);
                    }
                    Ok(_) => Route::Lagging,
                    Err(error) if error.is_of_a_full_pool() => return Err(error),
                    Err(_) => Route::Gone,
                },
                Err(route) => break route,
            };
            left -= 1;
            if left == 0 {
                break route;
            }
        };
        if only {
            return Err(Error::from(Kind::NoReplica(why.problem())));
        }
        debug!(why = why.name(), "a unit of work that could run on a replica runs on the primary");
        let connection = on(primary, asks.bound, asks.shares.map(|(text, _)| text)).await?;
        primary.observer().routed(why, &connection);
        Ok(connection)
    }

    /// What a replica must have replayed to serve, if anything, or why none can.
    fn least(&self, binding: &Binding) -> Result<Option<WalPosition>, Route> {
        if binding.is_serializable() {
            return Err(Route::Serializable);
        }
        let asked = binding.reading().position;
        match &self.lag {
            None => Ok(asked),
            Some(lag) => lag.least().map(|least| asked.max(Some(least))).ok_or(Route::Lagging),
        }
    }

    /// The replica that is to serve, or why none is.
    async fn choose(&self, position: Option<WalPosition>) -> Result<&Arc<Replica>, Route> {
        let Some(position) = position else {
            return self.least_used(|replica| replica.standby.is_usable()).ok_or(Route::Gone);
        };
        let has_replayed = |replica: &Replica| replica.is_direct() && replica.standby.has_replayed(position);
        if let Some(replica) = self.least_used(has_replayed) {
            return Ok(replica);
        }
        let usable: Vec<_> = self.all.iter().filter(|replica| replica.standby.is_usable()).collect();
        if usable.is_empty() {
            return Err(Route::Gone);
        }
        if position == WalPosition::BEYOND {
            return Err(Route::Lagging);
        }
        let until = Instant::now() + self.wait;
        let reaching = |replica| Box::pin(reaches(replica, position, until));
        let reaching: Vec<_> =
            usable.into_iter().filter(|replica| replica.is_direct()).map(reaching).collect();
        if reaching.is_empty() {
            return Err(Route::Pooler);
        }
        select_ok(reaching).await.map(|(replica, _)| replica)
    }

    /// The replica with the fewest units of work among these, or of several the one whose turn it is.
    fn least_used(&self, fits: impl Fn(&Replica) -> bool) -> Option<&Arc<Replica>> {
        if let [only] = &*self.all {
            return fits(only).then_some(only);
        }
        let first = self.next.fetch_add(1, Ordering::Relaxed) % self.all.len();
        let (before, after) = self.all.split_at(first);
        let in_turn = after.iter().chain(before).filter(|replica| fits(replica));
        in_turn.min_by_key(|replica| replica.core.stock().load())
    }
}

async fn reaches(
    replica: &Arc<Replica>,
    position: WalPosition,
    until: Instant,
) -> Result<&Arc<Replica>, Route> {
    if replica.reaches(position, until).await {
        Ok(replica)
    } else if replica.standby.is_usable() {
        Err(Route::Lagging)
    } else {
        Err(Route::Gone)
    }
}

impl Replica {
    /// Whether it has replayed what the unit of work asks for, now that this has a connection: the server may have been started
    /// again since it was asked, and the connection is a new one then.
    fn suffices(&self, connection: &Connection, position: Option<WalPosition>) -> bool {
        let has_replayed =
            |position| connection.lease.link().is_direct() && self.standby.has_replayed(position);
        position.is_none_or(has_replayed)
    }
}
