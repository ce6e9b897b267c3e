//! Statements whose description is out of date.

use super::fault::Fault;
use super::{Error, Kind};

impl Error {
    /// Whether a statement's parameters or rows have changed on the server since it was prepared on this
    /// connection, after a migration for example, and it could not be prepared and run anew: it was not the
    /// first of its transaction. Nothing was read or written by the old description, and the statement is
    /// prepared anew when it is run next. [`TenantScope::transact`](crate::TenantScope::transact) repeats such transactions.
    #[must_use]
    pub fn is_stale_statement(&self) -> bool {
        matches!(*self.kind(), Kind::Stale { .. } | Kind::StaleRows)
    }

    /// The same error of a statement that was prepared earlier, whose description is out of date.
    pub(crate) fn stale(self) -> Self {
        match *self.0 {
            Kind::Server { step, source } => Kind::Stale { step, source }.into(),
            Kind::InBatch { index, error } => error.stale().in_batch(index),
            kind => kind.into(),
        }
    }

    /// Whether the driver could not encode a parameter as the type that the statement is said to take.
    pub(crate) fn is_of_a_parameter(&self) -> bool {
        match self.kind() {
            Kind::NotSent { source, .. } => matches!(Fault::of(source), Fault::Parameter(_)),
            Kind::Parameter { .. } | Kind::Value { .. } => true,
            _ => false,
        }
    }
}
