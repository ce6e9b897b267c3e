//! Statements that are prepared in one place and run in another.

use tenantry::types::Type;

use crate::support::erp::{Erp, open_accounts, tenant};

const COUNT: &str = "select count(*) from erp.account where id >= $1";
const RAISE: &str = "update erp.account set balance = balance + 1";

/// A scope has no connection of its own, so what it prepares runs on whichever is free, and for whichever tenant asks.
#[tokio::test]
async fn what_one_connection_has_prepared_runs_on_every_other() {
    let erp = Erp::new().await;
    let pool = erp.pool(3).await;
    for n in [1, 2] {
        open_accounts(&pool, &tenant(n), 1, i64::from(n)).await;
    }
    let scope = pool.tenant(tenant(1));
    let (count, raise) = (scope.prepare(COUNT).await.unwrap(), scope.prepare(RAISE).await.unwrap());
    assert_eq!((count.sql(), count.params(), count.columns().len()), (COUNT, &[Type::INT8][..], 1));
    // Each of them has a connection for itself.
    let open: Vec<_> = (0..3).map(|_| pool.tenant(tenant(2)).begin()).collect();
    for tx in &open {
        assert_eq!(tx.query_scalar::<i64>(&count, &[&1_i64]).await.unwrap(), 2);
    }
    for tx in open {
        assert_eq!(tx.execute(&raise, &[]).await.unwrap(), 2);
        tx.rollback().await.unwrap();
    }
    for _ in 0..6 {
        assert_eq!(scope.query_scalar::<i64>(&count, &[&1_i64]).await.unwrap(), 1);
        assert_eq!(scope.execute(&raise, &[]).await.unwrap(), 1);
    }
    // What a transaction has prepared outlives it.
    let tx = scope.begin();
    let count = tx.prepare("select count(*) + $1 from erp.account").await.unwrap();
    assert_eq!(tx.query_scalar::<i64>(&count, &[&0_i64]).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(scope.query_scalar::<i64>(&count, &[&0_i64]).await.unwrap(), 1);
}

/// What is fit for one place is judged anew in another.
#[tokio::test]
async fn a_statement_that_was_prepared_elsewhere_is_judged_where_it_runs() {
    let erp = Erp::new().await;
    let pool = erp.builder().build().await.unwrap();
    let other = pool.system("a test").unwrap().begin();
    let turns = other.prepare("set local app.tenant_id = 'x'").await.unwrap();
    let tx = pool.tenant(tenant(1)).begin();
    assert!(tx.execute(&turns, &[]).await.unwrap_err().is_usage());
    let path = tx.prepare("set local search_path = erp").await.unwrap();
    tx.execute(&path, &[]).await.unwrap();
    assert!(pool.tenant(tenant(1)).execute(&path, &[]).await.unwrap_err().is_usage());
    for scope_refuses in ["commit", "fetch all from c", "vacuum"] {
        assert!(
            pool.tenant(tenant(1)).prepare(scope_refuses).await.unwrap_err().is_usage(),
            "{scope_refuses}"
        );
    }
}
