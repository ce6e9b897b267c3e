//! What a connection remembers, and what it must not.

use super::{add, backend, code, kept};
use crate::support::erp::{Erp, open_accounts, tenant};

#[tokio::test]
async fn a_statement_whose_result_has_changed_fails_at_most_once() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    let pool = erp.pool(1).await;
    open_accounts(&pool, &tenant(1), 1, 3).await;
    let before = backend(&pool).await;
    let scope = pool.tenant(tenant(1));
    let all = "select * from erp.account";
    let columns = async || {
        for attempt in 0..2 {
            match scope.query(all, &[]).await {
                Ok(rows) => return rows[0].len(),
                Err(error) => assert!(attempt == 0 && code(&error) == "0A000", "{error}"),
            }
        }
        unreachable!()
    };
    assert_eq!(columns().await, 4);
    admin.batch_execute("alter table erp.account add column note text").await.unwrap();
    assert_eq!(columns().await, 5);
    admin.batch_execute("alter table erp.account alter column note type integer using 1").await.unwrap();
    assert_eq!(columns().await, 5);
    assert_eq!(scope.query(all, &[]).await.unwrap()[0].get::<_, i32>("note"), 1);

    // In a transaction the failure ends the transaction, and the next one goes through.
    for n in 0..2 {
        admin.batch_execute(&format!("alter table erp.account add column more_{n} text")).await.unwrap();
        let tx = pool.tenant(tenant(1)).begin();
        add(&tx, 50 + n).await;
        let failed =
            if n == 0 { tx.query(all, &[]).await.map(drop) } else { tx.query_raw(all, &[]).await.map(drop) };
        assert_eq!(code(&failed.unwrap_err()), "0A000");
        assert_eq!(code(&tx.commit().await.unwrap_err()), "0A000");
        let tx = pool.tenant(tenant(1)).begin();
        assert_eq!(tx.query(all, &[]).await.unwrap().len(), 3);
        tx.commit().await.unwrap();
    }
    assert_eq!(kept(&pool).await, [1, 2, 3]);
    assert_eq!(backend(&pool).await, before);
}

#[tokio::test]
async fn a_temporary_table_stands_in_no_other_tenants_way() {
    let erp = Erp::new().await;
    let url = format!("{}?options=-c%20search_path%3Dpg_temp,erp", erp.app_url());
    let pool = tenantry::TenantPool::builder(&url).max_size(1).build().await.unwrap();
    open_accounts(&pool, &tenant(2), 1, 3).await;
    let counted = async || {
        let sql = "select count(*), pg_backend_pid() from account";
        let row = pool.tenant(tenant(2)).query_one(sql, &[]).await.unwrap();
        (row.get::<_, i64>(0), row.get::<_, i32>(1))
    };
    let shadow = "create temporary table account (id bigint)";
    let (count, before) = counted().await;
    assert_eq!(count, 3);
    pool.tenant(tenant(1)).execute(shadow, &[]).await.unwrap();
    let (count, between) = counted().await;
    assert_eq!(count, 3, "the tenant reads another one's temporary table");
    assert_ne!(before, between);

    let tx = pool.tenant(tenant(1)).begin();
    tx.execute(shadow, &[]).await.unwrap();
    tx.execute("insert into account values (1)", &[]).await.unwrap();
    tx.commit().await.unwrap();
    let (count, after) = counted().await;
    assert_eq!(count, 3, "the tenant reads another one's temporary table");
    assert_ne!(between, after);
}
