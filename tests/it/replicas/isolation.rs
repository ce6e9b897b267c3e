//! On a replica tenants are kept apart as on the primary, in every form of work.

use std::future::Future;

use bytes::Bytes;
use futures_util::future::join_all;
use tenantry::{Batch, Error, Sharing, Strategy, TenantPool};

use super::{Pair, accounts, port, reads};
use crate::support::erp::{open_accounts, tenant};
use crate::support::eventually;

const ROWS: &str = "select tag, inet_server_port() from erp.account order by id";

const TENANTS: u8 = 6;

/// Each tenant has three accounts whose tag is the tenant.
async fn filled(pair: &Pair, pool: &TenantPool) {
    for n in 1..=TENANTS {
        open_accounts(pool, &tenant(n), 1, 3).await;
    }
    pair.catch_up().await;
}

fn is_own(rows: &[tenantry::Row], n: u8, port: u16) {
    assert_eq!(rows.len(), 3);
    for row in rows {
        assert_eq!(row.get::<_, &str>(0), tenant(n).as_setting());
        assert_eq!(row.get::<_, i32>(1), i32::from(port));
    }
}

async fn every_form(pool: &TenantPool, n: u8, port: u16) {
    let scope = pool.tenant(reads(n));
    for _ in 0..2 {
        is_own(&scope.query(ROWS, &[]).await.unwrap(), n, port);
        is_own(&scope.query_typed(ROWS, &[]).await.unwrap(), n, port);
    }
    let prepared = scope.prepare(ROWS).await.unwrap();
    is_own(&scope.query(&prepared, &[]).await.unwrap(), n, port);
    let mut stream = scope.query_raw(ROWS, &[]).await.unwrap();
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await.unwrap() {
        rows.push(row);
    }
    is_own(&rows, n, port);

    let mut batch = Batch::new();
    batch.add(ROWS, &[]).add(ROWS, &[]);
    for result in scope.batch(&batch).await.unwrap() {
        is_own(&result.rows, n, port);
    }
    for result in scope.batch_each(&batch).await.unwrap() {
        is_own(&result.unwrap().rows, n, port);
    }

    let mut tx = scope.begin();
    is_own(&tx.query(ROWS, &[]).await.unwrap(), n, port);
    is_own(&tx.query(&prepared, &[]).await.unwrap(), n, port);
    let savepoint = tx.savepoint().await.unwrap();
    is_own(&savepoint.query(ROWS, &[]).await.unwrap(), n, port);
    savepoint.release().await.unwrap();
    let cursor = tx.cursor(ROWS, &[]).await.unwrap();
    is_own(&cursor.fetch(9).await.unwrap(), n, port);
    let copied = tx.copy_out("copy erp.account to stdout").await.unwrap();
    is_own_copy(copied, n).await;
    for result in tx.batch(&batch).await.unwrap() {
        is_own(&result.rows, n, port);
    }
    tx.commit().await.unwrap();
    let work = |tx: tenantry::TransactionBlock| async move { tx.query(ROWS, &[]).await };
    is_own(&scope.transact::<_, Error, _, _>(work).await.unwrap(), n, port);
    is_own_copy(scope.copy_out("copy erp.account to stdout").await.unwrap(), n).await;
}

async fn is_own_copy(mut copied: tenantry::CopyOut<'_>, n: u8) {
    let mut lines: Vec<Bytes> = Vec::new();
    while let Some(data) = copied.try_next().await.unwrap() {
        lines.push(data);
    }
    let text = String::from_utf8(lines.concat()).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(text.lines().all(|line| line.contains(&tenant(n).as_setting())), "{text}");
}

async fn with_strategy(strategy: Option<Strategy>) {
    let pair = Pair::shared().await;
    let mut builder = pair.builder();
    if let Some(strategy) = strategy {
        builder = builder.strategy(strategy);
    }
    let pool = builder.build().await.unwrap();
    filled(&pair, &pool).await;
    let port = pair.standby.port();
    join_all((1..=TENANTS).map(|n| every_form(&pool, n, port))).await;
    // Nobody is bound, so that there is nothing to read.
    assert!(pool.tenant(reads(99)).query(ROWS, &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn every_form_of_work_reads_its_own_tenants_rows() {
    with_strategy(None).await;
}

#[tokio::test]
async fn every_form_of_work_does_so_with_a_begin_of_its_own() {
    with_strategy(Some(Strategy::Explicit)).await;
}

/// More callers than connections: they share those to the replica.
#[tokio::test]
async fn who_shares_a_connection_to_a_replica_reads_its_own_rows() {
    let pair = Pair::shared().await;
    let pool = pair.builder().max_size(1).sharing(Sharing::Reads).build().await.unwrap();
    filled(&pair, &pool).await;
    let port = pair.standby.port();
    is_own(&pool.tenant(reads(1)).query(ROWS, &[]).await.unwrap(), 1, port);
    let shared = std::sync::atomic::AtomicBool::new(false);
    let crowd = async || {
        let calls = (0..60).map(|at| {
            let (pool, shared) = (&pool, &shared);
            let n = 1 + u8::try_from(at % usize::from(TENANTS)).unwrap();
            async move {
                let rows = pool.tenant(reads(n)).query(ROWS, &[]).await.unwrap();
                is_own(&rows, n, port);
                if pool.replica_status()[0].sharing > 0 {
                    shared.store(true, std::sync::atomic::Ordering::Relaxed);
                }
            }
        });
        join_all(calls).await;
        shared.load(std::sync::atomic::Ordering::Relaxed)
    };
    eventually("somebody shares", crowd).await;
}

#[tokio::test]
async fn what_runs_on_a_replica_can_be_canceled() {
    let pair = Pair::shared().await;
    let pool = pair.builder().max_size(1).build().await.unwrap();
    let tx = pool.tenant(reads(1)).begin();
    assert_eq!(port(&tx).await.unwrap(), pair.standby.port());
    let token = tx.cancel_token();
    let canceling = async {
        let standby = pair.on_standby().await;
        let sleeps = "select count(*) from pg_stat_activity where query like 'select pg_sleep(61%' and state = 'active'";
        eventually("it sleeps", async || standby.query_one(sleeps, &[]).await.unwrap().get::<_, i64>(0) == 1)
            .await;
        token.cancel().await.unwrap();
    };
    let (slept, ()) = tokio::join!(tx.query("select pg_sleep(61)", &[]), canceling);
    assert!(slept.unwrap_err().is_canceled());
    drop(tx);
    // What is dropped in the middle goes to the drain of the replica.
    drop(
        tokio::time::timeout(
            std::time::Duration::from_millis(20),
            pool.tenant(reads(1)).query("select pg_sleep(62)", &[]),
        )
        .await,
    );
    assert_eq!(accounts(&pool.tenant(reads(1))).await.unwrap(), [0_i64; 0]);
    is_send(pool.tenant(reads(1)).query(ROWS, &[]));
}

fn is_send(_: impl Future + Send) {}
