//! `tenantry prove`: tries on a server what policies promise.

mod forge;
mod html;
mod json;
mod junit;
mod matrix;
mod mutate;
mod plans;
mod progress;
mod report;
mod run;
mod show;
#[cfg(test)]
mod specimen;

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::args::{Global, help};
use super::connect;
use super::failure::{Exit, Failure};
use super::files::{self, Existing, NewFile, Text};
use super::output::style::{BOLD, count, paint};
use super::output::{self, Terminal};
use super::plan::clock;
use super::seal::SealOptions;
use super::server::Server;
use super::source::manifest_and_text;
use crate::policy::manifest::Problem;
use crate::prove::{Ended, Patience, Terms};
use report::{Report, Unproved};

const EXAMPLES: &str = "\
tenantry prove --seed-url URL                       try everything; a superuser makes the rows
tenantry prove                                      the app role makes its own rows, where it may
tenantry prove --table public.invoice               try this table alone
tenantry prove --plans                              look at the plans of tenants' statements, too
tenantry prove --mutate --seed-url URL              weaken a copy of the schema, and see that the proof notices
tenantry prove --mutate --server=18                 the same on a throwaway server
tenantry prove --seal --seal-key-file key           forge a million seals where the manifest has [seal]
tenantry prove --html proof.html --junit proof.xml  in CI: a page for reviewers, and what the CI reads";

const SEED_URL: &str = "Who makes the rows, as --database-url names a database: a superuser, or a member of the app role and of one \
    with BYPASSRLS, which suits where others than superusers write triggers and functions, since these run with its rights [default: TENANTRY_SEED_URL, or else the app role itself, as each tenant]";

const MUTATE: &str = "Weaken a copy of the schema in one place at a time, and demand that the proof notices: exit with code 1 if it \
    does not. The copy is a database of its own on the same server, made with pg_dump and psql and dropped at the end; --seed-url \
    has to name a superuser";

const SERVER: &str = "With --mutate: copy the schema to a throwaway server instead, with the roles of the true one, so that no superuser \
    is needed there; whoever --seed-url or else --database-url names reads the schema. PostgreSQL's binaries on this machine serve, \
    those in TENANTRY_PG_BIN first, or else Docker. WHICH is a major version, 18, or an image, postgis/postgis:18-3.6";

const SEAL: &str = "Forge so many seals [default: 1000000] and bind them as the app role, each beside a valid one: exit with code 1 if \
    one is taken, or if a valid one is not. Nothing else is tried";

/// Try as the app role to reach the rows of other tenants
///
/// Logs in as the app role of the manifest, which --database-url names. For each table a row is made for one tenant and for
/// another; then the app role, with the first tenant bound, tries to read, change, forge and take the rows of either, in tables and
/// through views, functions and keys, and tries with no tenant bound.
///
/// Everything runs in transactions that are rolled back. What stays are numbers that sequences have given out, and dead rows
/// for the next vacuum.
#[derive(clap::Args)]
#[command(after_help = help(EXAMPLES))]
pub(super) struct Arguments {
    #[arg(long, value_name = "URL", help = SEED_URL)]
    seed_url: Option<String>,

    /// Try these tables, views and functions alone, named as public.invoice [default: all that the manifest governs]
    #[arg(long = "table", value_name = "NAME", num_args = 1..)]
    tables: Vec<String>,

    /// Write a page for reviewers into this file; an older one is replaced
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,

    /// Write a report for CI into this file, as JUnit's XML; an older one is replaced. What is
    /// unproved is an error in it, or skipped with --allow-unproved
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Look at plans as well: that a look-up, a scan and a join of each table find a tenant's rows by the tenant, and ask for it
    /// once. Exit with code 1 if one does not
    #[arg(long)]
    plans: bool,

    #[arg(long, help = MUTATE, conflicts_with_all = ["plans", "html", "junit", "tables", "allow_unproved"])]
    mutate: bool,

    #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "", value_parser = Server::parse_throwaway, requires = "mutate", help = SERVER)]
    server: Option<Server>,

