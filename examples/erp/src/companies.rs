//! Companies: who operates the service makes, lists and suspends them, across tenants and for a reason.

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenantry::axum::Scoped;
use tenantry::{TenantPool, from_row};
use uuid::Uuid;

use crate::answer::{Answer, Problem};
use crate::gate::{CHANGED, Member, Role};

from_row! {
    #[derive(Serialize)]
    pub struct Company {
        pub id: Uuid,
        pub name: String,
        pub host: String,
        pub suspended_at: Option<DateTime<Utc>>,
    }

    /// A person who works for a company.
    #[derive(Serialize)]
    pub struct Person {
        subject: String,
        name: String,
        role: String,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCompany {
    pub name: String,
    pub host: String,
    /// The person who owns it.
    pub subject: String,
    pub person: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    pub suspended: bool,
    pub reason: String,
}

/// Makes a company and its first member.
pub async fn create(
    State(pool): State<TenantPool>,
    body: Result<Json<NewCompany>, JsonRejection>,
) -> Answer<(StatusCode, Json<Company>)> {
    let Json(NewCompany { name, host, subject, person }) = body?;
    let host = host.to_lowercase();
    let company = pool
        .system("companies: a new one")?
        .transact(|tx| {
            let (name, host, subject, person) = (name.clone(), host.clone(), subject.clone(), person.clone());
            async move {
                let company: Company = tx
                    .query_as_one(
                        "INSERT INTO company (name, host) VALUES ($1, $2) RETURNING id, name, host, suspended_at",
                        &[&name, &host],
                    )
                    .await?;
                tx.execute(
                    "INSERT INTO member (tenant_id, subject, name, role) VALUES ($1, $2, $3, 'owner')",
                    &[&company.id, &subject, &person],
                )
                .await?;
                Ok::<_, tenantry::Error>(company)
            }
        })
        .await?;
    Ok((StatusCode::CREATED, Json(company)))
}

pub async fn list(State(pool): State<TenantPool>) -> Answer<Json<Vec<Company>>> {
    let companies = pool
        .system("companies: the list")?
        .query_as("SELECT id, name, host, suspended_at FROM company ORDER BY name, id", &[])
        .await?;
    Ok(Json(companies))
}

/// Suspends a company, or lets it in again. The gate hears of it at once.
pub async fn suspend(
    State(pool): State<TenantPool>,
    Path(id): Path<Uuid>,
    body: Result<Json<Suspension>, JsonRejection>,
) -> Answer<StatusCode> {
    let Json(Suspension { suspended, reason }) = body?;
    if reason.trim().is_empty() {
        return Err(Problem::Unfit("say why".to_owned()));
    }
    let tx = pool.system(format!("companies: suspension, {reason}"))?.begin();
    let found = tx
        .execute(
            "UPDATE company SET suspended_at = CASE WHEN $2 THEN now() END WHERE id = $1",
            &[&id, &suspended],
        )
        .await?;
    if found == 0 {
        return Err(Problem::NotFound);
    }
    tx.query("SELECT pg_notify($1, $2)", &[&CHANGED, &id.to_string()]).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The company of a request.
pub async fn own(Scoped(scope): Scoped) -> Answer<Json<Company>> {
    Ok(Json(scope.query_as_one("SELECT id, name, host, suspended_at FROM company", &[]).await?))
}

/// Its people, for those who own it.
pub async fn people(
    Extension(member): Extension<Member>,
    Scoped(scope): Scoped,
) -> Answer<Json<Vec<Person>>> {
    member.needs(Role::Owner)?;
    Ok(Json(scope.query_as("SELECT subject, name, role FROM member ORDER BY name, subject", &[]).await?))
}
