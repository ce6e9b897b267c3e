//! tenantry, with the strategy that it has by default.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tenantry::{TenantId, TenantPool, TenantType};

use super::plain::rows;
use super::{POOL, Peer};
use crate::work::{AnyError, HUNDRED, INSERT, Job, MANY, POINT, Rows, SETTING, STOCK, UPDATE, Unit};

pub struct Tenantry {
    pool: TenantPool,
}

impl Tenantry {
    pub async fn connect(url: &str) -> Result<Self, AnyError> {
        let builder = TenantPool::builder(url).setting(SETTING).tenant_type(TenantType::Bigint);
        Ok(Self { pool: builder.max_size(POOL).build().await? })
    }

    async fn work(&self, unit: &Unit) -> Result<Rows, AnyError> {
        let Unit { job, tenant, id, note } = unit;
        let scope = self.pool.tenant(TenantId::from(*tenant));
        Ok(match job {
            Job::PointRead => rows(scope.query(POINT, &[id]).await?),
            Job::HundredRows => rows(scope.query(HUNDRED, &[id, &(id + MANY)]).await?),
            Job::Insert => {
                scope.execute(INSERT, &[id, note]).await?;
                Rows::new()
            }
            Job::FiveStatements => {
                let tx = scope.begin();
                let mut read = rows(tx.query(POINT, &[id]).await?);
                tx.execute(INSERT, &[id, note]).await?;
                tx.execute(UPDATE, &[id, note]).await?;
                tx.execute(INSERT, &[id, note]).await?;
                read.extend(rows(tx.query(STOCK, &[id]).await?));
                tx.commit().await?;
                read
            }
        })
    }
}

impl Peer for Tenantry {
    fn variant(&self) -> &'static str {
        "tenantry"
    }

    fn run<'a>(&'a self, unit: &'a Unit) -> BoxFuture<'a, Result<Rows, AnyError>> {
        self.work(unit).boxed()
    }
}
