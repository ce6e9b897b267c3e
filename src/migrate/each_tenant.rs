//! Runs a migration once for each tenant.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use tokio_postgres::{Client, Error as PgError};

use super::binder::Binder;
use super::event::Event;
use super::path::UsualPath;
use super::program::{Maker, Program};
use super::report::{TenantFailure, Why};
use super::review::Reviewed;
use super::run::{Run, failed_by, of_data};
use super::send::{self, For, Trouble, nothing_changed};
use super::tenants::{Roll, has_rows};
use crate::error::{Error, Result};
use crate::policy::render::{Vars, render};

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../sql/migrate/", $name, ".sql"))
    };
}

/// A migration that is run once for each tenant.
pub(super) struct EachTenant<'r, 'a, C, W> {
    pub(super) run: &'r Run<'a, C, W>,
    pub(super) maker: Maker<'r>,
    pub(super) of: &'r Reviewed<'a>,
    pub(super) roll: &'r Roll,
}

/// How a migration has ended.
pub(super) struct Done {
    /// For how many tenants it is done, where it is run for each.
    pub(super) tenants: Option<usize>,
    pub(super) rows: u64,
    /// For how many tenants it was not asked; then it is not in the ledger.
    pub(super) left: Option<usize>,
}

/// How far it has come: what each statement has changed for each tenant.
type Progress = BTreeMap<String, Vec<u64>>;

/// What is sent for each tenant.
#[derive(Clone, Copy)]
struct With<'w> {
    program: &'w Program,
    /// The SQL that notes a tenant as done.
    note: &'w str,
    binder: &'w Binder,
}

/// What the workers share.
struct Shared {
    waiting: VecDeque<String>,
    progress: Progress,
    failed: Vec<TenantFailure>,
    /// What ended the work of them all.
    broken: Option<Error>,
    all: usize,
}

