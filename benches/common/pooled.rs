//! The ways to run a point read on a pool that many clients share.

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use tenantry::{TenantPool, types::ToSql};
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
}

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

    pub fn name(&self) -> &'static str {
        match self {
            Self::Plain(_) => "plain autocommit, filter by hand",
            Self::OneByOne(_) => "BEGIN, tenant, ..., COMMIT in turn",
            Self::Scoped(name, _) => name,
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
        }
        Ok(())
    }
}

/// What services without tenants use, with its defaults.
pub fn deadpool(url: &str, size: usize) -> Result<Pool, AnyError> {
    let config: Config = url.parse()?;
    let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(config, NoTls, manager_config);
    Ok(Pool::builder(manager).max_size(size).build()?)
}
