//! What a request is answered that cannot be served.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tracing::error;

/// Why a request cannot be served.
#[derive(Debug)]
pub enum Problem {
    /// There is no such thing, or it is another company's, which is the same.
    NotFound,
    /// What was sent does not fit, and why.
    Unfit(String),
    /// What was sent cannot be read, or is too much.
    Unreadable(StatusCode, String),
    /// The person may not do that.
    NotAllowed,
    /// Somebody has done it before, or something refers to it.
    Conflict(&'static str),
    /// The service was set up without what this takes.
    Missing(&'static str),
    /// Another service that this takes has failed, and how.
    Elsewhere(String),
    Database(tenantry::Error),
}

pub type Answer<T> = Result<T, Problem>;

impl From<tenantry::Error> for Problem {
    fn from(error: tenantry::Error) -> Self {
        Self::Database(error)
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::Unreadable(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::Unfit(rejection.body_text())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, reason) = match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not found".to_owned()),
            Self::Unfit(reason) => (StatusCode::UNPROCESSABLE_ENTITY, reason),
            Self::Unreadable(status, reason) => (status, reason),
            Self::NotAllowed => (StatusCode::FORBIDDEN, "your role does not allow that".to_owned()),
            Self::Conflict(reason) => (StatusCode::CONFLICT, reason.to_owned()),
            Self::Missing(reason) => (StatusCode::NOT_IMPLEMENTED, reason.to_owned()),
            Self::Elsewhere(reason) => {
                error!(%reason, "another service has failed");
                (StatusCode::BAD_GATEWAY, "another service has failed; try again later".to_owned())
            }
            // It answers for itself: with a status and no word of the database's.
            Self::Database(error) => return error.into_response(),
        };
        (status, Json(json!({ "error": reason }))).into_response()
    }
}