    #[arg(long, value_name = "COUNT", num_args = 0..=1, default_missing_value = "1000000", help = SEAL, conflicts_with_all = ["plans", "html", "junit", "tables", "allow_unproved", "mutate"], value_parser = clap::value_parser!(u64).range(1..))]
    seal: Option<u64>,

    #[command(flatten)]
    seal_options: SealOptions,

    /// Exit with code 0 although some promises are unproved; how many is said
    #[arg(long)]
    allow_unproved: bool,

    /// End an attempt that takes longer; what it was to show is unproved then
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = limit)]
    statement_timeout: Duration,

    /// How long an attempt waits for a lock; what it was to show is unproved then
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = limit)]
    lock_timeout: Duration,
}

/// The longest time that the server takes for a limit.
const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

/// A limit as the server takes it: zero would be none.
fn limit(text: &str) -> Result<Duration, String> {
    let limit = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if limit < Duration::from_millis(1) || limit > LONGEST {
        return Err("expected at least 1ms and at most 24days".to_owned());
    }
    Ok(limit)
}

impl Arguments {
    /// The files to write.
    fn files(&self) -> Vec<&Path> {
        [&self.html, &self.junit].into_iter().flatten().map(PathBuf::as_path).collect()
    }
}

pub(super) fn run(arguments: &Arguments, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    if let [one, other] = arguments.files().as_slice()
        && one == other
    {
        return Err(Failure::usage("--html and --junit name the same file"));
    }
    let (manifest, text) = manifest_and_text(&global.config)?;
    let time = clock::iso();
    let patience = Patience { statement: arguments.statement_timeout, lock: arguments.lock_timeout };
    if arguments.mutate {
        return mutate::run(&manifest, arguments, patience, global, terminal);
    }
    let key = arguments.seal_options.key()?;
    if let Some(count) = arguments.seal {
        return forge::run(&manifest, key, count, global, terminal);
    }
    if key.is_none() && manifest.tenancy.sealed().is_some_and(|seal| !seal.takes_bare()) {
        return Err(Failure::usage("the manifest has [seal], and no key is named to seal tenants with")
            .help("name the file that holds it by --seal-key-file, or by TENANTRY_SEAL_KEY_FILE"));
    }
    let terms = Terms { patience, plans: arguments.plans, key };
    let ended = connect::wait(run::run(&manifest, arguments, terms, global, terminal))?;
    let config = global.config.display().to_string();
    let proof = match ended {
        Ended::Proof(proof) => proof,
        Ended::Unsettled(problems) => return unsettled(&problems, global, terminal),
    };
    let digest = Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    });
    let unproved = if arguments.allow_unproved { Unproved::Passes } else { Unproved::Fails };
    let report = Report { proof: &proof, time: &time, manifest: &config, digest: &digest, unproved };
    // It is shown even where its files cannot be written.
    terminal.result(|width| show::text(&report, width), || json::fields(&report))?;
    write(arguments, &report, terminal)?;
    Ok(if report.passes() { Exit::Clean } else { Exit::Findings })
}

/// Says what the manifest leaves open.
fn unsettled(problems: &[Problem], global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let title = format!("{} to settle before there is a proof", count(problems.len(), "thing"));
    let config = global.config.display().to_string();
    let human = |width| format!("{}\n\n{}", paint(BOLD, title), output::listed(problems, &config, width));
    terminal.result(human, || json!({ "problems": output::problems(problems) }))?;
    Ok(Exit::Findings)
}

/// Writes the files that are asked for, all or none.
fn write(arguments: &Arguments, report: &Report<'_>, terminal: Terminal) -> Result<(), Failure> {
    let html = |out: &mut dyn io::Write| html::write(report, out);
    let junit = |out: &mut dyn io::Write| junit::write(report, out);
    let mut new = Vec::new();
    if let Some(path) = &arguments.html {
        new.push(NewFile { path: path.clone(), text: Text::Pieces(&html) });
    }
    if let Some(path) = &arguments.junit {
        new.push(NewFile { path: path.clone(), text: Text::Pieces(&junit) });
    }
    if new.is_empty() {
        return Ok(());
    }
    files::write(&new, Existing::Replace)?;
    if !terminal.is_json() {
        terminal.note(&show::written(&arguments.files()));
    }
    Ok(())
}
