//! What of a pool is seen from outside.

use std::time::Duration;

use super::TenantPoolBuilder;
#[cfg(feature = "metrics")]
use crate::pool::observe::Measuring;
#[cfg(feature = "test-util")]
use crate::pool::observe::Recorder;
use crate::pool::observe::{TenantVisibility, TraceCarrier, Tracing};

impl TenantPoolBuilder {
    /// What spans and metrics call the pool (`db.client.connection.pool.name`). Default: `tenants`, and `system` across
    /// tenants; with a name, that and `NAME-system`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.options.observing.name = Some(name.into());
        self
    }

    /// How spans, metrics and the warning of [`slow_statement_after`](Self::slow_statement_after) show the tenant. Default:
    /// [`TenantVisibility::Hidden`].
    pub fn tenant_visibility(mut self, visibility: TenantVisibility) -> Self {
        self.options.observing.tenant = visibility;
        self
    }

    /// Shows the text of statements as well (`db.query.text`), in spans and in the warning of
    /// [`slow_statement_after`](Self::slow_statement_after). Parameters are never shown, but constants in the text are. Default: the
    /// operation and the tables alone (`db.query.summary`).
    pub fn show_query_text(mut self) -> Self {
        self.options.observing.query_text = true;
        self
    }

    /// Warns, with target `tenantry::slow`, of each statement that takes as long, from the call to the last of its answer: waiting for
    /// a connection counts, and so does the caller's own time between the rows of a stream. Default: no warning.
    pub fn slow_statement_after(mut self, limit: Duration) -> Self {
        self.options.observing.slow = Some(limit);
        self
    }

    /// Carries the id of a trace to the server, with the context and so at no further flight. The id is asked for once for each
    /// [scope](crate::TenantScope), when it is made; `None` sends nothing. Default: no id.
    ///
    /// It never stands in the text of a statement: a text that differs each time is prepared each time.
    ///
    /// ```no_run
    /// # async fn example() -> tenantry::Result<()> {
    /// # fn current_traceparent() -> Option<String> { None }
    /// use tenantry::{TenantPool, TraceCarrier};
    ///
    /// let pool = TenantPool::builder("postgresql://erp_app@localhost/erp")
    ///     .trace_id(TraceCarrier::ApplicationName, current_traceparent)
    ///     .build()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn trace_id(
        mut self,
        carrier: TraceCarrier,
        id: impl Fn() -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.options.observing.trace = Some(Tracing::new(carrier, id));
        self
    }

    /// Measures the pool with the recorder of the [`metrics`] crate that is installed when the pool is built, under OpenTelemetry's
    /// names where it has them. Default: not at all.
    ///
    /// | metric | labels beside the pool's name |
    /// |---|---|
    /// | `db.client.operation.duration` | `db.operation.name`, `outcome` |
    /// | `db.client.connection.count` | `db.client.connection.state`: `idle`, `used` |
    /// | `db.client.connection.max`, `.idle.min`, `.pending_requests`, `.timeouts` | |
    /// | `db.client.connection.create_time`, `.wait_time`, `.use_time` | |
    /// | `tenantry.transaction.duration` | `outcome` |
    /// | `tenantry.transaction.retries` | `outcome`: the SQLSTATE |
    /// | `tenantry.connection.drained` | `result`: `clean`, `closed`, `canceled`, `lost` |
    /// | `tenantry.statement.shared`, `tenantry.role.refusals` | |
    /// | `tenantry.reads.routed` | `route`: `replica`, or why it was the primary: `gone`, `lagging`, `pooler`, `serializable` |
    /// | `tenantry.system.accesses` | `reason`: its class, which is what stands ahead of its first colon |
    /// | `tenantry.tenant.operation.duration` | `tenant`, see [`metrics_of_tenants`](Self::metrics_of_tenants) |
    ///
    /// Times are in seconds. An `outcome` is `ok`, `rolled_back`, `abandoned`, the class of a SQLSTATE (`23` for an integrity
    /// constraint), or a word such as `timeout`, `pool_timeout`, or `in_doubt` for what may or may not have been committed
    /// ([`Error::is_in_doubt`](crate::Error::is_in_doubt)). The number of connections is taken once a second. No label has more values than
    /// the server has classes of SQLSTATEs; of reasons there are at most 32, and `other`.
    ///
    /// The recorder is called by whoever runs a statement, and while it works, nobody else waits: none of the pool's locks is held.
    #[cfg(feature = "metrics")]
    pub fn metrics(mut self) -> Self {
        self.options.observing.metrics.get_or_insert(Measuring { tenants: 0 });
        self
    }

    /// Measures so many tenants each by itself, those with the most statements, and all others together as `other`. They
    /// are shown as [`tenant_visibility`](Self::tenant_visibility) says, which must not hide them. Default: 0.
    ///
    /// A tenant that was once among them stays: recorders keep what they have seen, so the number holds for the life of the process.
    #[cfg(feature = "metrics")]
    pub fn metrics_of_tenants(mut self, most: usize) -> Self {
        self.options.observing.metrics = Some(Measuring { tenants: most });
        self
    }

    /// Notes every statement, and as whom it runs, for the tests of a service. Default: none.
    #[cfg(feature = "test-util")]
    pub fn recorder(mut self, recorder: &Recorder) -> Self {
        self.options.observing.recorder = Some(recorder.clone());
        self
    }
}
