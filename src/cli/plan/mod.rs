//! `tenantry plan`: the SQL that a database lacks.

pub(super) mod clock;
mod look;
mod queries;
mod show;
pub(super) mod write;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::args::{Global, help};
use super::failure::{Exit, Failure};
use super::files;
use super::output::layout::Width;
use super::output::{self, Terminal};
use super::source::{SqlFiles, manifest};
use crate::catalog::replay::Opaque;
use crate::migrate::Rows;
use crate::plan::{Plan, Remark, Step, Style};
use crate::policy::manifest::Problem;
use show::Way;

const EXAMPLES: &str = "\
tenantry plan                                    the steps with their SQL, for people to read
tenantry plan --check                            in CI: exit code 1 if anything is missing
tenantry plan --from migrations --check          the same without a database
tenantry plan --from migrations --bootstrapped --out migrations --style refinery
                                                 the migration that new tables need, for a server that was bootstrapped
tenantry plan --out migrations --style sqlx      a migration and its way back
tenantry plan --queries src                      drop unique keys that the code does not name any more
tenantry plan --out - | psql -v ON_ERROR_STOP=1  straight to the server
tenantry plan --bootstrap --out - | psql         roles and schemas of a new server, as a superuser";

/// Show the SQL that is missing for the database to be what the manifest declares
///
/// Changes nothing. The steps belong into one transaction. Each comes with the lock that it takes, what the server
/// does with the rows meanwhile, and what was possible before it.
#[derive(clap::Args)]
#[command(after_help = help(EXAMPLES))]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub(super) struct Arguments {
    #[command(flatten)]
    files: SqlFiles,

    /// Write the steps as migration files into this folder, all or none; it is made if it is not there, and no file is replaced.
    /// - prints them as one script, and everything else on the standard error stream
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// The runner that the files are for
    #[arg(
        long,
        value_enum,
        value_name = "RUNNER",
        default_value_t,
        requires = "out",
        hide_possible_values = true,
        help = "The runner that the files are for: refinery, sqlx, flyway, dbmate, goose, golang-migrate, or plain for psql"
    )]
    style: Runner,

    /// The name of the migration: letters, digits and _
    #[arg(long, value_name = "NAME", default_value = "tenancy", requires = "out")]
    name: String,

    /// Only what a server needs before the first migration: roles, memberships, schemas, functions
    #[arg(long, conflicts_with = "paths")]
    bootstrap: bool,

    /// Of files: leave out what plan --bootstrap makes, since each server has it before the first migration
    #[arg(long, requires = "paths")]
    bootstrapped: bool,

    /// Files and folders of the services' code, whatever the language: a key that the manifest's unique replaces is dropped once no
    /// ON CONFLICT in them names it, or may name it; what a builder of SQL is told by a variable is not seen
    #[arg(long, value_name = "PATH", num_args = 1.., conflicts_with = "bootstrap")]
    queries: Vec<PathBuf>,

    /// Exit with code 1 if anything is missing, and list it without its SQL
    #[arg(long, conflicts_with = "out")]
    check: bool,

    /// How long to look, without changing anything, for rows because of which the server would refuse a step; 0s leaves
    /// them alone
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    data_timeout: Duration,

    /// Show the way back: the SQL that takes the steps back, the last one first
    #[arg(long, conflicts_with = "check")]
    down: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Runner {
    Refinery,
    Sqlx,
    Flyway,
    Dbmate,
    Goose,
    GolangMigrate,
    #[default]
    Plain,
}

impl From<Runner> for Style {
    fn from(runner: Runner) -> Self {
        match runner {
            Runner::Refinery => Self::Refinery,
            Runner::Sqlx => Self::Sqlx,
            Runner::Flyway => Self::Flyway,
            Runner::Dbmate => Self::Dbmate,
            Runner::Goose => Self::Goose,
            Runner::GolangMigrate => Self::GolangMigrate,
            Runner::Plain => Self::Plain,
        }
    }
}

