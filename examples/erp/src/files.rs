//! Files: what is known of them in the database, and what is in them in a store, to which clients go by themselves.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode};
use axum::{Extension, Json};
use chrono::{DateTime, Utc};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tenantry::axum::Scoped;
use tenantry::from_row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::answer::{Answer, Problem};
use crate::gate::{Member, Role};
use crate::store::{Store, object};

/// How many there are on a page.
const PAGE: i64 = 50;

/// The largest, in bytes.
const MOST: i64 = 25 << 20;

from_row! {
    #[derive(Serialize, ToSchema)]
    pub struct File {
        pub id: Uuid,
        pub name: String,
        pub content_type: String,
        pub size: i64,
        pub created_at: DateTime<Utc>,
    }
}

/// A file with the address at which it can be put or got for a few minutes.
#[derive(Serialize, ToSchema)]
pub struct Addressed {
    #[serde(flatten)]
    file: File,
    address: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFile {
    pub name: String,
    /// What the client sends as Content-Type when it puts the file.
    pub content_type: String,
    /// In bytes, and so what the client sends as Content-Length.
    pub size: i64,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct After {
    /// The last one of the page before.
    created_at: Option<DateTime<Utc>>,
    id: Option<Uuid>,
}

const ALL: &str = "id, name, content_type, size, created_at";

fn of(store: Option<Arc<Store>>) -> Answer<Arc<Store>> {
    store.ok_or(Problem::Missing("the service has no store for files"))
}

/// Announces a file, which the client then puts at the address of the answer.
#[utoipa::path(post, path = "/files", request_body = NewFile, responses((status = 201, body = Addressed)))]
pub async fn announce(
    Extension(member): Extension<Member>,
    Scoped(scope): Scoped,
    State(store): State<Option<Arc<Store>>>,
    body: Result<Json<NewFile>, JsonRejection>,
) -> Answer<(StatusCode, Json<Addressed>)> {
    member.needs(Role::Accountant)?;
    let store = of(store)?;
    let Json(NewFile { name, content_type, size }) = body?;
    if !(0..=MOST).contains(&size) {
        return Err(Problem::Unfit(format!("a file has at most {MOST} bytes")));
    }
    if !(1..=255).contains(&name.len()) {
        return Err(Problem::Unfit("a name has 1 to 255 bytes".to_owned()));
    }
    if content_type.len() > 100
        || !content_type.contains('/')
        || HeaderValue::from_str(&content_type).is_err()
    {
        return Err(Problem::Unfit("that is no content type".to_owned()));
    }
    let sql = format!("INSERT INTO file (name, content_type, size) VALUES ($1, $2, $3) RETURNING {ALL}");
    let file: File = scope.query_as_one(&*sql, &[&name, &content_type, &size]).await?;
    let address =
        store.to_put(&object(member.company, file.id), &file.content_type, file.size, Timestamp::now());
    Ok((StatusCode::CREATED, Json(Addressed { file, address })))
}

/// A page of them, the newest first.
#[utoipa::path(get, path = "/files", params(After), responses((status = 200, body = [File])))]
pub async fn list(
    Scoped(scope): Scoped,
    after: Result<Query<After>, QueryRejection>,
) -> Answer<Json<Vec<File>>> {
    let files = match after? {
        Query(After { created_at: Some(created_at), id: Some(id) }) => {
            let sql = format!(
                "SELECT {ALL} FROM file WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3"
            );
            scope.query_as(&*sql, &[&created_at, &id, &PAGE]).await?
        }
        Query(After { created_at: None, id: None }) => {
            let sql = format!("SELECT {ALL} FROM file ORDER BY created_at DESC, id DESC LIMIT $1");
            scope.query_as(&*sql, &[&PAGE]).await?
        }
        Query(_) => return Err(Problem::Unfit("created_at and id go together".to_owned())),
    };
    Ok(Json(files))
}

/// One of them, with the address at which it can be got.
#[utoipa::path(get, path = "/files/{id}", params(("id" = Uuid, Path)), responses((status = 200, body = Addressed)))]
pub async fn show(
    Extension(member): Extension<Member>,
    Scoped(scope): Scoped,
    State(store): State<Option<Arc<Store>>>,
    Path(id): Path<Uuid>,
) -> Answer<Json<Addressed>> {
    let store = of(store)?;
    let sql = format!("SELECT {ALL} FROM file WHERE id = $1");
    let Some(file): Option<File> = scope.query_as_opt(&*sql, &[&id]).await? else {
        return Err(Problem::NotFound);
    };
    let address = store.to_get(&object(member.company, file.id), &file.name, Timestamp::now());
    Ok(Json(Addressed { file, address }))
}

/// Deletes one. The object goes first: what fails between the two is deleted by asking again, and leaves nothing that nobody knows of.
#[utoipa::path(delete, path = "/files/{id}", params(("id" = Uuid, Path)), responses((status = 204)))]
pub async fn delete(
    Extension(member): Extension<Member>,
    Scoped(scope): Scoped,
    State(store): State<Option<Arc<Store>>>,
    Path(id): Path<Uuid>,
) -> Answer<StatusCode> {
    member.needs(Role::Owner)?;
    let store = of(store)?;
    let found: Option<(Uuid,)> = scope.query_as_opt("SELECT id FROM file WHERE id = $1", &[&id]).await?;
    let Some((id,)) = found else { return Err(Problem::NotFound) };
    store.delete(&object(member.company, id)).await.map_err(Problem::Elsewhere)?;
    scope.execute("DELETE FROM file WHERE id = $1", &[&id]).await?;
    Ok(StatusCode::NO_CONTENT)
}
