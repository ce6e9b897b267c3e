//! A load balancer forgets idle connections without a word: no request fails for it.

use std::time::Duration;

use futures_util::future::join_all;
use tenantry::TenantPool;
use tokio::time::{sleep, timeout};

use super::LIMIT;
use super::stall::Stall;
use crate::support::erp::{Erp, tenant};
use crate::support::eventually;

const READ: &str = "select id from erp.account";

#[tokio::test]
async fn no_read_fails_after_all_idle_connections_were_forgotten() {
    let erp = Erp::new().await;
    let stall = Stall::start(erp.address()).await;
    let url = erp.app_url_through(stall.port());
    for (size, callers) in [(8_u8, 8), (12, 12), (8, 1)] {
        let builder = TenantPool::builder(&url).max_size(size.into());
        let pool = builder.check_idle_after(Duration::from_millis(20)).build().await.unwrap();
        let open: Vec<_> = (1..=size).map(|n| pool.tenant(tenant(n)).begin()).collect();
        for tx in &open {
            tx.query(READ, &[]).await.unwrap();
        }
        for tx in open {
            tx.commit().await.unwrap();
        }
        sleep(Duration::from_millis(30)).await;
        let before = stall.accepted();
        stall.forget_all();
        let reads = (1..=callers).map(|n| {
            let pool = pool.clone();
            async move {
                timeout(LIMIT, pool.tenant(tenant(n)).query(READ, &[])).await.expect("it hangs").map(drop)
            }
        });
        for read in join_all(reads).await {
            read.unwrap();
        }
        // None of those that were forgotten is left for the next to try.
        let opened = || stall.accepted() - before;
        assert!(opened() <= callers.into(), "{}", opened());
        // The last one may still be on its way, where another has served the caller whom it was opened for.
        eventually("those that were opened are open", async || pool.status().size == opened()).await;
    }
}

/// Who gives up before the check is over does not keep the next from its result.
#[tokio::test]
async fn a_check_goes_on_without_its_caller() {
    let erp = Erp::new().await;
    let stall = Stall::start(erp.address()).await;
    let url = erp.app_url_through(stall.port());
    let builder = TenantPool::builder(&url).max_size(1).check_idle_after(Duration::from_millis(1));
    let pool = builder.build().await.unwrap();
    pool.tenant(tenant(1)).query(READ, &[]).await.unwrap();
    sleep(Duration::from_millis(5)).await;
    stall.forget_all();
    for _ in 0..10 {
        let scope = pool.tenant(tenant(1));
        if timeout(Duration::from_millis(200), scope.query(READ, &[])).await.is_ok() {
            return;
        }
    }
    panic!("ten callers have given up");
}
