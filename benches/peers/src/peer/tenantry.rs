//! tenantry, with the strategy and the sharing that it has by default.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tenantry::{TenantContext, TenantPool, TenantType};

use super::plain::rows;
use super::{POOL, Peer};
use crate::work::{AnyError, HUNDRED, INSERT, Job, MANY, POINT, Rows, SETTING, STOCK, UPDATE, Unit};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Default,
    /// What only reads says so, and shares connections for it.
    Reads,
}

pub struct Tenantry {
    pool: TenantPool,
    style: Style,
}

impl Tenantry {
    pub async fn connect(url: &str, style: Style) -> Result<Self, AnyError> {
        let builder = TenantPool::builder(url).setting(SETTING).tenant_type(TenantType::Bigint);
        Ok(Self { pool: builder.max_size(POOL).build().await?, style })
    }

    async fn work(&self, unit: &Unit) -> Result<Rows, AnyError> {
        let Unit { job, tenant, id, note } = unit;
        let context = TenantContext::new(*tenant);
        let reads = matches!(job, Job::PointRead | Job::HundredRows);
        let scope =
            self.pool.tenant(if reads && self.style == Style::Reads { context.read_only() } else { context });
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
        match self.style {
            Style::Default => "tenantry",
            Style::Reads => "tenantry, read_only",
        }
    }

    fn run<'a>(&'a self, unit: &'a Unit) -> BoxFuture<'a, Result<Rows, AnyError>> {
        self.work(unit).boxed()
    }
}
