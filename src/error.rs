//! What can go wrong, as one opaque type with questions to ask of it.

#[cfg(feature = "lint")]
mod catalog;
mod reason;
mod timeout;

use std::fmt;
use std::io;
use std::time::Duration;

use tokio_postgres::Error as PgError;
use tokio_postgres::error::{DbError, SqlState};

use self::reason::connect_reason;
#[cfg(feature = "lint")]
use self::reason::message;
pub(crate) use self::reason::reason;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The SQLSTATE with which `tenantry.tenant_id()` answers a statement that runs without a tenant.
pub const NO_TENANT: &str = "TN001";

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
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Kind>);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("{0}")]
    Config(String),
    #[error("the database URL does not parse; expected postgresql://user@host:port/database")]
    Url(#[source] PgError),
    #[error("no connection to the server: {}", connect_reason(.0))]
    Connect(#[source] PgError),
    #[error("no connection to the server: {0}")]
    Refused(Refusal),
    #[error("no connection to the server: {}; check the folder of its socket, and that it listens there", .0.kind())]
    Socket(#[source] io::Error),
    #[error("no connection to the server within {0:?}; check host and port, or raise connect_timeout")]
    ConnectTimeout(Duration),
    #[error(
        "no connection became free within {0:?}; raise max_size or wait_timeout, or shorten transactions"
    )]
    PoolTimeout(Duration),
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
    #[error(
        "the connection broke after {step} was sent and before it was answered; find out whether it took effect before you repeat it"
    )]
    InDoubt {
        step: Step,
        #[source]
        source: PgError,
    },
    #[error("{step} failed: {violation}; the connection was closed")]
    Protocol {
        step: Step,
        /// What was expected and what came.
        violation: String,
        /// Whether the step ended a unit of work, so that nobody knows whether it took effect.
        in_doubt: bool,
    },
    #[error("the query returned {found} rows; expected {expected}")]
    RowCount { found: usize, expected: &'static str },
    #[error("{keyword} cannot be run as a statement here; {advice}")]
    StatementRefused { keyword: String, advice: &'static str },
    #[error("the transaction was rolled back because a statement in it had failed")]
    Aborted { code: Option<SqlState> },
    #[error("the connection was given up: {why}; begin a new transaction")]
    GivenUp { why: &'static str },
    /// What stands in the way of a change of a live table.
    #[cfg(feature = "migrate")]
    #[error("{0}")]
    Adopt(String),
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

/// Why this crate does not take a connection to a server that it has reached.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refusal(pub(crate) &'static str);

/// What was under way when the server or the connection failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Begin,
    Bind,
    Prepare,
    Statement,
    Commit,
    Rollback,
    Savepoint,
    Copy,
    Cancel,
    Guard,
    /// The reading of a part of the server's catalogs, by what that part is.
    #[cfg(feature = "lint")]
    Catalog(&'static str),
    /// A step of a script, by what the script calls it.
    #[cfg(feature = "migrate")]
    Script(String),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Begin => "the begin of the transaction",
            Self::Bind => "the binding of the context",
            Self::Prepare => "the preparation of the statement",
            Self::Statement => "the statement",
            Self::Commit => "the commit",
            Self::Rollback => "the rollback",
            Self::Savepoint => "the savepoint",
            Self::Copy => "the copy",
            Self::Cancel => "the cancel request",
            Self::Guard => "the check of the role",
            #[cfg(feature = "lint")]
            Self::Catalog(what) => return write!(f, "reading {what}"),
            #[cfg(feature = "migrate")]
            Self::Script(what) => what,
        })
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
        Kind::Server { step, source }.into()
    }

    #[cfg(feature = "migrate")]
    pub(crate) fn script(what: impl Into<String>, source: PgError) -> Self {
        Self::server(Step::Script(what.into()), source)
    }

    #[cfg(feature = "migrate")]
    pub(crate) fn adopt(message: impl Into<String>) -> Self {
        Kind::Adopt(message.into()).into()
    }

    /// Somebody else is doing what one can do at a time.
    #[cfg(feature = "migrate")]
    pub(crate) fn busy(message: impl Into<String>) -> Self {
        Self::adopt(message)
    }

    /// A connection could not be opened.
    #[cfg(feature = "migrate")]
    pub(crate) fn connect(source: PgError) -> Self {
        Kind::Connect(source).into()
    }

    /// A data statement of a migration has changed no row of a table that has some.
    #[cfg(feature = "migrate")]
    pub(crate) fn zero_rows(table: String) -> Self {
        Kind::ZeroRows { table }.into()
    }

    /// An error of a step that ends a unit of work: when the connection is lost, nobody knows its outcome.
    pub(crate) fn final_step(step: Step, source: PgError) -> Self {
        if connection_is_lost(&source) {
            Kind::InDoubt { step, source }.into()
        } else {
            Self::server(step, source)
        }
    }

    /// An error that the protocol layer ended the connection for.
    pub(crate) fn violation(step: Step, violation: String, in_doubt: bool) -> Self {
        Kind::Protocol { step, violation, in_doubt }.into()
    }

    /// Whether the input was refused before anything was sent to a server.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(
            *self.0,
            Kind::Config(_) | Kind::Url(_) | Kind::StatementRefused { .. } | Kind::StillOpen { .. }
        )
    }

    /// Whether the guard refused the role, see [`TenantPoolBuilder::build`](crate::TenantPoolBuilder::build).
    #[must_use]
    pub fn is_role_refused(&self) -> bool {
        matches!(*self.0, Kind::RoleRefused { .. })
    }

    /// Whether the statement ran without a tenant: SQLSTATE `TN001`.
    #[must_use]
    pub fn is_no_tenant(&self) -> bool {
        self.code().is_some_and(|code| code.code() == NO_TENANT)
    }

    /// Whether the server denied the access, a row of another tenant's among the reasons: SQLSTATE 42501.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
    }

    /// Whether the same transaction may succeed when it is run again: SQLSTATE 40001 or 40P01.
    ///
    /// The server has rolled it back. [`TenantScope::transact`](crate::TenantScope::transact) repeats such transactions.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.code().is_some_and(code_is_retryable)
    }

    /// Whether the server ended the statement at a cancel request or a statement timeout: SQLSTATE 57014.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        self.code() == Some(&SqlState::QUERY_CANCELED)
    }

    /// Whether every connection stayed in use for as long as the caller was willing to wait. Nothing was sent.
    #[must_use]
    pub fn is_pool_timeout(&self) -> bool {
        matches!(*self.0, Kind::PoolTimeout(_))
    }

    /// Whether the pool was closed. Nothing was sent.
    #[must_use]
    pub fn is_pool_closed(&self) -> bool {
        matches!(*self.0, Kind::PoolClosed)
    }

    /// Whether the connection could not be opened, or was lost.
    #[must_use]
    pub fn is_connection_lost(&self) -> bool {
        match &*self.0 {
            Kind::Connect(_)
            | Kind::Socket(_)
            | Kind::Refused(_)
            | Kind::ConnectTimeout(_)
            | Kind::InDoubt { .. }
            | Kind::Protocol { .. }
            | Kind::GivenUp { .. } => true,
            Kind::Server { source, .. } => connection_is_lost(source),
            _ => false,
        }
    }

    /// Whether the work may or may not have been committed: the connection was lost, or the call ran out of time, after
    /// it was sent and before the server answered. Nothing is repeated by itself.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        matches!(
            *self.0,
            Kind::InDoubt { .. }
                | Kind::Protocol { in_doubt: true, .. }
                | Kind::CallTimeout { in_doubt: true, .. }
        )
    }

    /// Whether a query returned another number of rows than its method allows.
    #[must_use]
    pub fn is_row_count(&self) -> bool {
        matches!(*self.0, Kind::RowCount { .. })
    }

    /// The SQLSTATE, where the server gave one.
    #[must_use]
    pub fn code(&self) -> Option<&SqlState> {
        match &*self.0 {
            Kind::Aborted { code } => code.as_ref(),
            _ => self.pg_error().and_then(PgError::code),
        }
    }

    /// The server's own report. Its message and detail can quote values of rows and parameters.
    #[must_use]
    pub fn as_db_error(&self) -> Option<&DbError> {
        self.pg_error().and_then(PgError::as_db_error)
    }

    fn pg_error(&self) -> Option<&PgError> {
        match &*self.0 {
            Kind::Url(source)
            | Kind::Connect(source)
            | Kind::Server { source, .. }
            | Kind::InDoubt { source, .. } => Some(source),
            Kind::CallTimeout { source, .. } => source.as_ref(),
            #[cfg(feature = "lint")]
            Kind::CatalogDenied { source, .. } => Some(source),
            _ => None,
        }
    }
}

pub(crate) fn code_is_retryable(code: &SqlState) -> bool {
    *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED
}

/// The error of the socket, if it is one.
///
/// The driver tells with an `io::Error` too that it cannot write a message, one with more parameters
/// than the protocol can count for example. Of that nothing was sent.
fn io_error(error: &PgError) -> Option<&io::Error> {
    let source: &io::Error = std::error::Error::source(error)?.downcast_ref()?;
    (source.kind() != io::ErrorKind::InvalidInput).then_some(source)
}

pub(crate) fn connection_is_lost(error: &PgError) -> bool {
    let said_goodbye = |code: &SqlState| {
        *code == SqlState::ADMIN_SHUTDOWN
            || *code == SqlState::CRASH_SHUTDOWN
            || *code == SqlState::CANNOT_CONNECT_NOW
            || code.code().starts_with("08")
    };
    error.is_closed() || error.code().is_some_and(said_goodbye) || io_error(error).is_some()
}
