//! tenaxum, in both of its forms, on the sqlx version that it is made for.
//!
//! The hooks of its pool, which it recommends, set the tenant for the session when a connection is
//! checked out and reset it when the connection goes back. The reset runs behind the caller's back,
//! so no time here includes it; it does keep the connection and the server busy.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx_08::postgres::{PgPool, PgPoolOptions};
use sqlx_08::{Executor, PgConnection, Postgres, query, query_as};
use tenaxum::{Tenancy, TenantId, pool};

use super::{POOL, Peer};
use crate::work::{AnyError, HUNDRED, INSERT, Job, MANY, POINT, Rows, SETTING, STOCK, UPDATE, Unit};

/// `with_tenant_hooks` and the task-local tenant, which its axum middleware sets for a request.
pub struct Hooks {
    pool: PgPool,
}

impl Hooks {
    pub async fn connect(url: &str) -> Result<Self, AnyError> {
        let options = PgPoolOptions::new().max_connections(u32::try_from(POOL)?);
        let options = Tenancy::new().guc(SETTING).with_tenant_hooks(options);
        Ok(Self { pool: options.connect(url).await? })
    }

    async fn work(&self, unit: &Unit) -> Result<Rows, AnyError> {
        let work = async {
            if unit.job != Job::FiveStatements {
                return single(&self.pool, unit).await;
            }
            let mut tx = self.pool.begin().await?;
            let read = five(&mut tx, unit).await?;
            tx.commit().await?;
            Ok(read)
        };
        Ok(pool::scope_tenant(TenantId::new(unit.tenant.to_string()), work).await?)
    }
}

/// `begin_tenant`: a transaction that begins with `set_config`.
pub struct BeginTenant {
    pool: PgPool,
    tenancy: Tenancy,
}

impl BeginTenant {
    pub async fn connect(url: &str) -> Result<Self, AnyError> {
        let options = PgPoolOptions::new().max_connections(u32::try_from(POOL)?);
        Ok(Self { pool: options.connect(url).await?, tenancy: Tenancy::new().guc(SETTING) })
    }

    async fn work(&self, unit: &Unit) -> Result<Rows, AnyError> {
        let tenant = TenantId::new(unit.tenant.to_string());
        let mut tx = self.tenancy.begin_tenant(&self.pool, &tenant).await?;
        let read = match unit.job {
            Job::FiveStatements => five(&mut tx, unit).await?,
            Job::PointRead | Job::HundredRows | Job::Insert => single(&mut *tx, unit).await?,
        };
        tx.commit().await?;
        Ok(read)
    }
}

async fn single(on: impl Executor<'_, Database = Postgres>, unit: &Unit) -> sqlx_08::Result<Rows> {
    match unit.job {
        Job::PointRead | Job::FiveStatements => select(on, POINT, unit).await,
        Job::HundredRows => query_as(HUNDRED).bind(unit.id).bind(unit.id + MANY).fetch_all(on).await,
        Job::Insert => write(on, INSERT, unit).await,
    }
}

async fn five(tx: &mut PgConnection, unit: &Unit) -> sqlx_08::Result<Rows> {
    let mut read = select(&mut *tx, POINT, unit).await?;
    write(&mut *tx, INSERT, unit).await?;
    write(&mut *tx, UPDATE, unit).await?;
    write(&mut *tx, INSERT, unit).await?;
    read.extend(select(&mut *tx, STOCK, unit).await?);
    Ok(read)
}

async fn select(
    on: impl Executor<'_, Database = Postgres>,
    sql: &'static str,
    unit: &Unit,
) -> sqlx_08::Result<Rows> {
    query_as(sql).bind(unit.id).fetch_all(on).await
}

async fn write(
    on: impl Executor<'_, Database = Postgres>,
    sql: &'static str,
    unit: &Unit,
) -> sqlx_08::Result<Rows> {
    query(sql).bind(unit.id).bind(&unit.note).execute(on).await?;
    Ok(Rows::new())
}

impl Peer for Hooks {
    fn variant(&self) -> &'static str {
        "tenaxum, pool hooks"
    }

    fn run<'a>(&'a self, unit: &'a Unit) -> BoxFuture<'a, Result<Rows, AnyError>> {
        self.work(unit).boxed()
    }
}

impl Peer for BeginTenant {
    fn variant(&self) -> &'static str {
        "tenaxum, begin_tenant"
    }

    fn run<'a>(&'a self, unit: &'a Unit) -> BoxFuture<'a, Result<Rows, AnyError>> {
        self.work(unit).boxed()
    }
}
