//! What a pool seals, and what injected SQL can do with it.

use tenantry::{IsolationLevel, Sharing, Strategy, TenantContext, TenantPool};
use tokio::task::JoinSet;

use super::{Sealed, is_refused};
use crate::support::erp::{open_accounts, tenant};
use crate::support::pgbouncer::PgBouncer;

const COUNT: &str = "select count(*) from erp.account";

async fn count(pool: &TenantPool, n: u8) -> i64 {
    pool.tenant(tenant(n)).query_one(COUNT, &[]).await.unwrap().get(0)
}

/// All ways to run something, each with as many rows as its tenant has.
async fn runs_every_way(pool: &TenantPool) {
    open_accounts(pool, &tenant(1), 1, 3).await;
    open_accounts(pool, &tenant(2), 1, 2).await;
    assert_eq!((count(pool, 1).await, count(pool, 2).await, count(pool, 3).await), (3, 2, 0));
    let read_only = TenantContext::new(tenant(1)).read_only();
    assert_eq!(pool.tenant(read_only).query_one(COUNT, &[]).await.unwrap().get::<_, i64>(0), 3);
    let strict = TenantContext::new(tenant(2)).isolation_level(IsolationLevel::Serializable);
    assert_eq!(pool.tenant(strict).query_one(COUNT, &[]).await.unwrap().get::<_, i64>(0), 2);

    let mut tx = pool.tenant(tenant(1)).begin();
    tx.execute("update erp.account set balance = 1", &[]).await.unwrap();
    let savepoint = tx.savepoint().await.unwrap();
    savepoint.execute("update erp.account set balance = 2", &[]).await.unwrap();
    savepoint.rollback().await.unwrap();
    assert_eq!(tx.query("select 1 from erp.account where balance = 1", &[]).await.unwrap().len(), 3);
    tx.commit().await.unwrap();

    let statements: Vec<_> = (1..=2_u8).map(|n| (pool.tenant(tenant(n)), n)).collect();
    for (scope, n) in &statements {
        let rows = scope.query("select tag from erp.account", &[]).await.unwrap();
        assert!(rows.iter().all(|row| row.get::<_, String>(0) == tenant(*n).as_setting()));
    }
}

#[tokio::test]
async fn tenants_are_kept_apart_with_either_strategy() {
    for strategy in [Strategy::Implicit, Strategy::Explicit] {
        let sealed = Sealed::new().await;
        let pool = sealed.builder().strategy(strategy).max_size(2).build().await.unwrap();
        runs_every_way(&pool).await;
    }
}

/// What an attacker can do whose SQL runs within a statement of the service's.
#[tokio::test]
async fn injected_sql_binds_no_other_tenant() {
    let sealed = Sealed::new().await;
    let pool = sealed.builder().max_size(1).build().await.unwrap();
    open_accounts(&pool, &tenant(1), 1, 3).await;
    open_accounts(&pool, &tenant(2), 1, 2).await;
    let other = tenant(2).as_setting();

    let injected = |sql: String| {
        let pool = &pool;
        async move {
            let tx = pool.tenant(tenant(1)).begin();
            tx.execute(&sql, &[]).await.unwrap();
            tx.query(COUNT, &[]).await.map(|rows| rows[0].get::<_, i64>(0))
        }
    };
    for sql in [
        format!("select set_config('app.tenant_id', '{other}', true)"),
        format!("select set_config('app.tenant_id', '{other}', false)"),
        format!("do $$ begin perform set_config('app.tenant_id', '{other}', true); end $$"),
        // Its own seal with the other's name.
        format!(
            "select set_config('app.tenant_id', '{other}' || substr(current_setting('app.tenant_id'), 37), true)"
        ),
    ] {
        assert!(injected(sql.clone()).await.unwrap_err().is_not_sealed(), "{sql}");
    }
    let nothing = "select set_config('app.tenant_id', '', true)".to_owned();
    assert!(injected(nothing).await.unwrap_err().is_no_tenant());

    // Within one statement: what it sets counts for what it evaluates later.
    let within = format!(
        "select set_config('app.tenant_id', '{other}', true), (select count(*) from erp.account where id > 0)"
    );
    match pool.tenant(tenant(1)).query(&within, &[]).await {
        Ok(rows) => assert_eq!(rows[0].get::<_, i64>(1), 3),
        Err(error) => assert!(error.is_not_sealed(), "{error}"),
    }
    assert_eq!(count(&pool, 1).await, 3, "the connection still serves its tenants");
}

