//! Temporary tables, which would stand in the way of the next tenant's real ones.

use tenantry::TenantPool;

use super::{backend, builder, count, ways};
use crate::support::erp::{Erp, open_accounts, tenant};

/// Each makes a temporary table by the name of a real one, with a row of its maker's.
const SHADOWS: [&str; 22] = [
    "create temp table account as select 1 as id",
    "explain analyze create temp table account as select 1 as id",
    "EXPLAIN (ANALYZE, COSTS OFF) CREATE TEMPORARY TABLE account AS SELECT 1 AS id",
    "explain analyse verbose create temp table account as select 1 as id",
    "explain analyze create local temp table account as values (1)",
    "explain analyze select 1 as id into temp account",
    "explain/**/(analyze)/**/(select 1 as id into temp account)",
    "explain analyze with x as (select 1 as id) select * into temp account from x",
    "select 1 as id into temp account",
    "select 1 as id into temporary table account",
    "select 1 as id INTO/* */pg_temp.account",
    "(select 1 as id into temp account)",
    ";;select 1 as id into temp account;",
    "select ''into temp account",
    "select 1 insert into temp account",
    "select (1) as merge into temp account",
    "select E'\\'' into temp account",
    "select E'a'\n'\\'', 1 as id into temp account --'",
    "select $a$ $ $b$ $a$ into temp account",
    "with x as (select 1 as id) select * into temp account from x",
    "with insert as (select 1 as id) select (id) insert into temp account from insert",
    "do $$ begin create temp table account as select 1 as id; end $$",
];

/// Each shadow is really one, so that the test tells something: on a path that puts it before the real one.
#[tokio::test]
async fn no_other_tenant_meets_one() {
    for (strategy, mode) in ways() {
        let erp = Erp::new().await;
        let url = format!("{}?options=-c%20search_path%3Dpg_temp,erp", erp.app_url());
        let pool = TenantPool::builder(&url).max_size(1).strategy(strategy).statements(mode);
        let pool = pool.build().await.unwrap();
        open_accounts(&pool, &tenant(2), 1, 3).await;
        for sql in SHADOWS {
            let before = backend(&pool).await;
            pool.tenant(tenant(1)).execute(sql, &[]).await.unwrap();
            assert_eq!(count(&pool, 2, "account").await, 3, "{strategy:?}, {mode:?}: {sql}");
            assert_ne!(backend(&pool).await, before, "{sql}");

            let tx = pool.tenant(tenant(1)).begin();
            tx.execute_typed(sql, &[]).await.unwrap();
            let row = tx.query_typed_one("select count(*) from account", &[]).await.unwrap();
            assert_eq!(row.get::<_, i64>(0), 1, "{sql} makes no table");
            tx.commit().await.unwrap();
            open_accounts(&pool, &tenant(2), 4, 1).await;
            assert_eq!(count(&pool, 2, "erp.account").await, 4, "{strategy:?}, {mode:?}: {sql}");
            pool.tenant(tenant(2)).execute("delete from erp.account where id = 4", &[]).await.unwrap();
        }
    }
}

/// What INSERT and MERGE take into a real table costs no connection.
#[tokio::test]
async fn everyday_statements_keep_their_connection() {
    let erp = Erp::new().await;
    let pool = builder(&erp).build().await.unwrap();
    let before = backend(&pool).await;
    for sql in [
        "with x as (insert into stage values ('a') returning line) select * from x",
        "with x as (select 'b') insert into stage select * from x",
        "with x as (with y as (select 'c') select * from y) insert into stage select 'into' from x",
        "explain analyze insert into stage values ('d')",
        "explain (analyze) with x as (select 'e') insert into stage select * from x",
        "select 'put into a box' as \"into\" -- into",
    ] {
        pool.tenant(tenant(1)).execute(sql, &[]).await.unwrap();
        assert_eq!(backend(&pool).await, before, "{sql}");
    }
}
