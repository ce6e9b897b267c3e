//! `timeout`: what it ends, and what is known of what it has ended.

use std::time::Duration;

use bytes::Bytes;
use tenantry::{StatementMode, Strategy, TenantContext, TenantPool, TenantPoolBuilder};

use super::{add, code, ends, ids, on_every_way};
use crate::support::erp::{Erp, tenant};
use crate::support::route::Way;
use crate::support::swallower::Swallower;

const SLEEP: &str = "select pg_sleep(600)";

/// Long enough for the eighth that the server gets less to be long, on a busy machine.
const LONG: Duration = Duration::from_secs(8);

/// For what nothing ends but the limit.
const SHORT: Duration = Duration::from_secs(2);

async fn backend(pool: &TenantPool) -> i32 {
    pool.tenant(tenant(1)).query_one("select pg_backend_pid()", &[]).await.unwrap().get(0)
}

async fn server_first(way: Way, mode: StatementMode) {
    let road = way.open().await;
    let pool = road.builder().statements(mode).timeout(LONG).max_size(8).build().await.unwrap();
    let free = road.builder().statements(mode).max_size(8).build().await.unwrap();
    let one = road.builder().statements(mode).timeout(LONG).max_size(1).build().await.unwrap();
    let system = |pool: &TenantPool| pool.system("test").unwrap();
    let context = TenantContext::new(tenant(1)).timeout(LONG);
    let shorter = |pool: &TenantPool| pool.tenant(tenant(1)).timeout(LONG);
    let before = backend(&one).await;
    // What is measured is not how long it takes to open a connection.
    for pool in [&pool, &free] {
        let (a, b) = (pool.tenant(tenant(1)).begin(), pool.tenant(tenant(1)).begin());
        a.query("select 1", &[]).await.unwrap();
        b.query("select 1", &[]).await.unwrap();
    }
    system(&free).query("select 1", &[]).await.unwrap();
    let tx = pool.tenant(tenant(1)).begin();
    // No more of them at once than PgBouncer has connections for a role.
    let (context, shorter) = (free.tenant(context), shorter(&free));
    let (a, b, c, d, e) = tokio::join!(
        async { context.query(SLEEP, &[]).await.map(drop) },
        async { shorter.query_typed(SLEEP, &[]).await.map(drop) },
        async { tx.query(SLEEP, &[]).await.map(drop) },
        async { one.tenant(tenant(1)).execute(SLEEP, &[]).await.map(drop) },
        async { system(&free).timeout(LONG).query(SLEEP, &[]).await.map(drop) },
    );
    for outcome in [a, b, c, d, e] {
        let error = outcome.unwrap_err();
        assert!(error.is_timeout() && error.is_canceled() && !error.is_in_doubt(), "{error}");
        assert_eq!(code(&error), "57014");
        assert!(error.to_string().starts_with("the call did not end within its timeout of 8s"), "{error}");
    }
    // The connection lives on.
    if way.route == crate::support::route::Route::Direct {
        assert_eq!(backend(&one).await, before);
    }
    assert!(tx.commit().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_ordinary_case_the_server_ends_the_statement() {
    on_every_way(|way, mode| async move { ends("a statement", server_first(way, mode)).await }).await;
}

#[tokio::test]
async fn a_shorter_limit_of_the_server_and_a_cancel_request_are_no_timeout() {
    let erp = Erp::new().await;
    let pool = erp.builder().timeout(Duration::from_secs(600)).build().await.unwrap();
    let context = TenantContext::new(tenant(1)).statement_timeout(Duration::from_millis(20));
    let error = pool.tenant(context).query(SLEEP, &[]).await.unwrap_err();
    assert!(error.is_canceled() && !error.is_timeout(), "{error}");
    // A context and a scope can do without the pool's.
    let sql = "select current_setting('statement_timeout')";
    let none = pool.tenant(TenantContext::new(tenant(1)).timeout(Duration::ZERO));
    assert_eq!(none.query_one(sql, &[]).await.unwrap().get::<_, &str>(0), "0");
    let other = none.timeout(Duration::from_secs(60));
    assert_eq!(other.query_one(sql, &[]).await.unwrap().get::<_, &str>(0), "59s");
}

/// How many times the server says that it is ready before it says so of a single statement's end, and in the first
/// statement of a transaction.
fn ready_before(strategy: Strategy) -> [usize; 2] {
    match strategy {
        Strategy::Implicit => [0, 0],
        Strategy::Explicit => [3, 2],
        // One for the tenant, and one for the limit.
        _ => [4, 3],
    }
}

/// What never answers, by what was asked of it.
async fn unanswered(way: Way, builder: TenantPoolBuilder, swallower: &Swallower, silent: bool) {
    // What is abandoned keeps its place until the server has ended it, so there are places for each time.
    let pool = builder.timeout(SHORT).max_size(8).build().await.unwrap();
    let hush = |after: usize| if silent { swallower.silence() } else { swallower.swallow(after) };
    let [single, first] = ready_before(way.strategy);
    let scope = pool.tenant(tenant(1)).timeout(Duration::from_secs(60));
    let writes = pool.tenant(tenant(1));
    let reads = pool.tenant(TenantContext::new(tenant(1)).read_only());

    let timed_out = |error: &tenantry::Error, in_doubt: bool| {
        assert!(error.is_timeout() && !error.is_canceled(), "{error}");
        assert_eq!(error.is_in_doubt(), in_doubt, "{error}");
    };
    // All that is prepared is prepared; the first flight is then the last one.
    add(&scope, 0).await.unwrap();
    scope.query("select 1", &[]).await.unwrap();
    reads.timeout(Duration::from_secs(60)).query("select 1", &[]).await.unwrap();
    hush(single);
    timed_out(&add(&writes, 1).await.unwrap_err(), true);
    // The drain has the connection, and the pool another one.
    ids(&scope).await;
    scope.query_typed("select 1", &[]).await.unwrap();
    hush(single);
    let reads = pool.tenant(TenantContext::new(tenant(1)).read_only());
    timed_out(&reads.query_typed("select 1", &[]).await.unwrap_err(), false);

    let slow = pool.tenant(tenant(1)).timeout(Duration::from_secs(60));
    slow.query("select 1", &[]).await.unwrap();
    let tx = pool.tenant(tenant(1)).begin();
    hush(first);
    timed_out(
        &tx.query_typed("insert into erp.account (id, tag) values (2, '')", &[]).await.unwrap_err(),
        false,
    );
    let after = tx.query("select 1", &[]).await.unwrap_err();
    assert!(after.is_connection_lost(), "{after}");
    tx.commit().await.unwrap_err();

    slow.query("select 1", &[]).await.unwrap();
    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 3).await.unwrap();
    hush(0);
    timed_out(&tx.commit().await.unwrap_err(), true);

    slow.query("select 1", &[]).await.unwrap();
    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 4).await.unwrap();
    let mut rows = tx.query_raw("select generate_series(1, 100)", &[]).await.unwrap();
    hush(0);
    let error = loop {
        match rows.try_next().await {
            Ok(Some(_)) => {}
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    if let Some(error) = error {
        timed_out(&error, false);
        drop(rows);
        tx.commit().await.unwrap_err();
    } else {
        // All of it was on its way already.
        drop(rows);
        drop(tx);
    }

    slow.query("select 1", &[]).await.unwrap();
    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 5).await.unwrap();
    let mut sink = tx.copy_in("copy erp.stage from stdin").await.unwrap();
    sink.send(Bytes::from_static(b"line\n")).await.unwrap();
    swallower.silence();
    timed_out(&sink.finish().await.unwrap_err(), false);
    tx.rollback().await.unwrap_err();

    let kept = ids(&slow).await;
    assert!(kept.iter().all(|id| [0, 1, 3].contains(id)), "{kept:?}");
}

async fn through_swallower(way: Way, mode: StatementMode, silent: bool) {
    let road = way.open().await;
    let swallower = Swallower::start(road.address()).await;
    let builder = road.builder_through(swallower.port()).statements(mode);
    unanswered(way, builder, &swallower, silent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_never_comes_is_not_waited_for() {
    on_every_way(|way, mode| async move { ends("a call", through_swallower(way, mode, false)).await }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_has_gone_silent_is_not_waited_for() {
    on_every_way(|way, mode| async move { ends("a call", through_swallower(way, mode, true)).await }).await;
}

#[tokio::test]
async fn the_wait_for_a_connection_counts_and_leaves_nothing_in_doubt() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let tx = pool.tenant(tenant(1)).begin();
    add(&tx, 1).await.unwrap();
    let scope = pool.tenant(tenant(1)).timeout(Duration::from_millis(50));
    let error = add(&scope, 2).await.unwrap_err();
    assert!(error.is_timeout() && !error.is_in_doubt(), "{error}");
    let other = scope.begin();
    let error = add(&other, 3).await.unwrap_err();
    assert!(error.is_timeout() && !error.is_in_doubt(), "{error}");
    tx.commit().await.unwrap();
    drop(other);
    assert_eq!(ids(&pool.tenant(tenant(1))).await, [1]);
}
