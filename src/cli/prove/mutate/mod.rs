//! `tenantry prove --mutate`: whether the proof can fail.

#[cfg(unix)]
mod elsewhere;
mod scratch;
mod transfer;

use std::fmt::Write as _;

use serde_json::{Value, json};
use tokio_postgres::Client;

use self::scratch::Scratch;
use super::progress::Progress;
use super::{Arguments, run as proof, unsettled};
use crate::cli::args::Global;
use crate::cli::connect::{self, Barred, Session, Way};
use crate::cli::failure::{Exit, Failure, causes};
use crate::cli::output::Terminal;
use crate::cli::output::layout::{Cell, Row, Width};
use crate::cli::output::style::{BOLD, CARE, DIM, GOOD, NAME, WRONG, block, count, paint};
use crate::cli::seal::random_key;
use crate::cli::server::Server;
use crate::migrate::SealKeys;
use crate::policy::manifest::Manifest;
use crate::prove::{Fate, LoggedIn, Login, Mutation, Mutations, MutationsEnded, Patience, Terms, mutate};

pub(super) fn run(
    manifest: &Manifest,
    arguments: &Arguments,
    patience: Patience,
    global: &Global,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let seeder = proof::seed_url(arguments)?.map(|(url, called)| global.server.of_another(&url, called));
    let (ended, database) = match (&arguments.server, seeder) {
        (Some(server), seeder) => connect::wait(async {
            let session = Session::open(seeder.as_ref().unwrap_or(&global.server), terminal).await?;
            let ended = on_server(manifest, &session, server, patience, terminal).await?;
            Ok((ended, session.close().await))
        })?,
        (None, Some(seeder)) => connect::wait(async {
            let session = Session::open(&seeder, terminal).await?;
            let app = app(manifest, global, terminal).await;
            let ended = on_scratch(manifest, &session, app, patience, terminal).await?;
            Ok((ended, session.close().await))
        })?,
        (None, None) => {
            return Err(Failure::usage("--mutate needs a superuser, who copies the schema and weakens the copy").help(
                "name one with --seed-url or TENANTRY_SEED_URL, or weaken a copy on a throwaway server with --server",
            ));
        }
    };
    let mutations = match ended {
        MutationsEnded::Done(mutations) => mutations,
        MutationsEnded::Unsettled(problems) => return unsettled(&problems, global, terminal),
    };
    terminal.result(|width| text(&mutations, &database, width), || fields(&mutations, &database))?;
    let (noticed, made) = mutations.score();
    Ok(if noticed == made && made > 0 { Exit::Clean } else { Exit::Findings })
}

/// Weakens a copy beside the database.
async fn on_scratch(
    manifest: &Manifest,
    session: &Session,
    app: Result<Way, String>,
    patience: Patience,
    terminal: Terminal,
) -> Result<MutationsEnded, Failure> {
    let scratch = Scratch::copy(session).await?;
    let way = app.map(|way| scratch.way_of(&way));
    let login = || -> LoggedIn<'_> {
        let way = way.clone();
        Box::pin(async move { way?.open().await.map_err(|error| said(&error)) })
    };
    let ended = async {
        let client = scratch.connect().await?;
        weakened(manifest, client, &login, patience, terminal).await
    };
    let ended = ended.await;
    scratch.drop(session).await?;
    ended
}

/// Weakens a copy on a throwaway server.
#[cfg(unix)]
async fn on_server(
    manifest: &Manifest,
    session: &Session,
    server: &Server,
    patience: Patience,
    terminal: Terminal,
) -> Result<MutationsEnded, Failure> {
    let elsewhere = elsewhere::Elsewhere::copy(session, server, manifest.roles.app_role()).await?;
    let login =
        || -> LoggedIn<'_> { Box::pin(async { elsewhere.login().await.map_err(|error| said(&error)) }) };
    let ended = async {
        let client = elsewhere.connect().await?;
        weakened(manifest, client, &login, patience, terminal).await
    };
    let ended = ended.await;
    elsewhere.end().await;
    ended
}

