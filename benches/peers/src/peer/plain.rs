//! The reference: tokio-postgres without tenants. Prepared statements on one connection, the filter
//! written by hand, autocommit; and a plain transaction where the job is one.
//!
//! It has no pool, so every ratio includes what the other's pool costs.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use tokio_postgres::{Client, NoTls, Row, Statement};

use super::{Peer, REFERENCE};
use crate::work::{AnyError, Job, MANY, Rows, Unit};

pub struct Plain {
    /// A transaction needs the client for itself. The lock is never contended.
    client: Mutex<Client>,
    point: Statement,
    hundred: Statement,
    insert: Statement,
    update: Statement,
    stock: Statement,
}

impl Plain {
    pub async fn connect(url: &str) -> Result<Self, AnyError> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        let point = "select id, name from bench.item where id = $1 and tenant_id = $2";
        let hundred = "select id, name from bench.item
            where id >= $1 and id < $2 and tenant_id = $3 order by id";
        let insert = "insert into bench.entry (item, note, tenant_id) values ($1, $2, $3)";
        let update = "update bench.stock set note = $2 where id = $1 and tenant_id = $3";
        let stock = "select id, note from bench.stock where id = $1 and tenant_id = $2";
        Ok(Self {
            point: client.prepare(point).await?,
            hundred: client.prepare(hundred).await?,
            insert: client.prepare(insert).await?,
            update: client.prepare(update).await?,
            stock: client.prepare(stock).await?,
            client: Mutex::new(client),
        })
    }

    async fn work(&self, unit: &Unit) -> Result<Rows, AnyError> {
        let Unit { job, tenant, id, note } = unit;
        let mut client = self.client.lock().await;
        Ok(match job {
            Job::PointRead => rows(client.query(&self.point, &[id, tenant]).await?),
            Job::HundredRows => rows(client.query(&self.hundred, &[id, &(id + MANY), tenant]).await?),
            Job::Insert => {
                client.execute(&self.insert, &[id, note, tenant]).await?;
                Rows::new()
            }
            Job::FiveStatements => {
                let tx = client.transaction().await?;
                let mut read = rows(tx.query(&self.point, &[id, tenant]).await?);
                tx.execute(&self.insert, &[id, note, tenant]).await?;
                tx.execute(&self.update, &[id, note, tenant]).await?;
                tx.execute(&self.insert, &[id, note, tenant]).await?;
                read.extend(rows(tx.query(&self.stock, &[id, tenant]).await?));
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
