//! The page as one would write it without tenantry, behind the same gate and the same layers.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use axum::{Extension, Json, Router};
use chrono::NaiveDate;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use serde::Deserialize;
use sqlx::Row;
use sqlx::postgres::{PgPool, PgPoolOptions};
use tenantry::axum::Deadline;
use tenantry_erp::gate::{Gate, Member, members_only};
use tenantry_erp::invoices::Invoice;
use tenantry_erp::log;
use tokio_postgres::NoTls;

use crate::AnyError;

const PAGE: i64 = 50;

const FILTERED: &str =
    "SELECT id, customer_id, fiscal_year, number, issued_on, net, vat, total, paid, credits
    FROM invoice WHERE tenant_id = $1 ORDER BY issued_on DESC, id DESC LIMIT $2";
const FILTERED_AFTER: &str =
    "SELECT id, customer_id, fiscal_year, number, issued_on, net, vat, total, paid, credits
    FROM invoice WHERE tenant_id = $1 AND (issued_on, id) < ($2, $3) ORDER BY issued_on DESC, id DESC LIMIT $4";
const UNFILTERED: &str =
    "SELECT id, customer_id, fiscal_year, number, issued_on, net, vat, total, paid, credits
    FROM invoice ORDER BY issued_on DESC, id DESC LIMIT $1";
const UNFILTERED_AFTER: &str =
    "SELECT id, customer_id, fiscal_year, number, issued_on, net, vat, total, paid, credits
    FROM invoice WHERE (issued_on, id) < ($1, $2) ORDER BY issued_on DESC, id DESC LIMIT $3";
const BIND: &str = "SELECT set_config('app.tenant_id', $1, true), set_config('app.user', $2, true)";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    issued_on: Option<NaiveDate>,
    id: Option<i64>,
}

/// What goes wrong is told to nobody here: the bench ends with the first answer that is none.
struct Failed;

impl axum::response::IntoResponse for Failed {
    fn into_response(self) -> axum::response::Response {
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    }
}

impl<E: std::error::Error> From<E> for Failed {
    fn from(_: E) -> Self {
        Self
    }
}

/// The layers that the ERP has.
fn layered<S: Clone + Send + Sync + 'static>(router: Router<S>, state: S, gate: Arc<Gate>) -> Router {
    router
        .route_layer(from_fn_with_state(gate, members_only))
        .layer(DefaultBodyLimit::max(256 << 10))
        .layer(Deadline::within(Duration::from_secs(30)))
        .layer(from_fn(log::refusals))
        .with_state(state)
}

pub fn with_a_filter(url: &str, connections: usize, gate: Arc<Gate>) -> Result<Router, AnyError> {
    let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(url.parse()?, NoTls, config);
    let pool = Pool::builder(manager).max_size(connections).build()?;
    Ok(layered(Router::new().route("/invoices", get(filtered)), pool, gate))
}

async fn filtered(
    State(pool): State<Pool>,
    Extension(member): Extension<Member>,
    Query(after): Query<After>,
) -> Result<Json<Vec<Invoice>>, Failed> {
    let client = pool.get().await?;
    let rows = match after {
        After { issued_on: Some(issued_on), id: Some(id) } => {
            let statement = client.prepare_cached(FILTERED_AFTER).await?;
            client.query(&statement, &[&member.company, &issued_on, &id, &PAGE]).await?
        }
        After { .. } => {
            let statement = client.prepare_cached(FILTERED).await?;
            client.query(&statement, &[&member.company, &PAGE]).await?
        }
    };
    let invoice = |row: &tokio_postgres::Row| {
        Ok::<_, tokio_postgres::Error>(Invoice {
            id: row.try_get(0)?,
            customer_id: row.try_get(1)?,
            fiscal_year: row.try_get(2)?,
            number: row.try_get(3)?,
            issued_on: row.try_get(4)?,
            net: row.try_get(5)?,
            vat: row.try_get(6)?,
            total: row.try_get(7)?,
            paid: row.try_get(8)?,
            credits: row.try_get(9)?,
        })
    };
    Ok(Json(rows.iter().map(invoice).collect::<Result<_, _>>()?))
}

pub async fn with_a_transaction(
    url: &str,
    connections: usize,
    is_tested: bool,
    gate: Arc<Gate>,
) -> Result<Router, AnyError> {
    let connections = u32::try_from(connections)?;
    let options = PgPoolOptions::new().max_connections(connections).test_before_acquire(is_tested);
    let pool = options.connect(url).await?;
    Ok(layered(Router::new().route("/invoices", get(in_a_transaction)), pool, gate))
}

async fn in_a_transaction(
    State(pool): State<PgPool>,
    Extension(member): Extension<Member>,
    Query(after): Query<After>,
) -> Result<Json<Vec<Invoice>>, Failed> {
    let mut tx = pool.begin().await?;
    sqlx::query(BIND).bind(member.company.to_string()).bind(&member.subject).execute(&mut *tx).await?;
    let page = match after {
        After { issued_on: Some(issued_on), id: Some(id) } => {
            sqlx::query(UNFILTERED_AFTER).bind(issued_on).bind(id).bind(PAGE)
        }
        After { .. } => sqlx::query(UNFILTERED).bind(PAGE),
    };
    let rows = page.fetch_all(&mut *tx).await?;
    tx.commit().await?;
    let invoice = |row: &sqlx::postgres::PgRow| {
        Ok::<_, sqlx::Error>(Invoice {
            id: row.try_get(0)?,
            customer_id: row.try_get(1)?,
            fiscal_year: row.try_get(2)?,
            number: row.try_get(3)?,
            issued_on: row.try_get(4)?,
            net: row.try_get(5)?,
            vat: row.try_get(6)?,
            total: row.try_get(7)?,
            paid: row.try_get(8)?,
            credits: row.try_get(9)?,
        })
    };
    Ok(Json(rows.iter().map(invoice).collect::<Result<_, _>>()?))
}
