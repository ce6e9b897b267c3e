//! Commit, rollback, drop, and a commit that cannot be one.

use futures_util::FutureExt as _;
use tenantry::TenantContext;

use super::{ADD, DIVISION, FAILS, add, backend, code, ids, kept};
use crate::support::erp::{Erp, tenant};

#[tokio::test]
async fn only_a_commit_makes_visible() {
    let erp = Erp::new().await;
    let (pool, other) = (erp.pool(1).await, erp.pool(1).await);
    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 1).await;
    assert_eq!(ids(&tx).await, [1]);
    assert_eq!(kept(&other).await, [0; 0], "it was visible before the commit");
    tx.commit().await.unwrap();
    assert_eq!(kept(&other).await, [1]);

    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 2).await;
    tx.rollback().await.unwrap();
    assert_eq!(kept(&pool).await, [1]);

    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 3).await;
    drop(tx);
    assert_eq!(kept(&pool).await, [1]);

    pool.tenant(tenant(1)).begin().commit().await.unwrap();
    pool.tenant(tenant(1)).begin().rollback().await.unwrap();
}

#[tokio::test]
async fn first_statements_at_the_same_time_share_one_transaction_and_its_tenant() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let tx = pool.tenant(tenant(1)).begin();
    let bound = "select current_setting('app.tenant_id')";
    let (one, two, row) =
        tokio::join!(tx.execute(ADD, &[&1_i64]), tx.execute(ADD, &[&2_i64]), tx.query_one(bound, &[]));
    assert_eq!((one.unwrap(), two.unwrap()), (1, 1));
    assert_eq!(row.unwrap().get::<_, String>(0), tenant(1).as_setting());
    tx.rollback().await.unwrap();
    assert_eq!(kept(&pool).await, [0; 0]);
}

/// PostgreSQL answers the COMMIT of a failed transaction with a rollback and no error.
#[tokio::test]
async fn a_commit_after_a_swallowed_error_is_an_error() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let before = backend(&pool).await;
    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 1).await;
    tx.query(FAILS, &[]).await.unwrap_err();
    let error = tx.query("select 1", &[]).await.unwrap_err();
    assert_eq!(code(&error), "25P02");
    let error = tx.commit().await.unwrap_err();
    assert_eq!(code(&error), DIVISION, "{error}");
    assert!(error.to_string().starts_with("the transaction was rolled back"), "{error}");
    assert!(!error.is_in_doubt() && !error.is_retryable());

    // The same for what fails while it is prepared, and for the first statement of all.
    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 1).await;
    tx.query("select * from erp.nothing", &[]).await.unwrap_err();
    assert_eq!(code(&tx.commit().await.unwrap_err()), "42P01");
    let tx = pool.tenant(tenant(1)).begin();
    tx.query(FAILS, &[]).await.unwrap_err();
    assert_eq!(code(&tx.commit().await.unwrap_err()), DIVISION);

    // After the error, a rollback is none.
    let tx = pool.tenant(tenant(1)).begin();
    tx.query(FAILS, &[]).await.unwrap_err();
    tx.rollback().await.unwrap();
    assert_eq!(kept(&pool).await, [0; 0]);
    assert_eq!(backend(&pool).await, before);
}

#[tokio::test]
async fn a_commit_after_an_error_that_nobody_read_is_an_error() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;

    // In a stream that was dropped ahead of it.
    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 1).await;
    let late = "select 1 / (20000 - g) from generate_series(1, 40000) g";
    let mut rows = tx.query_raw(late, &[]).await.unwrap();
    rows.try_next().await.unwrap().unwrap();
    drop(rows);
    let error = tx.commit().await.unwrap_err();
    assert!(error.to_string().starts_with("the transaction was rolled back"), "{error}");
    assert!(!error.is_in_doubt());

    // In a statement whose future was dropped after it was sent: the second, and the first of all.
    for adds in [true, false] {
        let tx = pool.tenant(tenant(1)).begin();
        let fails = tx.prepare(FAILS).await.unwrap();
        if adds {
            add(&tx, 1).await;
        }
        assert!(tx.query(&fails, &[]).now_or_never().is_none(), "it was answered at once");
        let error = tx.commit().await.unwrap_err();
        assert!(error.to_string().starts_with("the transaction was rolled back"), "{error}");
    }
    assert_eq!(kept(&pool).await, [0; 0]);

    // What nobody read and is no error does not stand in the way.
    let tx = pool.tenant(tenant(1)).begin();
    let adds = tx.prepare(ADD).await.unwrap();
    assert!(tx.execute(&adds, &[&7_i64]).now_or_never().is_none(), "it was answered at once");
    tx.commit().await.unwrap();
    assert_eq!(kept(&pool).await, [7]);
}

