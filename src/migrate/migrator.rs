//! What runs migrations, and what it can be told.

use std::time::Duration;

use tokio_postgres::{Client, Error as PgError};

use super::event::Event;
use super::ledger::Ledger;
use super::migration::{Migration, Migrations};
use super::path::UsualPath;
use super::patience::Patience;
use super::report::{Report, Stopped};
use super::run::Run;
use crate::error::{Error, Result};
use crate::policy::manifest::Manifest;
use crate::rule::{Baseline, Severity};
use crate::seal::SealKey;

/// Runs migrations that know about tenants.
///
/// Files are named as [refinery](https://docs.rs/refinery) names them, and what has been applied stands in the table that
/// refinery keeps, so that either goes on where the other has stopped. Each file is one transaction, together with its line in
/// that table, unless it says otherwise in a comment:
///
/// | comment | how it is run |
/// |---|---|
/// | none | As one transaction. A statement that changes or copies rows of a table under FORCE is refused: it would reach none. |
/// | `-- tenantry: each-tenant` | Once for each tenant, with the tenant bound, each a transaction of its own. |
/// | `-- tenantry: system "reason"` | As one transaction, in which statements that read or change rows run as the system role. |
/// | `-- tenantry: no-transaction` | Statement by statement, as `CREATE INDEX CONCURRENTLY` needs it. |
///
/// Statements run as the owner that the manifest names, if the login can become it and is no superuser.
///
/// Any number of processes can run the same migrations at once: one of them does, the others wait and find them done. The
/// lock belongs to the session, so connect to the server itself, not through a pooler in transaction mode.
///
/// A crash at any moment, of the program or of the server, is followed by running it again. A transaction is done or not; for
/// each tenant, and for each statement without a transaction, it is noted in the database that it is done. What runs in the
/// moment of the crash without a transaction may be run once more, and an index that was left half built is dropped first.
///
/// ```no_run
/// use tenantry::migrate::{Migrations, Migrator};
/// use tenantry::policy::manifest::Manifest;
/// use tokio_postgres::NoTls;
///
/// # async fn example(config: tokio_postgres::Config) -> Result<(), Box<dyn std::error::Error>> {
/// let manifest = Manifest::parse("[tenancy]\ntype = \"uuid\"\n[roles]\napp = \"erp_app\"").map_err(|_| "manifest")?;
/// let migrations = Migrations::new([
///     // In a program: ("V1__init.sql", include_str!("../migrations/V1__init.sql")),
///     ("V1__init.sql", "create table invoice (tenant_id uuid not null, id bigint primary key);"),
/// ])?;
/// let report = Migrator::new(manifest, migrations)
///     .run(|| async {
///         let (client, connection) = config.connect(NoTls).await?;
///         tokio::spawn(connection);
///         Ok(client)
///     })
///     .await?;
/// println!("{} applied", report.applied.len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Migrator {
    pub(super) manifest: Manifest,
    pub(super) migrations: Migrations,
    pub(super) options: Options,
}

/// How far back a run leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down {
    /// The migration with the highest version is taken back.
    Last,
    /// All those are that have a higher version, the highest first; those above 0 are all.
    To(i64),
}

#[derive(Clone, Debug)]
pub(super) struct Options {
    pub(super) ledger: String,
    pub(super) patience: Patience,
    pub(super) statement_timeout: Option<Duration>,
    pub(super) wait: Duration,
    pub(super) jobs: usize,
    pub(super) tenants: Vec<String>,
    pub(super) stop_at_first: bool,
    pub(super) restart: bool,
    pub(super) down: Option<Down>,
    pub(super) lint: Option<Severity>,
    pub(super) audit: Option<Severity>,
    pub(super) baseline: Baseline,
    pub(super) seal: Option<SealKey>,
}

impl Migrator {
    /// Migrations for a database that a manifest describes.
    pub fn new(manifest: Manifest, migrations: Migrations) -> Self {
        let options = Options {
            ledger: "refinery_schema_history".to_owned(),
            patience: Patience::default(),
            statement_timeout: None,
            wait: Duration::from_mins(10),
            jobs: 4,
            tenants: Vec::new(),
            stop_at_first: false,
            restart: false,
            down: None,
            lint: Some(Severity::Medium),
            audit: Some(Severity::Medium),
            baseline: Baseline::default(),
            seal: None,
        };
        Self { manifest, migrations, options }
    }

    /// The table that says what has been applied, with a schema or without. Default: `refinery_schema_history`, which is looked
    /// for by the `search_path` and made where that leads to first.
    pub fn ledger(mut self, table: impl Into<String>) -> Self {
        self.options.ledger = table.into();
        self
    }

    /// How long statements wait for locks, and how often a migration is tried. Default: that of [`Patience`].
    pub fn patience(mut self, patience: Patience) -> Self {
        self.options.patience = patience;
        self
    }

