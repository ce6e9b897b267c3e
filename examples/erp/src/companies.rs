//! Companies: who operates the service makes, lists and suspends them, across tenants and for a reason.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tenantry::axum::Scoped;
use tenantry::{TenantPool, TenantScope, TenantTransaction, from_row};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{Answer, Problem};
use crate::gate::{CHANGED, Gate, Member, Role};

from_row! {
    #[derive(Serialize, ToSchema)]
    pub struct Company {
        pub id: Uuid,
        pub name: String,
        pub host: String,
        pub suspended_at: Option<DateTime<Utc>>,
    }

    /// A person who works for a company.
    #[derive(Serialize, ToSchema)]
    pub struct Person {
        subject: String,
        name: String,
        role: String,
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCompany {
    pub name: String,
    pub host: String,
    /// The person who owns it.
    pub subject: String,
    pub person: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    pub suspended: bool,
    pub reason: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    pub name: String,
    pub role: Role,
}

/// What a page to sign in at shows of the company whose host was asked.
#[derive(Serialize, ToSchema)]
pub struct Welcome {
    company: Uuid,
    name: String,
}

/// Asked first and last by who changes the people of a company, so that of two owners who do so one waits for the other.
const OWNERS: &str = "SELECT subject FROM member WHERE role = 'owner' FOR UPDATE";

/// Has other processes hear what the gate of this one forgets.
const TELL: &str = "SELECT pg_notify($1, $2)";

/// Makes a company and its first member.
#[utoipa::path(post, path = "/companies", request_body = NewCompany, responses((status = 201, body = Company)))]
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

#[utoipa::path(get, path = "/companies", responses((status = 200, body = [Company])))]
pub async fn list(State(pool): State<TenantPool>) -> Answer<Json<Vec<Company>>> {
    let companies = pool
        .system("companies: the list")?
        .query_as("SELECT id, name, host, suspended_at FROM company ORDER BY name, id", &[])
        .await?;
    Ok(Json(companies))
}

/// Suspends a company, or lets it in again. The gate hears of it at once.
#[utoipa::path(
    put, path = "/companies/{id}/suspension", params(("id" = Uuid, Path)), request_body = Suspension,
    responses((status = 204))
)]
pub async fn suspend(
    State(pool): State<TenantPool>,
    State(gate): State<Arc<Gate>>,
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
    tx.query(TELL, &[&CHANGED, &id.to_string()]).await?;
    tx.commit().await?;
    gate.forget(Some(id));
    Ok(StatusCode::NO_CONTENT)
}

/// The company of a request.
#[utoipa::path(get, path = "/company", responses((status = 200, body = Company)))]
pub async fn own(Scoped(scope): Scoped) -> Answer<Json<Company>> {
    Ok(Json(scope.query_as_one("SELECT id, name, host, suspended_at FROM company", &[]).await?))
}

/// Its people, for those who own it.
#[utoipa::path(get, path = "/people", responses((status = 200, body = [Person])))]
pub async fn people(
    Extension(member): Extension<Member>,
    Scoped(scope): Scoped,
) -> Answer<Json<Vec<Person>>> {
    member.needs(Role::Owner)?;
    Ok(Json(scope.query_as("SELECT subject, name, role FROM member ORDER BY name, subject", &[]).await?))
}

/// Lets a person in, or changes what they may do.
#[utoipa::path(put, path = "/people/{subject}", params(("subject" = String, Path)), request_body = NewPerson, responses((status = 204)))]
pub async fn admit(
    Extension(member): Extension<Member>,
    State(gate): State<Arc<Gate>>,
    Scoped(scope): Scoped,
    Path(subject): Path<String>,
    body: Result<Json<NewPerson>, JsonRejection>,
) -> Answer<StatusCode> {
    let Json(NewPerson { name, role }) = body?;
    let tx = as_owner(&scope, &member).await?;
    let sql = "INSERT INTO member (subject, name, role) VALUES ($1, $2, $3)
        ON CONFLICT (tenant_id, subject) DO UPDATE SET name = excluded.name, role = excluded.role";
    tx.execute(sql, &[&subject, &name, &role.name()]).await?;
    settle(tx, &gate, &member).await
}

/// Lets a person in no more.
#[utoipa::path(delete, path = "/people/{subject}", params(("subject" = String, Path)), responses((status = 204)))]
pub async fn dismiss(
    Extension(member): Extension<Member>,
    State(gate): State<Arc<Gate>>,
    Scoped(scope): Scoped,
    Path(subject): Path<String>,
) -> Answer<StatusCode> {
    let tx = as_owner(&scope, &member).await?;
    if tx.execute("DELETE FROM member WHERE subject = $1", &[&subject]).await? == 0 {
        return Err(Problem::NotFound);
    }
    settle(tx, &gate, &member).await
}

/// Begins a change to the people of a company. Who had to wait for another has to be an owner still.
async fn as_owner(scope: &TenantScope, member: &Member) -> Answer<TenantTransaction> {
    member.needs(Role::Owner)?;
    let tx = scope.begin();
    let owners: Vec<(String,)> = tx.query_as(OWNERS, &[]).await?;
    if owners.iter().any(|(subject,)| *subject == member.subject) { Ok(tx) } else { Err(Problem::NotAllowed) }
}

/// Commits a change to the people of a company, unless nobody would own it any more.
async fn settle(tx: TenantTransaction, gate: &Gate, member: &Member) -> Answer<StatusCode> {
    if tx.query(OWNERS, &[]).await?.is_empty() {
        return Err(Problem::Conflict("a company has an owner"));
    }
    tx.query(TELL, &[&CHANGED, &member.company.to_string()]).await?;
    tx.commit().await?;
    gate.forget(Some(member.company));
    Ok(StatusCode::NO_CONTENT)
}

/// The company whose host was asked, for a page to sign in at. Nobody is known yet, so it is looked up by the narrow resolver.
#[utoipa::path(get, path = "/by-host", security(()), responses((status = 200, body = Welcome)))]
pub async fn by_host(State(pool): State<TenantPool>, headers: HeaderMap) -> Answer<Json<Welcome>> {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).ok_or(Problem::NotFound)?;
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).to_lowercase();
    let Some(company) = pool.resolve("company_by_host", &[&host]).await? else {
        return Err(Problem::NotFound);
    };
    let sql = "SELECT id, name FROM company WHERE suspended_at IS NULL";
    let found: Option<(Uuid, String)> = pool.tenant(company).query_as_opt(sql, &[]).await?;
    let Some((company, name)) = found else { return Err(Problem::NotFound) };
    Ok(Json(Welcome { company, name }))
}
