//! The sessions of a proof, and what it is confined to.

use std::collections::BTreeSet;

use tokio_postgres::Client;

use super::Arguments;
use super::progress::Progress;
use crate::catalog::{Catalog, live};
use crate::cli::args::Global;
use crate::cli::connect::{Barred, Options, Session, Way};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Terminal;
use crate::error::Error;
use crate::ident::QualifiedName;
use crate::policy::manifest::{Manifest, nearest};
use crate::prove::{self, Ended, Proof, Sessions, Terms};
use crate::seal::SealKey;

/// The variable that names who makes rows.
const SEED_URL: &str = "TENANTRY_SEED_URL";

/// Opens the sessions, and makes the proof in them.
pub(super) async fn run(
    manifest: &Manifest,
    arguments: &Arguments,
    terms: Terms,
    global: &Global,
    terminal: Terminal,
) -> Result<Ended, Failure> {
    let names = names(&arguments.tables)?;
    let mut sessions = sessions(manifest, arguments, terms.key.as_ref(), global, terminal).await?;
    if !names.is_empty() {
        let reader = match &mut sessions {
            Sessions { seeders: Some([client, _]), .. } => Some(client),
            Sessions { app, .. } => app.as_mut().ok(),
        };
        if let Some(client) = reader {
            let catalog = Box::pin(live::load(client)).await.map_err(failed)?;
            are_there(&names, &catalog)?;
        }
    }
    let wanted = |name: &QualifiedName| names.is_empty() || names.contains(name);
    let progress = Progress::new(terminal);
    let see = |done: usize, of: usize, next: &str| progress.see(done, of, next);
    let ended = Box::pin(prove::run(manifest, sessions, terms, &wanted, &see)).await?;
    if let Ended::Proof(proof) = &ended {
        are_tried(&names, proof)?;
    }
    Ok(ended)
}

/// Whatever goes wrong here is between the tool and the server.
fn failed(error: Error) -> Failure {
    Failure { exit: Exit::Database, ..error.into() }
}

async fn sessions(
    manifest: &Manifest,
    arguments: &Arguments,
    key: Option<&SealKey>,
    global: &Global,
    terminal: Terminal,
) -> Result<Sessions, Failure> {
    let app = manifest.roles.app_role();
    let seeders = match seed_url(arguments)? {
        Some((url, called)) => Some(seeders(&global.server.of_another(&url, called), terminal).await?),
        None => None,
    };
    let session = match Session::ask(&global.server, terminal).await? {
        Ok(session) => session,
        Err(Barred(failure)) => {
            let said: Vec<String> = std::iter::once(failure.line).chain(failure.causes).collect();
            let app = Err(Error::config(said.join("; ")));
            return Ok(Sessions { app, never: None, guard: None, seeders });
        }
    };
    let name = session.name().to_owned();
    let (client, way) = session.into_client();
    if way.user() != app.as_str() {
        let line = format!(
            "the login is role {:?}, and the app role of the manifest is {:?}",
            way.user(),
            app.plain()
        );
        return Err(Failure::usage(line).help(
            "log in as the app role with --database-url or DATABASE_URL; --seed-url names a superuser who makes the rows",
        ));
    }
    let guard = way.guard(manifest, key).await.map_err(failed)?;
    let never = if seeders.is_none() { Some(second(&way, &name).await?) } else { None };
    Ok(Sessions { app: Ok(client), never, guard: Some(guard), seeders })
}

/// Two sessions of whoever makes rows.
async fn seeders(options: &Options, terminal: Terminal) -> Result<[Client; 2], Failure> {
    let session = Session::open(options, terminal).await?;
    let name = session.name().to_owned();
    let (first, way) = session.into_client();
    let second = second(&way, &name).await?;
    Ok([first, second])
}

/// Another session by the same way: in one of two, no tenant is ever bound.
async fn second(way: &Way, name: &str) -> Result<Client, Failure> {
    way.open().await.map_err(|error| {
        let failure = Failure::database(format!("no second session in {name}"));
        let failure =
            failure.help("a proof takes a few connections of each role at once; see what limits them");
        Failure { causes: crate::cli::failure::causes(&error), ..failure }
    })
}

/// Who makes rows, as the argument says or else the variable, and which of the two it is.
pub(super) fn seed_url(arguments: &Arguments) -> Result<Option<(String, &'static str)>, Failure> {
    if let Some(url) = &arguments.seed_url {
        return Ok(Some((url.clone(), "--seed-url")));
    }
    match std::env::var_os(SEED_URL).filter(|value| !value.is_empty()) {
        Some(value) => {
            let url = value.into_string().map_err(|_| Failure::usage(format!("{SEED_URL} is not UTF-8")))?;
            Ok(Some((url, SEED_URL)))
        }
        None => Ok(None),
    }
}

fn names(written: &[String]) -> Result<BTreeSet<QualifiedName>, Failure> {
    let name = |text: &String| {
        QualifiedName::parse(text).map_err(|error| {
            Failure::usage(format!("--table {text} is no name of a table"))
                .cause(error.to_string())
                .help("name it with its schema, as public.invoice")
        })
    };
    written.iter().map(name).collect()
}

/// A name that nothing has is not left out in silence.
fn are_there(names: &BTreeSet<QualifiedName>, catalog: &Catalog) -> Result<(), Failure> {
    let functions = catalog.functions.keys().map(|signature| &signature.name);
    let known: BTreeSet<&QualifiedName> = catalog.relations.keys().chain(functions).collect();
    let Some(unknown) = names.iter().find(|name| !known.contains(name)) else { return Ok(()) };
    let failure = Failure::usage(format!("--table {} is not in the database", unknown.plain()));
    let plain: Vec<String> = known.iter().map(|name| name.plain()).collect();
    let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
    Err(match nearest(&unknown.plain(), &plain) {
        Some(meant) => failure.help(format!("did you mean {meant}?")),
        None => failure,
    })
}

/// Nor is one that is there and that no attempt is for. Where there was no session, nothing is known of any.
fn are_tried(names: &BTreeSet<QualifiedName>, proof: &Proof) -> Result<(), Failure> {
    let is_of = |subject: &str, name: &str| {
        subject.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('('))
    };
    let missed = |name: &&QualifiedName| {
        let name = name.plain();
        !proof.subjects.iter().any(|subject| is_of(&subject.name, &name))
    };
    match names.iter().find(missed).filter(|_| !proof.database.is_empty()) {
        None => Ok(()),
        Some(name) => Err(Failure::usage(format!("there is nothing to try on --table {}", name.plain())).help(
            "its schema is not among [schemas] of the manifest, or it is a function that the app role may not call or \
             that reads no table of tenants",
        )),
    }
}
