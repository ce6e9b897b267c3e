//! Cancel requests that come late.

use std::time::Duration;

use tenantry::{CancelToken, TenantPool, TenantTransaction};
use tokio::time::timeout;

use super::operations::Running;
use super::stand::{Doing, LIMIT, OTHER, OWN, Stand};
use super::statements::UPDATE;
use crate::support::erp::tenant;
use crate::support::route::Way;

/// How a transaction ends.
type End = (&'static str, fn(TenantTransaction) -> Running);

const ENDS: [End; 3] = [
    ("commit", |tx| Box::pin(tx.commit())),
    ("rollback", |tx| Box::pin(tx.rollback())),
    ("drop", |tx| {
        drop(tx);
        Box::pin(std::future::ready(Ok(())))
    }),
];

/// Another tenant's statement, which waits for the admin, so that a cancel request cannot miss it.
async fn is_not_hit(stand: &Stand, pool: &TenantPool) {
    stand.admin.batch_execute("select pg_advisory_lock(1)").await.unwrap();
    let scope = pool.tenant(tenant(OTHER));
    let mut work = Box::pin(scope.query("select pg_advisory_xact_lock(1)", &[]));
    tokio::select! {
        biased;
        result = &mut work => panic!("it did not wait: {result:?}"),
        () = stand.sleeps() => {}
    }
    stand.turnstile.hold_cancels(false);
    timeout(LIMIT, stand.turnstile.cancels_are_done()).await.expect("the cancel request is under way");
    stand.admin.batch_execute("select pg_advisory_unlock(1)").await.unwrap();
    timeout(LIMIT, work).await.expect("it waits").expect("a cancel request hit another tenant");
}

async fn begun(pool: &TenantPool) -> (TenantTransaction, CancelToken) {
    let tx = pool.tenant(tenant(OWN)).begin();
    timeout(LIMIT, tx.execute(UPDATE, &[])).await.expect("it hangs").unwrap();
    let token = tx.cancel_token();
    (tx, token)
}

pub async fn used_after_the_end(way: Way) {
    let stand = Stand::new(way).await;
    let pool = stand.pool(1).await;
    for (name, end) in ENDS {
        let _doing = Doing(name.to_owned());
        for _ in 0..10 {
            let (tx, token) = begun(&pool).await;
            timeout(LIMIT, end(tx)).await.expect("its end hangs").unwrap();
            let other = pool.tenant(tenant(OTHER)).begin();
            other.query("select 1", &[]).await.unwrap();
            token.cancel().await.unwrap();
            other.query("select pg_sleep(0.001)", &[]).await.unwrap();
            other.commit().await.unwrap();
        }
        assert_eq!(stand.turnstile.cancels(), 0, "a cancel request was sent");
        stand.check(&pool, false).await;
    }
}

/// The request leaves in time and arrives when the connection could serve somebody else.
pub async fn arrive_late(way: Way) {
    let stand = Stand::new(way).await;
    let pool = stand.pool(1).await;
    for (name, end) in ENDS {
        let _doing = Doing(name.to_owned());
        for _ in 0..3 {
            let before = stand.turnstile.cancels();
            let (tx, token) = begun(&pool).await;
            stand.turnstile.hold_cancels(true);
            let canceling = tokio::spawn(async move { token.cancel().await });
            timeout(LIMIT, stand.turnstile.cancels_came(before + 1)).await.expect("no request was sent");
            // Nobody waits for it to be taken.
            canceling.abort();
            timeout(LIMIT, end(tx)).await.expect("its end hangs").unwrap();
            is_not_hit(&stand, &pool).await;
        }
        stand.check(&pool, false).await;
    }
}

/// The same for the request that the drain sends for what was abandoned, and which has ended by
/// itself when the request arrives.
pub async fn of_the_drain_arrive_late(way: Way) {
    let stand = Stand::new(way).await;
    let pool = stand.builder().max_size(1).drain_timeout(Duration::from_millis(20)).build().await.unwrap();
    for _ in 0..3 {
        let before = stand.turnstile.cancels();
        stand.turnstile.hold_cancels(true);
        stand.admin.batch_execute("select pg_advisory_lock(2)").await.unwrap();
        let scope = pool.tenant(tenant(OWN));
        let mut work = Box::pin(scope.query("select pg_advisory_xact_lock(2)", &[]));
        tokio::select! {
            biased;
            result = &mut work => panic!("it did not wait: {result:?}"),
            () = stand.sleeps() => {}
        }
        drop(work);
        timeout(LIMIT, stand.turnstile.cancels_came(before + 1)).await.expect("no request was sent");
        stand.admin.batch_execute("select pg_advisory_unlock(2)").await.unwrap();
        stand.comes_to_rest(&pool).await;
        is_not_hit(&stand, &pool).await;
    }
    stand.check(&pool, false).await;
}

/// Whichever of the two comes first.
pub async fn race_with_the_end(way: Way) {
    let stand = Stand::new(way).await;
    let pool = stand.pool(1).await;
    for (name, end) in ENDS {
        let _doing = Doing(name.to_owned());
        for turns in 0..40 {
            let (tx, token) = begun(&pool).await;
            let canceling = tokio::spawn(async move {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
                token.cancel().await
            });
            // The transaction's own end is what may be canceled.
            if let Err(error) = timeout(LIMIT, end(tx)).await.expect("its end hangs") {
                assert!(error.is_canceled(), "{error}");
            }
            let scope = pool.tenant(tenant(OTHER));
            let other = timeout(LIMIT, scope.query("select pg_sleep(0.003)", &[])).await;
            other.expect("the next caller waits").expect("a cancel request hit another tenant");
            canceling.await.unwrap().unwrap();
        }
        stand.check(&pool, false).await;
    }
}
