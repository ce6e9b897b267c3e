//! What a unit of work costs on the wire, counted by a proxy.

use std::time::Duration;

use tenantry::{IsolationLevel, StatementMode, Strategy, TenantContext, TenantPool};

use crate::support::erp::{Erp, open_accounts, tenant};
use crate::support::proxy::{Proxy, flights};

struct Counted {
    _erp: Erp,
    proxy: Proxy,
    pool: TenantPool,
}

/// A pool of one connection, which has prepared what the tests run.
async fn counted(strategy: Strategy, mode: StatementMode) -> Counted {
    let erp = Erp::new().await;
    let proxy = Proxy::start(erp.address()).await;
    let pool = TenantPool::builder(&erp.app_url_through(proxy.port()))
        .strategy(strategy)
        .statements(mode)
        .max_size(1)
        // What a pool does by itself is not counted, however long the test takes.
        .check_idle_after(Duration::MAX)
        .recheck_role_after(Duration::MAX)
        .build()
        .await
        .unwrap();
    open_accounts(&pool, &tenant(1), 1, 3).await;
    pool.tenant(tenant(1)).query(READ, &[]).await.unwrap();
    let tx = pool.tenant(tenant(1)).begin();
    tx.query(READ, &[]).await.unwrap();
    tx.commit().await.unwrap();
    Counted { _erp: erp, proxy, pool }
}

async fn named(strategy: Strategy) -> Counted {
    counted(strategy, StatementMode::Named).await
}

const READ: &str = "select id from erp.account";

#[tokio::test]
async fn a_statement_costs_one_flight() {
    for (strategy, mode, said) in [
        (Strategy::Implicit, StatementMode::Named, "BE BES"),
        (Strategy::Implicit, StatementMode::Unnamed, "PBE PBDES"),
        (Strategy::Explicit, StatementMode::Named, "Q BES BES Q"),
        (Strategy::Explicit, StatementMode::Unnamed, "Q PBDES PBDES Q"),
        (Strategy::ExplicitSetLocal, StatementMode::Named, "Q Q BES Q"),
    ] {
        let Counted { proxy, pool, .. } = &counted(strategy, mode).await;
        let scope = pool.tenant(tenant(1));
        let (rows, counts) = proxy.count(scope.query(READ, &[])).await;
        assert_eq!(rows.unwrap().len(), 3);
        assert_eq!(counts, flights(1, &said.replace(' ', "")), "{strategy:?}, {mode:?}");
    }
}

#[tokio::test]
async fn a_transaction_costs_a_flight_for_each_statement_and_one_for_the_commit() {
    for (strategy, said) in [
        (Strategy::Implicit, "BE BE BES BES BES BES BES Q"),
        (Strategy::Explicit, "Q BES BES BES BES BES BES Q"),
    ] {
        let Counted { proxy, pool, .. } = &named(strategy).await;
        let ((), counts) = proxy
            .count(async {
                let tx = pool.tenant(tenant(1)).begin();
                for _ in 0..5 {
                    assert_eq!(tx.query(READ, &[]).await.unwrap().len(), 3);
                }
                tx.commit().await.unwrap();
            })
            .await;
        assert_eq!(counts, flights(6, &said.replace(' ', "")), "{strategy:?}");
    }
}

#[tokio::test]
async fn a_transaction_without_a_statement_sends_nothing() {
    for strategy in [Strategy::Implicit, Strategy::Explicit] {
        let Counted { proxy, pool, .. } = &named(strategy).await;
        let ((), counts) = proxy
            .count(async {
                pool.tenant(tenant(1)).begin().commit().await.unwrap();
                pool.tenant(tenant(1)).begin().rollback().await.unwrap();
                drop(pool.tenant(tenant(1)).begin());
            })
            .await;
        assert_eq!(counts, flights(0, ""), "{strategy:?}");
    }
}

#[tokio::test]
async fn statements_that_are_joined_share_a_flight() {
    for (strategy, said) in
        [(Strategy::Implicit, "BE BE BES BES BES Q"), (Strategy::Explicit, "Q BES BES BES BES Q")]
    {
        let Counted { proxy, pool, .. } = &named(strategy).await;
        let ((), counts) = proxy
            .count(async {
                let tx = pool.tenant(tenant(1)).begin();
                let (a, b, c) = tokio::join!(tx.query(READ, &[]), tx.query(READ, &[]), tx.query(READ, &[]));
                assert_eq!([a, b, c].map(|rows| rows.unwrap().len()), [3, 3, 3]);
                tx.commit().await.unwrap();
            })
            .await;
        assert_eq!(counts, flights(2, &said.replace(' ', "")), "{strategy:?}");
    }
}

