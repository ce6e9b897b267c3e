//! What an error is over HTTP.

use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;
use tokio_postgres::error::{DbError, SqlState};
use tracing::{debug, error};

use crate::error::Error;

/// The statuses of SQLSTATEs, whole or by their class. The first that fits counts.
const STATES: &[(&str, StatusCode)] = &[
    ("23505", StatusCode::CONFLICT),
    ("23P01", StatusCode::CONFLICT),
    ("23001", StatusCode::CONFLICT),
    ("23503", StatusCode::CONFLICT),
    ("23", StatusCode::UNPROCESSABLE_ENTITY),
    ("22012", StatusCode::INTERNAL_SERVER_ERROR),
    ("22", StatusCode::UNPROCESSABLE_ENTITY),
    ("40001", StatusCode::SERVICE_UNAVAILABLE),
    ("40P01", StatusCode::SERVICE_UNAVAILABLE),
    ("55P03", StatusCode::SERVICE_UNAVAILABLE),
    ("53", StatusCode::SERVICE_UNAVAILABLE),
    ("57P03", StatusCode::SERVICE_UNAVAILABLE),
    ("57014", StatusCode::GATEWAY_TIMEOUT),
];

/// After how many seconds a client may try again.
const LATER: &str = "1";

/// The status of an HTTP answer to an error.
///
/// | status | |
/// |---|---|
/// | 403 | the role lacks a privilege, or a row would not be the tenant's (42501) |
/// | 409 | a unique or exclusion constraint (23505, 23P01), or a row that others refer to (23001, 23503) |
/// | 422 | a reference to a row that is not there (23503), another constraint (23…), a value that does not fit (22…) |
/// | 429 | the tenant has come to a bound of its own ([`Error::is_tenant_limit`]) |
/// | 503 | no connection in time, none at all, a serialization failure or deadlock after all retries, a lock that was not to be had |
/// | 504 | the statement took too long ([`Error::is_timeout`], 57014) |
/// | 500 | anything else: no tenant was bound, a wrong statement, work of which nobody knows whether it was committed |
///
/// A 23503 is told apart by what the server's detail says, in English; in another language it is 409.
#[must_use]
pub fn status(error: &Error) -> StatusCode {
    if error.is_tenant_limit() {
        return StatusCode::TOO_MANY_REQUESTS;
    }
    // Whoever tries again could do it twice.
    if error.is_no_tenant() || error.is_in_doubt() {
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    if error.is_denied() {
        return StatusCode::FORBIDDEN;
    }
    if error.is_timeout() {
        return StatusCode::GATEWAY_TIMEOUT;
    }
    if error.is_pool_timeout() || error.is_pool_closed() || error.is_connection_lost() || error.is_retryable()
    {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let code = error.code().map(SqlState::code).unwrap_or_default();
    if code == "23503" && error.as_db_error().and_then(DbError::detail).is_some_and(is_missing) {
        return StatusCode::UNPROCESSABLE_ENTITY;
    }
    let found = STATES.iter().find(|(state, _)| code.starts_with(state));
    found.map_or(StatusCode::INTERNAL_SERVER_ERROR, |(_, status)| *status)
}

/// Whether a detail is of a row that refers to one that is not there.
fn is_missing(detail: &str) -> bool {
    detail.contains("is not present in table")
}

/// The answer has the [`status`] and no more: what went wrong stands in the log, at ERROR where it is the service's own doing.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = status(&self);
        if status.is_server_error() {
            error!(reason = %self, %status, "a request failed");
        } else {
            debug!(reason = %self, %status, "a request was refused");
        }
        match status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                (status, [(RETRY_AFTER, LATER)]).into_response()
            }
            _ => status.into_response(),
        }
    }
}
