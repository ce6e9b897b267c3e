//! How a pool opens connections.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};
use tracing::{Instrument, debug, error};

use super::client::{Client, Terms};
use super::coming::Coming;
use super::drain::Drain;
use super::guard::{Guard, Verdict};
use super::lease::Lease;
use super::observe::Observer;
use super::places::Place;
use super::replicas::{Member, Standby};
use super::retry::random_fraction;
use super::setup::Hook;
use super::stock::Stock;
use super::target::Target;
use crate::error::{Error, Kind, Result};

/// The least time that the guard gets for its questions, which read the server's catalogs.
pub(super) const GUARD_LIMIT: Duration = Duration::from_secs(30);

/// What is needed to open a connection and to let it in.
pub(super) struct Opener {
    pub(super) target: Arc<Target>,
    pub(super) guard: Guard,
    pub(super) drain: Drain,
    pub(super) observer: Arc<Observer>,
    /// What is done once on each connection.
    pub(super) hook: Option<Hook>,
    /// How many statements each connection keeps.
    pub(super) cached_statements: usize,
    /// What a pool with replicas asks of each connection.
    pub(super) member: Option<Member>,
}

/// Stands by while code of the service's own may run, a hook of its for one. Where that panics, whoever waits hears of it, and the
/// next opening is not tried at once: it would panic as well, without end.
struct Panicking<'a>(&'a Stock);

impl Drop for Panicking<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.opened(false);
            self.0.disappoint(Error::config("a panic ended the opening of a connection, see its message"));
        }
    }
}

impl Opener {
    /// Opens one connection for whoever waits longest, who hears of it when that fails.
    pub(super) async fn run(mut coming: Coming, delay: Duration) {
        let (stock, Some(place)) = coming.begin() else { return };
        sleep(delay).await;
        let _panicking = Panicking(&stock);
        let observer = &stock.opener.observer;
        let begun = observer.now();
        match stock.opener.open(&stock, place).instrument(observer.connect()).await {
            Ok(()) => {
                observer.connected(begun);
                stock.opened(true);
            }
            Err(error) => {
                debug!(reason = %error, "a connection could not be opened");
                // What the server itself answers is no sign of trouble, unless it says that it is in some.
                stock.opened(error.code().is_some() && !error.is_server_unready());
                match stock.opener.standby() {
                    None => stock.disappoint(error),
                    Some(standby) => {
                        standby.failed(&stock, &error);
                        stock.disappoint(error);
                        stock.turn_away(Standby::away);
                    }
                }
            }
        }
    }

    /// Opens a connection, has the guard look at its role, and lets it in. It is open to nobody before.
    async fn open(&self, stock: &Arc<Stock>, place: Place) -> Result<()> {
        let terms = stock.terms().ok_or_else(|| Error::from(Kind::PoolClosed))?;
        let limit = stock.bounds.connect_timeout;
        let place = Arc::new(place);
        let connected = self.target.connect(terms.statements, &place, limit).await?;
        place.leads_to(connected.client.cancel_token(), &connected.link, connected.driving.cutter());
        let object = stock.adopt(Client::new(connected, Arc::clone(&place), terms), &place);
        let lease = Arc::new(Lease::new(object, self.drain.clone()));
        let late = |_| Error::from(Kind::ConnectTimeout(limit));
        match timeout(limit.max(GUARD_LIMIT), self.examine(&lease)).await.map_err(late)? {
            Ok(Verdict::Fits) => {}
            // Whoever waits gets another, which is opened in its place.
            Ok(Verdict::OtherMode) => lease.retire(),
            Err(error) => {
                lease.retire();
                self.refused(stock, &error);
                return Err(error);
            }
        }
        drop(lease);
        stock.role_is_known();
        Ok(())
    }

    /// Has the guard look at a new connection, again once it was set up, where that is to be done.
    async fn examine(&self, lease: &Arc<Lease>) -> Result<Verdict> {
        let explain = |error| match &self.member {
            Some(member) => member.explain(error),
            None => error,
        };
        let mut verdict = self.guard.examine(lease).await.map_err(explain)?;
        if let (Some(hook), Verdict::Fits) = (&self.hook, verdict) {
            hook.run(lease, self.guard.setting()).await?;
            verdict = self.guard.examine(lease).await?;
        }
        if let Some(member) = &self.member {
            member.opened(lease).await?;
        }
        Ok(verdict)
    }

    /// Has the guard look again at a connection that is open.
    pub(super) async fn look(&self, lease: &Arc<Lease>) -> Result<()> {
        self.guard.examine(lease).await?;
        match &self.member {
            Some(member) => member.look(lease).await,
            None => Ok(()),
        }
    }

    /// What is known of the replica that it leads to, if it leads to one.
    pub(super) fn standby(&self) -> Option<&Arc<Standby>> {
        self.member.as_ref().and_then(Member::standby)
    }

    /// Where the guard refuses the role of a pool that it has let in before, no connection of the pool's
    /// is used any more: what the role can do now, it can do on each of them.
    pub(super) fn refused(&self, stock: &Stock, reason: &Error) {
        if reason.is_role_refused() {
            self.observer.role_refused();
        }
        if reason.is_role_refused() && self.guard.is_settled() {
            error!(%reason, "the pool's role has changed; all its connections are closed");
            stock.refresh();
        }
    }

    /// On which terms a connection is opened now. Lifetimes differ by a tenth, so that connections
    /// that were opened together are not closed together.
    pub(super) fn terms(&self, generation: u64, max_lifetime: Option<Duration>) -> Terms {
        let lifetime = max_lifetime.map(|limit| limit.mul_f64(1.0 - random_fraction() / 10.0));
        Terms {
            generation,
            expires: lifetime.and_then(|lifetime| Instant::now().checked_add(lifetime)),
            statements: self.guard.statements(),
            cached_statements: self.cached_statements,
            read_write: self.target.is_read_write(),
            replica: self.standby().is_some(),
        }
    }
}
