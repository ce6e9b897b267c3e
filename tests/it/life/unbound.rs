//! Work before a tenant is known.

use crate::support::erp::{Erp, open_accounts, tenant};

#[tokio::test]
async fn who_is_no_tenant_sees_what_is_everybodys_and_no_tenants_rows() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    let shared = "create table erp.currency (code text); grant select on erp.currency to tenantry_it_app;
        insert into erp.currency values ('BDT')";
    admin.batch_execute(shared).await.unwrap();
    let pool = erp.pool(1).await;
    open_accounts(&pool, &tenant(1), 1, 2).await;
    let nobody = pool.unbound();
    let row = nobody.query_one("select code from erp.currency", &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "BDT");
    let error = nobody.query("select * from erp.account", &[]).await.unwrap_err();
    assert!(error.is_no_tenant(), "{error}");
    let tx = nobody.begin();
    let error = tx.query("select * from erp.account", &[]).await.unwrap_err();
    assert!(error.is_no_tenant(), "{error}");
    tx.rollback().await.unwrap();
    assert!(nobody.tenant().unwrap_err().is_usage());
}
