//! How long connections are used, and which of them is next.

use std::collections::BTreeSet;
use std::time::Duration;

use tenantry::TenantPool;

use super::{backend, backends};
use crate::support::erp::{Erp, tenant};
use crate::support::eventually;

/// Checks so many connections out at a time, and gives them back in this order.
async fn together(pool: &TenantPool, count: u8) -> Vec<i32> {
    let mut open = Vec::new();
    let mut served_by = Vec::new();
    for n in 1..=count {
        let tx = pool.tenant(tenant(n)).begin();
        served_by.push(tx.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0));
        open.push(tx);
    }
    for tx in open {
        tx.commit().await.unwrap();
    }
    served_by
}

#[tokio::test]
async fn a_connection_is_replaced_when_its_lifetime_is_over() {
    let erp = Erp::new().await;
    let pool = erp.builder().max_size(1).max_lifetime(Duration::from_millis(100)).build().await.unwrap();
    let first = backend(&pool).await;
    eventually("another serves", async || backend(&pool).await != first).await;
    let lasting = erp.builder().max_size(1).max_lifetime(None).build().await.unwrap();
    let first = backend(&lasting).await;
    assert_eq!(backend(&lasting).await, first);
}

#[tokio::test]
async fn idle_connections_are_closed_but_for_those_that_are_kept() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    let builder = erp.builder().max_size(4).idle_timeout(Duration::from_millis(80));
    let pool = builder.clone().build().await.unwrap();
    together(&pool, 4).await;
    eventually("all are closed", async || pool.status().size == 0 && backends(&admin).await.is_empty()).await;
    let keeping = builder.min_idle(2).build().await.unwrap();
    eventually("two are opened", async || keeping.status().available == 2).await;
    together(&keeping, 4).await;
    eventually("two are left", async || backends(&admin).await.len() == 2).await;
    assert_eq!(keeping.status().size, 2);
}

#[tokio::test]
async fn the_one_that_was_used_last_is_used_next() {
    let erp = Erp::new().await;
    let pool = erp.builder().max_size(3).check_idle_after(Duration::MAX).build().await.unwrap();
    let served_by = together(&pool, 3).await;
    assert_eq!(served_by.iter().collect::<BTreeSet<_>>().len(), 3);
    for _ in 0..5 {
        assert_eq!(backend(&pool).await, served_by[2]);
    }
}

#[tokio::test]
async fn a_refresh_retires_what_is_there_and_interrupts_nothing() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    let pool = erp.builder().max_size(3).build().await.unwrap();
    let before = together(&pool, 3).await;
    let tx = pool.tenant(tenant(1)).begin();
    let begun: i32 = tx.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    pool.refresh();
    eventually("idle ones are closed", async || backends(&admin).await == [begun]).await;
    let other = backend(&pool).await;
    assert!(!before.contains(&other));
    assert_eq!(tx.query_one("select pg_backend_pid()", &[]).await.unwrap().get::<_, i32>(0), begun);
    tx.commit().await.unwrap();
    eventually("it is closed with its transaction", async || backends(&admin).await == [other]).await;
}

/// As after a failover, where the server that was written to has become a standby.
#[tokio::test]
async fn a_server_that_takes_no_writes_any_more_is_left_where_writes_were_asked_for() {
    let erp = Erp::new().await;
    for (attributes, leaves) in [("?target_session_attrs=read-write", true), ("", false)] {
        let url = format!("{}{attributes}", erp.app_url());
        let pool = TenantPool::builder(&url).max_size(1).build().await.unwrap();
        let first = backend(&pool).await;
        let tx = pool.tenant(tenant(1)).begin();
        tx.execute("select set_config('transaction_read_only', 'on', true)", &[]).await.unwrap();
        let error = tx.execute("insert into erp.stage values ('x')", &[]).await.unwrap_err();
        assert_eq!(error.code().map(|code| code.code()), Some("25006"));
        tx.rollback().await.unwrap();
        assert_eq!(backend(&pool).await != first, leaves);
    }
}
