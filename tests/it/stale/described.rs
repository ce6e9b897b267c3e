//! What the server has described just now may be changed before it is run.

use tenantry::{Batch, SqlState, TenantPool};

use crate::support::erp::{Erp, open_accounts, tenant};
use crate::support::turnstile::Turnstile;

/// How many messages answer a preparation ahead of the description of its rows.
const AHEAD: usize = 2;

const SQL: &str = "select id, tag from erp.account where id = $1";

/// A pool of one connection that has prepared nothing of this yet.
async fn pool(erp: &Erp, turnstile: &Turnstile) -> TenantPool {
    let url = erp.app_url_through(turnstile.port());
    let pool = TenantPool::builder(&url).max_size(1).build().await.unwrap();
    open_accounts(&pool, &tenant(1), 1, 1).await;
    pool
}

/// Changes a column while what was described by then is on its way to the pool.
async fn changed_behind<T>(erp: &Erp, turnstile: &Turnstile, work: impl Future<Output = T>) -> T {
    let admin = erp.admin().await;
    turnstile.allow(AHEAD);
    let change = async {
        turnstile.holds().await;
        admin.batch_execute("alter table erp.account alter column tag type varchar(99)").await.unwrap();
        turnstile.open();
    };
    tokio::join!(work, change).0
}

#[tokio::test]
async fn a_column_may_change_between_a_description_and_its_first_use() {
    let erp = Erp::new().await;
    let turnstile = Turnstile::start(erp.address()).await;
    let pool = pool(&erp, &turnstile).await;
    let scope = pool.tenant(tenant(1));
    let row = changed_behind(&erp, &turnstile, scope.query_one(SQL, &[&1_i64])).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.columns()[1].type_().name()), (1, "varchar"));
}

#[tokio::test]
async fn so_it_may_in_a_batch() {
    let erp = Erp::new().await;
    let turnstile = Turnstile::start(erp.address()).await;
    let pool = pool(&erp, &turnstile).await;
    let scope = pool.tenant(tenant(1));
    let mut batch = Batch::new();
    batch.add(SQL, &[&1_i64]);
    let results = changed_behind(&erp, &turnstile, scope.batch(&batch)).await.unwrap();
    assert_eq!(results[0].rows[0].columns()[1].type_().name(), "varchar");
}

#[tokio::test]
async fn what_can_never_be_planned_is_not_taken_for_something_that_has_changed() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let tx = pool.tenant(tenant(1)).begin();
    tx.query("select 1", &[]).await.unwrap();
    let sql = "select a.id from erp.account a left join erp.account b on b.id = a.id + 1 for update of b";
    let error = tx.query(sql, &[]).await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::FEATURE_NOT_SUPPORTED), "{error}");
    assert!(!error.is_stale_statement() && !error.is_retryable(), "{error}");
    tx.rollback().await.unwrap();
}
