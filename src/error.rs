//! What can go wrong, as one opaque type with questions to ask of it.

mod batch;
mod column;
mod connect;
mod farewell;
mod fault;
mod lost;
#[cfg(feature = "test-util")]
mod made;
mod parameter;
mod pool;
mod reason;
mod resolver;
mod sqlstate;
mod stale;
mod step;
#[cfg(test)]
mod tests;
mod timeout;
#[cfg(feature = "lint")]
mod tool;

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use tokio_postgres::Error as PgError;
use tokio_postgres::error::SqlState;

use self::connect::connect_reason;
#[cfg(feature = "cli")]
pub(crate) use self::connect::{Distrust, HOST_NOT_FOUND, host_is_not_found};
pub(crate) use self::connect::{NO_WRITES, NOT_READ_ONLY, Refusal};
pub(crate) use self::farewell::Farewell;
use self::farewell::ended;
use self::fault::{Fault, Mismatch};
pub(crate) use self::lost::{Outcome, connection_is_lost};
#[cfg(feature = "test-util")]
pub(crate) use self::made::Made;
pub(crate) use self::pool::TenantLimit;
#[cfg(feature = "lint")]
use self::reason::message;
pub(crate) use self::reason::reason;
pub(crate) use self::sqlstate::code_is_retryable;
pub(crate) use self::step::Step;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The SQLSTATE with which `tenantry.tenant_id()` answers a statement that runs without a tenant.
pub const NO_TENANT: &str = "TN001";

/// The SQLSTATE with which `tenantry.tenant_id()` answers where what is bound is not sealed, or its seal does not hold, see
/// [`Seal`](crate::policy::Seal).
pub const NOT_SEALED: &str = "TN003";

/// The SQLSTATE with which a script of this crate says that a database is not as it expects it.
pub(crate) const NOT_AS_EXPECTED: &str = "TN002";

