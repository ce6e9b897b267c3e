//! Each route to the server in short: what a pool promises holds on it, on each strategy, and it is
//! the route that it is said to be.

mod hosts;
mod pgbouncer;
mod tls;

use std::time::Duration;

use tenantry::{SqlState, Strategy, TenantPool};
use tokio::time::timeout;

use crate::support::erp::{open_accounts, tenant};
use crate::support::eventually;
use crate::support::route::{Road, Route, Way};

const LIMIT: Duration = Duration::from_secs(20);

const SLEEP: &str = "select pg_sleep(60)";
const SLEEPING: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and state = 'active' and wait_event = 'PgSleep'";

#[tokio::test]
async fn a_pool_keeps_its_promises_directly() {
    keeps_its_promises(Route::Direct).await;
}

#[tokio::test]
async fn a_pool_keeps_its_promises_over_tls() {
    keeps_its_promises(Route::Tls).await;
}

#[tokio::test]
async fn a_pool_keeps_its_promises_through_a_unix_socket() {
    keeps_its_promises(Route::Unix).await;
}

/// One after the other: with statements that have no names, and with one that keeps names apart.
#[tokio::test]
async fn a_pool_keeps_its_promises_through_pgbouncer() {
    keeps_its_promises(Route::PgBouncer).await;
    keeps_its_promises(Route::PgBouncerNamed).await;
}

async fn keeps_its_promises(route: Route) {
    for strategy in [Strategy::Implicit, Strategy::Explicit, Strategy::ExplicitSetLocal] {
        let road = Way::new(route, strategy).open().await;
        let builder = road.builder().max_size(2).drain_timeout(Duration::from_millis(50));
        let pool = builder.build().await.unwrap();
        is_what_it_says(&road, &pool).await;
        tenants_see_their_own(&pool).await;
        a_key_finds_its_tenant(&road, &pool).await;
        errors_are_told_apart(&pool).await;
        a_transaction_is_whole(&pool).await;
        a_token_cancels(&road, &pool).await;
        the_drain_cancels(&road, &pool).await;
        tenants_see_their_own(&pool).await;
    }
}

async fn is_what_it_says(road: &Road, pool: &TenantPool) {
    let sql = "select ssl, client_addr is null from pg_stat_ssl join pg_stat_activity using (pid)
        where pid = pg_backend_pid()";
    let row = timeout(LIMIT, pool.tenant(tenant(1)).query_one(sql, &[])).await.expect("it hangs").unwrap();
    let (tls, local): (bool, bool) = (row.get(0), row.get(1));
    assert_eq!((tls, local), (road.way.route == Route::Tls, road.way.route == Route::Unix));
    if let Some(pgbouncer) = &road.pgbouncer {
        assert!(pgbouncer.clients().await > 0, "the pool is not connected to it");
    }
}

/// The tenants' rows, written where they are not yet.
async fn tenants_see_their_own(pool: &TenantPool) {
    for n in [1, 2] {
        let scope = pool.tenant(tenant(n));
        let rows = scope.query("select tag from erp.account", &[]).await.unwrap();
        if rows.is_empty() {
            open_accounts(pool, &tenant(n), i64::from(n) * 10, 3).await;
        }
        let rows = scope.query("select tag from erp.account", &[]).await.unwrap();
        let tags: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(tags, [tenant(n).as_setting().as_str(); 3]);
        let other = "update erp.account set balance = 1 where id = $1";
        assert_eq!(scope.execute(other, &[&i64::from((3 - n) * 10)]).await.unwrap(), 0);
        let planted = "insert into erp.account (tenant_id, id, tag) values ($1::text::uuid, 99, '')";
        let error = scope.execute(planted, &[&tenant(3 - n).as_setting()]).await.unwrap_err();
        assert!(error.is_denied(), "{error}");
    }
    let row = pool.system("a count of all").unwrap().query_one("select count(*) from erp.account", &[]).await;
    assert_eq!(row.unwrap().get::<_, i64>(0), 6);
}

