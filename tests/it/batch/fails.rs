//! Batches of which a statement fails.

use std::time::Duration;

use tenantry::types::ToSql;
use tenantry::{Batch, Strategy, TenantPool};

use super::{ADD, ids, others_are_served};
use crate::support::erp::{Erp, open_accounts, tenant};
use crate::support::log::Log;
use crate::support::proxy::Proxy;

const DIVIDE: &str = "select 1 / 0";
const STRATEGIES: [Strategy; 3] = [Strategy::Implicit, Strategy::Explicit, Strategy::ExplicitSetLocal];

async fn pool(erp: &Erp, strategy: Strategy) -> TenantPool {
    erp.builder().strategy(strategy).max_size(1).build().await.unwrap()
}

#[tokio::test]
async fn a_statement_that_fails_undoes_all_or_itself_alone() {
    for strategy in STRATEGIES {
        let erp = Erp::new().await;
        let pool = pool(&erp, strategy).await;
        let scope = pool.tenant(tenant(1));
        let mut batch = Batch::new();
        batch
            .add(ADD, &[&1_i64, &"a"])
            .add(DIVIDE, &[])
            .add(ADD, &[&2_i64, &"b"])
            .add(ADD, &[&1_i64, &"again"]);

        let error = scope.batch(&batch).await.unwrap_err();
        let told = (error.batch_index(), error.code().unwrap().code());
        assert_eq!(told, (Some(1), "22012"), "{strategy:?}: {error}");
        assert_eq!(
            error.to_string(),
            "statement 1 of the batch, counted from 0: the statement failed: SQLSTATE 22012"
        );
        assert!(error.as_db_error().is_some() && std::error::Error::source(&error).is_some());
        assert!(ids(&scope).await.is_empty(), "{strategy:?}");

        let results = scope.batch_each(&batch).await.unwrap();
        let told: Vec<_> = results
            .iter()
            .map(|result| result.as_ref().err().map(|e| (e.batch_index().unwrap(), e.code().unwrap().code())))
            .collect();
        assert_eq!(told, [None, Some((1, "22012")), None, Some((3, "23505"))], "{strategy:?}");
        assert_eq!(ids(&scope).await, [1, 2], "{strategy:?}");
        others_are_served(&pool).await;
    }
}

/// In a transaction it fails with the batch, and a savepoint heals it.
#[tokio::test]
async fn a_batch_that_fails_in_a_transaction_is_undone_by_a_savepoint() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let mut tx = pool.tenant(tenant(1)).begin();
    tx.execute(ADD, &[&1_i64, &"a"]).await.unwrap();
    let savepoint = tx.savepoint().await.unwrap();
    let mut batch = Batch::new();
    batch.add(ADD, &[&2_i64, &"b"]).add(DIVIDE, &[]).add(ADD, &[&3_i64, &"c"]);
    assert_eq!(savepoint.batch(&batch).await.unwrap_err().batch_index(), Some(1));
    savepoint.rollback().await.unwrap();
    assert_eq!(ids(&tx).await, [1]);
    assert!(tx.batch(&batch).await.is_err());
    assert!(tx.commit().await.is_err());
    assert!(ids(&pool.tenant(tenant(1))).await.is_empty());
}

