//! Metrics, through the facade of the `metrics` crate.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use metrics::{
    Counter, Gauge, Histogram, SharedString, Unit, counter, describe_counter, describe_gauge,
    describe_histogram, gauge, histogram,
};

use super::names::metric::Metric;
use super::names::{OK, OTHER, SYSTEM, label, metric};
use super::reasons::Reasons;
use super::summary::{OPERATIONS, Operation};
use super::top::Top;
use crate::error::Error;
use crate::pool::stock::Counts;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::pool) struct Measuring {
    /// How many tenants have a label of their own.
    pub(in crate::pool) tenants: usize,
}

/// The metrics of one pool.
pub(in crate::pool) struct Meters {
    pool: SharedString,
    /// Of statements that went well, by operation.
    operations: [OnceLock<Histogram>; OPERATIONS.len()],
    idle: Gauge,
    used: Gauge,
    pending: Gauge,
    wait: Histogram,
    usage: Histogram,
    create: Histogram,
    shared: Counter,
    reasons: Reasons,
    tenants: Option<Top<Histogram>>,
}

impl Meters {
    /// Registers with the recorder that is installed now.
    pub(super) fn new(pool: &str, measuring: Measuring, [max, min_idle]: [usize; 2]) -> Self {
        describe();
        let pool = SharedString::from(pool.to_owned());
        let connections = |state: &'static str| gauge!(metric::CONNECTION_COUNT.0, label::POOL => pool.clone(), label::STATE => state);
        for ((name, _), value) in [(metric::CONNECTION_MAX, max), (metric::CONNECTION_IDLE_MIN, min_idle)] {
            gauge!(name, label::POOL => pool.clone()).set(number(value));
        }
        // So that they are there, as zero, before the first of them is counted.
        for (name, _) in [metric::TIMEOUTS, metric::ROLE_REFUSALS] {
            counter!(name, label::POOL => pool.clone()).increment(0);
        }
        let time = |(name, _): Metric| histogram!(name, label::POOL => pool.clone());
        Self {
            operations: std::array::from_fn(|_| OnceLock::new()),
            idle: connections("idle"),
            used: connections("used"),
            pending: gauge!(metric::PENDING_REQUESTS.0, label::POOL => pool.clone()),
            wait: time(metric::WAIT_TIME),
            usage: time(metric::USE_TIME),
            create: time(metric::CREATE_TIME),
            shared: counter!(metric::SHARED.0, label::POOL => pool.clone()),
            reasons: Reasons::default(),
            tenants: (measuring.tenants > 0).then(|| Top::new(measuring.tenants)),
            pool,
        }
    }

    /// Says how many connections there are.
    pub(super) fn counted(&self, counts: &Counts) {
        self.idle.set(number(counts.idle));
        self.used.set(number(counts.size.saturating_sub(counts.idle)));
        self.pending.set(number(counts.waiting));
    }

    pub(super) fn operation(
        &self,
        operation: Operation,
        outcome: &str,
        took: Duration,
        tenant: Option<&str>,
    ) {
        let register = || {
            histogram!(
                metric::OPERATION_DURATION.0,
                label::SYSTEM => SYSTEM,
                label::POOL => self.pool.clone(),
                label::OPERATION => operation.name(),
                label::OUTCOME => outcome.to_owned(),
            )
        };
        match self.operations.get(operation.index()) {
            Some(known) if outcome == OK => known.get_or_init(register).record(took),
            _ => register().record(took),
        }
        if let (Some(tenants), Some(tenant)) = (&self.tenants, tenant) {
            let pool = || self.pool.clone();
            let of_tenant = |tenant: &str| histogram!(metric::TENANT_DURATION.0, label::POOL => pool(), label::TENANT => tenant.to_owned());
            tenants.count(tenant, |tenant| of_tenant(tenant.unwrap_or(OTHER))).record(took);
        }
    }

    pub(super) fn transaction(&self, outcome: &str, took: Duration) {
        histogram!(
            metric::TRANSACTION_DURATION.0,
            label::POOL => self.pool.clone(),
            label::OUTCOME => outcome.to_owned(),
        )
        .record(took);
    }

    /// Somebody has waited for a connection since then, and has got one or this error.
    pub(super) fn waited(&self, since: Instant, error: Option<&Error>) {
        self.wait.record(since.elapsed());
        if error.is_some_and(Error::is_pool_timeout) {
            counter!(metric::TIMEOUTS.0, label::POOL => self.pool.clone()).increment(1);
        }
    }

    pub(super) fn used(&self, since: Instant) {
        self.usage.record(since.elapsed());
    }

    pub(super) fn created(&self, since: Instant) {
        self.create.record(since.elapsed());
    }

    pub(super) fn shared(&self) {
        self.shared.increment(1);
    }

    pub(super) fn drained(&self, result: &'static str) {
        counter!(metric::DRAINED.0, label::POOL => self.pool.clone(), label::RESULT => result).increment(1);
    }

    pub(super) fn retried(&self, code: &str) {
        let code = code.to_owned();
        counter!(metric::RETRIES.0, label::POOL => self.pool.clone(), label::OUTCOME => code).increment(1);
    }

    pub(super) fn routed(&self, route: &'static str) {
        counter!(metric::ROUTED.0, label::POOL => self.pool.clone(), label::ROUTE => route).increment(1);
    }

    pub(super) fn role_refused(&self) {
        counter!(metric::ROLE_REFUSALS.0, label::POOL => self.pool.clone()).increment(1);
    }

    pub(super) fn system_access(&self, reason: &str) {
        let class = self.reasons.class(reason);
        counter!(metric::SYSTEM_ACCESSES.0, label::POOL => self.pool.clone(), label::REASON => class)
            .increment(1);
    }
}

/// Tells the recorder what each metric says. Recorders take it as often as it is told.
fn describe() {
    for (name, text) in [
        metric::OPERATION_DURATION,
        metric::CREATE_TIME,
        metric::WAIT_TIME,
        metric::USE_TIME,
        metric::TRANSACTION_DURATION,
        metric::TENANT_DURATION,
    ] {
        describe_histogram!(name, Unit::Seconds, text);
    }
    for (name, text) in [
        metric::CONNECTION_COUNT,
        metric::CONNECTION_MAX,
        metric::CONNECTION_IDLE_MIN,
        metric::PENDING_REQUESTS,
    ] {
        describe_gauge!(name, Unit::Count, text);
    }
    for (name, text) in [
        metric::TIMEOUTS,
        metric::RETRIES,
        metric::DRAINED,
        metric::SHARED,
        metric::ROLE_REFUSALS,
        metric::ROUTED,
        metric::SYSTEM_ACCESSES,
    ] {
        describe_counter!(name, Unit::Count, text);
    }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
