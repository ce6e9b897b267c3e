//! Payments, each booked once however often its request comes.

use axum::extract::Path;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenantry::axum::Scoped;
use tenantry::from_row;
use utoipa::ToSchema;

use crate::answer::{Answer, Problem};
use crate::gate::{Member, Role};
use crate::outbox;

from_row! {
    #[derive(Serialize, ToSchema)]
    pub struct Payment {
        pub id: i64,
        pub invoice_id: i64,
        pub amount: Decimal,
    }
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPayment {
    pub amount: Decimal,
}

/// Books a payment for an invoice. The header `Idempotency-Key` tells a request that comes again from a new one.
#[utoipa::path(post, path = "/invoices/{id}/payments", params(("id" = i64, Path), ("idempotency-key" = String, Header)), request_body = NewPayment, responses((status = 201, body = Payment), (status = 200, description = "it was booked before", body = Payment)))]
pub async fn book(
    Extension(member): Extension<Member>,
    Scoped(scope): Scoped,
    Path(invoice): Path<i64>,
    headers: HeaderMap,
    body: Result<Json<NewPayment>, JsonRejection>,
) -> Answer<(StatusCode, Json<Payment>)> {
    member.needs(Role::Accountant)?;
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let Some(key) = key.filter(|key| (1..=100).contains(&key.len())) else {
        return Err(Problem::Unfit("send an Idempotency-Key of 1 to 100 characters".to_owned()));
    };
    let Json(NewPayment { amount }) = body?;
    let (is_new, payment) = scope
        .transact(|tx| async move {
            let booked: Option<Payment> = tx
                .query_as_opt(
                    "INSERT INTO payment (invoice_id, amount, request) VALUES ($1, $2, $3)
                     ON CONFLICT (tenant_id, request) DO NOTHING
                     RETURNING id, invoice_id, amount",
                    &[&invoice, &amount, &key],
                )
                .await?;
            let Some(payment) = booked else {
                let sql = "SELECT id, invoice_id, amount FROM payment WHERE request = $1";
                let before: Payment = tx.query_as_one(sql, &[&key]).await?;
                return if (before.invoice_id, before.amount) == (invoice, amount) {
                    Ok((false, before))
                } else {
                    Err(Problem::Conflict("the key belongs to another payment"))
                };
            };
            let sql = "UPDATE invoice SET paid = paid + $2 WHERE id = $1 AND paid + $2 <= total";
            if tx.execute(sql, &[&invoice, &amount]).await? == 0 {
                return Err(Problem::Unfit("that is more than is owed".to_owned()));
            }
            outbox::add(&tx, "payment.received", &json!({ "invoice": invoice, "amount": amount })).await?;
            Ok((true, payment))
        })
        .await?;
    Ok((if is_new { StatusCode::CREATED } else { StatusCode::OK }, Json(payment)))
}
