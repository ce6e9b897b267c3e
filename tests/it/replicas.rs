//! Reads on replicas: on real servers with streaming replication.

mod conflict;
mod failover;
mod gone;
mod isolation;
mod observed;
mod position;
mod refused;
mod routes;

use std::sync::Arc;
use std::time::Duration;

use tenantry::testing::Server;
use tenantry::{Result, Statements, TenantContext, TenantPool, TenantPoolBuilder};
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_postgres::Client;

use crate::support::erp::{Erp, tenant};
use crate::support::eventually;

const LIMIT: Duration = Duration::from_secs(30);

const PORT: &str = "select inet_server_port()";

/// A primary with a database for the test, and its standby.
struct Pair {
    erp: Erp,
    standby: Arc<Server>,
}

/// The two servers that those tests share which disturb nobody.
static SHARED: OnceCell<(Server, Arc<Server>)> = OnceCell::const_new();

async fn servers(settings: &[(&str, &str)]) -> (Server, Server) {
    // A replica gets what the primary has flushed.
    let mut primary = Server::builder().setting("synchronous_commit", "on");
    let mut standby = Server::builder().setting("hot_standby", "on");
    for (name, value) in settings {
        (primary, standby) = (primary.setting(*name, *value), standby.setting(*name, *value));
    }
    let primary = primary.start_local().await.unwrap();
    let standby = standby.start_standby(&primary).await.unwrap();
    (primary, standby)
}

impl Pair {
    /// On servers that others use too.
    async fn shared() -> Self {
        let start = async || {
            let (primary, standby) = servers(&[]).await;
            (primary, Arc::new(standby))
        };
        let (primary, standby) = SHARED.get_or_init(start).await;
        let pair = Self { erp: Erp::beside(primary).await, standby: Arc::clone(standby) };
        pair.catch_up().await;
        pair
    }

    /// On servers of its own, with these settings.
    async fn alone(settings: &[(&str, &str)]) -> Self {
        let (primary, standby) = servers(settings).await;
        let pair = Self { erp: Erp::on(primary).await, standby: Arc::new(standby) };
        pair.catch_up().await;
        pair
    }

    fn standby(&mut self) -> &mut Server {
        Arc::get_mut(&mut self.standby).expect("it is the test's own")
    }

    fn replica_url(&self) -> String {
        self.erp.app_url_through(self.standby.port())
    }

    fn builder(&self) -> TenantPoolBuilder {
        self.erp.builder().max_size(4).replica_url(&self.replica_url())
    }

    /// A superuser's connection to the standby.
    async fn on_standby(&self) -> Client {
        self.standby.connect().await.unwrap()
    }

    /// Waits until the standby has all that was committed.
    async fn catch_up(&self) {
        let written: String = {
            let admin = self.erp.admin().await;
            admin.query_one("select pg_current_wal_flush_lsn()::text", &[]).await.unwrap().get(0)
        };
        let standby = self.on_standby().await;
        let replayed = "select pg_last_wal_replay_lsn() >= $1::text::pg_lsn";
        eventually("the standby has replayed it", async || {
            standby.query_one(replayed, &[&written]).await.unwrap().get(0)
        })
        .await;
    }

    async fn promote(&self) {
        let standby = self.on_standby().await;
        let promoted = standby.query_one("select pg_promote(true, 30)", &[]).await.unwrap();
        assert!(promoted.get::<_, bool>(0), "it was not promoted");
    }

    fn primary_port(&self) -> u16 {
        self.erp.address().port()
    }
}

/// A context of the n-th tenant that only reads.
fn reads(n: u8) -> TenantContext {
    TenantContext::new(tenant(n)).read_only()
}

/// Which server runs a statement.
async fn port(db: &Statements) -> Result<u16> {
    let row = timeout(LIMIT, db.query_one(PORT, &[])).await.expect("it hangs")?;
    Ok(u16::try_from(row.get::<_, i32>(0)).unwrap())
}

async fn port_of(pool: &TenantPool, context: TenantContext) -> u16 {
    port(&pool.tenant(context)).await.unwrap()
}

/// The ids of accounts that are seen.
async fn accounts(db: &Statements) -> Result<Vec<i64>> {
    let rows =
        timeout(LIMIT, db.query("select id from erp.account order by id", &[])).await.expect("it hangs")?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
