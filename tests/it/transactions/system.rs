//! The system's transactions do what a tenant's do.

use super::{DIVISION, FAILS, code};
use crate::support::erp::{Erp, open_accounts, tenant};

const COUNT: &str = "select count(*), count(distinct tenant_id) from erp.account";

#[tokio::test]
async fn a_system_transaction_has_the_same_statements() {
    let erp = Erp::new().await;
    let pool = erp.builder().system_max_size(1).build().await.unwrap();
    for n in 1..=3 {
        open_accounts(&pool, &tenant(n), i64::from(n) * 10, 3).await;
    }
    let system = pool.system("closing of the year").unwrap();
    let counted = async || {
        let row = system.query_one(COUNT, &[]).await.unwrap();
        (row.get::<_, i64>(0), row.get::<_, i64>(1))
    };
    assert_eq!(counted().await, (9, 3));

    let mut tx = system.begin();
    assert_eq!(tx.execute("update erp.account set balance = 1", &[]).await.unwrap(), 9);
    let of = tx.prepare("select id from erp.account where tenant_id = $1::text::uuid").await.unwrap();
    assert_eq!(tx.query(&of, &[&tenant(2).as_setting()]).await.unwrap().len(), 3);
    let savepoint = tx.savepoint().await.unwrap();
    savepoint.execute("delete from erp.account", &[]).await.unwrap();
    assert_eq!(code(&savepoint.query(FAILS, &[]).await.unwrap_err()), DIVISION);
    savepoint.rollback().await.unwrap();
    let cursor = tx.cursor("select id from erp.account order by id", &[]).await.unwrap();
    assert_eq!(cursor.fetch(5).await.unwrap().len(), 5);
    cursor.close().await.unwrap();
    // Row-level security does not bind the role, so it may load a tenant's table.
    let mut sink = tx.copy_in("copy erp.account (tenant_id, id, tag) from stdin").await.unwrap();
    let line = format!("{}\t40\tloaded\n", tenant(4).as_setting());
    sink.send(bytes::Bytes::from(line)).await.unwrap();
    assert_eq!(sink.finish().await.unwrap(), 1);
    let mut rows = tx.query_raw("select id from erp.account", &[]).await.unwrap();
    let mut seen = 0;
    while rows.try_next().await.unwrap().is_some() {
        seen += 1;
    }
    assert_eq!(seen, 10);
    drop(rows);
    tx.commit().await.unwrap();
    assert_eq!(counted().await, (10, 4));

    let tx = system.begin();
    tx.execute("delete from erp.account", &[]).await.unwrap();
    tx.rollback().await.unwrap();
    let tx = system.begin();
    tx.execute("delete from erp.account", &[]).await.unwrap();
    drop(tx);
    let error = system
        .transact(|tx| async move {
            tx.execute("delete from erp.account", &[]).await?;
            tx.query(FAILS, &[]).await.map(drop)
        })
        .await
        .unwrap_err();
    assert_eq!(code(&error), DIVISION);
    let tx = system.begin();
    tx.query(FAILS, &[]).await.unwrap_err();
    assert_eq!(code(&tx.commit().await.unwrap_err()), DIVISION);
    assert_eq!(counted().await, (10, 4));
}

/// The tenant's column has no default without a tenant: rows of nobody are not made.
#[tokio::test]
async fn a_system_transaction_names_the_tenant_of_what_it_writes() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let insert = "insert into erp.account (id, tag) values (1, '')";
    let error = pool.system("an import").unwrap().execute(insert, &[]).await.unwrap_err();
    assert!(error.is_no_tenant(), "{error}");
}
