//! What is tried in a session, rather than on an object.

use std::collections::BTreeSet;

use super::attempt::{Reads, named};
use super::judge::judge;
use super::made::Known;
use super::report::{Aim, Cell, Subject, Verdict};
use super::seat::{Binding, Patience, Seat};
use crate::error::{Error, Result};
use crate::ident::Ident;
use crate::policy::manifest::Manifest;
use crate::policy::matrix::Expected;
use crate::policy::reach::reachable;
use crate::policy::render::{Vars, render};

const SESSION: &str = include_str!("../../sql/prove/session.sql");

/// A session of the app role's own that cannot be had, or that its pool does not take.
pub(crate) fn refused(attempt: &str, error: &Error) -> Cell {
    let (attempt, answer) = (attempt.to_owned(), error.to_string());
    Cell { attempt, aim: Aim::Session, sql: String::new(), answer, verdict: Verdict::Denied }
}

/// One that was had, or that was taken.
pub(crate) fn taken(attempt: &str) -> Cell {
    let (attempt, answer) = (attempt.to_owned(), "as it should be".to_owned());
    Cell { attempt, aim: Aim::Session, sql: String::new(), answer, verdict: Verdict::Held }
}

/// What a session of the app role is tried with.
pub(crate) fn subject(manifest: &Manifest, cells: Vec<Cell>) -> Subject {
    let name = format!("a session of {}", manifest.roles.app_role().plain());
    Subject { name, kind: "session", place: "", apart: None, cells }
}

/// Tries what no policy governs: to be somebody else, to leave policies out, to make things.
pub(crate) async fn prove(known: &Known<'_>, seat: &Seat, patience: Patience) -> Result<Vec<Cell>> {
    seat.begin(patience).await?;
    let mut cells = escapes(known, seat).await?;
    let setting = known.manifest.tenancy.setting_name().as_str();
    let app = known.manifest.roles.app_role();
    for role in others(known) {
        let attempt = "log in as";
        let name = format!("{attempt} {}", role.plain());
        cells.push(tried(seat, name, attempt, Vars::default().name("role", role)).await?);
    }
    let alone =
        ["leave the role", "switch triggers off", "a tenant from nowhere", "read statistics", "read logins"];
    for attempt in alone {
        let vars = Vars::default().text("setting", setting).text("app", app.as_str());
        cells.push(tried(seat, attempt.to_owned(), attempt, vars).await?);
    }
    seat.rollback().await?;
    Ok(cells)
}

/// Tries to act as another role, and to make tables, in the transaction that is open.
pub(crate) async fn escapes(known: &Known<'_>, seat: &Seat) -> Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for role in others(known) {
        let attempt = "act as";
        let name = format!("{attempt} {}", role.plain());
        cells.push(tried(seat, name, attempt, Vars::default().name("role", role)).await?);
    }
    for schema in known.catalog.schemas.keys() {
        let attempt = "create in";
        let name = format!("{attempt} {}", schema.plain());
        cells.push(tried(seat, name, attempt, Vars::default().name("schema", schema)).await?);
    }
    Ok(cells)
}

/// The roles that would give the app role more: those of the manifest, those that own what is governed, those that it is a member
/// of, and the first superuser. A cluster may have thousands.
fn others<'a>(known: &Known<'a>) -> BTreeSet<&'a Ident> {
    let (manifest, catalog) = (known.manifest, known.catalog);
    let (roles, app) = (&manifest.roles, manifest.roles.app_role());
    let of_manifest = [
        roles.owner_role(),
        roles.system_role(),
        roles.migrator_role(),
        roles.backup_role(),
        roles.resolver_role(),
        roles.sealer_role(),
    ];
    let owners = known.places.relations.keys().filter_map(|name| Some(&catalog.relations.get(*name)?.owner));
    let superuser = catalog.roles.iter().find(|(_, role)| role.superuser).map(|(name, _)| name);
    let all = of_manifest.into_iter().flatten().chain(owners).chain(reachable(catalog, app)).chain(superuser);
    all.filter(|role| *role != app && catalog.roles.contains_key(*role)).collect()
}

async fn tried(seat: &Seat, name: String, attempt: &str, vars: Vars<'_>) -> Result<Cell> {
    let text = named(SESSION, attempt);
    let sql = render(text, &vars.named_in(text))?;
    let reads = if sql.contains("SELECT") { Reads::Rows } else { Reads::Done };
    let answer = seat.attempt(&Binding::default(), &sql, reads).await?;
    let verdict = judge(Expected::Kept, &answer);
    Ok(Cell { attempt: name, aim: Aim::Session, sql, answer: answer.to_string(), verdict })
}