/// A seal that was read within a transaction is of no use elsewhere, while its window is open.
#[tokio::test]
async fn a_seal_that_was_read_holds_for_no_other_connection() {
    let sealed = Sealed::new().await;
    let pool = sealed.builder().max_size(1).build().await.unwrap();
    let sql = "select current_setting('app.tenant_id')";
    let seen: String = pool.tenant(tenant(1)).query_one(sql, &[]).await.unwrap().get(0);
    assert!(seen.starts_with(&tenant(1).as_setting()));
    assert!(is_refused(&sealed.app().await, &seen).await);
}

/// Neither the statistics of activity nor the text of a statement shows a seal to other sessions of the role.
#[tokio::test]
async fn other_sessions_see_no_seal() {
    let sealed = Sealed::new().await;
    let pool = sealed.builder().max_size(1).build().await.unwrap();
    let tx = pool.tenant(tenant(1)).begin();
    tx.query(COUNT, &[]).await.unwrap();
    let app = sealed.app().await;
    let rows =
        app.query("select query from pg_stat_activity where usename = current_user", &[]).await.unwrap();
    assert!(rows.len() >= 2);
    let key = super::key();
    for row in rows {
        let query: String = row.get(0);
        assert!(!query.contains(&format!(".{}.", key.id())), "{query}");
    }
    tx.rollback().await.unwrap();
}

#[tokio::test]
async fn those_who_share_a_connection_are_sealed_each_for_himself() {
    let sealed = Sealed::new().await;
    let pool = sealed.builder().max_size(1).sharing(Sharing::Always).build().await.unwrap();
    for n in 1..=4 {
        open_accounts(&pool, &tenant(n), 1, n.into()).await;
    }
    let mut tasks = JoinSet::new();
    for at in 0..200_u8 {
        let (pool, n) = (pool.clone(), at % 4 + 1);
        tasks.spawn(async move { (count(&pool, n).await, i64::from(n)) });
    }
    while let Some(done) = tasks.join_next().await {
        let (found, own) = done.unwrap();
        assert_eq!(found, own);
    }
}

#[tokio::test]
async fn seals_hold_behind_a_pooler() {
    let sealed = Sealed::new().await;
    let direct = sealed.erp.address();
    for named in [false, true] {
        let pgbouncer =
            if named { PgBouncer::start_named(direct).await } else { PgBouncer::start(direct).await };
        let url = sealed.erp.app_url_through(pgbouncer.address().port());
        let pool = TenantPool::builder(&url).seal(super::key()).max_size(8).build().await.unwrap();
        if !named {
            runs_every_way(&pool).await;
        }
        let mut tasks = JoinSet::new();
        for at in 0..64_u8 {
            let (pool, n) = (pool.clone(), at % 3 + 1);
            tasks.spawn(async move { (n, count(&pool, n).await) });
        }
        while let Some(done) = tasks.join_next().await {
            let (n, found) = done.unwrap();
            assert_eq!(found, [3, 2, 0][usize::from(n) - 1]);
        }
        // Any connection of the role takes it for its window: nobody can tell which one will serve the next statement.
        let sql = "select current_setting('app.tenant_id')";
        let seen: String = pool.tenant(tenant(1)).query_one(sql, &[]).await.unwrap().get(0);
        assert!(seen.contains(&format!(".{}.0.", super::key().id())), "{seen}");
        assert!(!is_refused(&sealed.app().await, &seen).await);
    }
}
