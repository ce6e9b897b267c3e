//! Cursors: a query's rows in portions.

use tenantry::{Cursor, Row};

use super::{DIVISION, add, code, kept};
use crate::support::erp::{Erp, open_accounts, tenant};

fn numbers(rows: &[Row]) -> Vec<i64> {
    rows.iter().map(|row| row.get(0)).collect()
}

async fn fetched(cursor: &Cursor<'_>, count: u32) -> Vec<i64> {
    numbers(&cursor.fetch(count).await.unwrap())
}

#[tokio::test]
async fn a_cursor_gives_portions_while_its_transaction_goes_on() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    open_accounts(&pool, &tenant(1), 1, 7).await;
    open_accounts(&pool, &tenant(2), 100, 7).await;
    let tx = pool.tenant(tenant(1)).begin();
    let from = "select id from erp.account where id >= $1 order by id";
    let cursor = tx.cursor(from, &[&2_i64]).await.unwrap();
    let other = tx.cursor(from, &[&6_i64]).await.unwrap();
    assert_eq!(fetched(&cursor, 2).await, [2, 3]);
    add(&tx, 8).await;
    assert!(cursor.fetch(0).await.unwrap_err().is_usage());
    assert_eq!(fetched(&other, 9).await, [6, 7]);
    assert_eq!(fetched(&cursor, 3).await, [4, 5, 6]);
    // It shows what was there when it was opened.
    assert_eq!(fetched(&cursor, 9).await, [7]);
    assert_eq!(fetched(&cursor, 9).await, [0; 0]);
    cursor.close().await.unwrap();
    drop(other);
    tx.commit().await.unwrap();
    assert_eq!(kept(&pool).await, [1, 2, 3, 4, 5, 6, 7, 8]);
}

#[tokio::test]
async fn a_cursor_of_a_savepoint_ends_with_its_rollback() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    open_accounts(&pool, &tenant(1), 1, 3).await;
    let mut tx = pool.tenant(tenant(1)).begin();
    let savepoint = tx.savepoint().await.unwrap();
    let cursor = savepoint.cursor("select 1 / (3 - id) from erp.account order by id", &[]).await.unwrap();
    assert_eq!(fetched(&cursor, 2).await, [0, 1]);
    assert_eq!(code(&cursor.fetch(1).await.unwrap_err()), DIVISION);
    assert_eq!(code(&cursor.fetch(1).await.unwrap_err()), "25P02");
    savepoint.rollback().await.unwrap();
    add(&tx, 4).await;
    tx.commit().await.unwrap();
    assert_eq!(kept(&pool).await, [1, 2, 3, 4]);
}