/// Anything that went wrong in this crate.
///
/// Its `Display` is one line that says what failed and what to do, without secrets and without
/// data: a message of the server's can quote the values of a row, so it stands in
/// [`source`](std::error::Error::source) and in [`Error::as_db_error`], not in the line.
///
/// ```
/// use tenantry::Error;
///
/// fn http_status(error: &Error) -> u16 {
///     if error.is_denied() {
///         403
///     } else if error.is_pool_timeout() || error.is_retryable() {
///         503
///     } else {
///         500
///     }
/// }
/// # let error = tenantry::TenantId::text("").unwrap_err();
/// # assert_eq!(http_status(&error), 500);
/// ```
pub struct Error(Box<Kind>);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("{0}")]
    Config(String),
    #[error("{}", connect::url_reason(.0))]
    Url(#[source] PgError),
    #[error("no connection to the server: {}", connect_reason(.source, *.plain))]
    Connect {
        #[source]
        source: PgError,
        /// Whether it was tried without TLS.
        plain: bool,
    },
    #[error("no connection to the server: {0}")]
    Refused(Refusal),
    #[error("no connection to the server: {}; check the folder of its socket, and that it listens there", .0.kind())]
    Socket(#[source] io::Error),
    #[error("no connection to the server within {0:?}; check host and port, or raise connect_timeout")]
    ConnectTimeout(Duration),
    #[error("no connection to the server: {why}")]
    Credentials { why: String, source: Option<Box<dyn std::error::Error + Send + Sync>> },
    #[error(
        "no connection became free within {0:?}; raise max_size or wait_timeout, or shorten transactions"
    )]
    PoolTimeout(Duration),
    #[error("{0}")]
    TenantLimit(TenantLimit),
    #[error("no replica can serve what may run nowhere else: {0}")]
    NoReplica(&'static str),
    #[error("{0}")]
    NotAReplica(Refusal),
    #[error("the replica has become a primary while it served, so what was read is not taken; run it again")]
    Promoted,
    #[error("the pool is closed")]
    PoolClosed,
    #[error("{what} is still open in this transaction; {advice}")]
    StillOpen { what: &'static str, advice: &'static str },
    /// The server's own report where the server ended the statement.
    #[error(
        "the call did not end within its timeout of {limit:?}; {}",
        if *.in_doubt { "find out whether it took effect before you repeat it" } else { "raise it, or do less in one call" }
    )]
    CallTimeout {
        limit: Duration,
        /// Whether what was sent may have been committed.
        in_doubt: bool,
        #[source]
        source: Option<PgError>,
    },
    #[error("role {role:?} cannot open {pool}: {reason}; {fix}")]
    RoleRefused { role: String, pool: &'static str, reason: String, fix: String },
    #[error("server version {found} is not supported; upgrade to PostgreSQL {oldest} or newer")]
    ServerTooOld { found: String, oldest: u32 },
    #[error("{step} failed: {}", reason(.source))]
    Server {
        step: Step,
        #[source]
        source: PgError,
    },
    /// What went wrong with one statement of several that travel together.
    #[error("statement {index} of the batch, counted from 0: {error}")]
    InBatch { index: usize, error: Error },
    /// A parameter that does not convert, of a statement of which therefore nothing was sent.
    #[error("the statement was not sent: {}", parameter::problem(*.number, &Mismatch::of_source(&**.source)))]
    Parameter {
        /// The first is 1.
        number: usize,
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The same of a row that is to be inserted with others. The first is 0.
    #[error("the rows were not sent: {}", parameter::value_problem(column, *.row, &Mismatch::of_source(&**.source)))]
    Value {
        column: String,
        row: u64,
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    #[error("the statement was not sent: {}", parameter::counts(*.given, *.expected))]
    ParameterCount { given: usize, expected: usize },
    /// What the caller has given does not fit the statement, which the driver therefore did not send.
    #[error("{step} was not sent: {}", reason(.source))]
    NotSent {
        step: Step,
        #[source]
        source: PgError,
    },
    #[error("{}", lost::line(.step, *.outcome, &reason(.source)))]
    Lost {
        step: Step,
        outcome: Outcome,
        #[source]
        source: PgError,
    },
    /// The same where the server has said why, with nobody there to hear it.
    #[error("{}", lost::line(.step, *.outcome, &ended(&.source.code)))]
    Ended {
        step: Step,
        outcome: Outcome,
        #[source]
        source: Farewell,
    },
    /// An error of the driver's that a caller has met: of a row, or of a connection of its own.
    #[error("{}", reason::line(.0))]
    Driver(#[source] PgError),
    #[error("{step} failed: {violation}; the connection was closed")]
    Protocol {
        step: Step,
        /// What was expected and what came.
        violation: String,
        /// Whether the step ended a unit of work, so that nobody knows whether it took effect.
        in_doubt: bool,
    },
    /// A look-up before the tenant is known, which the server does not know or does not allow.
    #[error("resolver {function} could not be asked: {}; {advice}", reason(.source))]
    Resolver {
        function: String,
        advice: &'static str,
        #[source]
        source: PgError,
    },
    #[error("the query returned {found} rows; expected {expected}")]
    RowCount { found: usize, expected: &'static str },
    #[error("the row has {found} columns; expected {expected}, one for each value that is read")]
    ColumnCount { found: usize, expected: usize },
    /// A column that could not be read.
    #[error("{reason}")]
    Column {
        reason: String,
        #[source]
        source: PgError,
    },
    #[error("{keyword} cannot be run as a statement here; {advice}")]
    StatementRefused { keyword: String, advice: &'static str },
    #[error(
        "{step} failed: what it takes or returns has changed since it was prepared ({}); run the transaction again",
        reason(.source)
    )]
    Stale {
        step: Step,
        #[source]
        source: PgError,
    },
    #[error(
        "the statement has run, but its rows were of types or columns that the connection had not learnt, and too long to be kept; read them again"
    )]
    StaleRows,
    #[error("the statement left the connection that it shared, and was not sent on another")]
    Left,
    #[error("the transaction was rolled back because a statement in it had failed")]
    Aborted { code: Option<SqlState> },
    #[error("the connection was given up: {why}; begin a new transaction")]
    GivenUp { why: &'static str },
    /// Made for a test.
    #[cfg(feature = "test-util")]
    #[error("the statement failed: {0}")]
    Made(Made),
    /// What stands in the way of a change of a live table.
    #[cfg(feature = "migrate")]
    #[error("{0}")]
    Adopt(String),
    /// The login lacks a role that the work needs.
    #[cfg(feature = "migrate")]
    #[error("{0}")]
    LacksRole(String),
    #[cfg(feature = "migrate")]
    #[error(
        "it changed no row, although {table} has some; if that is meant, say -- tenantry: allow-zero-rows \"reason\" in the file"
    )]
    ZeroRows { table: String },
    /// Of the server's own tables, whose names its message quotes.
    #[cfg(feature = "lint")]
    #[error(
        "{step} failed: {}; the role needs SELECT on the tables of pg_catalog and EXECUTE on its functions, as PUBLIC has them unless they were revoked",
        message(.source)
    )]
    CatalogDenied {
        step: Step,
        #[source]
        source: PgError,
    },
    #[cfg(feature = "lint")]
    #[error("{step} failed: {column} is gone; run it again while nobody changes the schema")]
    CatalogChanged { step: Step, column: String },
    #[cfg(feature = "lint")]
    #[error("{step} failed: {column} is {found:?}, which this version of tenantry does not know; upgrade it")]
    CatalogUnknown { step: Step, column: String, found: String },
}

