//! Queries that a standby ends because they hold up what it replays.

use std::sync::atomic::{AtomicUsize, Ordering};

use tenantry::Error;

use super::{LIMIT, Pair, port, reads};
use crate::support::erp::open_accounts;
use crate::support::erp::tenant;
use crate::support::eventually;

/// Replays at once, whoever reads.
const AT_ONCE: &[(&str, &str)] = &[("max_standby_streaming_delay", "0")];

/// An exclusive lock is replayed, and with it the queries end that read the table.
const LOCK: &str = "begin; lock table erp.account in access exclusive mode; select txid_current(); commit";

async fn pair() -> Pair {
    Pair::alone(AT_ONCE).await
}

/// Locks the table until somebody has been ended by it.
async fn lock(pair: &Pair, ended: impl Fn() -> bool) {
    let admin = pair.erp.admin().await;
    eventually("a query is ended", async || {
        admin.batch_execute(LOCK).await.unwrap();
        ended()
    })
    .await;
}

#[tokio::test]
async fn a_statement_that_is_ended_for_a_conflict_may_be_run_again() {
    let pair = pair().await;
    let pool = pair.builder().build().await.unwrap();
    open_accounts(&pool, &tenant(1), 1, 1).await;
    pair.catch_up().await;
    let scope = pool.tenant(reads(1));
    let slow =
        tokio::spawn(async move { scope.query("select id, pg_sleep(30) from erp.account", &[]).await });
    lock(&pair, || slow.is_finished()).await;
    let error = tokio::time::timeout(LIMIT, slow).await.unwrap().unwrap().unwrap_err();
    assert_eq!(error.code().map(|code| code.code()), Some("40001"), "{error}");
    assert!(error.is_retryable() && !error.is_in_doubt());
}

/// Another attempt on the replica would meet the next conflict, so it is made on the primary: whether the server has ended the
/// statement or, between two of them, the connection.
#[tokio::test]
async fn a_transaction_that_meets_a_conflict_runs_again_on_the_primary() {
    let pair = pair().await;
    let pool = pair.builder().build().await.unwrap();
    open_accounts(&pool, &tenant(1), 1, 1).await;
    pair.catch_up().await;
    for idle in [false, true] {
        let attempts = AtomicUsize::new(0);
        let scope = pool.tenant(reads(1));
        let attempts = &attempts;
        let (primary, replica) = (pair.primary_port(), pair.standby.port());
        let admin = pair.erp.admin().await;
        let admin = &admin;
        let work = |tx: tenantry::TransactionBlock| async move {
            let attempt = attempts.fetch_add(1, Ordering::AcqRel);
            let served_by = port(&tx).await?;
            assert_eq!(served_by, if attempt == 0 { replica } else { primary });
            if attempt > 0 {
                return Ok::<_, Error>(served_by);
            }
            tx.query("select id from erp.account", &[]).await?;
            if idle {
                // Until the lock is replayed, which ends the session.
                eventually("the session is ended", async || {
                    admin.batch_execute(LOCK).await.unwrap();
                    tx.query("select 1", &[]).await.is_err()
                })
                .await;
                tx.query("select 1", &[]).await?;
            } else {
                let locks = async {
                    loop {
                        admin.batch_execute(LOCK).await.unwrap()
                    }
                };
                let slow = tx.query("select id, pg_sleep(30) from erp.account", &[]);
                tokio::select! { rows = slow => rows.map(drop)?, () = locks => {} }
            }
            panic!("nothing has ended it");
        };
        assert_eq!(scope.transact(work).await.unwrap(), primary);
        assert_eq!(attempts.load(Ordering::Acquire), 2);
    }
}
