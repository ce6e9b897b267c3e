//! The reference: tokio-postgres without tenants, on deadpool-postgres. Autocommit, a prepared
//! statement, the filter written by hand; and a plain transaction where the job is one.
//!
//! It has a pool like all the others, so that a ratio shows what the tenant costs and not the pool.

use deadpool_postgres::Pool;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_postgres::Row;

use super::deadpool::pool;
use super::{Peer, REFERENCE};
use crate::work::{AnyError, Job, MANY, Rows, Unit};

const POINT: &str = "select id, name from bench.item where id = $1 and tenant_id = $2";
const HUNDRED: &str =
    "select id, name from bench.item where id >= $1 and id < $2 and tenant_id = $3 order by id";
const INSERT: &str = "insert into bench.entry (item, note, tenant_id) values ($1, $2, $3)";
const UPDATE: &str = "update bench.stock set note = $2 where id = $1 and tenant_id = $3";
const STOCK: &str = "select id, note from bench.stock where id = $1 and tenant_id = $2";

pub struct Plain {
    pool: Pool,
}

impl Plain {
    pub fn connect(url: &str) -> Result<Self, AnyError> {
        Ok(Self { pool: pool(url)? })
    }

    async fn work(&self, unit: &Unit) -> Result<Rows, AnyError> {
        let Unit { job, tenant, id, note } = unit;
        let mut client = self.pool.get().await?;
        Ok(match job {
            Job::PointRead => {
                let point = client.prepare_cached(POINT).await?;
                rows(client.query(&point, &[id, tenant]).await?)
            }
            Job::HundredRows => {
                let hundred = client.prepare_cached(HUNDRED).await?;
                rows(client.query(&hundred, &[id, &(id + MANY), tenant]).await?)
            }
            Job::Insert => {
                let insert = client.prepare_cached(INSERT).await?;
                client.execute(&insert, &[id, note, tenant]).await?;
                Rows::new()
            }
            Job::FiveStatements => {
                let tx = client.transaction().await?;
                let mut read = rows(tx.query(&tx.prepare_cached(POINT).await?, &[id, tenant]).await?);
                tx.execute(&tx.prepare_cached(INSERT).await?, &[id, note, tenant]).await?;
                tx.execute(&tx.prepare_cached(UPDATE).await?, &[id, note, tenant]).await?;
                tx.execute(&tx.prepare_cached(INSERT).await?, &[id, note, tenant]).await?;
                read.extend(rows(tx.query(&tx.prepare_cached(STOCK).await?, &[id, tenant]).await?));
                tx.commit().await?;
                read
            }
        })
    }
}

impl Peer for Plain {
    fn variant(&self) -> &'static str {
        REFERENCE
    }

    fn run<'a>(&'a self, unit: &'a Unit) -> BoxFuture<'a, Result<Rows, AnyError>> {
        self.work(unit).boxed()
    }
}

/// Reads id and text, for every peer that gets rows of tokio-postgres.
pub fn rows(rows: Vec<Row>) -> Rows {
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}
