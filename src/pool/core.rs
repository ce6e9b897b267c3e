//! What a tenant pool and a system pool have in common: connections to one database as one role.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tracing::Instrument;

use super::access::Record;
use super::binding::{Binding, Bound};
use super::bounds::Bounds;
use super::connection::Connection;
use super::drain::Drain;
use super::fairness::Fairness;
use super::guard::{Guard, Purpose};
use super::lease::Lease;
use super::observe::{Observer, Observing};
use super::opener::Opener;
use super::replicas::Member;
use super::retry::Retry;
use super::seal::Sealing;
use super::setup::Hook;
use super::sharing::{Sharing, SharingRules};
use super::stock::Stock;
use super::strategy::Strategy;
use super::target::Target;
use super::texts::{Text, Texts};
use super::turns::{self, Turn, Turns};
use super::waiting::Got;
use crate::error::{Error, Result};
use crate::ident::SettingName;
use crate::tenant::Limits;
use crate::wire::StatementMode;

/// What a core is built from; each field is explained at the builder's method.
#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) bounds: Bounds,
    pub(super) drain_timeout: Duration,
    /// `None` leaves it to what the guard finds.
    pub(super) strategy: Option<Strategy>,
    /// `None` leaves it to what the guard finds.
    pub(super) statements: Option<StatementMode>,
    pub(super) statement_cache_size: usize,
    pub(super) retry: Retry,
    pub(super) limits: Limits,
    pub(super) sharing: SharingRules,
    pub(super) observing: Observing,
    /// `None` has them served as they come.
    pub(super) fairness: Option<Fairness>,
    pub(super) hook: Option<Hook>,
    /// Where accesses across tenants are recorded.
    pub(super) record: Option<Record>,
    /// What seals the tenants.
    pub(super) sealing: Option<Arc<Sealing>>,
}

pub(super) struct Core {
    stock: Arc<Stock>,
    /// Whose turn it is, where tenants take turns.
    turns: Option<Arc<Turns>>,
    texts: Texts,
    options: Options,
}

impl Core {
    /// Opens nothing. Must be called within a tokio runtime.
    pub(super) fn new(
        target: Arc<Target>,
        options: Options,
        setting: &SettingName,
        purpose: Purpose,
        member: Option<Member>,
    ) -> Result<Arc<Self>> {
        if Handle::try_current().is_err() {
            return Err(Error::config("a pool needs a runtime; build it within one of tokio's"));
        }
        let observer = Observer::new(options.observing.clone(), target.config(), purpose, &options.bounds);
        let drain = Drain::new(options.drain_timeout, Arc::clone(&target), Arc::clone(&observer));
        let guard = Guard::new(
            setting.clone(),
            purpose,
            options.strategy,
            options.statements,
            options.sealing.clone(),
        );
        let cached_statements = options.statement_cache_size;
        let hook = options.hook.clone();
        let opener = Opener { target, guard, drain, observer, hook, cached_statements, member };
        let stock = Stock::new(options.bounds, options.sharing, opener);
        // Each connection keeps so many, and not all have to keep the same.
        let texts = Texts::new(cached_statements.saturating_mul(4));
        let bounds = &options.bounds;
        let turns =
            options.fairness.clone().map(|rules| Turns::new(rules, bounds.max_size, bounds.wait_timeout));
        Ok(Arc::new(Self { stock, turns, texts, options }))
    }

    /// Checks a connection out and makes it ready to bind the context. Where the pool does not take
    /// the context, nothing is sent.
    pub(super) async fn connection(&self, bound: &Bound) -> Result<Connection> {
        let binding = bound.clone().map_err(|why| Error::config(&*why))?;
        let getting = async { Ok((self.turn(&binding, turns::ALONE).await?, self.stock.get().await?)) };
        let (turn, object) = self.checkout(pin!(getting), |_| false).await?;
        let mut lease = Lease::watched(object, &self.stock.opener);
        if let Some(reason) = binding.reason() {
            lease = lease.across_tenants(reason, self.guard().role());
            self.observer().system_access(reason);
        }
        let select = self.strategy().prepare(&lease, &binding).await?;
        Ok(Connection::alone(lease, binding, select).in_turn(turn))
    }

