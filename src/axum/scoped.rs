//! The extractor.

use std::fmt;

use axum_core::extract::{FromRef, FromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use http::request::Parts;

use super::access::TenantAccess;
use super::deadline::Until;
use crate::pool::TenantScope;

/// The scope of the tenant that a request is for, as [`TenantAccess`] in the router's state says. Making it sends nothing.
///
/// Under a [`Deadline`](super::Deadline), each statement has as long as the request has left.
#[derive(Debug)]
pub struct Scoped(pub TenantScope);

/// Why a request gets no scope. Its answer says no more than its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rejection {
    /// It does not say whom it is for: 401.
    Unauthenticated,
    /// It says so, and may not: 403.
    Forbidden,
    /// It has no time left: 504.
    TooLate,
}

impl<S> FromRequestParts<S> for Scoped
where
    TenantAccess: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let access = TenantAccess::from_ref(state);
        let scope = access.pool().tenant(access.find(parts)?);
        match parts.extensions.get::<Until>().map(Until::left) {
            None => Ok(Self(scope)),
            Some(Some(left)) => Ok(Self(scope.timeout(left))),
            Some(None) => Err(Rejection::TooLate),
        }
    }
}

impl Rejection {
    /// The status of its answer.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::TooLate => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        match self {
            Self::Unauthenticated => (self.status(), [(WWW_AUTHENTICATE, "Bearer")]).into_response(),
            Self::Forbidden | Self::TooLate => self.status().into_response(),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unauthenticated => "the request does not say which tenant it is for",
            Self::Forbidden => "the request may not be for the tenant that it names",
            Self::TooLate => "the request has no time left",
        })
    }
}

impl std::error::Error for Rejection {}
