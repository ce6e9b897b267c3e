//! What a context says of its transaction holds for it, and not for the next.

use std::time::Duration;

use tenantry::{IsolationLevel, Row, Statements, Strategy, TenantContext};

use super::{ADD, backend, code, kept};
use crate::support::erp::{Erp, tenant};

const SHOWN: &str = "select current_setting('transaction_isolation'),
    current_setting('transaction_read_only'), current_setting('transaction_deferrable'),
    current_setting('statement_timeout'), coalesce(current_setting('app.user_id', true), ''),
    coalesce(current_setting('app.note', true), '')";

async fn shown(db: &Statements) -> [String; 6] {
    let row: Row = db.query_one(SHOWN, &[]).await.unwrap();
    std::array::from_fn(|at| row.get(at))
}

#[tokio::test]
async fn modes_timeouts_and_settings_end_with_their_transaction() {
    let erp = Erp::new().await;
    for strategy in [Strategy::Explicit, Strategy::ExplicitSetLocal] {
        let pool = erp.builder().strategy(strategy).max_size(1).build().await.unwrap();
        let before = (shown(&pool.tenant(tenant(1))).await, backend(&pool).await);
        let context = TenantContext::new(tenant(1))
            .isolation_level(IsolationLevel::Serializable)
            .read_only()
            .deferrable()
            .statement_timeout(Duration::from_millis(12_345))
            .set("app.user_id", "7")
            .unwrap()
            .set("app.note", "it's \"$1\" \\ \n ☃")
            .unwrap();
        let wanted = ["serializable", "on", "on", "12345ms", "7", "it's \"$1\" \\ \n ☃"];
        assert_eq!(shown(&pool.tenant(context.clone())).await, wanted, "{strategy:?}");
        for commits in [true, false] {
            let tx = pool.tenant(context.clone()).begin();
            assert_eq!(shown(&tx).await, wanted, "{strategy:?}");
            if commits {
                tx.commit().await.unwrap()
            } else {
                drop(tx)
            }
            let after = (shown(&pool.tenant(tenant(1))).await, backend(&pool).await);
            assert_eq!(after, before, "{strategy:?}");
        }
    }
}

#[tokio::test]
async fn every_isolation_level_is_the_one_that_was_asked_for() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    for (level, name) in [
        (IsolationLevel::ReadUncommitted, "read uncommitted"),
        (IsolationLevel::ReadCommitted, "read committed"),
        (IsolationLevel::RepeatableRead, "repeatable read"),
        (IsolationLevel::Serializable, "serializable"),
    ] {
        let context = TenantContext::new(tenant(1)).isolation_level(level);
        assert_eq!(shown(&pool.tenant(context)).await[0], name);
    }
}

#[tokio::test]
async fn a_read_only_transaction_writes_nothing() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let context = TenantContext::new(tenant(1)).read_only();
    let error = pool.tenant(context.clone()).execute(ADD, &[&1_i64]).await.unwrap_err();
    assert_eq!(code(&error), "25006");
    let tx = pool.tenant(context).begin();
    let error = tx.execute(ADD, &[&1_i64]).await.unwrap_err();
    assert_eq!(code(&error), "25006");
    assert!(error.to_string().contains("read-only"), "{error}");
    drop(tx);
    pool.tenant(tenant(1)).execute(ADD, &[&2_i64]).await.unwrap();
    assert_eq!(kept(&pool).await, [2]);
}

#[tokio::test]
async fn a_statement_timeout_ends_the_statement_and_keeps_the_connection() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let before = backend(&pool).await;
    let context = TenantContext::new(tenant(1)).statement_timeout(Duration::from_millis(20));
    let sleep = "select pg_sleep(60)";
    let tx = pool.tenant(context.clone()).begin();
    // Every statement of the transaction has the limit to itself, the first among them.
    for error in
        [pool.tenant(context).query(sleep, &[]).await.unwrap_err(), tx.query(sleep, &[]).await.unwrap_err()]
    {
        assert!(error.is_canceled() && !error.is_retryable(), "{error}");
        assert_eq!(code(&error), "57014");
    }
    assert_eq!(code(&tx.commit().await.unwrap_err()), "57014");
    assert_eq!(backend(&pool).await, before);
}