/// What is found to be wrong beforehand costs nothing: no statement is sent of a batch that is one transaction.
#[tokio::test]
async fn what_is_refused_is_refused_before_anything_is_sent() {
    let erp = Erp::new().await;
    let proxy = Proxy::start(erp.address()).await;
    let pool = TenantPool::builder(&erp.app_url_through(proxy.port()))
        .max_size(1)
        .check_idle_after(Duration::MAX)
        .recheck_role_after(Duration::MAX)
        .build()
        .await
        .unwrap();
    let scope = pool.tenant(tenant(1));
    open_accounts(&pool, &tenant(1), 1, 1).await;
    scope.execute(ADD, &[&2_i64, &"b"]).await.unwrap();
    let turn = "set local app.tenant_id = 'x'";
    let cases: [(&str, &[&(dyn ToSql + Sync)], &str); 5] = [
        ("commit", &[], "COMMIT cannot be run as a statement here"),
        (turn, &[], "SET LOCAL"),
        (ADD, &[&3_i64], "it takes 2 parameters and got 1"),
        (ADD, &[&"secret", &"b"], "parameter $1 is of the PostgreSQL type int8, to which the Rust type &str"),
        ("copy erp.stage to stdout", &[], "COPY cannot be run"),
    ];
    for (sql, params, told) in cases {
        let mut batch = Batch::new();
        batch.add(ADD, &[&5_i64, &"e"]).add(sql, params);
        let (error, counts) = proxy.count(async { scope.batch(&batch).await.unwrap_err() }).await;
        assert!(error.is_usage() && error.batch_index() == Some(1), "{error}");
        assert!(error.to_string().contains(told) && !error.to_string().contains("secret"), "{error}");
        // A description that may be out of date is asked for again.
        assert!(!counts.said.contains(['B', 'E', 'Q']), "{sql}: {counts:?}");
        let results = scope.batch_each(&batch).await.unwrap();
        assert!(results[0].is_ok() && results[1].as_ref().unwrap_err().is_usage(), "{sql}: {results:?}");
        assert_eq!(ids(&scope).await, [1, 2, 5], "{sql}");
        scope.execute("delete from erp.account where id = 5", &[]).await.unwrap();
        let tx = scope.begin();
        assert!(tx.batch(&batch).await.unwrap_err().is_usage());
        tx.execute(ADD, &[&7_i64, &"g"]).await.unwrap();
        tx.rollback().await.unwrap();
    }
    let mut batch = Batch::new();
    batch.add(ADD, &[&5_i64, &"e"]).add("select no_column", &[]).add("select no_column", &[]);
    let error = scope.batch(&batch).await.unwrap_err();
    assert_eq!((error.batch_index(), error.code().unwrap().code()), (Some(1), "42703"), "{error}");
    let results = scope.batch_each(&batch).await.unwrap();
    assert!(results[0].is_ok());
    for (at, result) in results.iter().enumerate().skip(1) {
        let error = result.as_ref().unwrap_err();
        assert_eq!((error.batch_index(), error.code().unwrap().code()), (Some(at), "42703"), "{error}");
    }
    assert!(pool.tenant(7_i64).batch(&batch).await.unwrap_err().is_usage());
    assert!(pool.tenant(7_i64).batch_each(&batch).await.unwrap_err().is_usage());
    others_are_served(&pool).await;
}

/// What the commit finds wrong is no statement's fault.
#[tokio::test]
async fn a_commit_that_fails_undoes_the_batch() {
    for strategy in STRATEGIES {
        let erp = Erp::new().await;
        let pool = pool(&erp, strategy).await;
        let scope = pool.tenant(tenant(1));
        let orphan = "insert into erp.entry (account_id, amount) values (99, 1)";
        let mut batch = Batch::new();
        batch.add(ADD, &[&1_i64, &"a"]).add(orphan, &[]).add(ADD, &[&2_i64, &"b"]);
        let error = scope.batch(&batch).await.unwrap_err();
        let told = (error.batch_index(), error.code().unwrap().code());
        assert_eq!(told, (None, "23503"), "{strategy:?}: {error}");
        assert!(error.to_string().starts_with("the commit failed"), "{strategy:?}: {error}");
        assert!(ids(&scope).await.is_empty());
        let results = scope.batch_each(&batch).await.unwrap();
        let error = results[1].as_ref().unwrap_err();
        assert!(error.to_string().contains("the commit failed"), "{strategy:?}: {error}");
        assert_eq!(ids(&scope).await, [1, 2]);
        others_are_served(&pool).await;
    }
}

#[tokio::test]
async fn a_batch_that_takes_too_long_is_undone_and_says_so() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let scope = pool.tenant(tenant(1)).timeout(Duration::from_millis(800));
    let mut batch = Batch::new();
    batch.add(ADD, &[&1_i64, &"a"]).add("select pg_sleep(60)", &[]).add(ADD, &[&2_i64, &"b"]);
    let error = scope.batch(&batch).await.unwrap_err();
    assert!(error.is_timeout() && error.batch_index() == Some(1) && !error.is_in_doubt(), "{error}");
    assert!(ids(&pool.tenant(tenant(1))).await.is_empty());
    let results = scope.batch_each(&batch).await.unwrap();
    assert!(results[0].is_ok());
    assert!(results[1].as_ref().unwrap_err().is_timeout(), "{results:?}");
}

/// Neither parameters nor rows are in what a batch shows of itself or has logged.
#[tokio::test]
async fn a_batch_shows_no_values() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let (log, _listening) = Log::listen(tracing::Level::TRACE);
    let mut batch = Batch::new();
    batch.add(ADD, &[&1_i64, &"secret"]);
    assert_eq!(format!("{batch:?}"), format!("[{ADD:?}]"));
    pool.tenant(tenant(1)).batch(&batch).await.unwrap();
    assert!(!log.text().contains("secret"), "{}", log.text());
}