#[cfg(not(unix))]
async fn on_server(
    _: &Manifest,
    _: &Session,
    _: &Server,
    _: Patience,
    _: Terminal,
) -> Result<MutationsEnded, Failure> {
    Err(Failure::usage("throwaway servers are started on Unix only")
        .help("leave --server out, and name a superuser"))
}

/// The way in for the app role, or why there is none.
async fn app(manifest: &Manifest, global: &Global, terminal: Terminal) -> Result<Way, String> {
    let session = match Session::ask(&global.server, terminal).await {
        Ok(Ok(session)) => session,
        Ok(Err(Barred(failure))) | Err(failure) => return Err(failure.line),
    };
    let (_, way) = session.into_client();
    let app = manifest.roles.app_role();
    if way.user() == app.as_str() {
        Ok(way)
    } else {
        Err(format!("the login is role {:?}, and not the app role {:?}", way.user(), app.plain()))
    }
}

/// Why nobody could log in, in one line.
fn said(error: &tokio_postgres::Error) -> String {
    causes(error).join("; ")
}

async fn weakened(
    manifest: &Manifest,
    client: Client,
    login: &Login<'_>,
    patience: Patience,
    terminal: Terminal,
) -> Result<MutationsEnded, Failure> {
    let progress = Progress::new(terminal);
    let see = |done: usize, of: usize, next: &str| progress.see(done, of, next);
    let mut terms = Terms { patience, ..Terms::default() };
    if manifest.tenancy.sealed().is_some() {
        // The copy has no keys: it is made without rows.
        let key = random_key()?;
        SealKeys::new(&client, &manifest.tenancy).add(&key).await?;
        terms.key = Some(key);
    }
    Ok(Box::pin(mutate(manifest, client, Some(login), terms, &see)).await?)
}

fn text(mutations: &Mutations, database: &str, width: Width) -> String {
    let mut text = format!("Mutations of a copy of {}\n", paint(BOLD, database));
    let (noticed, made) = mutations.score();
    let mut survivors = mutations.survivors().peekable();
    if survivors.peek().is_some() {
        let _ = writeln!(text, "\n{}", paint(WRONG, "not noticed"));
    }
    for Mutation { object, what, sql, .. } in survivors {
        text.push_str(&width.rows(2, &[Row::new(Cell::new(NAME, object), Cell::of(what))]));
        for line in block(sql).lines() {
            let _ = writeln!(text, "        {line}");
        }
    }
    let refused: Vec<&Mutation> =
        mutations.all.iter().filter(|of| matches!(of.fate, Fate::Refused(_))).collect();
    if !refused.is_empty() {
        let title = format!("{} that could not be made", count(refused.len(), "mutation"));
        let _ = writeln!(text, "\n{}", paint(CARE.bold(), title));
        for Mutation { object, what, fate, .. } in refused {
            let why = if let Fate::Refused(why) = fate { why.as_str() } else { "" };
            text.push_str(&width.wrap_in(2, DIM, format!("{object}, {what}: {why}")));
        }
    }
    text.push('\n');
    if made == 0 {
        return text
            + &width.wrap_in(0, CARE.bold(), "there is nothing to weaken: no table of tenants has a policy");
    }
    let style = if noticed == made { GOOD.bold() } else { WRONG };
    text + &width.wrap_in(0, style, format!("the proof noticed {noticed} of {}", count(made, "mutation")))
}

fn fields(mutations: &Mutations, database: &str) -> Value {
    let (noticed, made) = mutations.score();
    let one = |mutation: &Mutation| {
        let (fate, by) = match &mutation.fate {
            Fate::Noticed(by) => ("noticed", Some(by)),
            Fate::Survived => ("survived", None),
            Fate::Refused(why) => ("refused", Some(why)),
        };
        json!({ "object": mutation.object, "what": mutation.what, "sql": mutation.sql, "fate": fate, "by": by })
    };
    json!({
        "database": database,
        "noticed": noticed,
        "made": made,
        "mutations": mutations.all.iter().map(one).collect::<Vec<_>>(),
    })
}