/// By a function of the system role's, which no policy binds, between statements that are bound.
async fn a_key_finds_its_tenant(road: &Road, pool: &TenantPool) {
    let resolver = "create or replace function tenantry.tenant_of(id bigint) returns table (tenant_id uuid)
            language sql stable strict security definer set search_path = pg_catalog, pg_temp
            as 'select a.tenant_id from erp.account as a where a.id = $1';
        alter function tenantry.tenant_of owner to tenantry_it_system";
    road.erp.admin().await.batch_execute(resolver).await.unwrap();
    for n in [1_u8, 2, 1] {
        let found = pool.resolve("tenant_of", &[&(i64::from(n) * 10)]).await.unwrap();
        assert_eq!(found, Some(tenant(n)));
        let rows = pool.tenant(tenant(n)).query("select 1 from erp.account", &[]).await.unwrap();
        assert_eq!(rows.len(), 3);
        assert_eq!(pool.resolve("tenant_of", &[&999_i64]).await.unwrap(), None);
        let error = pool.unbound().query("select 1 from erp.account", &[]).await.unwrap_err();
        assert!(error.is_no_tenant(), "{error}");
    }
}

async fn errors_are_told_apart(pool: &TenantPool) {
    let scope = pool.tenant(tenant(1));
    for (statement, code) in [
        ("select 1 / (id - 10) from erp.account", SqlState::DIVISION_BY_ZERO),
        ("select * from nowhere", SqlState::UNDEFINED_TABLE),
        ("insert into erp.account (id, tag) values (10, '')", SqlState::UNIQUE_VIOLATION),
        ("insert into erp.entry (account_id, amount) values (99, 1)", SqlState::FOREIGN_KEY_VIOLATION),
    ] {
        let error = scope.query(statement, &[]).await.unwrap_err();
        assert_eq!(error.code(), Some(&code), "{statement}: {error}");
        assert!(!error.is_connection_lost(), "{error}");
    }
}

async fn a_transaction_is_whole(pool: &TenantPool) {
    let sum = "select sum(balance)::bigint from erp.account";
    let update = "update erp.account set balance = balance + 1";
    let scope = pool.tenant(tenant(1));
    let before: i64 = scope.query_one(sum, &[]).await.unwrap().get(0);
    for (commits, more) in [(false, 0), (true, 6)] {
        let mut tx = scope.begin();
        tx.execute(update, &[]).await.unwrap();
        let sp = tx.savepoint().await.unwrap();
        sp.execute(update, &[]).await.unwrap();
        sp.rollback().await.unwrap();
        let (a, b) = tokio::join!(tx.execute(update, &[]), tx.query_one(sum, &[]));
        assert_eq!((a.unwrap(), b.unwrap().get::<_, i64>(0)), (3, before + 6));
        if commits {
            tx.commit().await.unwrap()
        } else {
            tx.rollback().await.unwrap()
        }
        assert_eq!(scope.query_one(sum, &[]).await.unwrap().get::<_, i64>(0), before + more);
    }
}

async fn sleeps(road: &Road) -> bool {
    road.erp.admin().await.query_one(SLEEPING, &[]).await.unwrap().get::<_, i64>(0) > 0
}

async fn a_token_cancels(road: &Road, pool: &TenantPool) {
    let tx = pool.tenant(tenant(1)).begin();
    let token = tx.cancel_token();
    let canceling = async {
        eventually("the statement sleeps", async || sleeps(road).await).await;
        token.cancel().await.unwrap();
    };
    let (slept, ()) = timeout(LIMIT, async { tokio::join!(tx.query(SLEEP, &[]), canceling) })
        .await
        .expect("the cancel request has no effect");
    assert!(slept.unwrap_err().is_canceled());
}

async fn the_drain_cancels(road: &Road, pool: &TenantPool) {
    let scope = pool.tenant(tenant(1));
    let mut work = Box::pin(scope.query(SLEEP, &[]));
    tokio::select! {
        result = &mut work => panic!("it did not sleep: {result:?}"),
        () = eventually("the statement sleeps", async || sleeps(road).await) => {}
    }
    drop(work);
    eventually("the drain cancels it", async || !sleeps(road).await).await;
}
