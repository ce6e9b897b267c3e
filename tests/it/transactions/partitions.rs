//! The tenant as a parameter, for tables that are partitioned by it.

use tenantry::policy::{TenantTable, secure};
use tenantry::{Statements, migrate};

use crate::support::erp::{Erp, roles, tenancy, tenant};

const PARTITIONS: usize = 40;

/// A table with a partition for each remainder of the tenant.
async fn partitioned() -> Erp {
    let erp = Erp::new().await;
    let mut admin = erp.admin().await;
    let part = |n: usize| {
        format!(
            "create table erp.deed_{n} partition of erp.deed for values with (modulus {PARTITIONS}, remainder {n});"
        )
    };
    let sql = "create table erp.deed (tenant_id uuid not null, id bigint not null, primary key (tenant_id, id)) \
               partition by hash (tenant_id);";
    admin.batch_execute(&(sql.to_owned() + &(0..PARTITIONS).map(part).collect::<String>())).await.unwrap();
    let table = (0..PARTITIONS).try_fold(TenantTable::new("erp.deed").unwrap(), |table, n| {
        table.partition(&format!("erp.deed_{n}"))
    });
    migrate::apply(&mut admin, &secure(&tenancy(), &roles(), &[table.unwrap()]).unwrap()).await.unwrap();
    erp
}

/// How many partitions the transaction has locked.
async fn locked(db: &Statements) -> i64 {
    let sql = "select count(*) from pg_locks l join pg_inherits i on i.inhrelid = l.relation
               where l.pid = pg_backend_pid() and i.inhparent = 'erp.deed'::regclass";
    db.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_statement_that_names_its_tenant_locks_one_partition() {
    let erp = partitioned().await;
    let pool = erp.pool(1).await;
    for number in [1, 2] {
        pool.tenant(tenant(number)).execute("insert into erp.deed (id) values (7)", &[]).await.unwrap();
    }
    let tx = pool.tenant(tenant(1)).begin();
    assert_eq!(tx.query("select id from erp.deed where id = 7", &[]).await.unwrap().len(), 1);
    assert_eq!(locked(&tx).await, 40, "policies are asked too late");
    tx.rollback().await.unwrap();
    // Once, at the sixth time, the server plans it for whatever tenant too, to see which is cheaper.
    for attempt in 1..=8 {
        let tx = pool.tenant(tenant(1)).begin();
        let named = "select id from erp.deed where tenant_id = $1 and id = 7";
        assert_eq!(tx.query(named, &[&tx.tenant().unwrap()]).await.unwrap().len(), 1);
        assert_eq!(locked(&tx).await, if attempt == 6 { 40 } else { 1 }, "{attempt}");
        tx.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn the_tenant_is_the_one_that_is_bound() {
    let erp = Erp::new().await;
    let pool = erp.pool(2).await;
    let scope = pool.tenant(tenant(2));
    assert_eq!(scope.tenant().unwrap(), tenant(2));
    let row = scope
        .query_one("select $1::uuid::text = current_setting('app.tenant_id')", &[&scope.tenant().unwrap()])
        .await;
    assert!(row.unwrap().get::<_, bool>(0));
    let system = pool.system("a test").unwrap();
    assert!(system.tenant().unwrap_err().to_string().contains("no tenant is bound"));
    // The policies stand all the same.
    let other = scope.query("select from erp.account where tenant_id = $1", &[&tenant(1)]).await.unwrap();
    assert!(other.is_empty());
    let wrong = scope.query("select from erp.account where balance = $1", &[&tenant(1)]).await.unwrap_err();
    assert!(wrong.is_usage() && !format!("{wrong:?}").contains("0001"), "{wrong:?}");
}
