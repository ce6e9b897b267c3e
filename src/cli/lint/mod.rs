//! `tenantry lint`: the rules over SQL files.

mod granted;
mod place;
mod run;
mod server;

use std::path::PathBuf;
use std::time::Duration;

use super::args::{Global, help};
use super::failure::{Exit, Failure};
use super::findings::{self, Looked};
use super::output::Terminal;
use super::server::Server;
use super::since::Changed;
use super::source::{manifest, name_of};
use super::{connect, from};
use crate::catalog::replay::{Options, Source, replay};
use crate::plan::{Guess, guess};
use crate::policy::manifest::Manifest;
use crate::rule::lint_some;

const EXAMPLES: &str = "\
tenantry lint migrations                       everything that the migrations leave or do on their way
tenantry lint migrations --since origin/main   only what is new on this branch
tenantry lint migrations --format sarif        for code scanning; github annotates pull requests
pg_dump --schema-only | tenantry lint -        a schema that has no migrations
tenantry lint migrations --server              what a throwaway server says of them; exact where code makes up its SQL
tenantry lint migrations --server=18           the same on PostgreSQL 18, of this machine or from Docker
tenantry explain backfill-under-force          what a rule is about";

/// Look for what lets tenants reach each other's rows in SQL files, without a database
///
/// The files are followed statement by statement, in the order of their runner. What they leave is judged, and how they get
/// there. A comment lets a finding stand: -- tenantry: allow RULE "reason", before the statement or behind it; allow-file is for
/// the whole file.
///
/// Of a folder, what takes migrations back is left out, and what a squashed baseline stands for.
///
/// Without a manifest the tenant column and the role of services are guessed from the files, and it says so. Views and SECURITY
/// DEFINER functions are judged by their owner, whoever ran the file that made them: role in [migrations] of the manifest says who
/// that is, and without it they are taken for a superuser's.
#[derive(clap::Args)]
#[command(after_help = help(EXAMPLES))]
pub(super) struct Arguments {
    /// Files and folders of SQL, in the order in which they are run; of a folder, the migrations that go forward; - is the
    /// standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    /// Report only what stands in files that have changed since this commit of git's, or are not committed yet
    #[arg(long, value_name = "REF")]
    since: Option<String>,

    #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "", value_parser = Server::parse, help = SERVER)]
    server: Option<Server>,

    /// How long the files may take on the server, all together
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = humantime::parse_duration, requires = "server")]
    server_timeout: Duration,

    #[command(flatten)]
    findings: findings::Options,
}

const SERVER: &str = "Run the files on a throwaway server and look at what its catalogs say after each, so that nothing is left \
    unfollowed. PostgreSQL's binaries on this machine serve, those in TENANTRY_PG_BIN first, or else Docker. WHICH is a major \
    version, 18; an image, postgis/postgis:18-3.6; or the URL of an empty database, with its superuser. The files are run by \
    role in [migrations] of the manifest, or else its owner, as a superuser; roles that the manifest or the files take for granted are made";

pub(super) fn run(arguments: &Arguments, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let changed = arguments.since.as_deref().map(|commit| Changed::since(commit, &arguments.paths));
    let told = || changed.as_ref().map_or(Ok(()), Changed::wait);
    let is_wanted = |file: &str| changed.as_ref().is_none_or(|changed| changed.contains(file));
    let from::Files { sources, stand } = from::read(&arguments.paths)?;
    let (manifest, guessed) = manifest_or_guess(global, &sources)?;
    let (report, server) = match &arguments.server {
        Some(server) => {
            told()?;
            let limit = arguments.server_timeout;
            let run = server::lint(&manifest, &sources, server, limit, global, terminal);
            let (report, version) = connect::wait(run)?;
            (report, Some(version))
        }
        None => (lint_some(&manifest, &sources, &is_wanted), None),
    };
    told()?;
    let mut assumptions = stand;
    assumptions.extend(guessed);
    if report.assumes_superuser {
        assumptions.push(format!(
            "a superuser runs these files, since role in [migrations] of {} does not say who does",
            global.config.display()
        ));
    }
    let looked = Looked {
        name: name_of(&arguments.paths, &sources),
        manifest: &manifest,
        config: &global.config.display().to_string(),
        sources: &sources,
        is_wanted: &is_wanted,
        server: server.as_deref(),
        assumptions,
    };
    findings::show(report, &looked, &arguments.findings, global, terminal)
}

/// The manifest, or where nobody has named any and there is none, a guess, and what it rests on.
fn manifest_or_guess(global: &Global, sources: &[Source]) -> Result<(Manifest, Option<String>), Failure> {
    if global.config_is_named || !matches!(global.config.try_exists(), Ok(false)) {
        return Ok((manifest(&global.config)?, None));
    }
    let catalog = replay(sources, &Options::default()).catalog;
    let Guess { manifest, said } = guess(&catalog)?;
    let file = global.config.display();
    Ok((manifest, Some(format!("there is no {file}: {said}; tenantry init proposes one for a database"))))
}
