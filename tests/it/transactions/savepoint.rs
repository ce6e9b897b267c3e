//! Savepoints: what they keep, what they undo, and that no context leaves them.

use tenantry::{Statements, Strategy};

use super::{DIVISION, FAILS, add, backend, code, ids, kept};
use crate::support::erp::{Erp, tenant};

#[tokio::test]
async fn a_savepoint_is_kept_by_its_release_alone() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let mut tx = pool.tenant(tenant(1)).begin();
    let released = tx.savepoint().await.unwrap();
    add(&released, 1).await;
    released.release().await.unwrap();
    let rolled_back = tx.savepoint().await.unwrap();
    add(&rolled_back, 2).await;
    rolled_back.rollback().await.unwrap();
    let dropped = tx.savepoint().await.unwrap();
    add(&dropped, 3).await;
    drop(dropped);
    assert_eq!(ids(&tx).await, [1]);

    let mut outer = tx.savepoint().await.unwrap();
    add(&outer, 4).await;
    let inner = outer.savepoint().await.unwrap();
    add(&inner, 5).await;
    inner.rollback().await.unwrap();
    let inner = outer.savepoint().await.unwrap();
    add(&inner, 6).await;
    inner.release().await.unwrap();
    outer.release().await.unwrap();

    let mut outer = tx.savepoint().await.unwrap();
    add(&outer, 7).await;
    let inner = outer.savepoint().await.unwrap();
    add(&inner, 8).await;
    inner.release().await.unwrap();
    outer.rollback().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(kept(&pool).await, [1, 4, 6]);
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Release,
    Rollback,
    Drop,
}

#[tokio::test]
async fn a_statement_that_fails_inside_leaves_the_transaction_whole() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let before = backend(&pool).await;
    let mut id = 0;
    let mut wanted = Vec::new();
    for end in [End::Release, End::Rollback, End::Drop] {
        for read in [true, false] {
            let mut tx = pool.tenant(tenant(1)).begin();
            add(&tx, id).await;
            let savepoint = tx.savepoint().await.unwrap();
            add(&savepoint, id + 1).await;
            if read {
                assert_eq!(code(&savepoint.query(FAILS, &[]).await.unwrap_err()), DIVISION);
            } else {
                let late = "select 1 / (20000 - g) from generate_series(1, 40000) g";
                let mut rows = savepoint.query_raw(late, &[]).await.unwrap();
                rows.try_next().await.unwrap().unwrap();
            }
            match end {
                End::Release => {
                    let error = savepoint.release().await.unwrap_err();
                    assert_eq!(code(&error), if read { DIVISION } else { "25P02" }, "{error}");
                }
                End::Rollback => savepoint.rollback().await.unwrap(),
                End::Drop => drop(savepoint),
            }
            add(&tx, id + 2).await;
            tx.commit().await.unwrap_or_else(|error| panic!("{end:?}, read: {read}: {error}"));
            wanted.extend([id, id + 2]);
            id += 3;
        }
    }
    assert_eq!(kept(&pool).await, wanted);
    assert_eq!(backend(&pool).await, before);
}

#[tokio::test]
async fn an_error_outside_is_not_healed_by_a_savepoint_that_ended_before() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let mut tx = pool.tenant(tenant(1)).begin();
    add(&tx, 1).await;
    drop(tx.savepoint().await.unwrap());
    tx.query(FAILS, &[]).await.unwrap_err();
    assert_eq!(code(&tx.savepoint().await.unwrap_err()), "25P02");
    assert_eq!(code(&tx.commit().await.unwrap_err()), DIVISION);
    assert_eq!(kept(&pool).await, [0; 0]);
}

async fn bound(db: &Statements) -> [String; 2] {
    let sql = "select current_setting('app.tenant_id'), current_setting('app.user_id', true)";
    let row = db.query_one(sql, &[]).await.unwrap();
    [row.get(0), row.get(1)]
}

/// Law 2: the transaction's tenant is the one that it began with.
#[tokio::test]
async fn a_context_that_is_set_inside_a_savepoint_does_not_leave_it() {
    let erp = Erp::new().await;
    for strategy in [Strategy::Explicit, Strategy::ExplicitSetLocal] {
        let pool = erp.builder().strategy(strategy).max_size(1).build().await.unwrap();
        let context = tenantry::TenantContext::new(tenant(1)).set("app.user_id", "7").unwrap();
        let wanted = [tenant(1).as_setting(), "7".to_owned()];
        let other = [tenant(2).as_setting(), "8".to_owned()];
        for end in [End::Release, End::Rollback, End::Drop] {
            let mut tx = pool.tenant(context.clone()).begin();
            let mut outer = tx.savepoint().await.unwrap();
            let inner = outer.savepoint().await.unwrap();
            let set = "select set_config('app.tenant_id', $1, true), set_config('app.user_id', '8', true)";
            inner.query_one(set, &[&other[0]]).await.unwrap();
            assert_eq!(bound(&inner).await, other);
            match end {
                End::Release => inner.release().await.unwrap(),
                End::Rollback => inner.rollback().await.unwrap(),
                End::Drop => drop(inner),
            }
            assert_eq!(bound(&outer).await, wanted, "{strategy:?}, {end:?}");
            outer.query_one(set, &[&other[0]]).await.unwrap();
            outer.release().await.unwrap();
            assert_eq!(bound(&tx).await, wanted, "{strategy:?}, {end:?}");
            tx.commit().await.unwrap();
        }
    }
}