/// It is held for a moment, and never while something is waited for.
fn locked(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C, F, W> EachTenant<'_, '_, C, W>
where
    C: Fn() -> F,
    F: Future<Output = Result<Client, PgError>>,
    W: Fn(&Event<'_>),
{
    /// Runs it for whom it has not been run.
    pub(super) async fn all(&self, client: &mut Client) -> Result<Done, Why> {
        let mut progress = self.progress(client).await?;
        let (tenancy, key) = (&self.maker.manifest.tenancy, self.run.migrator.options.seal.as_ref());
        let binder = Binder::of(client, tenancy, key).await?;
        loop {
            let tenants = self.roll.call(client, self.maker.login, self.maker.manifest).await?;
            let asked = self.asked(&tenants)?;
            let waiting: VecDeque<String> =
                asked.into_iter().filter(|tenant| !progress.contains_key(*tenant)).cloned().collect();
            // A tenant that has come meanwhile has its turn too.
            if waiting.is_empty() {
                progress.retain(|tenant, _| tenants.contains(tenant));
                let left = tenants.len().saturating_sub(progress.len());
                if left == 0 {
                    self.finish(client, &progress).await?;
                }
                let rows = progress.values().map(|rows| of_data(self.of, rows)).sum();
                return Ok(Done { tenants: Some(progress.len()), rows, left: (left > 0).then_some(left) });
            }
            progress = self.work(waiting, progress, tenants.len(), &binder).await?;
        }
    }

    /// The tenants that it is to be run for.
    fn asked<'t>(&self, tenants: &'t [String]) -> Result<Vec<&'t String>> {
        let wanted = &self.run.migrator.options.tenants;
        let known: BTreeSet<&String> = tenants.iter().collect();
        let unknown = wanted.iter().filter(|tenant| !known.contains(tenant)).count();
        if unknown > 0 {
            return Err(Error::config(format!(
                "{unknown} of the {} tenants that are asked for are not among the {} that there are",
                wanted.len(),
                tenants.len()
            )));
        }
        Ok(tenants.iter().filter(|tenant| wanted.is_empty() || wanted.contains(tenant)).collect())
    }

    /// Runs it for tenants, several at a time, and says how far it has come.
    async fn work(
        &self,
        waiting: VecDeque<String>,
        progress: Progress,
        all: usize,
        binder: &Binder,
    ) -> Result<Progress, Why> {
        let jobs = self.run.migrator.options.jobs.min(waiting.len());
        let shared = Mutex::new(Shared { waiting, progress, failed: Vec::new(), broken: None, all });
        let program = self.maker.program(self.of)?;
        let note = render(file!("tenant_add"), &self.schema())?;
        let with = With { program: &program, note: &note, binder };
        join_all((0..jobs).map(|_| self.worker(&shared, with))).await;
        let Shared { progress, failed, broken, .. } =
            shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        match broken {
            _ if !failed.is_empty() => {
                Err(Why::Tenants { name: self.of.migration.name(), done: progress.len(), of: all, failed })
            }
            Some(error) => Err(failed_by(self.of, error, None)),
            None => Ok(progress),
        }
    }

    async fn open(&self) -> Result<Client> {
        let client = (self.run.connect)().await.map_err(Error::connect)?;
        UsualPath::leave(&client).await?;
        send::watch_client(&client).await;
        Ok(client)
    }

    /// Takes one tenant after the other, on a connection of its own.
    async fn worker(&self, shared: &Mutex<Shared>, with: With<'_>) {
        let mut connection: Option<Client> = None;
        loop {
            // The tenant is taken only once there is a connection, so that none is lost with it.
            let client = match connection.take().filter(|client| !client.is_closed()) {
                Some(client) => client,
                None => match self.open().await {
                    Ok(client) => client,
                    Err(error) => {
                        let mut shared = locked(shared);
                        shared.waiting.clear();
                        shared.broken.get_or_insert(error);
                        return;
                    }
                },
            };
            let Some(tenant) = locked(shared).waiting.pop_front() else { return };
            let done = self.one(&client, with, &tenant).await;
            // One that cannot be made what it was is let go of.
            connection = send::restart(&client).await.is_ok().then_some(client);
            let (done, failed, all) = self.take(&mut locked(shared), tenant, done);
            let migration = self.of.migration;
            (self.run.watch)(&Event::Tenants { migration, done, failed, of: all });
        }
    }

    /// Keeps what has become of a tenant, and counts those that are done, those that failed, and all.
    fn take(
        &self,
        shared: &mut Shared,
        tenant: String,
        done: Result<Vec<u64>, Trouble>,
    ) -> (usize, usize, usize) {
        match done {
            Ok(rows) => drop(shared.progress.insert(tenant, rows)),
            Err(Trouble { error, place }) => {
                shared.failed.push(TenantFailure { tenant, place, error });
                if self.run.migrator.options.stop_at_first {
                    shared.waiting.clear();
                }
            }
        }
        (shared.progress.len(), shared.failed.len(), shared.all)
    }

    async fn one(
        &self,
        client: &Client,
        With { program, note, binder }: With<'_>,
        tenant: &str,
    ) -> Result<Vec<u64>, Trouble> {
        let checksum = self.of.migration.checksum();
        let of = For {
            setting: self.run.setting(),
            tenant,
            binder,
            note,
            ledger: self.maker.ledger.table().name().as_str(),
            version: self.of.migration.progress_version(),
            checksum: &checksum,
        };
        let work = || send::transaction(client, program, self.of, Some(of));
        self.maker.patience.retry(work, self.run.retrying(self.of)).await
    }

    /// How far earlier runs have come.
    async fn progress(&self, client: &Client) -> Result<Progress, Why> {
        let failed = |source| Error::script("reading the progress of the migration", source);
        let sql = render(file!("tenants_done"), &self.schema())?;
        let ledger = self.maker.ledger.table().name().as_str();
        let rows =
            client.query(&sql, &[&ledger, &self.of.migration.progress_version()]).await.map_err(failed)?;
        let (mut progress, mut others) = (Progress::new(), 0_usize);
        let checksum = self.of.migration.checksum();
        for row in rows {
            let (tenant, of): (String, String) =
                (row.try_get("tenant").map_err(failed)?, row.try_get("checksum").map_err(failed)?);
            let counts: Vec<i64> = row.try_get("rows").map_err(failed)?;
            others += usize::from(of != checksum);
            progress.insert(tenant, counts.into_iter().map(i64::unsigned_abs).collect());
        }
        if others == 0 {
            return Ok(progress);
        }
        if self.run.migrator.options.restart {
            send::own(client, "forgetting the progress", &self.maker.forget(self.of)?).await?;
            return Ok(Progress::new());
        }
        Err(Why::Failed(Error::config(format!(
            "{} is done for {others} tenants as its file was before it was changed; restore the file, or let it run for all of \
             them again (--restart)",
            self.of.migration.name()
        ))))
    }

    /// Puts it into the ledger, unless it has done nothing where something was to be expected.
    async fn finish(&self, client: &mut Client, progress: &Progress) -> Result<(), Why> {
        for (place, planned) in self.of.statements.iter().enumerate() {
            let rows: u64 = progress.values().filter_map(|rows| rows.get(place)).sum();
            if rows > 0 || progress.is_empty() {
                continue;
            }
            for table in &planned.expects {
                if !has_rows(client, self.maker.login, self.maker.manifest, table).await? {
                    continue;
                }
                // It has done nothing that would have to be kept.
                if progress.values().flatten().all(|rows| *rows == 0) {
                    send::own(client, "forgetting the progress", &self.maker.forget(self.of)?).await?;
                }
                let Trouble { error, place } = nothing_changed(planned, table);
                return Err(Why::Migration { name: self.of.migration.name(), place, done: None, error });
            }
        }
        let program = self.maker.finish(self.of)?;
        let work = || send::transaction(client, &program, self.of, None);
        let done = self.maker.patience.retry(work, self.run.retrying(self.of)).await;
        done.map(drop).map_err(|trouble| failed_by(self.of, trouble.error, None))
    }

    fn schema(&self) -> Vars<'_> {
        Vars::default().name("schema", self.maker.ledger.table().schema())
    }
}
