//! Products and their prices, in taka.

use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tenantry::axum::Scoped;
use tenantry::from_row;
use utoipa::ToSchema;

use crate::answer::Answer;
use crate::gate::{Member, Role};

from_row! {
    #[derive(Serialize, ToSchema)]
    pub struct Product {
        pub id: i64,
        pub sku: String,
        pub name: String,
        pub price: Decimal,
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProduct {
    pub sku: String,
    pub name: String,
    pub price: Decimal,
}

#[utoipa::path(post, path = "/products", request_body = NewProduct, responses((status = 201, body = Product)))]
pub async fn create(
    Extension(member): Extension<Member>,
    Scoped(scope): Scoped,
    body: Result<Json<NewProduct>, JsonRejection>,
) -> Answer<(StatusCode, Json<Product>)> {
    member.needs(Role::Accountant)?;
    let Json(NewProduct { sku, name, price }) = body?;
    let product = scope
        .query_as_one(
            "INSERT INTO product (sku, name, price) VALUES ($1, $2, $3) RETURNING id, sku, name, price",
            &[&sku, &name, &price],
        )
        .await?;
    Ok((StatusCode::CREATED, Json(product)))
}

#[utoipa::path(get, path = "/products", responses((status = 200, body = [Product])))]
pub async fn list(Scoped(scope): Scoped) -> Answer<Json<Vec<Product>>> {
    Ok(Json(scope.query_as("SELECT id, sku, name, price FROM product ORDER BY sku", &[]).await?))
}
