//! `tenantry migrate`: applies migrations that know about tenants.

mod progress;
mod show;

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use tokio_postgres::Client;

use super::args::{Global, help};
use super::connect::{self, Session};
use super::failure::{Exit, Failure};
use super::findings::{self, Level};
use super::output::Terminal;
use super::seal::SealOptions;
use super::source::manifest;
use crate::catalog::replay::Source;
use crate::migrate::{Direction, Down, Migrations, Migrator, Patience};
use progress::Progress;

const EXAMPLES: &str = "\
tenantry migrate                             apply what is pending in the folder migrations
tenantry migrate --dry-run                   print the SQL that would be sent
tenantry migrate --check                     exit code 1 if anything is pending
tenantry migrate --tenant 42                 run what is for each tenant for one of them, and stop there
tenantry migrate --down                      take back what was applied last, by its file V7__name.down.sql
tenantry migrate --down --to 5               take back all that has a higher version
tenantry migrate --applied V7__adopt_invoice  add it to the ledger, and run nothing: tenantry adopt has done it
tenantry migrate db --lock-timeout 500ms     another folder, and less patience with other transactions";

/// Apply migrations, those for each tenant among them
///
/// They are files in a folder, named as refinery names them: V and a version, two underscores, a name, and .sql.
///
/// Each file is one transaction, unless it says otherwise in a comment: -- tenantry: each-tenant runs it once for each tenant,
/// with the tenant bound; -- tenantry: system "reason" lets its data statements reach the rows of all tenants; --
/// tenantry: no-transaction runs it statement by statement. Without one of the first two, a statement that changes rows of a
/// table under FORCE is refused before anything is run. Rules look at the files before, and at the database before and after.
#[derive(clap::Args)]
#[command(after_help = help(EXAMPLES))]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command")]
pub(super) struct Arguments {
    /// The folder of the migrations
    #[arg(value_name = "FOLDER", default_value = "migrations")]
    folder: PathBuf,

    /// Print the SQL that would be sent, and change nothing
    #[arg(long, conflicts_with = "check")]
    dry_run: bool,

    /// List what is pending, and exit with code 1 if anything is; change nothing
    #[arg(long)]
    check: bool,

    /// Take back the migration with the highest version, by the file beside it that ends in .down.sql, and its line in the ledger
    #[arg(long, conflicts_with = "check")]
    down: bool,

    /// With --down, take back all with a higher version than this one; those above 0 are all
    #[arg(long, value_name = "VERSION", requires = "down", value_parser = clap::value_parser!(i64).range(0..))]
    to: Option<i64>,

    /// Add this migration to the ledger and run nothing: the database has by another way what it makes, such as tenantry adopt
    #[arg(long, value_name = "NAME", conflicts_with_all = ["dry_run", "check", "down", "tenants", "restart"])]
    applied: Option<String>,

    /// Run each-tenant migrations for this tenant alone, and begin with nothing that comes after; can be given more than once
    #[arg(long = "tenant", value_name = "TENANT")]
    tenants: Vec<String>,

    /// For how many tenants each-tenant migrations run at a time, each on a connection of its own
    #[arg(long, value_name = "NUMBER", default_value = "4", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: u16,

    /// Begin with no further tenant once a migration has failed for one
    #[arg(long)]
    stop_at_first_failure: bool,

    /// Run an each-tenant migration again for all tenants if its file has changed since it was run for some
    #[arg(long)]
    restart: bool,

    #[command(flatten)]
    seal: SealOptions,

    #[command(flatten)]
    patience: PatienceOptions,

    /// End a statement that takes longer [default: what the server says, mostly never]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    statement_timeout: Option<Duration>,

    /// How long to wait while another process changes the schema
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = humantime::parse_duration)]
    wait: Duration,

    /// The table that says what has been applied
    #[arg(long, value_name = "TABLE", default_value = "refinery_schema_history")]
    ledger: String,

    /// Run nothing if the rules find something of this severity or above in a pending file; never does not look
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = Level::Medium, hide_possible_values = true)]
    lint: Level,

    /// Exit with code 1 if the rules find something of this severity or above in the database that was not there before; never
    /// does not look
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = Level::Medium, hide_possible_values = true)]
    audit: Level,

    /// A file of findings that are known and let stand, as lint and audit write it with --write-baseline
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
}

