//! What only those see who operate the service: figures of all companies.

use axum::Json;
use axum::extract::State;
use rust_decimal::Decimal;
use serde::Serialize;
use tenantry::{TenantPool, from_row};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::Answer;

from_row! {
    #[derive(Serialize, ToSchema)]
    pub struct Turnover {
        company: Uuid,
        name: String,
        fiscal_year: i32,
        invoices: i64,
        total: Decimal,
    }
}

/// The turnover of each company in each fiscal year.
#[utoipa::path(get, path = "/reports/turnover", responses((status = 200, body = [Turnover])))]
pub async fn turnover(State(pool): State<TenantPool>) -> Answer<Json<Vec<Turnover>>> {
    let sql =
        "SELECT company.id AS company, company.name, fiscal_year, count(*) AS invoices, sum(total) AS total
        FROM invoice JOIN company ON company.id = invoice.tenant_id
        GROUP BY company.id, fiscal_year ORDER BY company.name, company.id, fiscal_year";
    Ok(Json(pool.system("reports: turnover of all companies")?.query_as(sql, &[]).await?))
}
