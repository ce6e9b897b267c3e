//! A small ERP for many companies, each of which sees its own.
//!
//! No statement names a tenant, none begins a transaction by hand, and nobody writes a filter: `tenantry` binds the company that the
//! verified token names, and the policies of the database do the rest.

pub mod answer;
pub mod calendar;
pub mod companies;
pub mod customers;
pub mod gate;
pub mod invoices;
pub mod metrics;
pub mod outbox;
pub mod payments;
pub mod products;
pub mod reports;
pub mod token;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use tenantry::TenantPool;
use tenantry::axum::{Deadline, TenantAccess};

use self::gate::{Gate, Member, members_only, operators_only, verify};

/// How long a request may take, an export included.
const LIMIT: Duration = Duration::from_secs(30);

/// How old the answer to a probe may be.
const PROBED: Duration = Duration::from_secs(2);

/// What handlers ask for.
#[derive(Clone, FromRef)]
pub struct Service {
    pool: TenantPool,
    access: TenantAccess,
    gate: Arc<Gate>,
}

/// The service.
pub fn routes(pool: TenantPool, gate: Arc<Gate>) -> Router {
    let access = TenantAccess::by_claim(pool.clone(), Member::context).safe_methods_read_only();
    let service = Service { pool, access, gate: Arc::clone(&gate) };
    let of_members = Router::new()
        .route("/company", get(companies::own))
        .route("/people", get(companies::people))
        .route("/customers", get(customers::list).post(customers::create))
        .route("/products", get(products::list).post(products::create))
        .route("/invoices", get(invoices::list).post(invoices::issue))
        .route("/invoices.csv", get(invoices::export))
        .route("/invoices/{id}", get(invoices::show))
        .route("/invoices/{id}/credit", post(invoices::credit))
        .route("/invoices/{id}/payments", post(payments::book))
        .route_layer(from_fn_with_state(Arc::clone(&gate), members_only));
    let of_operators = Router::new()
        .route("/companies", get(companies::list).post(companies::create))
        .route("/companies/{id}/suspension", put(companies::suspend))
        .route("/reports/turnover", get(reports::turnover))
        .route_layer(from_fn_with_state(gate, operators_only));
    Router::new()
        .merge(of_members)
        .merge(of_operators)
        .route("/verify", get(verify))
        .route("/health/live", get(|| async { StatusCode::OK }))
        .route("/health/ready", get(ready))
        .layer(Deadline::within(LIMIT))
        .with_state(service)
}

async fn ready(State(pool): State<TenantPool>) -> Response {
    match pool.ready(PROBED).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => {
            tracing::warn!(reason = %error, "not ready");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