    /// The same for a statement that may share its connection with others.
    pub(super) async fn shared(&self, bound: &Bound, text: Arc<Text>) -> Result<Connection> {
        let binding = bound.clone().map_err(|why| Error::config(&*why))?;
        let getting = async { Ok((self.turn(&binding, 1).await?, self.stock.get_or_share(&text).await?)) };
        let (turn, got) = self.checkout(pin!(getting), |(_, got)| matches!(got, Got::Ride(_))).await?;
        let connection = match got {
            Got::Object(object) => {
                Connection::leads(Lease::watched(object, &self.stock.opener), binding, text)
            }
            Got::Ride(ride) => Connection::follows(ride, binding, text),
        };
        Ok(connection.in_turn(turn))
    }

    /// Waits for the tenant's turn, where tenants take turns.
    async fn turn(&self, binding: &Binding, cost: usize) -> Result<Option<Arc<Turn>>> {
        match (&self.turns, binding.tenant_value()) {
            (Some(turns), Some(tenant)) => turns.take(tenant, cost).await.map(|turn| Some(Arc::new(turn))),
            _ => Ok(None),
        }
    }

    /// What is known of a statement, if it may share its connection under these rules or those of the pool.
    pub(super) fn may_share(&self, bound: &Bound, sharing: Option<Sharing>, sql: &str) -> Option<Arc<Text>> {
        let rules = self.options.sharing;
        let sharing = sharing.unwrap_or(rules.sharing);
        let binding = bound.as_ref().ok()?;
        let may = rules.depth > 1 && sharing.takes(binding) && self.strategy() == Strategy::Implicit;
        // What a pooler has prepared long ago may answer with rows that have to be kept, and to ask for them is no request of
        // one who shares. What only reads is sent again in place of that.
        let again = binding.is_read_only() || !self.guard().met_a_pooler();
        (may && again).then(|| self.texts.get(sql))
    }

    /// Checks a connection out. One that is found closed is replaced first.
    pub(super) async fn lease(&self) -> Result<Lease> {
        let object = self.checkout(pin!(self.stock.get()), |_| false).await?;
        Ok(Lease::watched(object, &self.stock.opener))
    }

    /// Waits for a connection while those watch who want to.
    async fn checkout<T>(
        &self,
        waiting: Pin<&mut impl Future<Output = Result<T>>>,
        shares: impl Fn(&T) -> bool,
    ) -> Result<T> {
        let observer = self.observer();
        let since = observer.now();
        let got = waiting.instrument(observer.checkout()).await;
        observer.checked_out(since, &got, shares);
        got
    }

    /// Opens the first connection, which has the guard look at the role, and as many more as are to be kept idle.
    pub(super) async fn open(&self) -> Result<()> {
        drop(self.lease().await?);
        self.stock.fill();
        self.observer().counted(|| self.stock.counts());
        Ok(())
    }

    /// How many callers wait for their turn.
    pub(super) fn waiting_for_turns(&self) -> usize {
        self.turns.as_ref().map_or(0, |turns| turns.waiting())
    }

    /// Lets nobody in any more, and tells those who wait.
    pub(super) fn close(&self) {
        self.stock.close();
        if let Some(turns) = &self.turns {
            turns.close();
        }
    }

    pub(super) fn stock(&self) -> &Arc<Stock> {
        &self.stock
    }

    pub(super) fn guard(&self) -> &Guard {
        &self.stock.opener.guard
    }

    /// Adds the trace to which what is done now belongs, where it is to reach the server.
    pub(super) fn traced(&self, binding: Binding) -> Arc<Binding> {
        Arc::new(match self.observer().trace() {
            Some((setting, id)) => binding.with_setting(setting, id),
            None => binding,
        })
    }

    /// Who is told what the pool does.
    pub(super) fn observer(&self) -> &Arc<Observer> {
        &self.stock.opener.observer
    }

    pub(super) fn options(&self) -> &Options {
        &self.options
    }

    pub(super) fn strategy(&self) -> Strategy {
        self.guard().strategy()
    }

    pub(super) fn target(&self) -> &Target {
        &self.stock.opener.target
    }
}
