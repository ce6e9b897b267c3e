//! How long a unit of work may take.

use std::time::Duration;

use super::TenantContext;

/// How long parts of a unit of work may take. Zero is no limit; none leaves it to who else has a say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// One call, from checkout to answer.
    pub(crate) call: Option<Duration>,
    pub(crate) statement: Option<Duration>,
    pub(crate) lock: Option<Duration>,
    pub(crate) idle_in_transaction: Option<Duration>,
    pub(crate) transaction: Option<Duration>,
}

impl Limits {
    /// These, and the others where these leave it open.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            call: self.call.or(other.call),
            statement: self.statement.or(other.statement),
            lock: self.lock.or(other.lock),
            idle_in_transaction: self.idle_in_transaction.or(other.idle_in_transaction),
            transaction: self.transaction.or(other.transaction),
        }
    }

    /// The limit of a call, if there is one.
    pub(crate) fn of_call(&self) -> Option<Duration> {
        self.call.filter(|limit| !limit.is_zero())
    }
}

impl TenantContext {
    /// The longest that one call may take, see [`TenantPoolBuilder::timeout`](crate::TenantPoolBuilder::timeout).
    /// Zero means no limit. Default: what the pool says.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limits.call = Some(limit);
        self
    }

    /// Lets the server end any statement that runs longer, with SQLSTATE 57014. Resolution: one
    /// millisecond, rounded up; zero means no limit. Default: what the pool says, or else the server.
    #[must_use]
    pub fn statement_timeout(mut self, limit: Duration) -> Self {
        self.limits.statement = Some(limit);
        self
    }

    /// Lets the server end any statement that waits longer for a lock, with SQLSTATE 55P03. Resolution: one
    /// millisecond, rounded up; zero means no limit. Default: what the pool says, or else the server.
    #[must_use]
    pub fn lock_timeout(mut self, limit: Duration) -> Self {
        self.limits.lock = Some(limit);
        self
    }

    /// Lets the server end the connection of a transaction that sends nothing for longer, with SQLSTATE 25P03. A
    /// statement that is run on a scope is never idle, and does not carry it. Resolution: one
    /// millisecond, rounded up; zero means no limit. Default: what the pool says, or else the server.
    #[must_use]
    pub fn idle_in_transaction_session_timeout(mut self, limit: Duration) -> Self {
        self.limits.idle_in_transaction = Some(limit);
        self
    }

    /// Lets the server end the connection of a transaction that lasts longer, with SQLSTATE 25P04. PostgreSQL 17 and
    /// newer; an older server answers each statement with SQLSTATE 42704. Resolution: one millisecond,
    /// rounded up; zero means no limit. Default: what the pool says, or else the server.
    #[must_use]
    pub fn transaction_timeout(mut self, limit: Duration) -> Self {
        self.limits.transaction = Some(limit);
        self
    }
}
