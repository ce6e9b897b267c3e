//! What one unit of work leaves on its connection must not reach the next tenant.

mod forgotten;
mod logged;
mod panics;
mod refused;
mod remains;
mod reported;
mod settings;
mod tables;

use tenantry::{Error, StatementMode, Strategy, TenantPool, TenantPoolBuilder};

use crate::support::erp::{Erp, tenant};

const STRATEGIES: [Strategy; 3] = [Strategy::Implicit, Strategy::Explicit, Strategy::ExplicitSetLocal];
const MODES: [StatementMode; 2] = [StatementMode::Named, StatementMode::Unnamed];

/// Each strategy with each way to name statements.
fn ways() -> impl Iterator<Item = (Strategy, StatementMode)> {
    STRATEGIES.into_iter().flat_map(|strategy| MODES.map(|mode| (strategy, mode)))
}

/// A pool of one connection, which both tenants share, whose names are looked up in the schema `erp`.
async fn shared(erp: &Erp, strategy: Strategy, mode: StatementMode) -> TenantPool {
    builder(erp).strategy(strategy).statements(mode).build().await.unwrap()
}

fn builder(erp: &Erp) -> TenantPoolBuilder {
    let url = format!("{}?options=-c%20search_path%3Derp", erp.app_url());
    TenantPool::builder(&url).max_size(1)
}

async fn backend(pool: &TenantPool) -> i32 {
    pool.tenant(tenant(2)).query_typed_one("select pg_backend_pid()", &[]).await.unwrap().get(0)
}

async fn count(pool: &TenantPool, n: u8, table: &str) -> i64 {
    let sql = format!("select count(*) from {table}");
    pool.tenant(tenant(n)).query_one(&sql, &[]).await.unwrap().get(0)
}

fn code(error: &Error) -> &str {
    error.code().map_or("", |code| code.code())
}
