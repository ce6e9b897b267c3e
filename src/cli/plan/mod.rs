//! `tenantry plan`: the SQL that a database lacks.

mod clock;
mod show;
mod write;

use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::{Value, json};

use super::args::{Global, help};
use super::failure::{Exit, Failure};
use super::files;
use super::output::{self, Terminal};
use super::source::{Source, manifest};
use crate::plan::{Plan, Remark, Step, Style, plan};
use crate::policy::manifest::Problem;
use show::Way;

const EXAMPLES: &str = "\
tenantry plan                                  the steps with their SQL, for people to read
tenantry plan --check                          in CI: exit code 1 if anything is missing
tenantry plan --out migrations --style sqlx    a migration and its way back
tenantry plan --out - | psql                   straight to the server";

/// Show the SQL that is missing for the database to be what the manifest declares
///
/// Changes nothing. The steps belong into one transaction. Each comes with the lock that it takes, what the server
/// does with the rows meanwhile, and what was possible before it.
#[derive(clap::Args)]
#[command(after_help = help(EXAMPLES))]
pub(super) struct Arguments {
    /// Write the steps as migration files into this folder, all or none; - prints them as one script.
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
        help = "The runner that the files are for: refinery, sqlx, flyway, dbmate, or plain for psql"
    )]
    style: Runner,

    /// The name of the migration: letters, digits and _
    #[arg(long, value_name = "NAME", default_value = "tenancy", requires = "out")]
    name: String,

    /// Exit with code 1 if anything is missing, and list it without its SQL
    #[arg(long, conflicts_with = "out")]
    check: bool,

    /// Show the way back: the SQL that takes the steps back, the last one first
    #[arg(long, conflicts_with = "check")]
    down: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Runner {
    Refinery,
    Sqlx,
    Flyway,
    Dbmate,
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
            Runner::Plain => Self::Plain,
        }
    }
}

pub(super) fn run(arguments: &Arguments, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let manifest = manifest(&global.config)?;
    let source = Source::live(global, terminal)?;
    let plan = match plan(&manifest, &source.catalog) {
        Ok(plan) => plan,
        Err(problems) => {
            let human = || show::problems(&problems, &global.config);
            terminal.result(human, || fields(&Plan::default(), &problems))?;
            return Ok(Exit::Findings);
        }
    };
    let way = if arguments.down { Way::Down } else { Way::Up };
    if let Some(folder) = arguments.out.as_deref().filter(|_| !plan.is_empty()) {
        return out(arguments, &plan, way, folder, terminal);
    }
    let human = || {
        if plan.is_empty() {
            show::nothing(&plan, &source.name)
        } else if arguments.check {
            show::list(&plan, &source.name)
        } else {
            show::steps(&plan, way, &source.name)
        }
    };
    // A script is the result here, and an empty one is a script too.
    if arguments.out.as_deref().is_some_and(files::is_standard_output) && !terminal.is_json() {
        terminal.note(&human());
    } else {
        terminal.result(human, || fields(&plan, &[]))?;
    }
    Ok(if arguments.check && !plan.is_empty() { Exit::Findings } else { Exit::Clean })
}

/// Writes the files, or prints the script.
fn out(
    arguments: &Arguments,
    plan: &Plan,
    way: Way,
    folder: &std::path::Path,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    if files::is_standard_output(folder) {
        let script = match way {
            Way::Up => plan.up()?,
            Way::Down => plan.down()?,
        };
        let json = || json!({ "script": script.to_string() });
        terminal.result(|| script.to_string(), json)?;
        return Ok(Exit::Clean);
    }
    if arguments.down {
        return Err(Failure::usage("files hold both ways; leave --down out, or print one way with --out -"));
    }
    let written = write::files(plan, arguments.style.into(), &arguments.name, folder)?;
    let json = || {
        let files: Vec<Value> = written.iter().map(|path| path.display().to_string().into()).collect();
        let mut fields = fields(plan, &[]);
        fields["files"] = files.into();
        fields
    };
    terminal.result(|| show::written(plan, &written), json)?;
    Ok(Exit::Clean)
}

fn fields(plan: &Plan, problems: &[Problem]) -> Value {
    let step = |step: &Step| {
        json!({
            "object": step.object,
            "what": step.what,
            "lock": step.lock.name(),
            "work": step.work.name(),
            "closes": step.closes,
            "up": step.up,
            "down": step.down,
        })
    };
    let remark = |remark: &Remark| json!({ "object": remark.object, "what": remark.what });
    json!({
        "steps": plan.steps.iter().map(step).collect::<Vec<_>>(),
        "remarks": plan.remarks.iter().map(remark).collect::<Vec<_>>(),
        "problems": output::problems(problems),
    })
}
