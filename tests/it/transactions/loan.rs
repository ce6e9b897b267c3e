//! A closure of `transact` gives its transaction back.

use std::sync::Mutex;
use std::sync::mpsc;

use tenantry::{Error, TransactionBlock};

use super::{ADD, backend, kept};
use crate::support::erp::{Erp, tenant};

/// Law 1: a block that outlived its commit would run statements in no transaction, as no tenant.
#[tokio::test]
async fn a_block_that_the_closure_keeps_is_committed_never_and_runs_nothing_more() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let before = backend(&pool).await;
    let place = &Mutex::new(None::<TransactionBlock>);
    for (adds, succeeds) in [(true, true), (true, false), (false, true)] {
        let error = pool
            .tenant(tenant(1))
            .transact(|tx| async move {
                if adds {
                    tx.execute(ADD, &[&1_i64]).await?;
                }
                *place.lock().unwrap() = Some(tx);
                if succeeds { Ok(()) } else { Err(pool_of_nobody()) }
            })
            .await
            .unwrap_err();
        assert!(error.to_string().contains("kept its transaction"), "{error}");
        let mut block = place.lock().unwrap().take().unwrap();
        for error in [
            block.execute(ADD, &[&2_i64]).await.unwrap_err(),
            block.query_typed("select 1", &[]).await.unwrap_err(),
            block.prepare("select 1").await.unwrap_err(),
            block.cursor("select 1", &[]).await.unwrap_err(),
            block.copy_out("copy erp.account to stdout").await.unwrap_err(),
            block.savepoint().await.unwrap_err(),
        ] {
            assert!(error.is_connection_lost(), "{error}");
        }
        drop(block);
        assert_eq!(kept(&pool).await, [0; 0]);
    }
    assert_ne!(backend(&pool).await, before);
}

fn pool_of_nobody() -> Error {
    tenantry::TenantId::text("").unwrap_err()
}

/// The same with the block in another task's hands.
#[tokio::test]
async fn a_block_that_the_closure_sends_away_is_refused_too() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let (sender, receiver) = mpsc::channel();
    let elsewhere = tokio::task::spawn_blocking(move || receiver.recv().unwrap());
    let sender = &sender;
    let error = pool
        .tenant(tenant(1))
        .transact(|tx: TransactionBlock| async move {
            tx.execute(ADD, &[&1_i64]).await?;
            sender.send(tx).unwrap();
            Ok::<_, Error>(())
        })
        .await
        .unwrap_err();
    assert!(error.is_usage(), "{error}");
    let block = elsewhere.await.unwrap();
    tokio::spawn(async move { block.execute(ADD, &[&2_i64]).await.unwrap_err() }).await.unwrap();
    assert_eq!(kept(&pool).await, [0; 0]);
}
