//! What of the pool's work is seen from outside: spans, metrics, and a warning for what is slow.
//!
//! Nothing of it costs more than a test where nobody asked for it: without a subscriber that wants them there are no
//! spans, and what takes time or memory to find out is found out for those alone who watch.

mod call;
#[cfg_attr(feature = "metrics", path = "metrics.rs")]
#[cfg_attr(not(feature = "metrics"), path = "unmeasured.rs")]
mod meters;
mod names;
mod outcome;
#[cfg(feature = "metrics")]
mod reasons;
#[cfg(feature = "test-util")]
mod recorder;
mod summary;
mod tenant;
#[cfg(feature = "metrics")]
mod top;
mod trace;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_postgres::Config;
use tokio_postgres::error::SqlState;
use tracing::{Level, Span, debug_span, level_enabled};

use super::bounds::Bounds;
use super::connection::Connection;
use super::guard::Purpose;
use super::replicas::Route;
use super::stock::Counts;
use super::target::first_server;
#[cfg(feature = "metrics")]
use crate::error::Error;
use crate::error::Result;

pub(super) use self::call::{Call, Kind};
#[cfg(feature = "metrics")]
pub(super) use self::meters::Measuring;
pub(super) use self::meters::Meters;
#[cfg(feature = "test-util")]
pub use self::recorder::{Ran, Recorder};
pub(super) use self::summary::Operation;
pub use self::tenant::{TenantKey, TenantVisibility};
pub use self::trace::TraceCarrier;
pub(super) use self::trace::Tracing;

/// What of a pool is to be seen; each field is explained at the builder's method.
#[derive(Clone, Debug, Default)]
pub(super) struct Observing {
    pub(super) name: Option<String>,
    pub(super) tenant: TenantVisibility,
    pub(super) query_text: bool,
    pub(super) slow: Option<Duration>,
    pub(super) trace: Option<Tracing>,
    #[cfg(feature = "metrics")]
    pub(super) metrics: Option<Measuring>,
    #[cfg(feature = "test-util")]
    pub(super) recorder: Option<Recorder>,
}

#[cfg(feature = "metrics")]
impl Observing {
    /// Refuses what contradicts itself.
    pub(super) fn check(&self) -> Result<()> {
        if self.metrics.is_some_and(|asked| asked.tenants > 0)
            && matches!(self.tenant, TenantVisibility::Hidden)
        {
            return Err(Error::config(
                "metrics_of_tenants cannot show tenants that are hidden; set tenant_visibility to Plain or Hashed",
            ));
        }
        Ok(())
    }
}

/// Tells what a pool does.
pub(super) struct Observer {
    observing: Observing,
    place: Place,
    meters: Option<Meters>,
}

/// Where a pool's connections lead, for those who watch.
struct Place {
    pool: String,
    database: String,
    server: String,
    port: u16,
}

impl Observer {
    pub(super) fn new(observing: Observing, config: &Config, purpose: Purpose, bounds: &Bounds) -> Arc<Self> {
        let place = Place::of(config, observing.name.as_deref(), purpose);
        #[cfg(feature = "metrics")]
        let meters = observing
            .metrics
            .map(|asked| Meters::new(&place.pool, asked, [bounds.max_size, bounds.min_idle]));
        #[cfg(not(feature = "metrics"))]
        let (meters, _) = (None, bounds);
        Arc::new(Self { observing, place, meters })
    }

    /// What measures, where that was asked for.
    pub(super) fn meters(&self) -> Option<&Meters> {
        self.meters.as_ref()
    }

    /// When something begins that only metrics tell of.
    pub(super) fn now(&self) -> Option<Instant> {
        self.meters.as_ref().map(|_| Instant::now())
    }

    /// The trace to which what is done now belongs, and the setting that carries it to the server.
    pub(super) fn trace(&self) -> Option<(&'static str, String)> {
        self.observing.trace.as_ref().and_then(Tracing::now)
    }

    /// Where a unit of work runs that could run on a replica, on the primary's part.
    pub(in crate::pool) fn routed(&self, route: Route, connection: &Connection) {
        if let Some(meters) = &self.meters {
            meters.routed(route.name());
        }
        let span = Self::current();
        if is_ours(&span) {
            span.record("tenantry.route", route.name());
            connection.lease.opener().observer.shows_server(&span);
        }
    }

    /// Shows in a span of this crate's that what it is about runs on this server.
    pub(in crate::pool) fn shows_server(&self, span: &Span) {
        if is_ours(span) {
            span.record("server.address", &*self.place.server).record("server.port", self.place.port);
        }
    }

