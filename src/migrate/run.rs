//! Runs migrations, one after the other.

use std::collections::BTreeSet;
use std::time::Instant;

use tokio_postgres::{Client, Error as PgError};

use super::each_tenant::EachTenant;
use super::event::Event;
use super::ledger::Ledger;
use super::login::Login;
use super::migration::{Migration, Mode};
use super::migrator::{Migrator, heading, unreachable_server};
use super::program::{Maker, Part, Program, Shown};
use super::report::{Applied, Report, Stopped, Why};
use super::review::{Planned, Reviewed, review};
use super::send::{self, Trouble};
use super::tenants::Roll;
use super::turn;
use crate::catalog::{Catalog, live};
use crate::error::{Error, Result, Step};
use crate::ident::{Ident, QualifiedName};
use crate::policy::ddl;
use crate::policy::render::{Vars, render};
use crate::rule::{Finding, Severity, audit, lint};

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../sql/migrate/", $name, ".sql"))
    };
}

/// What tells one finding from another: the rule, the object, and what is said of it.
type Found = (&'static str, String, String);

/// One run.
pub(super) struct Run<'a, C, W> {
    pub(super) migrator: &'a Migrator,
    pub(super) connect: &'a C,
    pub(super) watch: &'a W,
}

/// Everything that is known before the first statement is sent.
struct Prepared<'a> {
    login: Login,
    ledger: Ledger,
    reviewed: Vec<Reviewed<'a>>,
    /// What rules find in the database as it is.
    before: BTreeSet<Found>,
    /// Whether the tables are there that say how far a migration has come.
    has_progress: bool,
    /// What has a row for each tenant, if that matters.
    roll: Option<Roll>,
}

