//! What the log says of requests: one line for each that was refused, which names the route and no tenant, parameter or person.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tenantry::axum::Rejection;
use tracing::info;

/// How a request is refused, and why, for the log and not for whoever has sent it.
#[derive(Clone, Copy)]
pub struct Refused(pub Rejection, pub &'static str);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let mut answer = self.0.into_response();
        answer.extensions_mut().insert(self);
        answer
    }
}

/// Tells of a request that was refused. What is the service's own doing is told where it happens.
pub async fn refusals(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let answer = next.run(request).await;
    if answer.status().is_client_error() {
        let route = path.as_ref().map(MatchedPath::as_str);
        let why = answer.extensions().get::<Refused>().map(|Refused(_, reason)| reason);
        info!(%method, route, status = answer.status().as_u16(), why, "a request was refused");
    }
    answer
}
