//! Work for many tenants: never more at a time than was asked for, each for itself, and none once the pool is closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tenantry::{Error, TenantId};
use tokio::sync::Barrier;
use tokio::time::timeout;

use super::LIMIT;
use crate::support::erp::{Erp, tenant};
use crate::support::eventually;

const ADD: &str = "insert into erp.account (id, tag) values ($1, '')";
const TENANTS: &str = "select count(distinct tenant_id) from erp.account";

#[tokio::test(flavor = "multi_thread")]
async fn as_many_as_were_asked_for_run_at_a_time_and_no_more() {
    let erp = Erp::new().await;
    let pool = erp.pool(4).await;
    for (at_once, expected) in [(0, 1), (1, 1), (3, 3)] {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        // Nobody goes on before as many are there as may be.
        let all_there = Barrier::new(expected);
        let work = |scope: tenantry::TenantScope| {
            let (running, most, all_there) = (&running, &most, &all_there);
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                all_there.wait().await;
                let id = i64::try_from(at_once).unwrap();
                let done = scope.execute(ADD, &[&id]).await;
                running.fetch_sub(1, Ordering::Relaxed);
                done
            }
        };
        let outcome = pool.for_each_tenant((1..=12).map(tenant), at_once, work);
        let outcome = timeout(LIMIT, outcome).await.expect("fewer run than were asked for");
        assert_eq!((outcome.done.len(), outcome.failed.len(), outcome.left.len()), (12, 0, 0));
        assert_eq!(most.into_inner(), expected, "{at_once}");
    }
    let admin = erp.admin().await;
    assert_eq!(admin.query_one(TENANTS, &[]).await.unwrap().get::<_, i64>(0), 12);
}

#[tokio::test]
async fn one_that_fails_is_told_of_and_ends_no_other() {
    let erp = Erp::new().await;
    let pool = erp.pool(2).await;
    let outcome = pool
        .for_each_tenant((1..=5).map(tenant), 2, |scope| async move {
            let fails = scope.query_one("select tenantry.tenant_id()::text like '%3'", &[]).await?;
            let tx = scope.begin();
            tx.execute(ADD, &[&1_i64]).await?;
            let divisor = i32::from(!fails.try_get::<_, bool>(0)?);
            tx.query_one("select 1 / $1::int", &[&divisor]).await?;
            tx.commit().await
        })
        .await;
    let done: Vec<&TenantId> = outcome.done.iter().map(|(tenant, ())| tenant).collect();
    assert_eq!(done.len(), 4, "{outcome:?}");
    assert!([1, 2, 4, 5].iter().all(|n| done.contains(&&tenant(*n))), "{outcome:?}");
    let [(failed, error)] = &outcome.failed[..] else { panic!("{outcome:?}") };
    assert_eq!((failed, error.code().unwrap().code()), (&tenant(3), "22012"));
    let admin = erp.admin().await;
    assert_eq!(admin.query_one(TENANTS, &[]).await.unwrap().get::<_, i64>(0), 4);
    assert_eq!(format!("{outcome:?}"), "EachTenant { done: 4, failed: 1, left: 0 }");
}

#[tokio::test]
async fn none_is_begun_once_the_pool_is_closed() {
    let erp = Erp::new().await;
    let pool = erp.pool(2).await;
    let outcome = pool
        .for_each_tenant((1..=6).map(tenant), 2, |scope| {
            let pool = pool.clone();
            async move {
                let tx = scope.begin();
                tx.execute(ADD, &[&1_i64]).await?;
                pool.close();
                tx.commit().await
            }
        })
        .await;
    let told = outcome.done.iter().map(|(tenant, ())| tenant);
    let told: Vec<&TenantId> =
        told.chain(outcome.failed.iter().map(|(tenant, _)| tenant)).chain(&outcome.left).collect();
    assert_eq!(told.len(), 6, "{outcome:?}");
    assert!(outcome.left.len() >= 4 && !outcome.done.is_empty(), "{outcome:?}");
    assert!(outcome.failed.iter().all(|(_, error)| error.is_pool_closed()), "{outcome:?}");
    let admin = erp.admin().await;
    let kept = admin.query_one(TENANTS, &[]).await.unwrap().get::<_, i64>(0);
    assert_eq!(usize::try_from(kept).unwrap(), outcome.done.len());
}

#[tokio::test]
async fn work_that_is_dropped_is_undone_and_holds_nothing() {
    let erp = Erp::new().await;
    let pool = erp.pool(2).await;
    let begun = Arc::new(AtomicUsize::new(0));
    let working = tokio::spawn({
        let (pool, begun) = (pool.clone(), Arc::clone(&begun));
        async move {
            let work = |scope: tenantry::TenantScope| {
                let begun = &begun;
                async move {
                    let tx = scope.begin();
                    tx.execute(ADD, &[&1_i64]).await?;
                    begun.fetch_add(1, Ordering::Relaxed);
                    std::future::pending::<()>().await;
                    tx.commit().await
                }
            };
            pool.for_each_tenant((1..=4).map(tenant), 2, work).await.done.len()
        }
    });
    eventually("both have begun", || std::future::ready(begun.load(Ordering::Relaxed) == 2)).await;
    working.abort();
    assert!(working.await.unwrap_err().is_cancelled());
    let again = pool
        .for_each_tenant((1..=4).map(tenant), 2, |scope| async move { scope.execute(ADD, &[&2_i64]).await });
    let again = timeout(LIMIT, again).await.expect("the connections are not free");
    assert_eq!(again.done.len(), 4, "{again:?}");
    let ids = erp.admin().await.query("select distinct id from erp.account", &[]).await.unwrap();
    assert_eq!(ids.iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>(), [2]);
    let _: Vec<(TenantId, Error)> = again.failed;
}