    /// A connection that is being opened.
    pub(super) fn connect(&self) -> Span {
        let Place { pool, database, server, port } = &self.place;
        debug_span!(
            target: "tenantry::connect", parent: None, "connect",
            otel.kind = "client",
            db.system.name = names::SYSTEM,
            db.namespace = database,
            server.address = server,
            server.port = port,
            db.client.connection.pool.name = pool,
        )
    }

    /// Somebody who wants a connection.
    pub(super) fn checkout(&self) -> Span {
        debug_span!(
            target: "tenantry::checkout", "checkout",
            db.client.connection.pool.name = self.place.pool,
            tenantry.shared = tracing::field::Empty,
        )
    }

    /// Somebody who wanted a connection since then has one, which they may share, or none.
    pub(super) fn checked_out<T>(
        &self,
        since: Option<Instant>,
        got: &Result<T>,
        shares: impl Fn(&T) -> bool,
    ) {
        let Some((meters, since)) = self.meters.as_ref().zip(since) else { return };
        meters.waited(since, got.as_ref().err());
        if got.as_ref().is_ok_and(shares) {
            meters.shared();
        }
    }

    /// There are so many connections.
    pub(super) fn counted(&self, counts: impl FnOnce() -> Counts) {
        if let Some(meters) = &self.meters {
            meters.counted(&counts());
        }
    }

    /// A connection was in use since then.
    pub(super) fn used(&self, since: Option<Instant>) {
        if let (Some(meters), Some(since)) = (&self.meters, since) {
            meters.used(since);
        }
    }

    /// A connection was opened, which began then.
    pub(super) fn connected(&self, since: Option<Instant>) {
        if let (Some(meters), Some(since)) = (&self.meters, since) {
            meters.created(since);
        }
    }

    /// The span in which a connection is used now, where anybody may want to hear of it.
    pub(super) fn current() -> Span {
        if level_enabled!(Level::DEBUG) { Span::current() } else { Span::none() }
    }

    /// An abandoned connection that is being brought to rest.
    pub(super) fn drain(&self, left_by: &Span) -> Span {
        debug_span!(
            target: "tenantry::drain", parent: left_by, "drain",
            db.client.connection.pool.name = self.place.pool,
            tenantry.drain.result = tracing::field::Empty,
        )
    }

    pub(super) fn drained(&self, span: &Span, result: &'static str) {
        span.record("tenantry.drain.result", result);
        if let Some(meters) = &self.meters {
            meters.drained(result);
        }
    }

    /// A pause ahead of another attempt at a transaction.
    pub(super) fn retry(&self, attempt: u32, code: Option<&SqlState>, pause: Duration) -> Span {
        let code = code.map(SqlState::code).unwrap_or_default();
        if let Some(meters) = &self.meters {
            meters.retried(code);
        }
        debug_span!(
            target: "tenantry::retry", "retry",
            tenantry.attempt = attempt,
            ?pause,
            db.response.status_code = code,
        )
    }

    pub(super) fn role_refused(&self) {
        if let Some(meters) = &self.meters {
            meters.role_refused();
        }
    }

    /// A statement or a transaction crosses tenants.
    pub(super) fn system_access(&self, reason: &str) {
        if let Some(meters) = &self.meters {
            meters.system_access(reason);
        }
    }
}

/// Whether a span is one of a statement or a transaction, and none of the service's own.
fn is_ours(span: &Span) -> bool {
    let targets = ["tenantry::statement", "tenantry::transaction"];
    span.metadata().is_some_and(|metadata| targets.contains(&metadata.target()))
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer").field("pool", &self.place.pool).finish_non_exhaustive()
    }
}

impl Place {
    fn of(config: &Config, name: Option<&str>, purpose: Purpose) -> Self {
        let pool = match (name, purpose) {
            (Some(name), Purpose::Tenants) => name.to_owned(),
            (Some(name), Purpose::System) => format!("{name}-system"),
            (None, Purpose::Tenants) => "tenants".to_owned(),
            (None, Purpose::System) => "system".to_owned(),
            (Some(name), Purpose::Replica(number)) => format!("{name}-replica-{number}"),
            (None, Purpose::Replica(number)) => format!("replica-{number}"),
        };
        let (server, port) = first_server(config);
        let database = config.get_dbname().or(config.get_user()).unwrap_or_default().to_owned();
        Self { pool, database, server, port }
    }
}
