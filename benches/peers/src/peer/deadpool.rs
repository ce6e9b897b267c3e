//! deadpool-postgres by hand: a transaction, `set_config`, the statements, the commit, all of them
//! prepared through the pool's statement cache.

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Transaction};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, try_join};
use tokio_postgres::NoTls;
use tokio_postgres::types::ToSql;

use super::plain::rows;
use super::{POOL, Peer};
use crate::work::{AnyError, BIND, HUNDRED, INSERT, Job, MANY, POINT, Rows, STOCK, UPDATE, Unit};

#[derive(Clone, Copy)]
pub enum Style {
    /// One request, one answer: what most services have.
    InTurn,
    /// The context and the first statement are polled together, which tokio-postgres's documentation
    /// calls pipelining. `BEGIN` and `COMMIT` stay apart: they belong to `Transaction`, and without it
    /// a dropped future would hand an open transaction to the next caller.
    Joined,
}

pub struct Deadpool {
    pool: Pool,
    style: Style,
}

impl Deadpool {
    pub fn connect(url: &str, style: Style) -> Result<Self, AnyError> {
        Ok(Self { pool: pool(url)?, style })
    }

    async fn work(&self, unit: &Unit) -> Result<Rows, AnyError> {
        let Unit { job, id, note, .. } = unit;
        let mut client = self.pool.get().await?;
        let tx = client.transaction().await?;
        let read = match job {
            Job::PointRead => self.first(&tx, unit, POINT, &[id]).await?,
            Job::HundredRows => self.first(&tx, unit, HUNDRED, &[id, &(id + MANY)]).await?,
            Job::Insert => self.first(&tx, unit, INSERT, &[id, note]).await?,
            Job::FiveStatements => {
                let mut read = self.first(&tx, unit, POINT, &[id]).await?;
                tx.execute(&tx.prepare_cached(INSERT).await?, &[id, note]).await?;
                tx.execute(&tx.prepare_cached(UPDATE).await?, &[id, note]).await?;
                tx.execute(&tx.prepare_cached(INSERT).await?, &[id, note]).await?;
                read.extend(rows(tx.query(&tx.prepare_cached(STOCK).await?, &[id]).await?));
                read
            }
        };
        tx.commit().await?;
        Ok(read)
    }

    /// Binds the tenant and runs the transaction's first statement.
    async fn first(
        &self,
        tx: &Transaction<'_>,
        unit: &Unit,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Rows, AnyError> {
        let tenant = unit.tenant.to_string();
        let (bind, statement) = (tx.prepare_cached(BIND).await?, tx.prepare_cached(sql).await?);
        let context: [&(dyn ToSql + Sync); 1] = [&tenant];
        let (bound, found) = (tx.query(&bind, &context), tx.query(&statement, params));
        Ok(rows(match self.style {
            Style::InTurn => {
                bound.await?;
                found.await?
            }
            Style::Joined => try_join(bound, found).await?.1,
        }))
    }
}

/// The pool with its defaults.
pub fn pool(url: &str) -> Result<Pool, AnyError> {
    let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(url.parse()?, NoTls, config);
    Ok(Pool::builder(manager).max_size(POOL).build()?)
}

impl Peer for Deadpool {
    fn variant(&self) -> &'static str {
        match self.style {
            Style::InTurn => "deadpool-postgres",
            Style::Joined => "deadpool-postgres, joined",
        }
    }

    fn run<'a>(&'a self, unit: &'a Unit) -> BoxFuture<'a, Result<Rows, AnyError>> {
        self.work(unit).boxed()
    }
}
