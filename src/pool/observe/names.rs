//! The names of everything that is observed: spans, their fields and metrics, each in one place.
//!
//! Where OpenTelemetry has a name it is used: semantic conventions 1.38,
//! [database spans](https://opentelemetry.io/docs/specs/semconv/database/database-spans/) and
//! [database metrics](https://opentelemetry.io/docs/specs/semconv/database/database-metrics/). The others begin with `tenantry`.
//! (Fields of spans stand where the spans are made, since `tracing` wants them as literals.)

/// The system that the conventions call PostgreSQL.
pub(super) const SYSTEM: &str = "postgresql";

/// The outcome of what went well, in metrics and spans.
pub(super) const OK: &str = "ok";

/// The outcome of a transaction that its caller has rolled back.
pub(super) const ROLLED_BACK: &str = "rolled_back";

/// The outcome of what its caller dropped before it was done.
pub(super) const ABANDONED: &str = "abandoned";

/// The outcome of what may or may not have been committed, whatever the reason.
pub(super) const IN_DOUBT: &str = "in_doubt";

/// Stands for all that is beyond the bound of a label's values.
#[cfg(feature = "metrics")]
pub(super) const OTHER: &str = "other";

/// The labels of metrics.
#[cfg(feature = "metrics")]
pub(super) mod label {
    pub(in crate::pool::observe) const SYSTEM: &str = "db.system.name";
    pub(in crate::pool::observe) const POOL: &str = "db.client.connection.pool.name";
    pub(in crate::pool::observe) const STATE: &str = "db.client.connection.state";
    pub(in crate::pool::observe) const OPERATION: &str = "db.operation.name";
    pub(in crate::pool::observe) const OUTCOME: &str = "outcome";
    pub(in crate::pool::observe) const RESULT: &str = "result";
    pub(in crate::pool::observe) const REASON: &str = "reason";
    pub(in crate::pool::observe) const ROUTE: &str = "route";
    pub(in crate::pool::observe) const TENANT: &str = "tenant";
}

/// The metrics, each with its description. Times are in seconds.
#[cfg(feature = "metrics")]
pub(super) mod metric {
    /// What a metric is called and what it says.
    pub(in crate::pool::observe) type Metric = (&'static str, &'static str);

    pub(in crate::pool::observe) const OPERATION_DURATION: Metric =
        ("db.client.operation.duration", "How long statements took, from the call to the last of the answer");
    pub(in crate::pool::observe) const CONNECTION_COUNT: Metric =
        ("db.client.connection.count", "Open connections, by whether they are idle or used");
    pub(in crate::pool::observe) const CONNECTION_MAX: Metric =
        ("db.client.connection.max", "The most connections that may be open");
    pub(in crate::pool::observe) const CONNECTION_IDLE_MIN: Metric =
        ("db.client.connection.idle.min", "How many connections are kept idle");
    pub(in crate::pool::observe) const PENDING_REQUESTS: Metric =
        ("db.client.connection.pending_requests", "Callers who wait for a connection");
    pub(in crate::pool::observe) const TIMEOUTS: Metric = (
        "db.client.connection.timeouts",
        "Callers who waited for a connection as long as the pool lets them, and got none",
    );
    pub(in crate::pool::observe) const CREATE_TIME: Metric =
        ("db.client.connection.create_time", "How long opening a connection took, its guard included");
    pub(in crate::pool::observe) const WAIT_TIME: Metric =
        ("db.client.connection.wait_time", "How long callers waited for a connection");
    pub(in crate::pool::observe) const USE_TIME: Metric =
        ("db.client.connection.use_time", "How long connections were in use, each time");
    pub(in crate::pool::observe) const TRANSACTION_DURATION: Metric =
        ("tenantry.transaction.duration", "How long transactions took, from their begin to their end");
    pub(in crate::pool::observe) const RETRIES: Metric =
        ("tenantry.transaction.retries", "Transactions that were run again, by the SQLSTATE that made them");
    pub(in crate::pool::observe) const DRAINED: Metric =
        ("tenantry.connection.drained", "Abandoned connections, by what became of them");
    pub(in crate::pool::observe) const SHARED: Metric =
        ("tenantry.statement.shared", "Statements that shared a connection with others");
    pub(in crate::pool::observe) const ROLE_REFUSALS: Metric =
        ("tenantry.role.refusals", "Connections that the guard refused for what their role can do");
    pub(in crate::pool::observe) const ROUTED: Metric = (
        "tenantry.reads.routed",
        "Statements and transactions that could run on a replica, by where they ran, or why on the primary",
    );
    pub(in crate::pool::observe) const SYSTEM_ACCESSES: Metric = (
        "tenantry.system.accesses",
        "Statements and transactions across tenants, by the class of their reason",
    );
    pub(in crate::pool::observe) const TENANT_DURATION: Metric = (
        "tenantry.tenant.operation.duration",
        "How long statements of the tenants with the most statements took",
    );
}
