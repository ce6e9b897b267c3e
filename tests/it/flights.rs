//! What a unit of work costs on the wire, counted by a proxy.

use tenantry::{Strategy, TenantContext, TenantPool};

use crate::support::erp::{Erp, open_accounts, tenant};
use crate::support::proxy::{Counts, Proxy};

struct Counted {
    _erp: Erp,
    proxy: Proxy,
    pool: TenantPool,
}

/// A pool of one connection, which has prepared what the tests run.
async fn counted(strategy: Strategy) -> Counted {
    let erp = Erp::new().await;
    let proxy = Proxy::start(erp.address()).await;
    let pool = TenantPool::builder(&erp.app_url_through(proxy.port()))
        .strategy(strategy)
        .max_size(1)
        .build()
        .await
        .unwrap();
    open_accounts(&pool, &tenant(1), 1, 3).await;
    pool.tenant(tenant(1)).query(READ, &[]).await.unwrap();
    Counted { _erp: erp, proxy, pool }
}

const READ: &str = "select id from erp.account";

#[tokio::test]
async fn a_statement_costs_one_flight() {
    for (strategy, simple_queries, syncs) in [(Strategy::Explicit, 2, 2), (Strategy::ExplicitSetLocal, 3, 1)]
    {
        let Counted { proxy, pool, .. } = &counted(strategy).await;
        let scope = pool.tenant(tenant(1));
        let (rows, counts) = proxy.count(scope.query(READ, &[])).await;
        assert_eq!(rows.unwrap().len(), 3);
        assert_eq!(counts, Counts { flights: 1, simple_queries, syncs }, "{strategy:?}");
    }
}

#[tokio::test]
async fn a_transaction_costs_a_flight_for_each_statement_and_one_for_the_commit() {
    let Counted { proxy, pool, .. } = &counted(Strategy::Explicit).await;
    let ((), counts) = proxy
        .count(async {
            let tx = pool.tenant(tenant(1)).begin();
            for _ in 0..5 {
                assert_eq!(tx.query(READ, &[]).await.unwrap().len(), 3);
            }
            tx.commit().await.unwrap();
        })
        .await;
    assert_eq!(counts, Counts { flights: 6, simple_queries: 2, syncs: 6 });
}

#[tokio::test]
async fn a_transaction_without_a_statement_sends_nothing() {
    let Counted { proxy, pool, .. } = &counted(Strategy::Explicit).await;
    let ((), counts) = proxy
        .count(async {
            pool.tenant(tenant(1)).begin().commit().await.unwrap();
            pool.tenant(tenant(1)).begin().rollback().await.unwrap();
            drop(pool.tenant(tenant(1)).begin());
        })
        .await;
    assert_eq!(counts, Counts { flights: 0, simple_queries: 0, syncs: 0 });
}

#[tokio::test]
async fn statements_that_are_joined_share_a_flight() {
    let Counted { proxy, pool, .. } = &counted(Strategy::Explicit).await;
    let ((), counts) = proxy
        .count(async {
            let tx = pool.tenant(tenant(1)).begin();
            let (a, b, c) = tokio::join!(tx.query(READ, &[]), tx.query(READ, &[]), tx.query(READ, &[]));
            assert_eq!([a, b, c].map(|rows| rows.unwrap().len()), [3, 3, 3]);
            tx.commit().await.unwrap();
        })
        .await;
    assert_eq!(counts, Counts { flights: 2, simple_queries: 2, syncs: 4 });
}

#[tokio::test]
async fn more_settings_cost_no_more_flights() {
    let Counted { proxy, pool, .. } = &counted(Strategy::Explicit).await;
    let context = || {
        TenantContext::new(tenant(1))
            .set("app.user_id", "7")
            .unwrap()
            .statement_timeout(std::time::Duration::from_secs(5))
            .read_only()
    };
    pool.tenant(context()).query(READ, &[]).await.unwrap();
    let scope = pool.tenant(context());
    let (rows, counts) = proxy.count(scope.query(READ, &[])).await;
    assert_eq!(rows.unwrap().len(), 3);
    assert_eq!(counts, Counts { flights: 1, simple_queries: 2, syncs: 2 });
}

#[tokio::test]
async fn refused_input_sends_nothing() {
    let Counted { proxy, pool, .. } = &counted(Strategy::Explicit).await;
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
    assert_eq!(counts, Counts { flights: 0, simple_queries: 0, syncs: 0 });
}