/// What was found out.
struct Found {
    plan: Plan,
    /// What stands in the way of a plan.
    problems: Vec<Problem>,
    /// What was planned for, as a heading names it.
    database: String,
    /// The statements of files whose effect is not in the plan.
    opaque: Vec<Opaque>,
    /// What is known of the rows in the way of each step; empty where no server was asked.
    rows: Vec<Option<Rows>>,
}

impl Found {
    /// The rows in the way of a step that is told apart by its place.
    fn rows(&self, step: usize) -> Option<Rows> {
        self.rows.get(step).copied().flatten()
    }

    /// Whether the server would refuse a step.
    fn is_refused(&self) -> bool {
        self.rows.iter().flatten().any(|rows| matches!(rows, Rows::InTheWay(1..)))
    }

    /// Whether the plan can be run as it is.
    fn exit(&self) -> Exit {
        if self.is_refused() { Exit::Findings } else { Exit::Clean }
    }
}

pub(super) fn run(arguments: &Arguments, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let manifest = manifest(&global.config)?;
    let found = look::found(arguments, &manifest, global, terminal)?;
    if !found.problems.is_empty() {
        said(arguments, terminal, |width| show::problems(&found, &global.config, width), || fields(&found))?;
        return Ok(Exit::Findings);
    }
    let way = if arguments.down { Way::Down } else { Way::Up };
    if let Some(folder) = arguments.out.as_deref().filter(|_| !found.plan.is_empty()) {
        return out(arguments, &found, way, folder, terminal);
    }
    let human = |width| {
        if found.plan.is_empty() {
            show::nothing(&found, width)
        } else if arguments.check {
            show::list(&found, width)
        } else {
            show::steps(&found, way, width)
        }
    };
    said(arguments, terminal, human, || fields(&found))?;
    Ok(if arguments.check && !found.plan.is_empty() { Exit::Findings } else { found.exit() })
}

/// Says what there is instead of a script. Where a script is asked for, nothing else goes to the standard output: there may be
/// a server behind it.
fn said(
    arguments: &Arguments,
    terminal: Terminal,
    human: impl FnOnce(Width) -> String,
    json: impl FnOnce() -> Value,
) -> Result<(), Failure> {
    if arguments.out.as_deref().is_some_and(files::is_standard_output) && !terminal.is_json() {
        terminal.aside(human);
        return Ok(());
    }
    terminal.result(human, json)
}

/// Writes the files, or prints the script.
fn out(
    arguments: &Arguments,
    found: &Found,
    way: Way,
    folder: &Path,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    let plan = &found.plan;
    if files::is_standard_output(folder) {
        let script = match way {
            Way::Up => plan.up()?,
            Way::Down => plan.down()?,
        };
        if !terminal.is_json() {
            terminal
                .aside(|width| show::in_the_way(found, width) + &output::not_followed(&found.opaque, width));
        }
        let json = || json!({ "script": script.to_string(), "opaque": output::opaque(&found.opaque) });
        terminal.result(|_| script.to_string(), json)?;
        return Ok(found.exit());
    }
    if arguments.down {
        return Err(Failure::usage("files hold both ways; leave --down out, or print one way with --out -"));
    }
    let written = write::files(plan, arguments.style.into(), &arguments.name, folder)?;
    let json = || {
        let files: Vec<Value> = written.iter().map(|path| path.display().to_string().into()).collect();
        let mut fields = fields(found);
        fields["files"] = files.into();
        fields
    };
    terminal.result(|width| show::written(found, &written, width), json)?;
    Ok(found.exit())
}

fn fields(found: &Found) -> Value {
    let step = |(at, step): (usize, &Step)| {
        json!({
            "object": step.object,
            "what": step.what,
            "lock": step.lock.name(),
            "work": step.work.name(),
            "closes": step.closes,
            "up": step.up,
            "down": step.down,
            "in_the_way": look::fields(step, found.rows(at)),
        })
    };
    let remark = |remark: &Remark| json!({ "object": remark.object, "what": remark.what });
    json!({
        "steps": found.plan.steps.iter().enumerate().map(step).collect::<Vec<_>>(),
        "remarks": found.plan.remarks.iter().map(remark).collect::<Vec<_>>(),
        "problems": output::problems(&found.problems),
        "opaque": output::opaque(&found.opaque),
    })
}
