//! `tenantry prove --mutate`: whether the proof can fail.

mod scratch;

use std::fmt::Write as _;

use serde_json::{Value, json};

use self::scratch::Scratch;
use super::progress::Progress;
use super::{Arguments, run as proof, unsettled};
use crate::cli::args::Global;
use crate::cli::connect::{self, Session};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Terminal;
use crate::cli::output::layout::{Cell, Row, Width};
use crate::cli::output::style::{BOLD, CARE, DIM, GOOD, NAME, WRONG, block, count, paint};
use crate::policy::manifest::Manifest;
use crate::prove::{Fate, Mutation, Mutations, MutationsEnded, Patience, mutate};

pub(super) fn run(
    manifest: &Manifest,
    arguments: &Arguments,
    patience: Patience,
    global: &Global,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let Some((url, called)) = proof::seed_url(arguments)? else {
        return Err(Failure::usage("--mutate needs a superuser, who copies the schema and weakens the copy")
            .help("name one with --seed-url or TENANTRY_SEED_URL"));
    };
    let (ended, database) = connect::wait(async {
        let session = Session::open(&global.server.of_another(&url, called), terminal).await?;
        let scratch = Scratch::copy(&session).await?;
        let ended = weakened(manifest, &scratch, patience, terminal).await;
        scratch.drop(&session).await?;
        Ok((ended?, session.close().await))
    })?;
    let mutations = match ended {
        MutationsEnded::Done(mutations) => mutations,
        MutationsEnded::Unsettled(problems) => return unsettled(&problems, global, terminal),
    };
    terminal.result(|width| text(&mutations, &database, width), || fields(&mutations, &database))?;
    let (noticed, made) = mutations.score();
    Ok(if noticed == made && made > 0 { Exit::Clean } else { Exit::Findings })
}

async fn weakened(
    manifest: &Manifest,
    scratch: &Scratch,
    patience: Patience,
    terminal: Terminal,
) -> Result<MutationsEnded, Failure> {
    let client = scratch.connect().await?;
    let progress = Progress::new(terminal);
    let see = |done: usize, of: usize, next: &str| progress.see(done, of, next);
    Ok(Box::pin(mutate(manifest, client, patience, &see)).await?)
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
        let title = format!("{} that the server refused", count(refused.len(), "mutation"));
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
