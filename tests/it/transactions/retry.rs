//! `transact`: which failures are met with another attempt.

use std::sync::atomic::{AtomicUsize, Ordering};

use tenantry::{Error, IsolationLevel, TenantContext, TenantPool, TransactionBlock};
use tokio::sync::Barrier;

use super::{ADD, DIVISION, FAILS, code, kept};
use crate::support::erp::{Erp, open_accounts, tenant};

const CHANGE: &str = "update erp.account set balance = balance + 1 where id = $1";

/// Counts calls, from 1.
#[derive(Default)]
struct Attempts(AtomicUsize);

impl Attempts {
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn so_far(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn at(level: IsolationLevel) -> TenantContext {
    TenantContext::new(tenant(1)).isolation_level(level)
}

async fn balances(pool: &TenantPool) -> Vec<i64> {
    let sql = "select balance from erp.account order by id";
    pool.tenant(tenant(1)).query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Reads a row, has somebody else change it in each of the first `conflicts` attempts, and changes it.
async fn change(
    pool: &TenantPool,
    attempt: usize,
    conflicts: usize,
    tx: &TransactionBlock,
) -> Result<(), Error> {
    tx.query_one("select balance from erp.account where id = 1", &[]).await?;
    if attempt <= conflicts {
        pool.tenant(tenant(1)).execute(CHANGE, &[&1_i64]).await?;
    }
    tx.execute(CHANGE, &[&1_i64]).await.map(drop)
}

#[tokio::test]
async fn a_concurrent_update_is_met_with_another_attempt() {
    let erp = Erp::new().await;
    let pool = erp.pool(2).await;
    open_accounts(&pool, &tenant(1), 1, 1).await;
    let attempts = Attempts::default();
    let (pool, attempts) = (&pool, &attempts);
    pool.tenant(at(IsolationLevel::RepeatableRead))
        .transact(|tx| async move { change(pool, attempts.next(), 2, &tx).await })
        .await
        .unwrap();
    assert_eq!(attempts.so_far(), 3);
    assert_eq!(balances(pool).await, [3]);
}

/// An error type of the caller's that says nothing about a SQLSTATE.
#[derive(Debug)]
struct Lost;

impl From<Error> for Lost {
    fn from(_: Error) -> Self {
        Self
    }
}

#[tokio::test]
async fn it_is_the_transactions_failure_that_counts_and_not_the_closures_error() {
    let erp = Erp::new().await;
    let pool = erp.pool(2).await;
    open_accounts(&pool, &tenant(1), 1, 1).await;
    let attempts = Attempts::default();
    let (pool, attempts) = (&pool, &attempts);
    pool.tenant(at(IsolationLevel::RepeatableRead))
        .transact(|tx| async move { change(pool, attempts.next(), 1, &tx).await.map_err(|_| Lost) })
        .await
        .unwrap();
    // Swallowed, it is found at the commit.
    pool.tenant(at(IsolationLevel::RepeatableRead))
        .transact(|tx| async move {
            let _ = change(pool, attempts.next(), 3, &tx).await;
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    assert_eq!(attempts.so_far(), 4);
    assert_eq!(balances(pool).await, [4]);
}

#[tokio::test]
async fn write_skew_between_serializable_transactions_is_met_with_another_attempt() {
    let erp = Erp::new().await;
    let pool = erp.pool(2).await;
    open_accounts(&pool, &tenant(1), 1, 2).await;
    let attempts = Attempts::default();
    let (pool, attempts) = (&pool, &attempts);
    // Each adds one to its account if the sum of both is even. One after the other, only one does.
    let add_if_even = async |tx: &TransactionBlock, id: i64| {
        let sum = "select sum(balance)::bigint from erp.account";
        let sum: i64 = tx.query_one(sum, &[]).await?.get(0);
        Ok::<_, Error>((sum % 2 == 0).then_some(id))
    };
    let add_if_even = &add_if_even;
    pool.tenant(at(IsolationLevel::Serializable))
        .transact(|tx| async move {
            let mine = add_if_even(&tx, 1).await?;
            if attempts.next() == 1 {
                let other = pool.tenant(at(IsolationLevel::Serializable)).begin();
                let theirs = add_if_even(&other, 2).await?;
                other.execute(CHANGE, &[&theirs.unwrap()]).await?;
                other.commit().await?;
            }
            if let Some(id) = mine {
                tx.execute(CHANGE, &[&id]).await?;
            }
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    assert_eq!(attempts.so_far(), 2);
    assert_eq!(balances(pool).await, [0, 1]);
}

#[tokio::test]
async fn a_deadlock_is_met_with_another_attempt() {
    let erp = Erp::new().await;
    let pool = erp.pool(2).await;
    open_accounts(&pool, &tenant(1), 1, 2).await;
    let (attempts, both_hold_one) = (Attempts::default(), Barrier::new(2));
    let (attempts, both_hold_one) = (&attempts, &both_hold_one);
    let run = async |mine: i64, theirs: i64| {
        let first = &Attempts::default();
        pool.tenant(tenant(1))
            .transact(|tx| async move {
                attempts.next();
                tx.execute(CHANGE, &[&mine]).await?;
                if first.next() == 1 {
                    both_hold_one.wait().await;
                }
                tx.execute(CHANGE, &[&theirs]).await.map(drop)
            })
            .await
    };
    let (one, two) = tokio::join!(run(1, 2), run(2, 1));
    one.unwrap();
    two.unwrap();
    assert_eq!(attempts.so_far(), 3, "one of the two was to be run again");
    assert_eq!(balances(&pool).await, [2, 2]);
}

#[tokio::test]
async fn attempts_come_to_an_end() {
    let erp = Erp::new().await;
    for retries in [0, 2] {
        let pool = erp.builder().max_size(2).max_retries(retries).build().await.unwrap();
        pool.tenant(tenant(1)).execute("delete from erp.account", &[]).await.unwrap();
        open_accounts(&pool, &tenant(1), 1, 1).await;
        let attempts = Attempts::default();
        let (pool, attempts) = (&pool, &attempts);
        let error = pool
            .tenant(at(IsolationLevel::RepeatableRead))
            .transact(|tx| async move { change(pool, attempts.next(), usize::MAX, &tx).await })
            .await
            .unwrap_err();
        assert!(error.is_retryable(), "{error}");
        assert_eq!(attempts.so_far(), retries as usize + 1);
        assert_eq!(balances(pool).await, [i64::from(retries) + 1], "an attempt was kept");
    }
}

#[tokio::test]
async fn other_errors_are_told_at_once_and_roll_back() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let attempts = Attempts::default();
    let attempts = &attempts;
    // The server's, of a statement.
    let error = pool
        .tenant(tenant(1))
        .transact(|tx| async move {
            attempts.next();
            tx.execute(ADD, &[&1_i64]).await?;
            tx.query(FAILS, &[]).await.map(drop)
        })
        .await
        .unwrap_err();
    assert_eq!((code(&error), attempts.so_far()), (DIVISION, 1));
    // The same, swallowed.
    let error = pool
        .tenant(tenant(1))
        .transact(|tx| async move {
            attempts.next();
            tx.execute(ADD, &[&1_i64]).await?;
            let _ = tx.query(FAILS, &[]).await;
            Ok::<_, Error>(())
        })
        .await
        .unwrap_err();
    assert_eq!((code(&error), attempts.so_far()), (DIVISION, 2));
    // The commit's.
    let error = pool
        .tenant(tenant(1))
        .transact(|tx| async move {
            attempts.next();
            tx.execute("insert into erp.entry (account_id, amount) values (99, 1)", &[]).await
        })
        .await
        .unwrap_err();
    assert_eq!((code(&error), attempts.so_far()), ("23503", 3));
    // The closure's own.
    pool.tenant(tenant(1))
        .transact(|tx| async move {
            attempts.next();
            tx.execute(ADD, &[&1_i64]).await?;
            Err::<(), _>(Lost)
        })
        .await
        .unwrap_err();
    assert_eq!(attempts.so_far(), 4);
    assert_eq!(kept(&pool).await, [0; 0]);
}

#[tokio::test]
async fn a_spawned_task_lends_the_closure_what_it_has() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let of_task = pool.clone();
    let added = tokio::spawn(async move {
        let (ids, tag) = (vec![1_i64, 2], String::from("lent"));
        let (ids, tag) = (&ids, &tag);
        of_task
            .tenant(tenant(1))
            .transact(|tx| async move {
                let mut added = 0;
                for id in ids {
                    added +=
                        tx.execute("insert into erp.account (id, tag) values ($1, $2)", &[id, tag]).await?;
                }
                Ok::<_, Error>(added)
            })
            .await
    })
    .await
    .unwrap();
    assert_eq!(added.unwrap(), 2);
    assert_eq!(kept(&pool).await, [1, 2]);
}