/// How patient a command is with locks.
#[derive(clap::Args)]
pub(super) struct PatienceOptions {
    /// How long a statement waits for a lock, before it gives way to those that wait behind it
    #[arg(long, value_name = "TIME", default_value = "800ms", value_parser = humantime::parse_duration)]
    lock_timeout: Duration,

    /// How often a step is tried in all while its locks are not to be had
    #[arg(long, value_name = "NUMBER", default_value = "10", value_parser = clap::value_parser!(u32).range(1..))]
    attempts: u32,
}

impl From<&PatienceOptions> for Patience {
    fn from(options: &PatienceOptions) -> Self {
        Self::default().lock_timeout(options.lock_timeout).attempts(options.attempts)
    }
}

impl Arguments {
    fn direction(&self) -> Direction {
        if self.down { Direction::Down } else { Direction::Up }
    }
}

pub(super) fn run(arguments: &Arguments, global: &Global, terminal: Terminal) -> Result<Exit, Failure> {
    let manifest = manifest(&global.config)?;
    let migrations = Migrations::read(&arguments.folder)?;
    let both = migrations.iter().flat_map(|migration| [Some(migration), migration.down()]).flatten();
    let sources: Vec<Source> = both.map(|migration| migration.source().clone()).collect();
    let direction = arguments.direction();
    let mut migrator = migrator(arguments, Migrator::new(manifest, migrations));
    if let Some(key) = arguments.seal.key()? {
        migrator = migrator.seal(key);
    }
    if let Some(path) = &arguments.baseline {
        migrator = migrator.baseline(findings::known::read(path)?);
    }
    connect::wait(async {
        let session = Session::open(&global.server, terminal).await?;
        let name = session.name().to_owned();
        let (client, way) = session.into_client();
        let first = RefCell::new(Some(client));
        let connect = || async {
            let first: Option<Client> = first.borrow_mut().take();
            match first {
                Some(client) => Ok(client),
                None => way.open().await,
            }
        };
        if let Some(applied) = &arguments.applied {
            let added = migrator.mark_applied(applied, connect).await.map_err(show::of_files)?;
            let human = |_| show::marked(applied, added, &name);
            terminal.result(human, || json!({ "marked": applied, "added": added }))?;
            return Ok(Exit::Clean);
        }
        if arguments.check {
            let pending = migrator.pending(connect).await.map_err(show::of_files)?;
            let names: Vec<String> = pending.iter().map(|migration| migration.name()).collect();
            terminal.result(|_| show::pending(&pending, &name), || json!({ "pending": names }))?;
            return Ok(if pending.is_empty() { Exit::Clean } else { Exit::Findings });
        }
        if arguments.dry_run {
            let shown = migrator.dry_run(connect).await;
            let script = shown.map_err(|stopped| show::stopped(&stopped, &sources, terminal))?;
            let human = |_| if script.is_empty() { show::nothing(direction, &name) } else { script.clone() };
            terminal.result(human, || json!({ "script": script }))?;
            return Ok(Exit::Clean);
        }
        let progress = Progress::new(terminal, &name);
        let done = migrator.run_watched(connect, |event| progress.see(event)).await;
        progress.end();
        match done {
            Ok(report) => {
                let human = |_| {
                    if report.is_empty() {
                        show::nothing(direction, &name)
                    } else {
                        show::report(direction, &report)
                    }
                };
                terminal.result(human, || show::fields(direction, &report))?;
                Ok(Exit::Clean)
            }
            Err(stopped) => {
                terminal.result(
                    |_| show::report(direction, &stopped.report),
                    || show::stopped_fields(direction, &stopped),
                )?;
                Err(show::stopped(&stopped, &sources, terminal))
            }
        }
    })
}

fn migrator(arguments: &Arguments, migrator: Migrator) -> Migrator {
    let mut migrator = migrator
        .ledger(&arguments.ledger)
        .patience((&arguments.patience).into())
        .wait(arguments.wait)
        .jobs(arguments.jobs.into())
        .tenants(arguments.tenants.iter().cloned())
        .lint(arguments.lint.floor())
        .audit(arguments.audit.floor());
    if let Some(limit) = arguments.statement_timeout {
        migrator = migrator.statement_timeout(limit);
    }
    if arguments.down {
        migrator = migrator.down(arguments.to.map_or(Down::Last, Down::To));
    }
    if arguments.stop_at_first_failure {
        migrator = migrator.stop_at_first_failure();
    }
    if arguments.restart { migrator.restart() } else { migrator }
}