    /// Ends a statement that takes longer, SQLSTATE 57014. Default: what the server and the role say, mostly no limit.
    /// Resolution: one millisecond, rounded up.
    pub fn statement_timeout(mut self, limit: Duration) -> Self {
        self.options.statement_timeout = Some(limit);
        self
    }

    /// How long to wait while somebody else changes the schema. Default: 10 minutes.
    pub fn wait(mut self, limit: Duration) -> Self {
        self.options.wait = limit;
        self
    }

    /// For how many tenants `each-tenant` runs at a time, each on a connection of its own. Default: 4. Zero counts as one.
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.options.jobs = jobs.max(1);
        self
    }

    /// Runs `each-tenant` for these tenants alone, written as the setting carries them. A migration that is not done for all
    /// tenants then is not in the ledger, and what comes after it is not begun. Default: all tenants.
    pub fn tenants(mut self, tenants: impl IntoIterator<Item = String>) -> Self {
        self.options.tenants = tenants.into_iter().collect();
        self
    }

    /// The key that tenants are sealed with, where the database takes no others, see [`Seal`](crate::policy::Seal). Default: none, and
    /// `each-tenant` migrations fail there.
    pub fn seal(mut self, key: SealKey) -> Self {
        self.options.seal = Some(key);
        self
    }

    /// Begins with no further tenant once a migration has failed for one. Default: the others are gone through first.
    pub fn stop_at_first_failure(mut self) -> Self {
        self.options.stop_at_first = true;
        self
    }

    /// Where the file of an `each-tenant` migration has changed since it was run for some tenants, runs it for all of them again.
    /// Default: that is an error.
    pub fn restart(mut self) -> Self {
        self.options.restart = true;
        self
    }

    /// Takes back what has been applied, each by its file `….down.sql`, and takes its line out of the ledger in the same
    /// transaction. The rules do not look at those files, since what takes protection back is what they are for; they do
    /// look at the database afterwards. Default: a run leads on.
    pub fn down(mut self, how_far: Down) -> Self {
        self.options.down = Some(how_far);
        self
    }

    /// Runs nothing if the rules find something of this severity or above in a file that is to be run; `None` does not look.
    /// Default: medium. They are judged on the database that is there, so what was there before need not stand in files.
    pub fn lint(mut self, severity: Option<Severity>) -> Self {
        self.options.lint = severity;
        self
    }

    /// Ends with an error if the rules find something of this severity or above in the database once something was applied,
    /// which they had not found before; `None` does not look. Default: medium.
    pub fn audit(mut self, severity: Option<Severity>) -> Self {
        self.options.audit = severity;
        self
    }

    /// Findings that are known, and that neither of the two looks speaks of. Default: none.
    pub fn baseline(mut self, known: Baseline) -> Self {
        self.options.baseline = known;
        self
    }

    /// Applies what has not been applied, or takes back what has been, after [`Migrator::down`].
    ///
    /// `connect` opens a connection, and is called once, and once more for each tenant that is worked on at a time.
    ///
    /// # Errors
    ///
    /// Whatever kept it from coming to its end, with what it has done by then: that stays done.
    pub async fn run<C, F>(&self, connect: C) -> Result<Report, Stopped>
    where
        C: Fn() -> F,
        F: Future<Output = Result<Client, PgError>>,
    {
        self.run_watched(connect, |_| {}).await
    }

    /// The same, and tells what happens meanwhile.
    ///
    /// # Errors
    ///
    /// As for [`Migrator::run`].
    pub async fn run_watched<C, F, W>(&self, connect: C, watch: W) -> Result<Report, Stopped>
    where
        C: Fn() -> F,
        F: Future<Output = Result<Client, PgError>>,
        W: Fn(&Event<'_>),
    {
        Run::new(self, &connect, &watch).all().await
    }

    /// The migrations that a run would apply or take back, in order. Nothing is changed.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, or its ledger and the files contradict each other.
    pub async fn pending<C, F>(&self, connect: C) -> Result<Vec<&Migration>>
    where
        C: Fn() -> F,
        F: Future<Output = Result<Client, PgError>>,
    {
        let client = connect().await.map_err(Error::connect)?;
        let usual = UsualPath::leave(&client).await?;
        Ledger::read(&client, &usual, self).await?.to_do(self)
    }

    /// What [`Migrator::run`] would send, as SQL for people to read; empty if there is nothing to do. Nothing is changed.
    ///
    /// # Errors
    ///
    /// As for [`Migrator::run`], as far as it can be known before.
    pub async fn dry_run<C, F>(&self, connect: C) -> Result<String, Stopped>
    where
        C: Fn() -> F,
        F: Future<Output = Result<Client, PgError>>,
    {
        let run = Run::new(self, &connect, &|_| {});
        let shown = run.shown().await;
        shown.map_err(|why| Stopped { why, report: Report::default() })
    }
}
