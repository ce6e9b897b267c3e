//! How many statements a connection keeps, and those that cannot be kept.

use tenantry::{StatementMode, Strategy, TenantPool};

use crate::support::erp::{Erp, tenant};

/// As many as are kept, and those of the pool's own and of the driver's.
const PREPARED: &str = "select count(*) from pg_prepared_statements";

#[tokio::test]
async fn a_connection_keeps_the_statements_that_were_used_last() {
    let erp = Erp::new().await;
    let pool = TenantPool::builder(&erp.app_url()).max_size(1).statement_cache_size(20);
    let pool = pool.build().await.unwrap();
    let scope = pool.tenant(tenant(1));
    let mut most = 0;
    for n in 0..500 {
        let row = scope.query_one(&format!("select {n}::bigint"), &[]).await.unwrap();
        assert_eq!(row.try_get::<_, i64>(0).unwrap(), n);
        let count: i64 = scope.query_one(PREPARED, &[]).await.unwrap().get(0);
        most = most.max(count);
    }
    // One is closed a little after another has taken its place, and some are not the cache's.
    assert!((20..=30).contains(&most), "{most} statements were prepared at a time");
    // What is used again and again stays: of all the texts, this one was prepared once.
    let uses = "select generic_plans + custom_plans from pg_prepared_statements where statement = $1";
    let uses: i64 = scope.query_one(uses, &[&PREPARED]).await.unwrap().get(0);
    assert_eq!(uses, 500);
}

/// The server does not describe a prepared FETCH anew, so it is described each time.
#[tokio::test]
async fn a_fetch_returns_the_columns_of_its_cursor() {
    let erp = Erp::new().await;
    let open = "create function erp.open(query text) returns void language plpgsql as $$
        declare c refcursor := 'c'; begin open c for execute query; end $$;
        grant execute on function erp.open to tenantry_it_app";
    erp.admin().await.batch_execute(open).await.unwrap();
    for (strategy, mode) in [
        (Strategy::Implicit, StatementMode::Named),
        (Strategy::Implicit, StatementMode::Unnamed),
        (Strategy::Explicit, StatementMode::Named),
    ] {
        let pool = TenantPool::builder(&erp.app_url()).max_size(1).strategy(strategy).statements(mode);
        let pool = pool.build().await.unwrap();
        for _ in 0..2 {
            let tx = pool.tenant(tenant(1)).begin();
            tx.query("select erp.open('select 1::bigint as number')", &[]).await.unwrap();
            let row = tx.query_one("fetch all from c", &[]).await.unwrap();
            assert_eq!(row.try_get::<_, i64>("number").unwrap(), 1);
            tx.execute("close c", &[]).await.unwrap();
            tx.query("select erp.open('select ''abcdefgh'' as word')", &[]).await.unwrap();
            let row = tx.query_one("fetch all from c", &[]).await.unwrap();
            assert_eq!(row.try_get::<_, &str>("word").unwrap(), "abcdefgh");
            assert!(tx.prepare("/* */ fetch all from c").await.unwrap_err().is_usage());
            tx.commit().await.unwrap();
        }
    }
}
