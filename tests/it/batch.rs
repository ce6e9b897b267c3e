//! Several statements in one flight: what they return, what becomes of them when one fails, and what it costs.

mod fails;
mod flight;
mod stale;

use tenantry::{Batch, Statements, TenantPool, TenantScope};

use crate::support::erp::{Erp, open_accounts, tenant};

const ADD: &str = "insert into erp.account (id, tag) values ($1, $2)";
const IDS: &str = "select id from erp.account order by id";
const RAISE: &str = "update erp.account set balance = balance + $1 returning balance, id";

async fn ids(db: &Statements) -> Vec<i64> {
    db.query_as::<(i64,)>(IDS, &[]).await.unwrap().into_iter().map(|(id,)| id).collect()
}

/// Rows and counts, in order, each statement seeing what those ahead of it did.
async fn results(db: &Statements) {
    let (amount, none): (i64, Option<&str>) = (7, None);
    let text = String::from("select $1::text");
    let mut batch = Batch::new();
    assert!(batch.is_empty());
    batch
        .add(ADD, &[&10_i64, &"a"])
        .add(ADD, &[&11_i64, &"b"])
        .add(IDS, &[])
        .add(RAISE, &[&amount])
        .add("delete from erp.account where id = $1", &[&99_i64])
        .add(&text, &[&none])
        .add("select", &[]);
    assert_eq!(batch.len(), 7);
    let done = db.batch(&batch).await.unwrap();
    assert_eq!(done.iter().map(|result| result.rows_affected).collect::<Vec<_>>(), [1, 1, 4, 4, 0, 1, 1]);
    let rows: Vec<i64> = done[2].rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(rows, [1, 2, 10, 11]);
    assert!(done[3].rows.iter().all(|row| row.get::<_, i64>(0) == 7));
    assert_eq!(done[5].rows[0].get::<_, Option<&str>>(0), None);
    assert!(done[0].rows.is_empty());
    assert!(db.batch(&Batch::new()).await.unwrap().is_empty());
    db.execute("delete from erp.account where id >= 10", &[]).await.unwrap();
    db.execute("update erp.account set balance = 0", &[]).await.unwrap();
}

#[tokio::test]
async fn a_batch_returns_what_its_statements_return_wherever_it_runs() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    open_accounts(&pool, &tenant(1), 1, 2).await;
    open_accounts(&pool, &tenant(2), 1, 5).await;
    results(&pool.tenant(tenant(1))).await;
    let mut tx = pool.tenant(tenant(1)).begin();
    results(&tx).await;
    let savepoint = tx.savepoint().await.unwrap();
    results(&savepoint).await;
    savepoint.release().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ids(&pool.tenant(tenant(1))).await, [1, 2]);
    assert_eq!(ids(&pool.tenant(tenant(2))).await, [1, 2, 3, 4, 5]);
}

/// Across tenants, with the reason in sight of the server.
#[tokio::test]
async fn a_batch_goes_through_the_door_of_the_system() {
    let erp = Erp::new().await;
    let pool = erp.builder().max_size(1).build().await.unwrap();
    for n in [1, 2] {
        open_accounts(&pool, &tenant(n), 1, i64::from(n)).await;
    }
    let mut batch = Batch::new();
    batch
        .add("select count(*), current_setting('tenantry.system_reason') from erp.account", &[])
        .add("update erp.account set balance = 1", &[]);
    let scope = pool.system("a batch across tenants").unwrap();
    let together = scope.batch(&batch).await.unwrap();
    let each = scope.batch_each(&batch).await.unwrap();
    for [seen, updated] in [
        <[_; 2]>::try_from(together).unwrap(),
        <[_; 2]>::try_from(each.into_iter().map(Result::unwrap).collect::<Vec<_>>()).unwrap(),
    ] {
        assert_eq!(
            (seen.rows[0].get::<_, i64>(0), seen.rows[0].get::<_, &str>(1)),
            (3, "a batch across tenants")
        );
        assert_eq!(updated.rows_affected, 3);
    }
}

/// A batch of each kind on a scope, whose accounts it leaves as they were.
async fn both(scope: &TenantScope) {
    let mut batch = Batch::new();
    batch.add(ADD, &[&10_i64, &"a"]).add(IDS, &[]).add("delete from erp.account where id = 10", &[]);
    let together = scope.batch(&batch).await.unwrap();
    let each = scope.batch_each(&batch).await.unwrap();
    for results in [together, each.into_iter().map(Result::unwrap).collect()] {
        assert_eq!(results.iter().map(|result| result.rows_affected).collect::<Vec<_>>(), [1, 3, 1]);
    }
}

/// Who else uses the pool gets what is theirs, and their connections are as they were.
async fn others_are_served(pool: &TenantPool) {
    for n in [1, 2, 1] {
        let scope = pool.tenant(tenant(n));
        assert_eq!(
            scope.query_scalar::<String>("select current_setting('app.tenant_id')", &[]).await.unwrap(),
            tenant(n).as_setting()
        );
    }
    assert_eq!(pool.status().size, pool.status().available);
}
