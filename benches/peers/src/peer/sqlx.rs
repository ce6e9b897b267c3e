//! sqlx: a transaction of its pool, `set_config`, the statements, the commit. sqlx prepares and
//! caches each of them by its text.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{Executor, Postgres, query, query_as};

use super::{POOL, Peer};
use crate::work::{AnyError, BIND, HUNDRED, INSERT, Job, MANY, POINT, Rows, STOCK, UPDATE, Unit};

#[derive(Clone, Copy)]
pub enum Checkout {
    /// sqlx's default: it asks the server whether the connection is alive before it hands it out.
    Tested,
    /// `test_before_acquire(false)`, which leaves sqlx with what the other pools do by default.
    Untested,
}

pub struct Sqlx {
    pool: PgPool,
    checkout: Checkout,
}

impl Sqlx {
    pub async fn connect(url: &str, checkout: Checkout) -> Result<Self, AnyError> {
        let options = PgPoolOptions::new().max_connections(u32::try_from(POOL)?);
        let options = match checkout {
            Checkout::Tested => options,
            Checkout::Untested => options.test_before_acquire(false),
        };
        Ok(Self { pool: options.connect(url).await?, checkout })
    }

    async fn work(&self, unit: &Unit) -> Result<Rows, AnyError> {
        let mut tx = self.pool.begin().await?;
        query(BIND).bind(unit.tenant.to_string()).execute(&mut *tx).await?;
        let Unit { job, id, note, .. } = unit;
        let read = match job {
            Job::PointRead => select(&mut *tx, POINT, *id).await?,
            Job::HundredRows => query_as(HUNDRED).bind(id).bind(id + MANY).fetch_all(&mut *tx).await?,
            Job::Insert => write(&mut *tx, INSERT, *id, note).await?,
            Job::FiveStatements => {
                let mut read = select(&mut *tx, POINT, *id).await?;
                write(&mut *tx, INSERT, *id, note).await?;
                write(&mut *tx, UPDATE, *id, note).await?;
                write(&mut *tx, INSERT, *id, note).await?;
                read.extend(select(&mut *tx, STOCK, *id).await?);
                read
            }
        };
        tx.commit().await?;
        Ok(read)
    }
}

async fn select(
    on: impl Executor<'_, Database = Postgres>,
    sql: &'static str,
    id: i64,
) -> sqlx::Result<Rows> {
    query_as(sql).bind(id).fetch_all(on).await
}

async fn write(
    on: impl Executor<'_, Database = Postgres>,
    sql: &'static str,
    id: i64,
    note: &str,
) -> sqlx::Result<Rows> {
    query(sql).bind(id).bind(note).execute(on).await?;
    Ok(Rows::new())
}

impl Peer for Sqlx {
    fn variant(&self) -> &'static str {
        match self.checkout {
            Checkout::Tested => "sqlx",
            Checkout::Untested => "sqlx, test_before_acquire off",
        }
    }

    fn run<'a>(&'a self, unit: &'a Unit) -> BoxFuture<'a, Result<Rows, AnyError>> {
        self.work(unit).boxed()
    }
}
