//! A pooler that does not keep the names of prepared statements apart is found out.

use futures_util::future::join_all;
use tenantry::{StatementMode, TenantPool};
use tracing::Level;

use crate::support::erp::{APP, Erp, open_accounts, tenant};
use crate::support::log::Log;
use crate::support::route::{Route, Way};

#[tokio::test]
async fn behind_an_old_pgbouncer_statements_lose_their_names_by_themselves() {
    let (log, _guard) = Log::listen(Level::WARN);
    let road = Way::new(Route::PgBouncer, tenantry::Strategy::Implicit).open().await;
    let builder = TenantPool::builder_from_config(road.config(APP)).max_size(6);
    let pool = builder.clone().build().await.unwrap();
    assert!(format!("{pool:?}").contains("statements: Unnamed"), "{pool:?}");
    assert!(log.text().contains("statements are sent without names"), "{}", log.text());
    open_accounts(&pool, &tenant(1), 1, 3).await;
    for _ in 0..5 {
        let reads = (0..6).map(|_| {
            let pool = pool.clone();
            async move {
                let scope = pool.tenant(tenant(1));
                assert_eq!(scope.query("select id from erp.account", &[]).await.unwrap().len(), 3);
                let left = "select name from pg_prepared_statements";
                let left: Vec<String> =
                    scope.query(left, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
                assert_eq!(left, [""; 0]);
            }
        });
        join_all(reads).await;
    }
    // Who says so gets names.
    let named = builder.statements(StatementMode::Named).build().await.unwrap();
    assert!(format!("{named:?}").contains("statements: Named"), "{named:?}");
}

#[tokio::test]
async fn directly_statements_keep_their_names() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    assert!(format!("{pool:?}").contains("statements: Named"), "{pool:?}");
}
