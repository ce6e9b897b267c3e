//! Calls that took too long.

use std::time::Duration;

use super::{Error, Kind};

impl Error {
    /// Whether a call took longer than the [`timeout`](crate::TenantPoolBuilder::timeout) of its pool, context or scope.
    ///
    /// In the ordinary case the server has ended the statement, its error is the source, and
    /// [`is_canceled`](Self::is_canceled) holds too. Where the server did not answer in time, there is no SQLSTATE, the
    /// connection is closed, and [`is_in_doubt`](Self::is_in_doubt) tells whether the work may have been committed.
    /// A `statement_timeout` of its own that is shorter, and a cancel request, are no timeout in this sense.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(*self.kind(), Kind::CallTimeout { .. })
    }

    /// A call was given up because it took too long.
    pub(crate) fn call_timeout(limit: Duration, in_doubt: bool) -> Self {
        Kind::CallTimeout { limit, in_doubt, source: None }.into()
    }

    /// The same of a call that the server ended at the limit, as its error says.
    pub(crate) fn timed_out(self, limit: Duration) -> Self {
        match *self.0 {
            Kind::Server { source, .. } => {
                Kind::CallTimeout { limit, in_doubt: false, source: Some(source) }.into()
            }
            Kind::InBatch { index, error } => error.timed_out(limit).in_batch(index),
            kind => kind.into(),
        }
    }
}
