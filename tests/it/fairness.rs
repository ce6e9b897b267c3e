//! How tenants share a pool with each other.

use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use tenantry::{Fairness, Sharing, TenantContext, TenantPool};

use crate::support::erp::{Erp, open_accounts, tenant};
use crate::support::eventually;

async fn fair_pool(erp: &Erp, max_size: usize, fairness: Fairness) -> TenantPool {
    erp.builder().max_size(max_size).fairness(fairness).build().await.unwrap()
}

/// Has callers of these tenants wait for the only connection, in this order, and tells in which order they are served.
async fn served(pool: &TenantPool, callers: &[u8]) -> Vec<u8> {
    let held = pool.tenant(tenant(99)).begin();
    held.query("select 1", &[]).await.unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for (at, caller) in callers.iter().copied().enumerate() {
        let (scope, order) = (pool.tenant(tenant(caller)), Arc::clone(&order));
        tasks.push(tokio::spawn(async move {
            let tx = scope.begin();
            tx.query("select 1", &[]).await.unwrap();
            order.lock().unwrap().push(caller);
            tx.commit().await.unwrap();
        }));
        eventually("the caller waits", || std::future::ready(pool.status().waiting == at + 1)).await;
    }
    held.commit().await.unwrap();
    for task in tasks {
        task.await.unwrap();
    }
    Arc::try_unwrap(order).unwrap().into_inner().unwrap()
}

#[tokio::test]
async fn a_tenant_with_many_callers_does_not_have_the_others_wait_behind_them() {
    let erp = Erp::new().await;
    let callers = [1, 1, 1, 1, 1, 2, 3];
    let first_come = erp.pool(1).await;
    assert_eq!(served(&first_come, &callers).await, callers);
    let fair = fair_pool(&erp, 1, Fairness::round_robin()).await;
    assert_eq!(served(&fair, &callers).await, [1, 2, 3, 1, 1, 1, 1]);
    let name = tenant(1).as_setting();
    let weighted = fair_pool(&erp, 1, Fairness::weighted(move |tenant| u32::from(tenant == name) + 1)).await;
    assert_eq!(served(&weighted, &callers).await, [1, 1, 2, 3, 1, 1, 1]);
}

#[tokio::test]
async fn a_tenant_has_no_more_under_way_than_it_may() {
    let erp = Erp::new().await;
    let pool = fair_pool(&erp, 4, Fairness::round_robin().max_concurrent(2)).await;
    let running = "select count(*) from pg_stat_activity
        where datname = current_database() and state = 'active' and query like '%slowly%'";
    let admin = erp.admin().await;
    let slow =
        || async { pool.tenant(tenant(1)).query("select pg_sleep(0.05) as slowly", &[]).await.unwrap() };
    let mut all = pin!(join_all((0..8).map(|_| slow())));
    let mut most = 0;
    loop {
        tokio::select! {
            _ = &mut all => break,
            row = admin.query_one(running, &[]) => most = most.max(row.unwrap().get::<_, i64>(0)),
        }
        // Another tenant has room meanwhile.
        pool.tenant(tenant(2)).query("select 1", &[]).await.unwrap();
    }
    // The question counts itself.
    assert_eq!(most, 3, "two at a time, and both");
}

#[tokio::test]
async fn who_is_refused_hears_it_at_once_and_others_do_not() {
    let erp = Erp::new().await;
    let pool = fair_pool(&erp, 1, Fairness::round_robin().max_waiting(0)).await;
    let held = pool.tenant(tenant(1)).begin();
    held.query("select 1", &[]).await.unwrap();
    let error = pool.tenant(tenant(1)).query("select 1", &[]).await.unwrap_err();
    assert!(error.is_tenant_limit() && !error.is_usage() && !error.is_retryable());
    assert_eq!(
        error.to_string(),
        "too many callers of this tenant wait already; answer them later, or raise max_waiting"
    );
    pool.system("another door").unwrap().query("select 1", &[]).await.unwrap();
    held.commit().await.unwrap();
    pool.tenant(tenant(1)).query("select 1", &[]).await.unwrap();

    let pool = fair_pool(&erp, 1, Fairness::round_robin().rate(0.001, 1)).await;
    pool.tenant(tenant(1)).query("select 1", &[]).await.unwrap();
    let error = pool.tenant(tenant(1)).query("select 1", &[]).await.unwrap_err();
    assert!(error.is_tenant_limit() && error.to_string().contains("rate"), "{error}");
    pool.tenant(tenant(2)).query("select 1", &[]).await.unwrap();
}

#[tokio::test]
async fn a_turn_ends_with_its_unit_of_work_however_that_ends() {
    let erp = Erp::new().await;
    let pool = fair_pool(&erp, 2, Fairness::round_robin().max_concurrent(1).max_waiting(0)).await;
    let scope = pool.tenant(tenant(1));
    let is_free = || async { scope.query("select 1", &[]).await.is_ok() };
    let taken = || async { scope.query("select 1", &[]).await.unwrap_err().is_tenant_limit() };
    assert!(is_free().await);

    // Rows are read as long as there are any.
    let mut rows = scope.query_raw("select generate_series(1, 2)", &[]).await.unwrap();
    assert!(taken().await);
    while rows.try_next().await.unwrap().is_some() {}
    assert!(is_free().await);
    let rows = scope.query_raw("select generate_series(1, 2)", &[]).await.unwrap();
    assert!(taken().await);
    drop(rows);
    assert!(is_free().await);

    let tx = scope.begin();
    assert!(is_free().await, "nothing of it has begun");
    tx.query("select 1", &[]).await.unwrap();
    assert!(taken().await);
    tx.rollback().await.unwrap();
    assert!(is_free().await);

    let sleep = tokio::time::timeout(Duration::from_millis(5), scope.query("select pg_sleep(60)", &[])).await;
    assert!(sleep.is_err() && is_free().await);
    scope.query("select 1 / 0", &[]).await.unwrap_err();
    assert!(is_free().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_that_share_connections_take_turns_too() {
    let erp = Erp::new().await;
    let pool = fair_pool(&erp, 2, Fairness::round_robin()).await;
    for n in 1..=4 {
        open_accounts(&pool, &tenant(n), 1, i64::from(n)).await;
    }
    let reads = (0..400_u32).map(|n| {
        let n = u8::try_from(n % 4 + 1).unwrap();
        let scope = pool.tenant(TenantContext::new(tenant(n)).read_only()).sharing(Sharing::Reads);
        async move {
            for _ in 0..5 {
                let row = scope.query_one("select count(*) from erp.account", &[]).await.unwrap();
                assert_eq!(row.get::<_, i64>(0), i64::from(n));
            }
        }
    });
    join_all(reads).await;
    let status = pool.status();
    assert_eq!((status.waiting, status.sharing), (0, 0));
}

#[tokio::test]
async fn a_bound_of_nothing_is_refused_when_the_pool_is_built() {
    let erp = Erp::new().await;
    let error = erp.builder().fairness(Fairness::round_robin().max_concurrent(0)).build_lazy().unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("max_concurrent"), "{error}");
}