impl<'a, C, F, W> Run<'a, C, W>
where
    C: Fn() -> F,
    F: Future<Output = Result<Client, PgError>>,
    W: Fn(&Event<'_>),
{
    pub(super) fn new(migrator: &'a Migrator, connect: &'a C, watch: &'a W) -> Self {
        Self { migrator, connect, watch }
    }

    /// Applies everything that is pending.
    pub(super) async fn all(&self) -> Result<Report, Stopped> {
        let mut report = Report::default();
        match self.to_the_end(&mut report).await {
            Ok(()) => Ok(report),
            Err(why) => Err(Stopped { why, report }),
        }
    }

    async fn to_the_end(&self, report: &mut Report) -> Result<(), Why> {
        let mut client = (self.connect)().await.map_err(unreachable_server)?;
        let options = &self.migrator.options;
        // Most starts of a service find nothing to do, and need not wait for each other.
        let ledger = Ledger::read(&client, &options.ledger, &self.migrator.migrations).await?;
        if ledger.pending(&self.migrator.migrations)?.is_empty() {
            return Ok(());
        }
        let what = format!("tenantry migrate {}", ledger.table());
        turn::take(&client, &what, options.wait, |waited| (self.watch)(&Event::Waiting { waited })).await?;
        let done = self.in_turn(&mut client, report).await;
        turn::end(&client, &what).await;
        done
    }

    /// What would be sent.
    pub(super) async fn shown(&self) -> Result<String, Why> {
        let mut client = (self.connect)().await.map_err(unreachable_server)?;
        let prepared = self.prepare(&mut client, &mut Report::default()).await?;
        let mut script = String::new();
        if prepared.reviewed.is_empty() {
            return Ok(script);
        }
        for (title, sql) in self.tables(&prepared)? {
            heading(&mut script, title);
            script += &sql;
            script += "\n\n";
        }
        let maker = self.maker(&prepared);
        for of in &prepared.reviewed {
            heading(&mut script, &format!("{} ({})", of.migration.name(), of.migration.mode().name()));
            let program = maker.program(of)?;
            let setting = self.setting();
            script += &Shown { program: &program, of, setting }.to_string();
            if *of.migration.mode() == Mode::EachTenant {
                heading(&mut script, "Once every tenant is done:");
                script += &Shown { program: &maker.finish(of)?, of, setting }.to_string();
            }
        }
        Ok(script)
    }

    pub(super) fn setting(&self) -> &'a str {
        self.migrator.manifest.tenancy.setting_name().as_str()
    }

    /// Finds out what is to be done, and refuses what must not be.
    async fn prepare(&self, client: &mut Client, report: &mut Report) -> Result<Prepared<'a>, Why> {
        let Migrator { manifest, migrations, options } = self.migrator;
        let ledger = Ledger::read(client, &options.ledger, migrations).await?;
        let pending = ledger.pending(migrations)?;
        report.pending = pending.iter().map(|migration| migration.name()).collect();
        let catalog = live::load(client).await?;
        let version = catalog.server_version.unwrap_or_default();
        let login = Login::read(client, &manifest.roles, version).await?;
        let role = login.for_schema(&manifest.roles).cloned();
        let role = role.map_or_else(|| Ident::new(login.name()), Ok)?;
        let reviewed = review(manifest, &catalog, &pending, &role).map_err(Why::Refused)?;
        self.lint(&pending)?;
        let tenants = self.roles_and_roll(&login, &reviewed.migrations, &reviewed.catalog)?;
        let progress =
            client.query_one(file!("progress_present"), &[&ledger.table().schema().as_str()]).await;
        let has_progress = progress
            .and_then(|row| row.try_get(0))
            .map_err(|source| Error::script("looking for the progress of migrations", source))?;
        let before = match self.migrator.options.audit {
            Some(_) => audit(manifest, &catalog).findings.iter().map(found).collect(),
            None => BTreeSet::new(),
        };
        Ok(Prepared { login, ledger, reviewed: reviewed.migrations, before, has_progress, roll: tenants })
    }

    /// Runs the rules over the files, and heeds what they find in those that are to be run.
    fn lint(&self, pending: &[&Migration]) -> Result<(), Why> {
        let Some(severity) = self.migrator.options.lint.filter(|_| !pending.is_empty()) else {
            return Ok(());
        };
        let mut found = lint(&self.migrator.manifest, &self.migrator.migrations.sources());
        let is_pending = |file: &str| pending.iter().any(|migration| migration.source().name() == file);
        found.findings.retain(|finding| {
            finding.severity >= severity
                && finding.place.as_ref().is_some_and(|place| is_pending(&place.file))
        });
        if found.findings.is_empty() { Ok(()) } else { Err(Why::Lint(found)) }
    }

    /// Finds out whether there are the roles that are needed, and what lists the tenants.
    fn roles_and_roll(
        &self,
        login: &Login,
        reviewed: &[Reviewed<'_>],
        catalog: &Catalog,
    ) -> Result<Option<Roll>> {
        let manifest = &self.migrator.manifest;
        let mut roll = None;
        for of in reviewed {
            match of.migration.mode() {
                Mode::System { .. } => drop(login.for_system(&manifest.roles)?),
                Mode::EachTenant => {
                    login.for_tenant(&manifest.roles)?;
                    login.for_system(&manifest.roles)?;
                    roll = Some(Roll::find(manifest, catalog)?);
                }
                Mode::Transaction | Mode::NoTransaction => {}
            }
        }
        Ok(roll)
    }

    fn maker<'m>(&'m self, prepared: &'m Prepared<'_>) -> Maker<'m> {
        let options = &self.migrator.options;
        Maker {
            manifest: &self.migrator.manifest,
            login: &prepared.login,
            ledger: &prepared.ledger,
            patience: options.patience,
            statement_timeout: options.statement_timeout,
        }
    }

    /// What makes the tables of the runner's own, each with what it is for.
    fn tables(&self, prepared: &Prepared<'_>) -> Result<Vec<(&'static str, String)>> {
        let (ledger, login) = (&prepared.ledger, &prepared.login);
        let roles = &self.migrator.manifest.roles;
        let schema = ledger.table().schema();
        let mut made = Vec::new();
        let belong = |made: &mut Vec<_>, table: &QualifiedName| {
            let owner = login.for_tables(roles).map(|owner| ddl::owner(table, owner)).transpose()?;
            made.extend(owner.map(|sql| ("the owner of the runner's tables", sql)));
            Ok::<_, Error>(())
        };
        if !ledger.is_present() {
            made.push(("the ledger of migrations", ledger.create()?));
        }
        if !ledger.is_present() || ledger.is_owned_by(login.name()) {
            belong(&mut made, ledger.table())?;
        }
        let has_progress =
            |of: &Reviewed<'_>| matches!(of.migration.mode(), Mode::NoTransaction | Mode::EachTenant);
        if !prepared.has_progress && prepared.reviewed.iter().any(has_progress) {
            let vars = || Vars::default().name("schema", schema);
            made.push(("the progress of migrations", render(file!("progress_create"), &vars())?));
            if login.app_exists() {
                let vars = vars().name("app", roles.app_role());
                made.push(("closing the progress to services", render(file!("progress_close"), &vars)?));
            }
            for table in ["tenantry_migration_statement", "tenantry_migration_tenant"] {
                belong(&mut made, &QualifiedName::new(schema.clone(), Ident::known(table)))?;
            }
        }
        Ok(made)
    }

    /// Makes the tables of the runner's own, all or none.
    async fn make(&self, client: &mut Client, tables: Vec<(&'static str, String)>) -> Result<()> {
        let failed = |what: &'static str| move |source| Error::script(what, source);
        let transaction = client.transaction().await.map_err(failed("the begin of the transaction"))?;
        for (what, sql) in tables {
            transaction.batch_execute(&sql).await.map_err(failed(what))?;
        }
        transaction.commit().await.map_err(|source| Error::final_step(Step::Commit, source))
    }

    async fn in_turn(&self, client: &mut Client, report: &mut Report) -> Result<(), Why> {
        let prepared = self.prepare(client, report).await?;
        self.make(client, self.tables(&prepared)?).await?;
        for of in &prepared.reviewed {
            let started = Instant::now();
            (self.watch)(&Event::Started { migration: of.migration });
            let (rows, tenants) = match of.migration.mode() {
                Mode::EachTenant => {
                    let Some(roll) = &prepared.roll else { continue };
                    let each = EachTenant { run: self, maker: self.maker(&prepared), of, roll };
                    let done = each.all(client).await?;
                    if let Some(left) = done.left {
                        report.waits_for_tenants = Some(left);
                        return Ok(());
                    }
                    (done.rows, Some(done.tenants))
                }
                Mode::NoTransaction => (self.one_by_one(client, self.maker(&prepared), of).await?, None),
                Mode::Transaction | Mode::System { .. } => {
                    (self.at_once(client, self.maker(&prepared), of).await?, None)
                }
            };
            // What a file says to its session is not for the next one.
            send::own(client, "the reset of the session", &render(file!("restart"), &Vars::default())?)
                .await?;
            let (migration, took) = (of.migration, started.elapsed());
            (self.watch)(&Event::Finished { migration, took, rows });
            let (name, mode) = (migration.name(), migration.mode().clone());
            report.pending.retain(|pending| *pending != name);
            report.applied.push(Applied { name, mode, took, rows, tenants });
        }
        match self.migrator.options.audit.filter(|_| !report.applied.is_empty()) {
            Some(severity) => self.audit(client, severity, &prepared.before).await,
            None => Ok(()),
        }
    }

    /// Runs a migration that is one transaction.
    async fn at_once(&self, client: &Client, maker: Maker<'_>, of: &Reviewed<'_>) -> Result<u64, Why> {
        if let Mode::System { reason } = of.migration.mode() {
            tracing::info!(
                migration = of.migration.name(),
                reason,
                "a migration reaches the rows of all tenants"
            );
        }
        let program = maker.program(of)?;
        let work = || send::transaction(client, &program, of, None);
        let done = maker.patience.retry(work, self.retrying(of)).await;
        let rows = done.map_err(|trouble| failed(of, trouble, None))?;
        Ok(of_data(of, &rows))
    }

    /// Runs a migration statement by statement.
    async fn one_by_one(&self, client: &Client, maker: Maker<'_>, of: &Reviewed<'_>) -> Result<u64, Why> {
        let before = self.done_before(client, maker, of).await?;
        let (mut done, mut rows) = (before, 0);
        let Program { parts } = maker.program(of)?;
        for part in &parts {
            match part {
                Part::Own(what, sql) => {
                    let sent = send::own(client, what, sql).await;
                    sent.map_err(|error| failed(of, error.into(), Some(done)))?;
                }
                Part::Statement(place) if *place >= before => {
                    let Some(planned) = of.statements.get(*place) else { continue };
                    let sent = maker.patience.retry(|| by_itself(client, planned), self.retrying(of)).await;
                    let count = sent.map_err(|trouble| failed(of, trouble, Some(done)))?;
                    rows += if planned.is_of_data { count } else { 0 };
                    done += 1;
                    let noted =
                        send::own(client, "noting the statement as done", &maker.done(of, done)?).await;
                    noted.map_err(|error| failed(of, error.into(), Some(done)))?;
                    let (migration, of) = (of.migration, of.statements.len());
                    (self.watch)(&Event::Statement { migration, done, of });
                }
                Part::Statement(_) | Part::Bind | Part::Tenant => {}
            }
        }
        Ok(rows)
    }

    /// How many statements of it an earlier run has done.
    async fn done_before(&self, client: &Client, maker: Maker<'_>, of: &Reviewed<'_>) -> Result<usize, Why> {
        let failed = |source| Error::script("reading the progress of the migration", source);
        let sql =
            render(file!("statements_done"), &Vars::default().name("schema", maker.ledger.table().schema()))?;
        let ledger = maker.ledger.table().name().as_str();
        let row = client.query_opt(&sql, &[&ledger, &of.migration.version()]).await.map_err(failed)?;
        let Some(row) = row else { return Ok(0) };
        let (done, checksum): (i32, String) =
            (row.try_get("done").map_err(failed)?, row.try_get("checksum").map_err(failed)?);
        let done = usize::try_from(done).unwrap_or_default();
        // What failed may be another statement now, what is done must not.
        if checksum == of.checksum(done) {
            return Ok(done);
        }
        Err(failed_by(
            of,
            Error::config(format!(
                "{done} of its statements are done, and are not what they were; restore them, or leave what is not done to \
                 another file",
            )),
            Some(done),
        ))
    }

    pub(super) fn retrying(&self, of: &Reviewed<'_>) -> impl Fn(u32, u32, std::time::Duration) {
        let (watch, migration) = (self.watch, of.migration);
        move |attempt, attempts, pause| watch(&Event::Retrying { migration, attempt, attempts, pause })
    }

    /// Runs the rules over the database, and heeds what they did not find before.
    async fn audit(
        &self,
        client: &mut Client,
        severity: Severity,
        before: &BTreeSet<Found>,
    ) -> Result<(), Why> {
        let catalog = live::load(client).await?;
        let mut report = audit(&self.migrator.manifest, &catalog);
        report.findings.retain(|finding| finding.severity >= severity && !before.contains(&found(finding)));
        if report.findings.is_empty() { Ok(()) } else { Err(Why::Audit(report)) }
    }
}