#[tokio::test]
async fn a_deferred_constraint_fails_the_commit_and_leaves_no_doubt() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let before = backend(&pool).await;
    let entry = "insert into erp.entry (account_id, amount) values (99, 1)";
    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 1).await;
    assert_eq!(tx.execute(entry, &[]).await.unwrap(), 1);
    let of_commit = tx.commit().await.unwrap_err();
    let of_scope = pool.tenant(tenant(1)).execute(entry, &[]).await.unwrap_err();
    let mut rows = pool.tenant(tenant(1)).query_raw(entry, &[]).await.unwrap();
    let of_stream = rows.try_next().await.unwrap_err();
    for error in [of_commit, of_scope, of_stream] {
        assert_eq!(code(&error), "23503", "{error}");
        assert!(!error.is_in_doubt() && !error.is_connection_lost());
        assert!(error.to_string().starts_with("the commit failed"), "{error}");
    }
    drop(rows);
    assert_eq!(kept(&pool).await, [0; 0]);
    assert_eq!(backend(&pool).await, before);
}

#[tokio::test]
async fn what_would_change_transaction_or_session_is_refused_and_the_transaction_goes_on() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let before = backend(&pool).await;
    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 1).await;
    for refused in ["set app.tenant_id = 'x'", "listen x", "prepare p as select 1", "/* x */ commit"] {
        for error in [
            tx.execute(refused, &[]).await.unwrap_err(),
            tx.query_typed(refused, &[]).await.unwrap_err(),
            tx.prepare(refused).await.unwrap_err(),
            tx.cursor(refused, &[]).await.unwrap_err(),
            tx.copy_out(refused).await.unwrap_err(),
            pool.tenant(tenant(1)).query(refused, &[]).await.unwrap_err(),
        ] {
            assert!(error.is_usage(), "{refused}: {error}");
        }
    }
    // The extended protocol takes one statement a message.
    let error = tx.query("select 1; commit", &[]).await.unwrap_err();
    assert_eq!(code(&error), "42601");
    tx.rollback().await.unwrap();
    assert_eq!(kept(&pool).await, [0; 0]);
    assert_eq!(backend(&pool).await, before);
}

/// Nor does one that opens while a statement is being prepared, which carries nothing ahead of its own.
#[tokio::test]
async fn a_transaction_does_not_take_the_failure_of_one_before_for_its_own() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    // Loads plpgsql, which from then on knows what values its settings can have.
    pool.tenant(tenant(1)).query("select tenantry.no_tenant('x')", &[]).await.unwrap_err();
    let context = TenantContext::new(tenant(1)).set("plpgsql.variable_conflict", "nonsense").unwrap();
    let error = pool.tenant(context).begin().execute("select 1", &[]).await.unwrap_err();
    assert!(error.to_string().starts_with("the binding of the context failed"), "{error}");

    let tx = pool.tenant(tenant(1)).begin();
    let (prepared, queried) = tokio::join!(tx.prepare("select 41"), tx.query_typed("select 1", &[]));
    prepared.unwrap();
    assert_eq!(queried.unwrap().len(), 1);
    let error = tx.execute(FAILS, &[]).await.unwrap_err();
    assert!(error.to_string().starts_with("the statement failed"), "{error}");
    assert!(tx.commit().await.is_err());
    assert_eq!(kept(&pool).await, [0; 0]);
}
