//! Nobody is kept waiting by those who share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures_util::poll;
use tokio::time::timeout;

use super::company::{ECHO, LIMIT, Sent, answer, echo, is_own, reader, warm};
use crate::support::erp::{Erp, tenant};

const SLOW: &str = "select current_setting('app.tenant_id'), $1::bigint from pg_sleep(0.02)";

/// Readers without a pause, and transactions and slow statements that need a connection for themselves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_needs_a_connection_alone_gets_one_while_others_share() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    warm(&pool).await;
    let over = Arc::new(AtomicBool::new(false));
    let served = Arc::new(AtomicUsize::new(0));
    let readers: Vec<_> = (1..=30)
        .map(|n| {
            let (pool, over, served) = (pool.clone(), Arc::clone(&over), Arc::clone(&served));
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    is_own(&echo(reader(&pool, n), 3, 0.0).await, n, 3);
                    served.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for round in 0..30 {
        let before = served.load(Ordering::Relaxed);
        let tx = pool.tenant(tenant(40)).begin();
        timeout(LIMIT, tx.query("select 1", &[])).await.expect("a transaction is kept waiting").unwrap();
        // Those that were under way, and once as many: far fewer than this, also where this thread had to stand still.
        let meanwhile = served.load(Ordering::Relaxed) - before;
        assert!(meanwhile < 5_000, "{meanwhile} others were served while a transaction waited");
        timeout(LIMIT, tx.commit()).await.expect("its end is kept waiting").unwrap();
        let slow = reader(&pool, 41);
        let rows =
            timeout(LIMIT, slow.query(SLOW, &[&round])).await.expect("a slow one is kept waiting").unwrap();
        assert_eq!(rows[0].get::<_, i64>(1), round);
        crate::support::eventually("the readers go on", async || served.load(Ordering::Relaxed) > before)
            .await;
    }
    over.store(true, Ordering::Relaxed);
    for reader in readers {
        timeout(LIMIT, reader).await.expect("a reader hangs").unwrap();
    }
}

/// A connection that comes free goes to the short ones first, once, and then to who has waited longest.
#[tokio::test]
async fn short_statements_overtake_a_slow_one_once() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    warm(&pool).await;
    reader(&pool, 1).query(SLOW, &[&0_i64]).await.unwrap();
    let slow = |n: u8| -> Sent {
        let scope = reader(&pool, n);
        Box::pin(async move { scope.query(SLOW, &[&i64::from(n)]).await })
    };
    let busy = pool.tenant(tenant(9)).begin();
    busy.query(ECHO, &[&1_i64, &0_f64]).await.unwrap();
    let mut waiting = vec![slow(1), slow(2)];
    waiting.extend((3..=6).map(|n| echo(reader(&pool, n), i64::from(n), 0.0)));
    for sent in &mut waiting {
        assert!(poll!(sent.as_mut()).is_pending());
    }
    assert_eq!(pool.status().waiting, 6);
    busy.commit().await.unwrap();
    let order = Arc::new(std::sync::Mutex::new(Vec::new()));
    let ended = waiting.into_iter().enumerate().map(|(at, sent)| {
        let order = Arc::clone(&order);
        async move {
            is_own(&answer(sent).await, at as u8 + 1, at as i64 + 1);
            order.lock().unwrap().push(at);
        }
    });
    futures_util::future::join_all(ended).await;
    let order = order.lock().unwrap().clone();
    let place = |of: usize| order.iter().position(|at| *at == of).unwrap();
    assert!(order[0] >= 2 && place(0) < place(1), "{order:?}");
}
