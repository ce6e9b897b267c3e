//! Many rows at once, under policies.

mod fails;
mod kinds;

use tenantry::types::ToSql;
use tenantry::{Statements, TenantPool};

use crate::support::erp::{Erp, open_accounts, tenant};
use crate::support::proxy::{Proxy, flights};

type Value<'a> = &'a (dyn ToSql + Sync);

struct Account {
    id: i64,
    tag: String,
}

fn accounts(first: i64, count: i64) -> Vec<Account> {
    (first..first + count).map(|id| Account { id, tag: format!("tag {id}") }).collect()
}

fn values(account: &Account) -> [Value<'_>; 2] {
    [&account.id, &account.tag]
}

async fn insert(db: &Statements, accounts: &[Account]) -> tenantry::Result<u64> {
    db.insert_many("erp.account", ["id", "tag"], accounts.iter().map(values)).await
}

async fn count(pool: &TenantPool, n: u8) -> i64 {
    pool.tenant(tenant(n)).query_scalar("select count(*) from erp.account", &[]).await.unwrap()
}

/// With a chunk that is full, several, and one that is not; the tenant's column has its default.
#[tokio::test]
async fn rows_are_inserted_for_their_tenant_in_chunks() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let mut first = 0;
    for (rows, size) in [(1, 1), (5, 5), (6, 5), (9, 3), (2_500, 1_000), (3, 0)] {
        let accounts = accounts(first, rows);
        let scope = pool.tenant(tenant(1));
        let inserted = scope
            .insert_into("erp.account", ["id", "tag"])
            .chunk_size(size)
            .rows(accounts.iter().map(values))
            .await
            .unwrap();
        assert_eq!(inserted, u64::try_from(rows).unwrap(), "{size}");
        first += rows;
    }
    assert_eq!((count(&pool, 1).await, count(&pool, 2).await), (first, 0));
    let in_order = "select count(*) from erp.account where tag = 'tag ' || id";
    assert_eq!(pool.tenant(tenant(1)).query_scalar::<i64>(in_order, &[]).await.unwrap(), first);
}

#[tokio::test]
async fn rows_are_inserted_in_a_transaction_and_a_savepoint_too() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let mut tx = pool.tenant(tenant(1)).begin();
    assert_eq!(insert(&tx, &accounts(0, 1_500)).await.unwrap(), 1_500);
    let savepoint = tx.savepoint().await.unwrap();
    assert_eq!(insert(&savepoint, &accounts(2_000, 10)).await.unwrap(), 10);
    savepoint.rollback().await.unwrap();
    assert_eq!(insert(&tx, &accounts(3_000, 10)).await.unwrap(), 10);
    tx.commit().await.unwrap();
    assert_eq!(count(&pool, 1).await, 1_510);
    let tx = pool.tenant(tenant(1)).begin();
    assert_eq!(insert(&tx, &accounts(9_000, 10)).await.unwrap(), 10);
    tx.rollback().await.unwrap();
    assert_eq!(count(&pool, 1).await, 1_510);
}

#[tokio::test]
async fn rows_that_conflict_are_left_out_where_that_is_asked_for() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    open_accounts(&pool, &tenant(1), 3, 2).await;
    open_accounts(&pool, &tenant(2), 1, 9).await;
    let rows = accounts(1, 5);
    let scope = pool.tenant(tenant(1));
    let into = scope.insert_into("erp.account", ["id", "tag"]).on_conflict_do_nothing().chunk_size(2);
    assert_eq!(into.rows(rows.iter().map(values)).await.unwrap(), 3);
    assert_eq!(count(&pool, 1).await, 5);
}

/// What is known of the columns is asked once, and a chunk on a scope is one flight.
#[tokio::test]
async fn a_chunk_is_one_flight_and_no_rows_are_none() {
    let erp = Erp::new().await;
    let proxy = Proxy::start(erp.address()).await;
    let pool = TenantPool::builder(&erp.app_url_through(proxy.port())).max_size(1).build().await.unwrap();
    let scope = pool.tenant(tenant(1));
    insert(&scope, &accounts(0, 1)).await.unwrap();
    let (inserted, counts) = proxy.count(insert(&scope, &accounts(1, 500))).await;
    assert_eq!((inserted.unwrap(), counts), (500, flights(1, "BEBEBESQ")));
    let (inserted, counts) = proxy.count(insert(&scope, &[])).await;
    assert_eq!((inserted.unwrap(), counts), (0, flights(0, "")));
    let tx = scope.begin();
    let (inserted, counts) = proxy.count(insert(&tx, &accounts(501, 500))).await;
    assert_eq!((inserted.unwrap(), counts), (500, flights(1, "BEBEBES")));
    tx.rollback().await.unwrap();
}

/// A service inserts from tasks, and from iterators that make rows as they go.
#[tokio::test]
async fn rows_are_inserted_from_a_task_of_its_own() {
    let erp = Erp::new().await;
    let pool = erp.pool(2).await;
    let tasks = [1, 2].map(|n| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let accounts = accounts(0, 2_100);
            let rows = accounts.iter().map(|account| [&account.id as Value<'_>, &account.tag]);
            pool.tenant(tenant(n)).insert_many("erp.account", ["id", "tag"], rows).await
        })
    });
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap(), 2_100);
    }
    assert_eq!((count(&pool, 1).await, count(&pool, 2).await), (2_100, 2_100));
}
