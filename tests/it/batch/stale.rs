//! Batches whose statements were prepared before a migration.

use tenantry::{Batch, Strategy, TenantPool};

use super::ADD;
use crate::support::erp::{Erp, tenant};

const ALL: &str = "select * from erp.account order by id";
const WIDER: &str = "alter table erp.account add column more text default 'more'";
const OTHER: &str = "alter table erp.account alter column balance drop default,
    alter column balance type text using 'text', alter column balance set default ''";

async fn prepared(erp: &Erp, strategy: Strategy) -> TenantPool {
    let pool = erp.builder().strategy(strategy).max_size(1).build().await.unwrap();
    let scope = pool.tenant(tenant(1));
    scope.execute(ADD, &[&1_i64, &"a"]).await.unwrap();
    scope.query(ALL, &[]).await.unwrap();
    pool
}

/// All of it has been rolled back, so all of it can be run anew.
#[tokio::test]
async fn a_batch_that_has_become_stale_is_run_anew_as_a_whole() {
    for strategy in [Strategy::Implicit, Strategy::Explicit] {
        for change in [WIDER, OTHER] {
            let erp = Erp::new().await;
            let pool = prepared(&erp, strategy).await;
            erp.admin().await.batch_execute(change).await.unwrap();
            let mut batch = Batch::new();
            batch.add(ADD, &[&2_i64, &"b"]).add(ALL, &[]).add(ADD, &[&3_i64, &"c"]);
            let results = pool.tenant(tenant(1)).batch(&batch).await.unwrap();
            assert_eq!(results[1].rows.len(), 2, "{strategy:?}: {change}");
            assert_eq!(results[1].rows[0].len(), if change == WIDER { 5 } else { 4 });
            let scope = pool.tenant(tenant(1));
            let count = scope.query_scalar::<i64>("select count(*) from erp.account", &[]).await;
            assert_eq!(count.unwrap(), 3);
        }
    }
}

/// The first of a transaction can be run anew too, and a later one says that the transaction can.
#[tokio::test]
async fn in_a_transaction_only_what_has_begun_it_is_run_anew() {
    let erp = Erp::new().await;
    let pool = prepared(&erp, Strategy::Implicit).await;
    let mut batch = Batch::new();
    batch.add(ADD, &[&2_i64, &"b"]).add(ALL, &[]);
    let tx = pool.tenant(tenant(1)).begin();
    erp.admin().await.batch_execute(WIDER).await.unwrap();
    assert_eq!(tx.batch(&batch).await.unwrap()[1].rows.len(), 2);
    tx.rollback().await.unwrap();
    erp.admin().await.batch_execute("alter table erp.account drop column more").await.unwrap();
    let tx = pool.tenant(tenant(1)).begin();
    tx.query("select 1", &[]).await.unwrap();
    let error = tx.batch(&batch).await.unwrap_err();
    assert!(error.is_stale_statement() && error.is_retryable(), "{error}");
    assert_eq!(error.batch_index(), Some(1));
    tx.rollback().await.unwrap();
    assert_eq!(pool.tenant(tenant(1)).batch(&batch).await.unwrap()[1].rows.len(), 2);
}

/// Each for itself: what follows has run by then, so one that is stale is told and not run out of order.
#[tokio::test]
async fn one_of_several_transactions_is_not_run_behind_the_others() {
    let erp = Erp::new().await;
    let pool = prepared(&erp, Strategy::Implicit).await;
    erp.admin().await.batch_execute(WIDER).await.unwrap();
    let mut batch = Batch::new();
    batch.add(ADD, &[&2_i64, &"b"]).add(ALL, &[]).add(ADD, &[&3_i64, &"c"]);
    let results = pool.tenant(tenant(1)).batch_each(&batch).await.unwrap();
    assert!(results[0].is_ok() && results[2].is_ok(), "{results:?}");
    let error = results[1].as_ref().unwrap_err();
    assert!(error.is_stale_statement() && error.batch_index() == Some(1), "{error}");
    let mut batch = Batch::new();
    batch.add(ALL, &[]);
    let results = pool.tenant(tenant(1)).batch_each(&batch).await.unwrap();
    assert_eq!(results[0].as_ref().unwrap().rows.len(), 3);
}

/// A parameter that was converted for what the statement took before is converted anew.
#[tokio::test]
async fn a_parameter_of_a_type_that_has_changed_is_converted_anew() {
    let erp = Erp::new().await;
    let pool = prepared(&erp, Strategy::Implicit).await;
    let set = "update erp.account set balance = $1";
    pool.tenant(tenant(1)).execute(set, &[&5_i64]).await.unwrap();
    erp.admin().await.batch_execute(OTHER).await.unwrap();
    let mut batch = Batch::new();
    batch.add(set, &[&"five"]).add(set, &[&"six"]);
    pool.tenant(tenant(1)).batch(&batch).await.unwrap();
    for result in pool.tenant(tenant(1)).batch_each(&batch).await.unwrap() {
        assert_eq!(result.unwrap().rows_affected, 1);
    }
}

/// Rows of a type that the connection has not learnt are read all the same, and those of a cursor.
#[tokio::test]
async fn rows_of_types_that_are_new_are_read() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    admin.batch_execute("create domain erp.word as text; create domain erp.name as text").await.unwrap();
    let pool = prepared(&erp, Strategy::Implicit).await;
    let word = "select 'x'::erp.word as word";
    let mut batch = Batch::new();
    batch.add(ADD, &[&2_i64, &"b"]).add(ALL, &[]).add(word, &[]);
    let results = pool.tenant(tenant(1)).batch(&batch).await.unwrap();
    assert_eq!(results[2].rows[0].get::<_, &str>(0), "x");
    let mut fetching = Batch::new();
    fetching.add("fetch all from tenantry_0", &[]).add("fetch all from tenantry_0", &[]).add(word, &[]);
    let tx = pool.tenant(tenant(1)).begin();
    let _cursor = tx.cursor("select 'y'::erp.name as name, balance from erp.account", &[]).await.unwrap();
    let results = tx.batch(&fetching).await.unwrap();
    assert_eq!((results[0].rows.len(), results[1].rows.len(), results[2].rows.len()), (2, 0, 1));
    assert_eq!(results[0].rows[0].get::<_, &str>("name"), "y");
    tx.commit().await.unwrap();
}
