//! Invoices: issued with numbers that have no gap, credited, listed, and exported as they are read.

use axum::body::Body;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use chrono::{NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenantry::axum::Scoped;
use tenantry::{Error, SqlState, TransactionBlock, from_row};
use utoipa::{IntoParams, ToSchema};

use crate::answer::{Answer, Problem};
use crate::calendar::{day, fiscal_year};
use crate::gate::{Member, Role};
use crate::outbox;

/// How many there are on a page.
const PAGE: i64 = 50;

/// The most lines of one.
const LINES: usize = 500;

from_row! {
    #[derive(Serialize, ToSchema)]
    pub struct Invoice {
        pub id: i64,
        pub customer_id: i64,
        pub fiscal_year: i32,
        pub number: i32,
        pub issued_on: NaiveDate,
        pub net: Decimal,
        pub vat: Decimal,
        pub total: Decimal,
        pub paid: Decimal,
        pub credits: Option<i64>,
    }

    #[derive(Serialize, ToSchema)]
    pub struct Line {
        pub position: i32,
        pub product_id: i64,
        pub quantity: Decimal,
        pub price: Decimal,
        pub net: Decimal,
    }

    /// What lines come to.
    struct Sum {
        found: i64,
        net: Decimal,
    }
}

#[derive(Serialize, ToSchema)]
pub struct Whole {
    #[serde(flatten)]
    invoice: Invoice,
    lines: Vec<Line>,
}

#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvoice {
    pub customer_id: i64,
    /// Today in Dhaka, if nothing is said.
    pub issued_on: Option<NaiveDate>,
    pub lines: Vec<NewLine>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    pub product_id: i64,
    pub quantity: Decimal,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct After {
    /// The last one of the page before.
    issued_on: Option<NaiveDate>,
    id: Option<i64>,
}

const ALL: &str = "id, customer_id, fiscal_year, number, issued_on, net, vat, total, paid, credits";

#[utoipa::path(post, path = "/invoices", request_body = NewInvoice, responses((status = 201, body = Invoice)))]
pub async fn issue(
    Extension(member): Extension<Member>,
    Scoped(scope): Scoped,
    body: Result<Json<NewInvoice>, JsonRejection>,
) -> Answer<(StatusCode, Json<Invoice>)> {
    member.needs(Role::Accountant)?;
    let Json(new) = body?;
    if new.lines.is_empty() || new.lines.len() > LINES {
        return Err(Problem::Unfit(format!("an invoice has 1 to {LINES} lines")));
    }
    if new.lines.iter().any(|line| line.quantity <= Decimal::ZERO) {
        return Err(Problem::Unfit("a quantity is more than zero".to_owned()));
    }
    let invoice = scope
        .transact(|tx| {
            let new = new.clone();
            async move { draw_up(&tx, new, None).await }
        })
        .await?;
    Ok((StatusCode::CREATED, Json(invoice)))
}

/// Takes an invoice back, once, with a credit note of its own number.
#[utoipa::path(post, path = "/invoices/{id}/credit", params(("id" = i64, Path)), responses((status = 201, body = Invoice)))]
pub async fn credit(
    Extension(member): Extension<Member>,
    Scoped(scope): Scoped,
    Path(id): Path<i64>,
) -> Answer<(StatusCode, Json<Invoice>)> {
    member.needs(Role::Accountant)?;
    let note = scope
        .transact(|tx| async move {
            let sql = format!("SELECT {ALL} FROM invoice WHERE id = $1 AND credits IS NULL");
            let Some(invoice): Option<Invoice> = tx.query_as_opt(&*sql, &[&id]).await? else {
                return Err(Problem::NotFound);
            };
            let lines: Vec<Line> = tx
                .query_as(
                    "SELECT position, product_id, quantity, price, net FROM invoice_line
                     WHERE invoice_id = $1 ORDER BY position",
                    &[&id],
                )
                .await?;
            let lines =
                lines.iter().map(|line| NewLine { product_id: line.product_id, quantity: -line.quantity });
            let new =
                NewInvoice { customer_id: invoice.customer_id, issued_on: None, lines: lines.collect() };
            draw_up(&tx, new, Some(id)).await
        })
        .await
        .map_err(|problem| match problem {
            Problem::Database(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                Problem::Conflict("the invoice was credited before")
            }
            other => other,
        })?;
    Ok((StatusCode::CREATED, Json(note)))
}

/// Draws one up within a transaction. What a credit note takes back has the prices of then.
async fn draw_up(tx: &TransactionBlock, new: NewInvoice, credits: Option<i64>) -> Answer<Invoice> {
    let NewInvoice { customer_id, issued_on, lines } = new;
    let issued_on = issued_on.unwrap_or_else(|| day(Utc::now()));
    let year = fiscal_year(issued_on);
    let products: Vec<i64> = lines.iter().map(|line| line.product_id).collect();
    let quantities: Vec<Decimal> = lines.iter().map(|line| line.quantity).collect();
    let sum: Sum = tx
        .query_as_one(
            "SELECT count(*) AS found, coalesce(sum(round(line.quantity * coalesce(former.price, product.price), 2)), 0) AS net
             FROM unnest($1::bigint[], $2::numeric[]) WITH ORDINALITY AS line (product_id, quantity, position)
                 JOIN product ON product.id = line.product_id
                 LEFT JOIN invoice_line AS former
                     ON former.invoice_id = $3 AND former.position = line.position",
            &[&products, &quantities, &credits],
        )
        .await?;
    if usize::try_from(sum.found).ok() != Some(lines.len()) {
        return Err(Problem::Unfit("a product is not there".to_owned()));
    }
    // Whoever else wants a number of this year waits until this transaction ends, and gets this one if it fails.
    let number: i32 = tx
        .query_scalar(
            "INSERT INTO invoice_number (fiscal_year, last) VALUES ($1, 1)
             ON CONFLICT (tenant_id, fiscal_year) DO UPDATE SET last = invoice_number.last + 1
             RETURNING last",
            &[&year],
        )
        .await?;
    let sql = format!(
        "INSERT INTO invoice (customer_id, fiscal_year, number, issued_on, net, vat, credits)
         VALUES ($1, $2, $3, $4, $5::numeric, round($5::numeric * 0.15, 2), $6)
         RETURNING {ALL}"
    );
    let invoice: Invoice =
        tx.query_as_one(&*sql, &[&customer_id, &year, &number, &issued_on, &sum.net, &credits]).await?;
    tx.execute(
        "INSERT INTO invoice_line (invoice_id, position, product_id, quantity, price)
         SELECT $1, line.position, product.id, line.quantity, coalesce(former.price, product.price)
         FROM unnest($2::bigint[], $3::numeric[]) WITH ORDINALITY AS line (product_id, quantity, position)
             JOIN product ON product.id = line.product_id
             LEFT JOIN invoice_line AS former ON former.invoice_id = $4 AND former.position = line.position",
        &[&invoice.id, &products, &quantities, &credits],
    )
    .await?;
    let topic = if credits.is_some() { "invoice.credited" } else { "invoice.issued" };
    outbox::add(tx, topic, &json!({ "invoice": invoice.id, "total": invoice.total })).await?;
    Ok(invoice)
}

/// A page of them, the newest first.
#[utoipa::path(get, path = "/invoices", params(After), responses((status = 200, body = [Invoice])))]
pub async fn list(
    Scoped(scope): Scoped,
    after: Result<Query<After>, QueryRejection>,
) -> Answer<Json<Vec<Invoice>>> {
    let invoices = match after? {
        Query(After { issued_on: Some(issued_on), id: Some(id) }) => {
            let sql = format!(
                "SELECT {ALL} FROM invoice WHERE (issued_on, id) < ($1, $2) ORDER BY issued_on DESC, id DESC LIMIT $3"
            );
            scope.query_as(&*sql, &[&issued_on, &id, &PAGE]).await?
        }
        Query(After { issued_on: None, id: None }) => {
            let sql = format!("SELECT {ALL} FROM invoice ORDER BY issued_on DESC, id DESC LIMIT $1");
            scope.query_as(&*sql, &[&PAGE]).await?
        }
        Query(_) => return Err(Problem::Unfit("issued_on and id go together".to_owned())),
    };
    Ok(Json(invoices))
}

#[utoipa::path(get, path = "/invoices/{id}", params(("id" = i64, Path)), responses((status = 200, body = Whole)))]
pub async fn show(Scoped(scope): Scoped, Path(id): Path<i64>) -> Answer<Json<Whole>> {
    let sql = format!("SELECT {ALL} FROM invoice WHERE id = $1");
    let Some(invoice) = scope.query_as_opt(&*sql, &[&id]).await? else { return Err(Problem::NotFound) };
    let lines = scope
        .query_as(
            "SELECT position, product_id, quantity, price, net FROM invoice_line
             WHERE invoice_id = $1 ORDER BY position",
            &[&id],
        )
        .await?;
    Ok(Json(Whole { invoice, lines }))
}

/// All of them as a file, which is sent as the server gives it.
#[utoipa::path(get, path = "/invoices.csv", responses((status = 200, body = String, content_type = "text/csv")))]
pub async fn export(Scoped(scope): Scoped) -> Result<Response, Error> {
    let csv = scope
        .copy_out(
            "COPY (SELECT fiscal_year, number, issued_on, customer.name AS customer, net, vat, total, paid
                 FROM invoice JOIN customer ON customer.id = invoice.customer_id
                 ORDER BY fiscal_year, number)
             TO STDOUT (FORMAT csv, HEADER)",
        )
        .await?;
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"invoices.csv\""),
    ];
    Ok((headers, Body::from_stream(csv)).into_response())
}
