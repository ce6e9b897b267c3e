//! What stays open, as README says it, and what a database can do about it.

use tenantry::TenantPool;

use super::{backend, builder, code, count};
use crate::support::erp::{Erp, open_accounts, tenant};

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

/// A temporary table that a function makes is not seen, and stands before no real one where the
/// path has `pg_temp` last.
#[tokio::test]
async fn a_path_that_ends_in_pg_temp_keeps_temporary_tables_behind_real_ones() {
    let erp = Erp::new().await;
    let function = "create function erp.shadow() returns void language plpgsql as $$
            begin create temp table account as select 1 as id; end $$;
        grant execute on function erp.shadow() to tenantry_it_app";
    erp.admin().await.batch_execute(function).await.unwrap();
    open_accounts(&erp.pool(1).await, &tenant(2), 1, 3).await;
    for (path, expected) in [("erp", 1), ("erp,pg_temp", 3)] {
        let url = format!("{}?options=-c%20search_path%3D{path}", erp.app_url());
        let pool = TenantPool::builder(&url).max_size(1).build().await.unwrap();
        let before = backend(&pool).await;
        pool.tenant(tenant(1)).query("select erp.shadow()", &[]).await.unwrap();
        assert_eq!(count(&pool, 2, "account").await, expected, "{path}");
        assert_eq!(backend(&pool).await, before);
        // Called so that it is seen, it meets nobody.
        let pool = TenantPool::builder(&url).max_size(1).build().await.unwrap();
        let call = "do $$ begin perform erp.shadow(); end $$";
        pool.tenant(tenant(1)).execute(call, &[]).await.unwrap();
        assert_eq!(count(&pool, 2, "account").await, 3, "{path}");
    }
}

/// The page of `Savepoint`.
#[tokio::test]
async fn what_a_savepoint_sets_beside_the_context_ends_with_the_transaction() {
    let erp = Erp::new().await;
    let pool = builder(&erp).build().await.unwrap();
    let before = backend(&pool).await;
    let mut tx = pool.tenant(tenant(1)).begin();
    for (release, expected) in [(false, "erp"), (true, "public")] {
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
    assert_eq!(path, "erp");
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
