//! What stays open, as README says it, and what a database can do about it.

use tenantry::{Strategy, TenantPool};

use super::{backend, builder, code, count};
use crate::support::erp::{Erp, open_accounts, tenant};
use crate::support::pgbouncer::PgBouncer;

/// README names both, and the REVOKE that closes them.
#[tokio::test]
async fn a_database_can_close_what_a_session_tells_of_the_one_before() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    let pool = builder(&erp).build().await.unwrap();
    let scope = pool.tenant(tenant(1));
    scope
        .execute("insert into entry (account_id, amount) select 1, 1 where 'secret' = ''", &[])
        .await
        .unwrap();
    open_accounts(&pool, &tenant(1), 1, 1).await;
    scope.execute("insert into entry (account_id, amount) values (1, 1)", &[]).await.unwrap();
    let other = pool.tenant(tenant(2));
    // An identity column needs no rights on its sequence, without which it tells nothing.
    assert_eq!(code(&other.query_typed("select lastval()", &[]).await.unwrap_err()), "42501");
    admin.batch_execute("grant usage on sequence erp.entry_id_seq to tenantry_it_app").await.unwrap();
    let statements = "select count(*) from pg_prepared_statements where statement like '%secret%'";
    assert_eq!(other.query_typed_one(statements, &[]).await.unwrap().get::<_, i64>(0), 1, "it tells nothing");
    other.query_typed_one("select lastval()", &[]).await.unwrap();

    admin
        .batch_execute(
            "revoke select on pg_catalog.pg_prepared_statements from public;
             revoke execute on function lastval(), pg_prepared_statement() from public",
        )
        .await
        .unwrap();
    for sql in [statements, "select lastval()", "select * from pg_prepared_statement()"] {
        assert_eq!(code(&other.query_typed(sql, &[]).await.unwrap_err()), "42501", "{sql}");
    }
    open_accounts(&pool, &tenant(2), 2, 1).await;
    other.execute("insert into entry (account_id, amount) values (2, 1)", &[]).await.unwrap();
}

/// A temporary table that a function makes is not seen, and stands before no real one all the same.
#[tokio::test]
async fn a_temporary_table_of_a_functions_stands_before_no_real_one() {
    let erp = Erp::new().await;
    let function = "create function erp.shadow() returns void language plpgsql as $$
            begin create temp table account as select 1 as id; end $$;
        grant execute on function erp.shadow() to tenantry_it_app";
    erp.admin().await.batch_execute(function).await.unwrap();
    open_accounts(&erp.pool(1).await, &tenant(2), 1, 3).await;
    for (given, path) in
        [("erp", "erp, pg_temp"), ("erp,pg_temp", "erp,pg_temp"), ("%22a%20b%22,erp", "\"a b\",erp, pg_temp")]
    {
        let url = format!("{}?options=-c%20search_path%3D{}", erp.app_url(), given.replace("%20", "%5C%20"));
        for strategy in [Strategy::Implicit, Strategy::Explicit] {
            let pool = TenantPool::builder(&url).strategy(strategy).max_size(1).build().await.unwrap();
            let before = backend(&pool).await;
            pool.tenant(tenant(1)).query("select erp.shadow()", &[]).await.unwrap();
            let shown = pool.tenant(tenant(2)).query_typed_one("show search_path", &[]).await.unwrap();
            assert_eq!(shown.get::<_, &str>(0), path);
            assert_eq!(count(&pool, 2, "account").await, 3, "{path}");
            assert_eq!(backend(&pool).await, before);
        }
    }
}

/// A pooler's sessions belong to others too, so their path is left as it is.
#[tokio::test]
async fn the_path_of_a_poolers_session_is_left_alone() {
    let erp = Erp::new().await;
    let pgbouncer = PgBouncer::start(erp.address()).await;
    let url = erp.app_url_through(pgbouncer.address().port());
    let pool = TenantPool::builder(&url).max_size(1).build().await.unwrap();
    let shown = pool.tenant(tenant(1)).query_typed_one("show search_path", &[]).await.unwrap();
    assert!(!shown.get::<_, &str>(0).contains("pg_temp"));
}

/// The page of `Savepoint`.
#[tokio::test]
async fn what_a_savepoint_sets_beside_the_context_ends_with_the_transaction() {
    let erp = Erp::new().await;
    let pool = builder(&erp).build().await.unwrap();
    let before = backend(&pool).await;
    let mut tx = pool.tenant(tenant(1)).begin();
    for (release, expected) in [(false, "erp, pg_temp"), (true, "public")] {
        let savepoint = tx.savepoint().await.unwrap();
        savepoint.execute("set local search_path = public", &[]).await.unwrap();
        if release {
            savepoint.release().await.unwrap();
        } else {
            savepoint.rollback().await.unwrap();
        }
        let path: String = tx.query_typed_one("show search_path", &[]).await.unwrap().get(0);
        assert_eq!(path, expected);
    }
    tx.commit().await.unwrap();
    let path: String = pool.tenant(tenant(2)).query_typed_one("show search_path", &[]).await.unwrap().get(0);
    assert_eq!(path, "erp, pg_temp");
    assert_eq!(backend(&pool).await, before);
}

/// A plan that does not come to the policy does not ask it.
#[tokio::test]
async fn without_a_tenant_a_statement_is_refused_where_its_plan_asks_the_policy() {
    let erp = Erp::new().await;
    open_accounts(&erp.pool(1).await, &tenant(1), 1, 3).await;
    let (client, connection) = tokio_postgres::connect(&erp.app_url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for sql in ["select * from erp.account where false", "select * from erp.account limit 0"] {
        assert!(client.query(sql, &[]).await.unwrap().is_empty(), "{sql}");
    }
    for sql in ["select * from erp.account", "insert into erp.account (id, tag) values (1, '')"] {
        let error = client.query(sql, &[]).await.unwrap_err();
        assert_eq!(error.code().map(|code| code.code()), Some(tenantry::NO_TENANT), "{sql}");
    }
}
