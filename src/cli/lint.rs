//! `tenantry lint`: the rules over SQL files.

use std::path::PathBuf;

use super::args::{Global, help};
use super::failure::{Exit, Failure};
use super::findings::{self, Looked};
use super::output::Terminal;
use super::source::{manifest, name_of};
use super::{from, since};
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
    let manifest = manifest(&global.config)?;
    let sources = from::read(&arguments.paths)?;
    let changed =
        arguments.since.as_deref().map(|since| since::changed(since, &arguments.paths)).transpose()?;
    let is_wanted = |file: &str| changed.as_ref().is_none_or(|changed| changed.contains(file));
    let looked = Looked {
        name: name_of(&arguments.paths, &sources),
        manifest: &manifest,
        config: &global.config.display().to_string(),
        sources: &sources,
        is_wanted: &is_wanted,
    };
    findings::show(lint(&manifest, &sources), &looked, &arguments.findings, global, terminal)
}