fn found(finding: &Finding) -> Found {
    (finding.rule.code, finding.object.to_string(), finding.message.clone())
}

/// The rows of the statements that change any.
pub(super) fn of_data(of: &Reviewed<'_>, rows: &[u64]) -> u64 {
    of.statements.iter().zip(rows).filter(|(statement, _)| statement.is_of_data).map(|(_, rows)| rows).sum()
}

fn failed(of: &Reviewed<'_>, trouble: Trouble, done: Option<usize>) -> Why {
    let Trouble { error, place } = trouble;
    Why::Migration { name: of.migration.name(), place, done, error }
}

pub(super) fn failed_by(of: &Reviewed<'_>, error: Error, done: Option<usize>) -> Why {
    failed(of, error.into(), done)
}

/// Sends a statement outside of a transaction.
async fn by_itself(client: &Client, planned: &Planned) -> Result<u64, Trouble> {
    if let Some(index) = &planned.index {
        drop_invalid(client, index).await?;
    }
    send::statement(client, planned).await
}

/// Drops what an attempt to build an index concurrently has left behind.
async fn drop_invalid(client: &Client, index: &QualifiedName) -> Result<()> {
    let failed = |source| Error::script(format!("looking at index {}", index.plain()), source);
    let row = client.query_one(file!("invalid_index"), &[&index.to_string()]).await.map_err(failed)?;
    let is_invalid: bool = row.try_get(0).map_err(failed)?;
    if is_invalid {
        let vars = Vars::default().name("schema", index.schema()).name("index", index.name());
        client.batch_execute(&render(file!("drop_invalid"), &vars)?).await.map_err(failed)?;
    }
    Ok(())
}

impl From<Error> for Why {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
