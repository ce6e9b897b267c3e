//! A small ERP for many companies, each of which sees its own.
//!
//! No statement names a tenant, none begins a transaction by hand, and nobody writes a filter: `tenantry` binds the company that the
//! verified token names, and the policies of the database do the rest.

pub mod answer;
pub mod calendar;
pub mod client;
pub mod companies;
pub mod customers;
pub mod files;
pub mod gate;
pub mod invoices;
pub mod log;
pub mod metrics;
pub mod nightly;
pub mod outbox;
pub mod page;
pub mod payments;
pub mod products;
pub mod reports;
pub mod settings;
pub mod store;
pub mod token;
pub mod webhook;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, FromRef, State};
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use tenantry::TenantPool;
use tenantry::axum::{Deadline, TenantAccess};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::gate::{Gate, Member, members_only, operators_only};
use self::page::DemoTokens;
use self::store::Store;

/// How long a request may take, an export included.
const LIMIT: Duration = Duration::from_secs(30);

/// The largest body of a request, in bytes. Files do not come this way.
const BODY: usize = 256 << 10;

/// How old the answer to a probe may be.
const PROBED: Duration = Duration::from_secs(2);

/// What handlers ask for.
#[derive(Clone, FromRef)]
pub struct Service {
    pool: TenantPool,
    access: TenantAccess,
    gate: Arc<Gate>,
    store: Option<Arc<Store>>,
    demo: Option<DemoTokens>,
}

impl Service {
    pub fn new(pool: TenantPool, gate: Arc<Gate>) -> Self {
        let access = TenantAccess::by_claim(pool.clone(), Member::context).safe_methods_read_only();
        Self { pool, access, gate, store: None, demo: None }
    }

    /// With a store for files.
    #[must_use]
    pub fn store(mut self, store: Option<Store>) -> Self {
        self.store = store.map(Arc::new);
        self
    }

    /// With tokens for everybody who looks at the page.
    #[must_use]
    pub fn demo_tokens(mut self, file: Option<PathBuf>) -> Self {
        self.demo = file.map(|file| DemoTokens(Arc::new(file)));
        self
    }
}

/// What the document says besides the routes.
#[derive(OpenApi)]
#[openapi(
    info(title = "ERP", description = "Each company sees its own. An error is a status with `{\"error\": …}`, or with no body."),
    security(("bearer" = [])),
    modifiers(&Bearer)
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The service. Each route stands in its document, since it is made of what the document says of it.
pub fn routes(service: Service) -> Router {
    let gate = Arc::clone(&service.gate);
    let of_members = OpenApiRouter::new()
        .routes(routes!(companies::own))
        .routes(routes!(companies::people))
        .routes(routes!(companies::admit, companies::dismiss))
        .routes(routes!(customers::list, customers::create))
        .routes(routes!(products::list, products::create))
        .routes(routes!(invoices::list, invoices::issue))
        .routes(routes!(invoices::export))
        .routes(routes!(invoices::show))
        .routes(routes!(invoices::credit))
        .routes(routes!(payments::book))
        .routes(routes!(files::list, files::announce))
        .routes(routes!(files::show, files::delete))
        .route_layer(from_fn_with_state(Arc::clone(&gate), members_only));
    let of_operators = OpenApiRouter::new()
        .routes(routes!(companies::list, companies::create))
        .routes(routes!(companies::suspend))
        .routes(routes!(reports::turnover))
        .route_layer(from_fn_with_state(gate, operators_only));
    let (router, document) = OpenApiRouter::with_openapi(Document::openapi())
        .merge(of_members)
        .merge(of_operators)
        .routes(routes!(gate::verify))
        .routes(routes!(companies::by_host))
        .routes(routes!(page::page))
        .routes(routes!(page::script))
        .routes(routes!(page::style))
        .routes(routes!(page::tokens))
        .routes(routes!(page::document))
        .routes(routes!(live))
        .routes(routes!(ready))
        .split_for_parts();
    router
        .layer(Extension(Arc::new(document)))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(Deadline::within(LIMIT))
        .layer(from_fn(log::refusals))
        .with_state(service)
}

#[utoipa::path(get, path = "/health/live", security(()), responses((status = 200)))]
async fn live() -> StatusCode {
    StatusCode::OK
}

#[utoipa::path(get, path = "/health/ready", security(()), responses((status = 200), (status = 503)))]
async fn ready(State(pool): State<TenantPool>) -> Response {
    match pool.ready(PROBED).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => {
            tracing::warn!(reason = %error, "not ready");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
