//! How long connections live, how many the server sees, and what a pool does while the world around
//! it changes.

mod closing;
mod each_tenant;
mod forgotten;
mod lifetime;
mod listener;
mod places;
mod pooler;
mod probe;
mod reads;
mod role;
mod setup;
mod stall;
mod unbound;
mod unready;

use std::time::Duration;

use tenantry::TenantPool;
use tokio::time::timeout;
use tokio_postgres::Client;

use crate::support::erp::{APP, tenant};

const LIMIT: Duration = Duration::from_secs(20);

/// Which process of the server's serves the pool's next statement.
async fn backend(pool: &TenantPool) -> i32 {
    let query = "select pg_backend_pid()";
    let row = timeout(LIMIT, pool.tenant(tenant(1)).query_one(query, &[])).await.expect("it hangs");
    row.unwrap().get(0)
}

/// The processes that serve the app role in this database.
async fn backends(admin: &Client) -> Vec<i32> {
    let sql =
        "select pid from pg_stat_activity where datname = current_database() and usename = $1 order by pid";
    admin.query(sql, &[&APP]).await.unwrap().iter().map(|row| row.get(0)).collect()
}
