//! Customers: made, searched by the beginning of their names, and read a page at a time.

use axum::extract::Query;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use tenantry::axum::Scoped;
use tenantry::from_row;
use utoipa::{IntoParams, ToSchema};

use crate::answer::{Answer, Problem};
use crate::gate::{Member, Role};

/// How many there are on a page.
const PAGE: i64 = 50;

from_row! {
    #[derive(Serialize, ToSchema)]
    pub struct Customer {
        pub id: i64,
        pub name: String,
        pub tax_number: Option<String>,
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCustomer {
    pub name: String,
    pub tax_number: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The beginning of their names, in whatever case.
    starts: Option<String>,
    /// The last one of the page before.
    after_name: Option<String>,
    after_id: Option<i64>,
}

#[utoipa::path(post, path = "/customers", request_body = NewCustomer, responses((status = 201, body = Customer)))]
pub async fn create(
    Extension(member): Extension<Member>,
    Scoped(scope): Scoped,
    body: Result<Json<NewCustomer>, JsonRejection>,
) -> Answer<(StatusCode, Json<Customer>)> {
    member.needs(Role::Accountant)?;
    let Json(NewCustomer { name, tax_number }) = body?;
    let customer = scope
        .query_as_one(
            "INSERT INTO customer (name, tax_number) VALUES ($1, $2) RETURNING id, name, tax_number",
            &[&name, &tax_number],
        )
        .await?;
    Ok((StatusCode::CREATED, Json(customer)))
}

/// A page, in the order of the Bengali alphabet.
#[utoipa::path(get, path = "/customers", params(Which), responses((status = 200, body = [Customer])))]
pub async fn list(
    Scoped(scope): Scoped,
    which: Result<Query<Which>, QueryRejection>,
) -> Answer<Json<Vec<Customer>>> {
    let Query(Which { starts, after_name, after_id }) = which?;
    let customers = match (starts, after_name, after_id) {
        // The operator of an index that a policy lets be used, which LIKE is not.
        (Some(starts), None, None) => {
            let sql = "SELECT id, name, tax_number FROM customer
                WHERE search ^@ lower($1 COLLATE bengali) ORDER BY name, id LIMIT $2";
            scope.query_as(sql, &[&starts, &PAGE]).await?
        }
        (None, Some(name), Some(id)) => {
            let sql = "SELECT id, name, tax_number FROM customer
                WHERE (name, id) > ($1, $2) ORDER BY name, id LIMIT $3";
            scope.query_as(sql, &[&name, &id, &PAGE]).await?
        }
        (None, None, None) => {
            let sql = "SELECT id, name, tax_number FROM customer ORDER BY name, id LIMIT $1";
            scope.query_as(sql, &[&PAGE]).await?
        }
        _ => return Err(Problem::Unfit("give starts alone, or after_name with after_id".to_owned())),
    };
    Ok(Json(customers))
}
