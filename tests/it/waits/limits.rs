//! The server's own limits, as a pool or a context sets them.

use std::time::Duration;

use tenantry::{StatementMode, Statements, Strategy, TenantContext, TenantPool};

use super::{add, code, ends, on_every_way};
use crate::support::erp::{Erp, tenant};
use crate::support::proxy::{Proxy, flights};
use crate::support::route::Way;

const SHOWN: &str = "select current_setting('statement_timeout'), current_setting('lock_timeout'),
    current_setting('idle_in_transaction_session_timeout')";

/// What holds for the statement that asks.
async fn shown(db: &Statements) -> [String; 3] {
    let row = db.query_one(SHOWN, &[]).await.unwrap();
    [row.get(0), row.get(1), row.get(2)]
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

async fn hold(way: Way, mode: StatementMode) {
    let road = way.open().await;
    let builder = road.builder().statements(mode).statement_timeout(seconds(71)).lock_timeout(seconds(72));
    let pool = builder.clone().idle_in_transaction_session_timeout(seconds(73)).build().await.unwrap();
    let other = TenantContext::new(tenant(1)).set("app.user_id", "7").unwrap();
    let other = other.lock_timeout(seconds(9)).statement_timeout(Duration::ZERO);
    // More than once, with statements that the server keeps, and by turns.
    for _ in 0..3 {
        let mut tx = pool.tenant(tenant(1)).begin();
        assert_eq!(shown(&tx).await, ["71s", "72s", "73s"]);
        let savepoint = tx.savepoint().await.unwrap();
        savepoint.execute("set local lock_timeout = '1s'", &[]).await.unwrap();
        savepoint.release().await.unwrap();
        assert_eq!(shown(&tx).await, ["71s", "72s", "73s"]);
        tx.commit().await.unwrap();
        assert_eq!(shown(&pool.tenant(tenant(1))).await, ["71s", "72s", "0"]);
        assert_eq!(shown(&pool.tenant(other.clone())).await, ["0", "9s", "0"]);
        let tx = pool.tenant(other.clone()).begin();
        assert_eq!(shown(&tx).await, ["0", "9s", "73s"]);
        tx.commit().await.unwrap();
        let reads = pool.tenant(TenantContext::new(tenant(1)).read_only());
        assert_eq!(shown(&reads).await, ["71s", "72s", "0"]);
        let system = pool.system("test").unwrap();
        assert_eq!(shown(&system).await, ["71s", "72s", "0"]);
        let tx = system.begin();
        assert_eq!(shown(&tx).await, ["71s", "72s", "73s"]);
        tx.commit().await.unwrap();
    }
    // With a limit for each call, the server gets the shorter one.
    let pool = builder.timeout(seconds(31)).build().await.unwrap();
    assert_eq!(shown(&pool.tenant(tenant(1))).await, ["30s", "72s", "0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_for_the_very_statement_that_carries_them() {
    on_every_way(|way, mode| async move { ends("a statement", hold(way, mode)).await }).await;
}

async fn effect(way: Way, mode: StatementMode) {
    let road = way.open().await;
    let limit = Duration::from_millis(30);
    let pool = |set: fn(tenantry::TenantPoolBuilder, Duration) -> tenantry::TenantPoolBuilder| {
        set(road.builder().statements(mode), limit).max_size(1).build()
    };
    let slow = pool(|builder, limit| builder.statement_timeout(limit)).await.unwrap();
    let error = slow.tenant(tenant(1)).query_typed("select pg_sleep(600)", &[]).await.unwrap_err();
    assert!(error.is_canceled() && !error.is_timeout(), "{error}");
    let tx = slow.tenant(tenant(1)).begin();
    assert!(tx.query_typed("select pg_sleep(600)", &[]).await.unwrap_err().is_canceled());
    drop(tx);

    let mut admin = road.erp.admin().await;
    let locked = admin.transaction().await.unwrap();
    locked.batch_execute("lock table erp.account").await.unwrap();
    let waits = pool(|builder, limit| builder.lock_timeout(limit)).await.unwrap();
    let insert = "insert into erp.account (id, tag) values (1, '')";
    let error = waits.tenant(tenant(1)).execute_typed(insert, &[]).await.unwrap_err();
    assert_eq!(code(&error), "55P03", "{error}");
    let tx = waits.tenant(tenant(1)).begin();
    assert_eq!(code(&tx.execute_typed(insert, &[]).await.unwrap_err()), "55P03");
    drop(tx);
    locked.rollback().await.unwrap();

    let idle = pool(|builder, limit| builder.idle_in_transaction_session_timeout(limit)).await.unwrap();
    let tx = idle.tenant(tenant(1)).begin();
    let pid: i32 = tx.query_one("select pg_backend_pid()", &[]).await.unwrap().get(0);
    // Nothing is sent meanwhile.
    crate::support::eventually("the server ends who is idle", || async {
        let alive = admin.query("select from pg_stat_activity where pid = $1", &[&pid]).await.unwrap();
        alive.is_empty()
    })
    .await;
    add(&tx, 1).await.unwrap_err();
    drop(tx);
    add(&idle.tenant(tenant(1)), 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_takes_effect() {
    on_every_way(|way, mode| async move { ends("a statement", effect(way, mode)).await }).await;
}

/// As many messages and flights as without them.
#[tokio::test]
async fn the_limits_of_a_pool_cost_nothing_on_the_wire() {
    let erp = Erp::new().await;
    let proxy = Proxy::start(erp.address()).await;
    let builder = TenantPool::builder(&erp.app_url_through(proxy.port())).max_size(1);
    let limited = builder
        .strategy(Strategy::Implicit)
        .timeout(seconds(60))
        .lock_timeout(seconds(2))
        .idle_in_transaction_session_timeout(seconds(60));
    let pool = limited.build().await.unwrap();
    let work = async || {
        pool.tenant(tenant(1)).query("select 1", &[]).await.unwrap();
        let tx = pool.tenant(tenant(1)).begin();
        tx.query("select 1", &[]).await.unwrap();
        tx.commit().await.unwrap();
    };
    work().await;
    let ((), counts) = proxy.count(work()).await;
    assert_eq!(counts, flights(3, "BEBESBEBEBESQ"));
}

#[tokio::test]
async fn a_limit_that_the_server_does_not_know_is_refused_at_the_start() {
    let erp = Erp::new().await;
    let version = "select current_setting('server_version_num')::integer";
    let version: i32 = erp.admin().await.query_one(version, &[]).await.unwrap().get(0);
    let pool = erp.builder().transaction_timeout(seconds(75)).build().await;
    if version < 170_000 {
        let error = pool.unwrap_err();
        assert!(error.is_usage() && error.to_string().contains("needs PostgreSQL 17"), "{error}");
    } else {
        let sql = "select current_setting('transaction_timeout')";
        let pool = pool.unwrap();
        assert_eq!(pool.tenant(tenant(1)).query_one(sql, &[]).await.unwrap().get::<_, &str>(0), "75s");
    }
}
