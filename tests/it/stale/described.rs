//! What the server has described just now may be changed before it is run.

use tenantry::TenantPool;

use crate::support::erp::{Erp, open_accounts, tenant};
use crate::support::turnstile::Turnstile;

/// How many messages answer a preparation ahead of the description of its rows.
const AHEAD: usize = 2;

#[tokio::test]
async fn a_column_may_change_between_a_description_and_its_first_use() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    let turnstile = Turnstile::start(erp.address()).await;
    let url = erp.app_url_through(turnstile.port());
    let pool = TenantPool::builder(&url).max_size(1).build().await.unwrap();
    open_accounts(&pool, &tenant(1), 1, 1).await;
    let scope = pool.tenant(tenant(1));
    turnstile.allow(AHEAD);
    let query = scope.query_one("select id, tag from erp.account where id = $1", &[&1_i64]);
    let change = async {
        turnstile.holds().await;
        let sql = "alter table erp.account alter column tag type varchar(99)";
        admin.batch_execute(sql).await.unwrap();
        turnstile.open();
    };
    let (row, ()) = tokio::join!(query, change);
    let row = row.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.columns()[1].type_().name()), (1, "varchar"));
}
