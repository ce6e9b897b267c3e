//! Errors for tests of what a service makes of them.

use tokio_postgres::error::SqlState;

use crate::error::{Error, Kind, Made};

/// An error as a statement would have got it that the server ended with this SQLSTATE: [`Error::code`] and what follows from it are as of
/// one that came from a server, [`Error::as_db_error`] is `None`.
///
/// ```
/// use tenantry::testing;
///
/// let error = testing::error("40001", "could not serialize access");
/// assert!(error.is_retryable());
/// ```
#[must_use]
pub fn error(sqlstate: &str, message: impl Into<String>) -> Error {
    Error::from(Kind::Made(Made::new(SqlState::from_code(sqlstate), message.into())))
}