#[tokio::test]
async fn more_settings_cost_no_more_flights() {
    let user = || TenantContext::new(tenant(1)).set("app.user_id", "7").unwrap();
    for (strategy, context, said) in [
        (Strategy::Implicit, user().statement_timeout(Duration::from_secs(5)).read_only(), "BE BES"),
        (Strategy::Implicit, user().isolation_level(IsolationLevel::Serializable), "PBE BE BES Q"),
        (Strategy::Explicit, user().statement_timeout(Duration::from_secs(5)).read_only(), "Q BES BES Q"),
    ] {
        let Counted { proxy, pool, .. } = &named(strategy).await;
        pool.tenant(context.clone()).query(READ, &[]).await.unwrap();
        let (rows, counts) = proxy.count(pool.tenant(context).query(READ, &[])).await;
        assert_eq!(rows.unwrap().len(), 3);
        assert_eq!(counts, flights(1, &said.replace(' ', "")), "{strategy:?}");
    }
}

/// `CALL` could end the transaction by itself if none was begun, and go on without a tenant.
#[tokio::test]
async fn a_statement_that_could_end_its_transaction_has_a_begin() {
    let Counted { proxy, pool, .. } = &named(Strategy::Implicit).await;
    let block = "do $$ begin perform 1; end $$";
    let (done, counts) = proxy.count(pool.tenant(tenant(1)).execute_typed(block, &[])).await;
    done.unwrap();
    assert_eq!(counts, flights(1, "BEBEPBDESQ"));
    let error = pool.tenant(tenant(1)).execute("do $$ begin commit; end $$", &[]).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "2D000", "{error}");
}

#[tokio::test]
async fn refused_input_sends_nothing() {
    for strategy in [Strategy::Implicit, Strategy::Explicit] {
        let Counted { proxy, pool, .. } = &named(strategy).await;
        let ((), counts) = proxy
            .count(async {
                let scope = pool.tenant(tenant(1));
                for statement in ["commit", "set app.tenant_id = 'x'", "listen x"] {
                    assert!(scope.query(statement, &[]).await.unwrap_err().is_usage());
                }
                assert!(pool.tenant(7_i64).query(READ, &[]).await.unwrap_err().is_usage());
                let other = TenantContext::new(tenant(1)).set("app.tenant_id", "x").unwrap();
                assert!(pool.tenant(other).begin().query(READ, &[]).await.unwrap_err().is_usage());
            })
            .await;
        assert_eq!(counts, flights(0, ""), "{strategy:?}");
    }
}

/// A parameter that the driver cannot convert is no statement, and nothing of what would have been
/// ahead of it goes out by itself or with something else. The statement is prepared once more, in case
/// its types have changed, and the old one closed; nothing is bound or run.
#[tokio::test]
async fn what_the_driver_refuses_runs_nothing() {
    let Counted { proxy, pool, .. } = &named(Strategy::Implicit).await;
    let typed = "select id from erp.account where id = $1";
    pool.tenant(tenant(1)).query(typed, &[&1_i64]).await.unwrap();
    let tx = pool.tenant(tenant(1)).begin();
    let ((), counts) = proxy
        .count(async {
            assert!(pool.tenant(tenant(1)).query(typed, &[&"one"]).await.is_err());
            assert!(tx.query(typed, &[&"one"]).await.is_err());
        })
        .await;
    assert!(counts.said.chars().all(|message| "PDSC".contains(message)), "{counts:?}");
    let (rows, counts) = proxy.count(tx.query(typed, &[&1_i64])).await;
    // The statement that was prepared before is closed some time after.
    let said = counts.said.trim_start_matches("CS");
    assert_eq!((rows.unwrap().len(), counts.flights, said), (1, 1, "BEBEBES"));
    let (ended, counts) = proxy.count(tx.commit()).await;
    ended.unwrap();
    assert_eq!(counts, flights(1, "Q"));
}

/// When it opens, a pool finds out whether a statement's context arrives with it, and does without
/// where it does not.
#[tokio::test]
async fn a_pool_takes_the_strategy_that_the_way_to_the_server_is_good_for() {
    let erp = Erp::new().await;
    let proxy = Proxy::start(erp.address()).await;
    let builder = TenantPool::builder(&erp.app_url_through(proxy.port())).max_size(1);
    let strategy = |pool: &TenantPool| format!("{pool:?}").split(',').next().unwrap().to_owned();
    let pool = builder.clone().build().await.unwrap();
    assert_eq!(strategy(&pool), "TenantPool { strategy: Implicit");

    // The parameter that names the guard's own setting, and not the query that reads it.
    proxy.edit("\0\x0ftenantry.canary", "\0\x0ftenantry.canart");
    let error = builder.clone().strategy(Strategy::Implicit).build().await.unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("Strategy::Explicit"), "{error}");
    let pool = builder.build().await.unwrap();
    assert_eq!(strategy(&pool), "TenantPool { strategy: Explicit");
    pool.tenant(tenant(1)).query(READ, &[]).await.unwrap();
    let (rows, counts) = proxy.count(pool.tenant(tenant(1)).query(READ, &[])).await;
    assert_eq!((rows.unwrap().len(), counts), (0, flights(1, "QBESBESQ")));
}
