//! What a login alone shows: a tenant that a role or a database has as its default.
//!
//! Such a default is there once it is committed, and a session has it from its beginning. So this is for a copy, where the app role
//! can log in as well.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use tokio_postgres::Client;

use super::{Fate, Mutation};
use crate::error::Result;
use crate::ident::Ident;
use crate::policy::render::{Vars, render};
use crate::prove::attempt::named_mutation;
use crate::prove::made::Known;
use crate::prove::seat::{Patience, Seat};
use crate::prove::session;

/// A session of the app role's in the copy, or why there is none.
pub(crate) type LoggedIn<'a> = Pin<Box<dyn Future<Output = std::result::Result<Client, String>> + Send + 'a>>;

/// The way in.
pub(crate) type Login<'a> = dyn Fn() -> LoggedIn<'a> + Sync + 'a;

const DEFAULTS: [&str; 2] = ["default tenant of the role", "default tenant of the database"];

/// Gives the role and the database a tenant for sessions in which none is bound, one after the other.
pub(super) async fn mutations(
    known: &Known<'_>,
    seat: &Seat,
    login: &Login<'_>,
    patience: Patience,
    tenant: &str,
) -> Result<Vec<Mutation>> {
    let app = known.manifest.roles.app_role();
    let setting = Ident::new(known.manifest.tenancy.setting_name().as_str())?;
    let Some(database) = known.catalog.database.as_ref().map(|database| &database.name) else {
        return Ok(Vec::new());
    };
    let vars = || {
        Vars::default()
            .name("app", app)
            .name("database", database)
            .name("setting", &setting)
            .text("value", tenant)
    };
    let sql = |mutation: &str| {
        let text = named_mutation(mutation);
        render(text, &vars().named_in(text))
    };
    let mut made = Vec::new();
    for mutation in DEFAULTS {
        let weakening = sql(mutation)?;
        let fate = match red(known, login, patience).await? {
            Err(why) => Fate::Refused(why),
            Ok(before) => {
                let fate = noticed(known, seat, login, patience, &weakening, &before).await;
                seat.prepare(&sql("no default tenant")?).await?;
                fate?
            }
        };
        let object = format!("a session of {}", app.plain());
        made.push(Mutation { object, what: mutation.to_owned(), sql: weakening, fate });
    }
    Ok(made)
}

/// Whether a new session shows what was weakened.
async fn noticed(
    known: &Known<'_>,
    seat: &Seat,
    login: &Login<'_>,
    patience: Patience,
    weakening: &str,
    before: &BTreeSet<String>,
) -> Result<Fate> {
    if let Err(why) = seat.weaken(weakening).await? {
        return Ok(Fate::Refused(why));
    }
    Ok(match red(known, login, patience).await? {
        Err(why) => Fate::Refused(why),
        Ok(after) => match after.difference(before).next() {
            Some(attempt) => Fate::Noticed(format!("{attempt}, session")),
            None => Fate::Survived,
        },
    })
}

/// What is red in a session that logs in now.
async fn red(
    known: &Known<'_>,
    login: &Login<'_>,
    patience: Patience,
) -> Result<std::result::Result<BTreeSet<String>, String>> {
    let client = match login().await {
        Ok(client) => client,
        Err(why) => return Ok(Err(why)),
    };
    let cells = session::prove(known, &Seat::of_app(client, &known.manifest.roles), patience).await?;
    Ok(Ok(cells.into_iter().filter(|cell| cell.verdict.is_red()).map(|cell| cell.attempt).collect()))
}