/// So that `row.try_get(..)?` works where a [`Result`] of this crate is returned.
///
/// The line says which column it is and, where they do not fit each other, both types.
impl From<PgError> for Error {
    fn from(error: PgError) -> Self {
        Kind::Driver(error).into()
    }
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self(Box::new(kind))
    }
}

impl Error {
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Kind::Config(message.into()).into()
    }

    pub(crate) fn server(step: Step, source: PgError) -> Self {
        if Fault::of(&source).is_of_the_caller() {
            return Kind::NotSent { step, source }.into();
        }
        Kind::Server { step, source }.into()
    }

    /// An error of a step that the connection was lost in.
    pub(crate) fn lost(step: Step, outcome: Outcome, source: PgError) -> Self {
        Kind::Lost { step, outcome, source }.into()
    }

    /// The same where the server has said why.
    pub(crate) fn ended(step: Step, outcome: Outcome, source: Farewell) -> Self {
        Kind::Ended { step, outcome, source }.into()
    }

    /// An error of a step that ends a unit of work: when the connection is lost, nobody knows its outcome.
    pub(crate) fn final_step(step: Step, source: PgError) -> Self {
        if connection_is_lost(&source) {
            Self::lost(step, Outcome::InDoubt, source)
        } else {
            Self::server(step, source)
        }
    }

    /// An error that the protocol layer ended the connection for.
    pub(crate) fn violation(step: Step, violation: String, in_doubt: bool) -> Self {
        Kind::Protocol { step, violation, in_doubt }.into()
    }

    /// Whether the input was refused before it was sent to a server. (To learn the types of its
    /// parameters, a statement may have been prepared by then.)
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(
            *self.kind(),
            Kind::Config(_)
                | Kind::Url(_)
                | Kind::StatementRefused { .. }
                | Kind::NotSent { .. }
                | Kind::Parameter { .. }
                | Kind::Value { .. }
                | Kind::ParameterCount { .. }
                | Kind::StillOpen { .. }
        )
    }

    /// Whether the guard refused the role, see [`TenantPoolBuilder::build`](crate::TenantPoolBuilder::build).
    #[must_use]
    pub fn is_role_refused(&self) -> bool {
        matches!(*self.kind(), Kind::RoleRefused { .. })
    }

    /// Whether the connection could not be opened, or was lost: by what the network says, or by a
    /// `FATAL` of the server's. An error after which the connection stays is none, whatever its
    /// SQLSTATE: 08006 can come from a foreign server, and 57P01 from a function.
    #[must_use]
    pub fn is_connection_lost(&self) -> bool {
        match self.kind() {
            Kind::Connect { .. }
            | Kind::Socket(_)
            | Kind::Refused(_)
            | Kind::ConnectTimeout(_)
            | Kind::Credentials { .. }
            | Kind::Lost { .. }
            | Kind::Ended { .. }
            | Kind::Protocol { .. }
            | Kind::GivenUp { .. } => true,
            Kind::Server { source, .. } | Kind::Driver(source) => connection_is_lost(source),
            _ => false,
        }
    }

    /// Whether the work may or may not have been committed: the connection was lost, or the call ran out of time, after
    /// it was sent and before the server answered. Nothing is repeated by itself.
    ///
    /// There is no doubt where nothing can have taken effect: a commit or statement that was never
    /// handed to the network, a transaction of which a statement had failed, and one that was
    /// read-only ([`TenantContext::read_only`](crate::TenantContext::read_only)).
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        matches!(
            *self.kind(),
            Kind::Lost { outcome: Outcome::InDoubt, .. }
                | Kind::Ended { outcome: Outcome::InDoubt, .. }
                | Kind::Protocol { in_doubt: true, .. }
                | Kind::CallTimeout { in_doubt: true, .. }
        )
    }

    /// Whether a query returned another number of rows than its method allows.
    #[must_use]
    pub fn is_row_count(&self) -> bool {
        matches!(*self.kind(), Kind::RowCount { .. })
    }
}
