//! How the server's side learns to which trace a statement belongs.

use std::fmt;
use std::sync::Arc;

/// What carries a trace's id to the server, see
/// [`TenantPoolBuilder::trace_id`](crate::TenantPoolBuilder::trace_id).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TraceCarrier {
    /// The setting `application_name`, which `pg_stat_activity` shows, and `log_line_prefix` by `%a`. The server cuts it
    /// off behind 63 bytes and replaces what is not printable ASCII; a W3C `traceparent` has 55.
    ApplicationName,
    /// The setting `tenantry.trace_id`, which functions, triggers and policies of the database can read.
    Setting,
}

/// Asks whoever traces for the id of the trace.
#[derive(Clone)]
pub(in crate::pool) struct Tracing {
    carrier: TraceCarrier,
    id: Arc<dyn Fn() -> Option<String> + Send + Sync>,
}

impl Tracing {
    pub(in crate::pool) fn new(
        carrier: TraceCarrier,
        id: impl Fn() -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self { carrier, id: Arc::new(id) }
    }

    /// The setting and its value, as things are now. None where there is no trace, and for what no setting can hold.
    pub(super) fn now(&self) -> Option<(&'static str, String)> {
        let id = (self.id)().filter(|id| !id.contains('\0'))?;
        let setting = match self.carrier {
            TraceCarrier::ApplicationName => "application_name",
            TraceCarrier::Setting => "tenantry.trace_id",
        };
        Some((setting, id))
    }
}

impl fmt::Debug for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tracing").field(&self.carrier).finish()
    }
}
