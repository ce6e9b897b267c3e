//! `tenantry lint`: the rules over SQL files.

use std::path::PathBuf;

use super::args::{Global, help};
use super::failure::{Exit, Failure};
use super::findings::{self, Looked};
use super::output::Terminal;
use super::source::{manifest, name_of};
use super::{from, since};
use crate::catalog::replay::{Options, Source, replay};
use crate::plan::{Guess, guess};
use crate::policy::manifest::Manifest;
use crate::rule::lint;

const EXAMPLES: &str = "\
tenantry lint migrations                       everything that the migrations leave or do on their way
tenantry lint migrations --since origin/main   only what is new on this branch
tenantry lint migrations --format sarif        for code scanning; github annotates pull requests
pg_dump --schema-only | tenantry lint -        a schema that has no migrations
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

    #[command(flatten)]
    findings: findings::Options,
}

pub(super) fn run(arguments: &Arguments, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let from::Files { sources, stand } = from::read(&arguments.paths)?;
    let (manifest, guessed) = manifest_or_guess(global, &sources)?;
    let changed =
        arguments.since.as_deref().map(|since| since::changed(since, &arguments.paths)).transpose()?;
    let is_wanted = |file: &str| changed.as_ref().is_none_or(|changed| changed.contains(file));
    let report = lint(&manifest, &sources);
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
