//! A page to look around with, and the documents that it and other clients read.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;

use crate::answer::{Answer, Problem};

/// Nothing from elsewhere, nothing that stands in the page itself, and no page around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

fn part(content_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}

#[utoipa::path(get, path = "/", security(()), responses((status = 200, body = String, content_type = "text/html")))]
pub async fn page() -> Response {
    part("text/html; charset=utf-8", include_str!("../page/index.html"))
}

#[utoipa::path(get, path = "/page.js", security(()), responses((status = 200, body = String, content_type = "text/javascript")))]
pub async fn script() -> Response {
    part("text/javascript; charset=utf-8", include_str!("../page/page.js"))
}

#[utoipa::path(get, path = "/page.css", security(()), responses((status = 200, body = String, content_type = "text/css")))]
pub async fn style() -> Response {
    part("text/css; charset=utf-8", include_str!("../page/page.css"))
}

/// What this service can be asked.
#[utoipa::path(get, path = "/openapi.json", security(()), responses((status = 200, body = Object)))]
pub async fn document(Extension(document): Extension<Arc<OpenApi>>) -> Json<OpenApi> {
    Json(OpenApi::clone(&document))
}

/// A file of tokens with which anybody may sign in, for a demonstration and nothing else.
#[derive(Clone)]
pub struct DemoTokens(pub Arc<PathBuf>);

#[derive(Deserialize, Serialize, ToSchema)]
pub struct DemoToken {
    name: String,
    token: String,
}

/// The tokens of the demonstration; 404 where the service was not started for one.
#[utoipa::path(get, path = "/demo/tokens", security(()), responses((status = 200, body = [DemoToken]), (status = 404)))]
pub async fn tokens(State(demo): State<Option<DemoTokens>>) -> Answer<Json<Vec<DemoToken>>> {
    let Some(DemoTokens(file)) = demo else { return Err(Problem::NotFound) };
    let text = tokio::fs::read_to_string(&*file).await.map_err(|error| error.to_string());
    let tokens = text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()));
    tokens.map(Json).map_err(|error| Problem::Elsewhere(format!("the tokens of the demonstration: {error}")))
}
