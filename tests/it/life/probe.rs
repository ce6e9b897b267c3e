//! Whether a pool says that it can serve, and when it asks the server.

use std::time::Duration;

use super::backend;
use crate::support::erp::{APP, Erp, tenant};

const AT_ONCE: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_mins(10);

#[tokio::test]
async fn a_pool_is_ready_as_long_as_its_role_fits() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    // Roles are the server's, and other tests run on it.
    let role = format!("probe_{}", erp.database.name());
    admin.batch_execute(&format!("create role {role} login password 'probe' in role {APP}")).await.unwrap();
    let url = erp.database.url_as(&role, "probe");
    let pool = tenantry::TenantPool::builder(&url).max_size(1).build().await.unwrap();
    pool.ready(AT_ONCE).await.unwrap();
    admin.batch_execute(&format!("alter role {role} bypassrls")).await.unwrap();
    // What was found a short time ago is said again.
    pool.ready(LONG).await.unwrap();
    let error = pool.ready(AT_ONCE).await.unwrap_err();
    assert!(error.is_role_refused(), "{error}");
    // A failure is not kept.
    admin.batch_execute(&format!("alter role {role} nobypassrls")).await.unwrap();
    pool.ready(LONG).await.unwrap();
    pool.close().await;
    admin.batch_execute(&format!("drop role {role}")).await.unwrap();
}

#[tokio::test]
async fn a_probe_leaves_the_connection_as_it_was() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let before = backend(&pool).await;
    pool.ready(AT_ONCE).await.unwrap();
    assert_eq!(backend(&pool).await, before);
}

#[tokio::test]
async fn a_pool_that_cannot_serve_is_not_ready() {
    let erp = Erp::new().await;
    let pool = erp.builder().max_size(1).wait_timeout(Duration::from_millis(20)).build().await.unwrap();
    let held = pool.tenant(tenant(1)).begin();
    held.query("select 1", &[]).await.unwrap();
    assert!(pool.ready(AT_ONCE).await.unwrap_err().is_pool_timeout());
    held.commit().await.unwrap();
    pool.ready(AT_ONCE).await.unwrap();
    pool.close();
    for age in [AT_ONCE, LONG] {
        assert!(pool.ready(age).await.unwrap_err().is_pool_closed());
    }
}

#[tokio::test]
async fn a_lazy_pool_is_not_ready_before_its_server_is() {
    let pool = tenantry::TenantPool::builder("postgresql://erp_app@127.0.0.1:1/erp")
        .wait_timeout(Duration::from_millis(20))
        .build_lazy()
        .unwrap();
    assert!(pool.ready(LONG).await.unwrap_err().is_connection_lost());
}
