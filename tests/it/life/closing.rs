//! How a pool ends: nothing that was acknowledged is lost, and what does not end is cut off and told of.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tenantry::{Closed, TenantPool};
use tokio::time::timeout;

use super::{LIMIT, backends};
use crate::support::erp::{Erp, tenant};
use crate::support::eventually;

const ADD: &str = "insert into erp.account (id, tag) values ($1, '')";

async fn closed(pool: &TenantPool, within: Duration) -> Closed {
    timeout(LIMIT, pool.close().within(within).into_future()).await.expect("the pool does not end")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_under_load_is_there_and_all_else_is_told_of() {
    let erp = Erp::new().await;
    let pool = erp.pool(4).await;
    let next = Arc::new(AtomicI64::new(1));
    let mut writers = Vec::new();
    for writer in 0..16_u8 {
        let (pool, next) = (pool.clone(), Arc::clone(&next));
        writers.push(tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            loop {
                let id = next.fetch_add(1, Ordering::Relaxed);
                let scope = pool.tenant(tenant(1));
                let done = if writer % 2 == 0 {
                    scope.execute(ADD, &[&id]).await.map(drop)
                } else {
                    scope.transact(|tx| async move { tx.execute(ADD, &[&id]).await.map(drop) }).await
                };
                match done {
                    Ok(()) => acknowledged.push(id),
                    Err(error) => {
                        assert!(error.is_pool_closed(), "{error}");
                        return acknowledged;
                    }
                }
            }
        }));
    }
    eventually("the writers write", || std::future::ready(next.load(Ordering::Relaxed) > 200)).await;
    assert_eq!(closed(&pool, LIMIT).await.cut_off, 0);
    let admin = erp.admin().await;
    assert!(backends(&admin).await.is_empty());
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    acknowledged.sort_unstable();
    let rows = admin.query("select id from erp.account order by id", &[]).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>(), acknowledged);
}

#[tokio::test]
async fn what_does_not_end_in_time_is_cut_off_and_undone() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    let pool = erp.pool(3).await;
    let scope = pool.tenant(tenant(1));
    let open = scope.begin();
    open.execute(ADD, &[&1_i64]).await.unwrap();
    let sleeps = tokio::spawn({
        let scope = pool.tenant(tenant(1));
        async move { scope.query("select pg_sleep(600)", &[]).await }
    });
    let running =
        "select count(*) from pg_stat_activity where query = 'select pg_sleep(600)' and state = 'active'
        and datname = current_database()";
    eventually("it sleeps", async || admin.query_one(running, &[]).await.unwrap().get::<_, i64>(0) == 1)
        .await;
    assert_eq!(closed(&pool, Duration::from_millis(50)).await.cut_off, 2);
    let error = timeout(LIMIT, sleeps).await.expect("it hangs").unwrap().unwrap_err();
    assert!(error.is_canceled() || error.is_connection_lost(), "{error}");
    assert!(open.commit().await.unwrap_err().is_connection_lost());
    eventually("the server has let them go", async || backends(&admin).await.is_empty()).await;
    let kept = admin.query_one("select count(*) from erp.account", &[]).await.unwrap();
    assert_eq!(kept.get::<_, i64>(0), 0);
}

#[tokio::test]
async fn an_idle_pool_ends_at_once_and_once_more() {
    let erp = Erp::new().await;
    let pool = erp.pool(2).await;
    pool.system("to have one of each").unwrap().query("select 1", &[]).await.unwrap();
    for _ in 0..2 {
        assert_eq!(closed(&pool, LIMIT).await.cut_off, 0);
    }
    assert_eq!((pool.status().places_taken, pool.system_status().unwrap().places_taken), (0, 0));
}

#[tokio::test]
async fn who_waits_for_the_turn_of_a_tenant_hears_of_the_end() {
    let erp = Erp::new().await;
    let fairness = tenantry::Fairness::round_robin().max_concurrent(1);
    let pool = erp.builder().max_size(2).fairness(fairness).build().await.unwrap();
    let held = pool.tenant(tenant(1)).begin();
    held.query("select 1", &[]).await.unwrap();
    let waits = tokio::spawn({
        let scope = pool.tenant(tenant(1));
        async move { scope.query("select 1", &[]).await }
    });
    eventually("it waits", || std::future::ready(pool.status().waiting == 1)).await;
    pool.close();
    assert!(timeout(LIMIT, waits).await.expect("it hangs").unwrap().unwrap_err().is_pool_closed());
    held.commit().await.unwrap();
}
