//! What the server says by its SQLSTATE.

use tokio_postgres::Error as PgError;
use tokio_postgres::error::{DbError, SqlState};

use super::{Error, Kind, NO_TENANT, NOT_SEALED};

impl Error {
    /// Whether the statement ran without a tenant: SQLSTATE `TN001`.
    #[must_use]
    pub fn is_no_tenant(&self) -> bool {
        self.code().is_some_and(|code| code.code() == NO_TENANT)
    }

    /// Whether the database took the tenant's seal for none that holds: SQLSTATE `TN003`. See [`Seal`](crate::policy::Seal).
    #[must_use]
    pub fn is_not_sealed(&self) -> bool {
        self.code().is_some_and(|code| code.code() == NOT_SEALED)
    }

    /// Whether the server denied the access, a row of another tenant's among the reasons: SQLSTATE 42501.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
    }

    /// Whether the same transaction may succeed when it is run again: SQLSTATE 40001 or 40P01, a statement
    /// whose description was out of date ([`Error::is_stale_statement`]), or a replica that was promoted while it served.
    ///
    /// The server has rolled it back. [`TenantScope::transact`](crate::TenantScope::transact) repeats such transactions.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(*self.kind(), Kind::Stale { .. } | Kind::Promoted)
            || self.code().is_some_and(code_is_retryable)
    }

    /// Whether the server ended the statement at a cancel request or a statement timeout: SQLSTATE 57014.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        self.code() == Some(&SqlState::QUERY_CANCELED)
    }

    /// The SQLSTATE, where the server gave one: with its error, or as it ended the connection.
    #[must_use]
    pub fn code(&self) -> Option<&SqlState> {
        match self.kind() {
            Kind::Aborted { code } => code.as_ref(),
            Kind::Ended { source, .. } => Some(&source.code),
            #[cfg(feature = "test-util")]
            Kind::Made(made) => Some(made.code()),
            _ => self.pg_error().and_then(PgError::code),
        }
    }

    /// The server's own report. Its message and detail can quote values of rows and parameters.
    #[must_use]
    pub fn as_db_error(&self) -> Option<&DbError> {
        self.pg_error().and_then(PgError::as_db_error)
    }

    fn pg_error(&self) -> Option<&PgError> {
        match self.kind() {
            Kind::Url(source)
            | Kind::Driver(source)
            | Kind::Connect { source, .. }
            | Kind::Server { source, .. }
            | Kind::Stale { source, .. }
            | Kind::NotSent { source, .. }
            | Kind::Column { source, .. }
            | Kind::Resolver { source, .. }
            | Kind::Lost { source, .. } => Some(source),
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
