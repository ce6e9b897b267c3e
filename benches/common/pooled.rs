//! The ways to run a point read on a pool that many clients share.

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use tenantry::{Sharing, Strategy, TenantContext, TenantPool, types::ToSql};
use tokio_postgres::{Config, NoTls};

use super::AnyError;
use super::fixture::{Fixture, ROWS, STRATEGIES, TENANT, tenant_pool};
use super::slices::Requests;
use super::ways::{Step, scoped_step};

#[derive(Clone)]
pub enum Pooled {
    /// A pool of deadpool's, autocommit, a filter by hand.
    Plain(Pool),
    /// The same kind of pool, a transaction, the tenant bound in it, each step awaited.
    OneByOne(Pool),
    Scoped(&'static str, TenantPool),
    /// The same in contexts that only read. Of so many requests one sleeps, if any does.
    Reads(&'static str, TenantPool, Option<usize>),
}

/// What a request that sleeps does.
const SLEEP: &str = "select pg_sleep(0.05)";

impl Pooled {
    /// All ways, each with a pool of its own, with the names by which their backends are found.
    pub async fn all(fixture: &Fixture, size: usize) -> Result<Vec<(String, Self)>, AnyError> {
        let mut ways: Vec<(String, Self)> = Vec::new();
        let name = |at: usize| format!("bench-{size}-{at}");
        ways.push((name(0), Self::Plain(deadpool(&fixture.plain_url(&name(0)), size)?)));
        ways.push((name(1), Self::OneByOne(deadpool(&fixture.app_url(&name(1)), size)?)));
        for (at, (label, strategy)) in STRATEGIES.iter().enumerate() {
            let name = name(at + 2);
            let pool = tenant_pool(&fixture.app_url(&name), *strategy).max_size(size).build().await?;
            ways.push((name, Self::Scoped(label, pool)));
        }
        Ok(ways)
    }

    /// Those that a statement without a tenant is compared with where more clients than connections would read.
    pub async fn sharing(
        fixture: &Fixture,
        size: usize,
        port: Option<u16>,
    ) -> Result<Vec<(String, Self)>, AnyError> {
        let name = |at: usize| format!("bench-sharing-{size}-{at}");
        let url = |url: String| port.map_or(Ok(url.clone()), |port| fixture.through(&url, port));
        let mut ways: Vec<(String, Self)> = vec![
            (name(0), Self::Plain(deadpool(&url(fixture.plain_url(&name(0)))?, size)?)),
            (name(1), Self::OneByOne(deadpool(&url(fixture.app_url(&name(1)))?, size)?)),
        ];
        let implicit = tenant_pool(&url(fixture.app_url(&name(2)))?, Strategy::Implicit);
        ways.push((name(2), Self::Scoped("tenantry, Implicit", implicit.max_size(size).build().await?)));
        for (at, label, sharing) in [
            (3, "tenantry, read-only, alone", Sharing::Never),
            (4, "tenantry, read-only, shared", Sharing::Reads),
        ] {
            let pool = tenant_pool(&url(fixture.app_url(&name(at)))?, Strategy::Implicit).max_size(size);
            let pool = pool.sharing(sharing).build().await?;
            ways.push((name(at), Self::Reads(label, pool, None)));
        }
        Ok(ways)
    }

    /// Reads of which one in twenty takes 50 ms, alone on their connections and shared.
    pub async fn mixed(fixture: &Fixture, size: usize) -> Result<Vec<(String, Self)>, AnyError> {
        let mut ways = Vec::new();
        for (at, label, sharing) in
            [(0, "read-only, alone", Sharing::Never), (1, "read-only, shared", Sharing::Reads)]
        {
            let name = format!("bench-mixed-{at}");
            let pool = tenant_pool(&fixture.app_url(&name), Strategy::Implicit).max_size(size);
            ways.push((name, Self::Reads(label, pool.sharing(sharing).build().await?, Some(20))));
        }
        Ok(ways)
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Plain(_) => "plain autocommit, filter by hand",
            Self::OneByOne(_) => "BEGIN, tenant, ..., COMMIT in turn",
            Self::Scoped(name, _) | Self::Reads(name, ..) => name,
        }
    }
}

impl Requests for Pooled {
    async fn request(&self, seed: usize) -> Result<(), AnyError> {
        let id = i64::try_from(seed)? * 13 % ROWS;
        match self {
            Self::Plain(pool) => {
                let client = pool.get().await?;
                let statement = client.prepare_cached(Step::Point.filtered()).await?;
                client.query_one(&statement, &[&id, &TENANT]).await?;
            }
            Self::OneByOne(pool) => {
                let mut client = pool.get().await?;
                let transaction = client.transaction().await?;
                let bind = transaction.prepare_cached("select set_config('app.tenant_id', $1, true)").await?;
                transaction.execute(&bind, &[&"7" as &(dyn ToSql + Sync)]).await?;
                let statement = transaction.prepare_cached(Step::Point.scoped()).await?;
                transaction.query_one(&statement, &[&id]).await?;
                transaction.commit().await?;
            }
            Self::Scoped(_, pool) => scoped_step(&pool.tenant(TENANT), Step::Point, id).await?,
            Self::Reads(_, pool, _) => {
                let scope = pool.tenant(TenantContext::new(TENANT).read_only());
                if self.counts(seed) {
                    scoped_step(&scope, Step::Point, id).await?;
                } else {
                    scope.query(SLEEP, &[]).await?;
                }
            }
        }
        Ok(())
    }

    fn counts(&self, seed: usize) -> bool {
        match self {
            Self::Reads(_, _, Some(of)) => !seed.is_multiple_of(*of),
            _ => true,
        }
    }
}

/// What services without tenants use, with its defaults.
pub fn deadpool(url: &str, size: usize) -> Result<Pool, AnyError> {
    let config: Config = url.parse()?;
    let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config, NoTls, manager_config);
    Ok(Pool::builder(manager).max_size(size).build()?)
}
