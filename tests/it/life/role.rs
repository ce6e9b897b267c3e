//! The role of a pool is looked at for every connection, and again while the pool is used.

use std::cell::OnceCell;
use std::time::Duration;

use tenantry::{TenantPool, TenantPoolBuilder};
use tokio_postgres::Client;
use tracing::Level;

use super::backend;
use crate::support::erp::{APP, Erp, PASSWORD, tenant};
use crate::support::eventually;
use crate::support::log::Log;

/// A role of this database's own, which a test can change.
struct World {
    erp: Erp,
    admin: Client,
    role: String,
}

impl World {
    async fn new() -> Self {
        let erp = Erp::new().await;
        let admin = erp.admin().await;
        let role = format!("clerk_{}", erp.database.name());
        let create = format!(
            "create role {role} login password 'it''s a test'; grant usage on schema erp, tenantry to {role};
             grant select on erp.account to {role}"
        );
        admin.batch_execute(&create).await.unwrap();
        Self { erp, admin, role }
    }

    fn builder(&self) -> TenantPoolBuilder {
        TenantPool::builder(&self.erp.database.url_as(&self.role, PASSWORD)).max_size(2)
    }

    async fn alter(&self, attribute: &str) {
        self.admin.batch_execute(&format!("alter role {} {attribute}", self.role)).await.unwrap();
    }

    async fn connections(&self) -> i64 {
        let sql = "select count(*) from pg_stat_activity where usename = $1";
        self.admin.query_one(sql, &[&self.role]).await.unwrap().get(0)
    }

    async fn end(self) {
        let drop = format!("drop owned by {role}; drop role {role}", role = self.role);
        eventually("nobody is connected as the role", async || self.connections().await == 0).await;
        self.admin.batch_execute(&drop).await.unwrap();
    }
}

#[tokio::test]
async fn a_role_that_is_freed_from_the_policies_loses_its_pool_until_it_is_mended() {
    let (log, _guard) = Log::listen(Level::ERROR);
    let world = World::new().await;
    let pool = world.builder().recheck_role_after(Duration::from_millis(20)).build().await.unwrap();
    let kept = pool.tenant(tenant(2)).begin();
    kept.query("select 1", &[]).await.unwrap();
    world.alter("bypassrls").await;
    let said = world.builder().build().await.unwrap_err().to_string();
    assert!(said.contains("BYPASSRLS lets a role see and change every row"), "{said}");
    let refused = OnceCell::new();
    eventually("the pool is refused", async || {
        let answer = pool.tenant(tenant(1)).query("select 1", &[]).await;
        answer.is_err_and(|error| refused.set(error).is_ok())
    })
    .await;
    let error = refused.into_inner().unwrap();
    assert!(error.is_role_refused(), "{error}");
    assert_eq!(error.to_string(), said);
    assert!(log.text().contains(&said), "{}", log.text());
    // A unit of work that had begun ends, and its connection with it.
    kept.commit().await.unwrap();
    eventually("all connections are closed", async || world.connections().await == 0).await;

    world.alter("nobypassrls").await;
    backend(&pool).await;
    drop(pool);
    world.end().await;
}

#[tokio::test]
async fn every_new_connection_meets_the_guard() {
    let world = World::new().await;
    let pool = world.builder().build().await.unwrap();
    backend(&pool).await;
    let idle = pool.tenant(tenant(1)).begin();
    idle.query("select 1", &[]).await.unwrap();
    world.alter("replication").await;
    let error = pool.tenant(tenant(1)).query("select 1", &[]).await.unwrap_err();
    assert!(error.is_role_refused(), "{error}");
    idle.commit().await.unwrap();
    // What the new one has shown holds for the one before.
    let error = pool.tenant(tenant(1)).query("select 1", &[]).await.unwrap_err();
    assert!(error.is_role_refused(), "{error}");
    world.alter("noreplication").await;
    backend(&pool).await;
    drop(pool);
    world.end().await;
}

/// The look goes by in the background, and meets a connection that has just come back.
#[tokio::test]
async fn a_role_that_fits_keeps_its_connections() {
    let erp = Erp::new().await;
    let pool = erp.builder().max_size(1).recheck_role_after(Duration::ZERO).build().await.unwrap();
    let first = backend(&pool).await;
    for _ in 0..20 {
        assert_eq!(backend(&pool).await, first);
    }
}

/// What policies bind all the same opens the pool, and is told of.
#[tokio::test]
async fn what_a_role_could_take_away_is_told_of() {
    let erp = Erp::new().await;
    let said = async || {
        let (log, _guard) = Log::listen(Level::WARN);
        erp.builder().max_size(1).build().await.unwrap();
        log.text()
    };
    assert!(!said().await.contains("the pool's role"));
    erp.admin().await.batch_execute(&format!("alter table erp.entry owner to {APP}")).await.unwrap();
    let heard = said().await;
    assert!(heard.contains("can take policies away") && heard.contains("erp.entry"), "{heard}");
}
