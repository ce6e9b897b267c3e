//! Runs migrations, one after the other.

use std::time::Instant;

use tokio_postgres::{Client, Error as PgError};
use tracing::Instrument;

use super::each_tenant::{Done, EachTenant};
use super::event::Event;
use super::ledger::Ledger;
use super::migration::Mode;
use super::migrator::Migrator;
use super::path::UsualPath;
use super::prepare::Prepared;
use super::program::Maker;
use super::report::{Applied, Report, Stopped, Why};
use super::review::Reviewed;
use super::send::{self, Trouble};
use super::turn::{self, Waiting};
use crate::error::{Error, Result, Step};

/// One run.
pub(super) struct Run<'a, C, W> {
    pub(super) migrator: &'a Migrator,
    pub(super) connect: &'a C,
    pub(super) watch: &'a W,
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
        let mut client = (self.connect)().await.map_err(Error::connect)?;
        let options = &self.migrator.options;
        // Most starts of a service find nothing to do, and need not wait for each other.
        let usual = UsualPath::leave(&client).await?;
        let ledger = Ledger::read(&client, &usual, self.migrator).await?;
        if ledger.to_do(self.migrator)?.is_empty() {
            return Ok(());
        }
        let what = format!("tenantry migrate {}", ledger.table());
        let told = |Waiting { waited, pid }| (self.watch)(&Event::Waiting { waited, pid });
        turn::take(&client, &what, options.wait, told).await?;
        send::watch_client(&client).await;
        let done = self.in_turn(&mut client, usual, report).await;
        turn::end(&client, &what).await;
        done
    }

    /// What would be sent.
    pub(super) async fn shown(&self) -> Result<String, Why> {
        let mut client = (self.connect)().await.map_err(Error::connect)?;
        let usual = UsualPath::leave(&client).await?;
        let prepared = Prepared::read(self.migrator, &mut client, usual, &mut Report::default()).await?;
        Ok(prepared.script()?)
    }

    pub(super) fn setting(&self) -> &'a str {
        self.migrator.manifest.tenancy.setting_name().as_str()
    }

    async fn in_turn(&self, client: &mut Client, usual: UsualPath, report: &mut Report) -> Result<(), Why> {
        let prepared = Prepared::read(self.migrator, client, usual, report).await?;
        make(client, prepared.tables()?).await?;
        for of in &prepared.reviewed {
            let started = Instant::now();
            (self.watch)(&Event::Started { migration: of.migration });
            let span = tracing::info_span!(
                target: "tenantry::migration", "migration",
                otel.kind = "client",
                db.system.name = "postgresql",
                tenantry.migration.name = of.migration.name(),
                tenantry.migration.rows = tracing::field::Empty,
                tenantry.migration.tenants = tracing::field::Empty,
            );
            let Some(done) = self.one(client, &prepared, of).instrument(span.clone()).await? else {
                continue;
            };
            if let Some(left) = done.left {
                report.waits_for_tenants = Some(left);
                return Ok(());
            }
            let Done { rows, tenants, .. } = done;
            span.record("tenantry.migration.rows", rows).record("tenantry.migration.tenants", tenants);
            let (migration, took) = (of.migration, started.elapsed());
            (self.watch)(&Event::Finished { migration, took, rows });
            let (name, mode) = (migration.name(), migration.mode().clone());
            report.pending.retain(|pending| *pending != name);
            report.applied.push(Applied { name, mode, took, rows, tenants });
            send::restart(client).await?;
        }
        if report.applied.is_empty() {
            return Ok(());
        }
        prepared.after(client, report).await
    }

    /// Runs a migration as its mode says; `None` where it has to wait for the table of tenants.
    async fn one(
        &self,
        client: &mut Client,
        prepared: &Prepared<'_>,
        of: &Reviewed<'_>,
    ) -> Result<Option<Done>, Why> {
        let rows = match of.migration.mode() {
            Mode::EachTenant => {
                let Some(roll) = &prepared.roll else { return Ok(None) };
                let each = EachTenant { run: self, maker: prepared.maker(), of, roll };
                return Ok(Some(each.all(client).await?));
            }
            Mode::NoTransaction => self.one_by_one(client, prepared.maker(), of).await?,
            Mode::Transaction | Mode::System { .. } => self.at_once(client, prepared.maker(), of).await?,
        };
        Ok(Some(Done { rows, tenants: None, left: None }))
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

    pub(super) fn retrying(&self, of: &Reviewed<'_>) -> impl Fn(u32, u32, std::time::Duration) {
        let (watch, migration) = (self.watch, of.migration);
        move |attempt, attempts, pause| watch(&Event::Retrying { migration, attempt, attempts, pause })
    }
}

/// The rows of the statements that change any.
pub(super) fn of_data(of: &Reviewed<'_>, rows: &[u64]) -> u64 {
    of.statements.iter().zip(rows).filter(|(statement, _)| statement.is_of_data).map(|(_, rows)| rows).sum()
}

pub(super) fn failed(of: &Reviewed<'_>, trouble: Trouble, done: Option<usize>) -> Why {
    let Trouble { error, place } = trouble;
    Why::Migration { name: of.migration.name(), place, done, error }
}

pub(super) fn failed_by(of: &Reviewed<'_>, error: Error, done: Option<usize>) -> Why {
    failed(of, error.into(), done)
}

/// Makes the tables of the runner's own, all or none.
pub(super) async fn make(client: &mut Client, tables: Vec<(&'static str, String)>) -> Result<()> {
    let failed = |what: &'static str| move |source| Error::script(what, source);
    let transaction = client.transaction().await.map_err(failed("the begin of the transaction"))?;
    for (what, sql) in tables {
        transaction.batch_execute(&sql).await.map_err(failed(what))?;
    }
    transaction.commit().await.map_err(|source| Error::final_step(Step::Commit, source))
}

impl From<Error> for Why {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}
