//! What a batch costs on the wire, and by which strategies and routes it goes.

use std::time::Duration;

use tenantry::{Batch, IsolationLevel, StatementMode, Strategy, TenantContext, TenantPool};

use super::{both, others_are_served};
use crate::support::erp::{Erp, open_accounts, tenant};
use crate::support::proxy::{Proxy, flights};

const READ: &str = "select id from erp.account";
const COUNT: &str = "select count(*) from erp.account where id >= $1";

struct Counted {
    _erp: Erp,
    proxy: Proxy,
    pool: TenantPool,
}

async fn counted(strategy: Strategy, mode: StatementMode) -> Counted {
    let erp = Erp::new().await;
    let proxy = Proxy::start(erp.address()).await;
    let pool = TenantPool::builder(&erp.app_url_through(proxy.port()))
        .strategy(strategy)
        .statements(mode)
        .max_size(1)
        .check_idle_after(Duration::MAX)
        .recheck_role_after(Duration::MAX)
        .build()
        .await
        .unwrap();
    open_accounts(&pool, &tenant(1), 1, 2).await;
    open_accounts(&pool, &tenant(2), 1, 1).await;
    // So that all is prepared, the context and its opening among it.
    let scope = pool.tenant(tenant(1));
    scope.query(READ, &[]).await.unwrap();
    scope.query(COUNT, &[&1_i64]).await.unwrap();
    let tx = scope.begin();
    tx.query(READ, &[]).await.unwrap();
    tx.commit().await.unwrap();
    Counted { _erp: erp, proxy, pool }
}

fn three() -> Batch<'static> {
    let mut batch = Batch::new();
    batch.add(READ, &[]).add(COUNT, &[&1_i64]).add(READ, &[]);
    batch
}

#[tokio::test]
async fn a_batch_is_one_flight_whatever_its_length() {
    for (strategy, together, each) in [
        (Strategy::Implicit, "BE BE BE BES", "BE BES BE BES BE BES"),
        (Strategy::Explicit, "Q BES BES BES BES Q", "Q BES BES Q Q BES BES Q Q BES BES Q"),
        (Strategy::ExplicitSetLocal, "Q Q BES BES BES Q", "Q Q BES Q Q Q BES Q Q Q BES Q"),
    ] {
        let Counted { proxy, pool, .. } = &counted(strategy, StatementMode::Named).await;
        let scope = pool.tenant(tenant(1));
        let (done, counts) = proxy.count(scope.batch(&three())).await;
        assert_eq!(done.unwrap().len(), 3);
        assert_eq!(counts, flights(1, &together.replace(' ', "")), "{strategy:?}");
        let (done, counts) = proxy.count(scope.batch_each(&three())).await;
        assert!(done.unwrap().iter().all(Result::is_ok));
        assert_eq!(counts, flights(1, &each.replace(' ', "")), "{strategy:?}");
    }
}

/// In a transaction, the first batch carries its opening, and others are their statements alone.
#[tokio::test]
async fn a_batch_in_a_transaction_is_one_flight_too() {
    let Counted { proxy, pool, .. } = &counted(Strategy::Implicit, StatementMode::Named).await;
    let tx = pool.tenant(tenant(1)).begin();
    let (done, counts) = proxy.count(tx.batch(&three())).await;
    assert_eq!((done.unwrap().len(), counts), (3, flights(1, "BEBEBESBESBES")));
    let (done, counts) = proxy.count(tx.batch(&three())).await;
    assert_eq!((done.unwrap().len(), counts), (3, flights(1, "BESBESBES")));
    tx.commit().await.unwrap();
}

/// Whatever has to be prepared is prepared in one flight, however many texts there are and however often each is used.
#[tokio::test]
async fn what_is_new_is_prepared_together() {
    let Counted { proxy, pool, .. } = &counted(Strategy::Implicit, StatementMode::Named).await;
    let mut batch = Batch::new();
    batch.add("select 1", &[]).add("select 2", &[]).add("select 1", &[]).add("select 3", &[]);
    let (done, counts) = proxy.count(pool.tenant(tenant(1)).batch(&batch)).await;
    assert_eq!(done.unwrap().len(), 4);
    assert_eq!(counts.flights, 2, "{counts:?}");
    assert_eq!(counts.said.matches('P').count(), 3, "{counts:?}");
    let (done, counts) = proxy.count(pool.tenant(tenant(2)).batch(&batch)).await;
    assert_eq!((done.unwrap().len(), counts.flights), (4, 1));
}

/// An isolation level needs a BEGIN ahead of it, and what could end a transaction has one.
#[tokio::test]
async fn contexts_of_every_kind_hold_for_every_statement() {
    for mode in [StatementMode::Named, StatementMode::Unnamed] {
        let Counted { pool, .. } = &counted(Strategy::Implicit, mode).await;
        let context = TenantContext::new(tenant(1));
        for context in [
            context.clone(),
            context.clone().isolation_level(IsolationLevel::Serializable),
            context.clone().statement_timeout(Duration::from_secs(20)).set("app.user_id", "7").unwrap(),
        ] {
            both(&pool.tenant(context)).await;
        }
        let level = "select current_setting('transaction_isolation')";
        let mut batch = Batch::new();
        batch.add(level, &[]).add("do $$ begin perform 1; end $$", &[]).add(level, &[]);
        let scope = pool.tenant(context.clone().isolation_level(IsolationLevel::RepeatableRead).read_only());
        let together = scope.batch(&batch).await.unwrap();
        let each: Vec<_> = scope.batch_each(&batch).await.unwrap().into_iter().map(Result::unwrap).collect();
        for results in [together, each] {
            for at in [0, 2] {
                assert_eq!(results[at].rows[0].get::<_, &str>(0), "repeatable read");
            }
        }
        let mut batch = Batch::new();
        batch.add(READ, &[]).add("update erp.account set balance = 1", &[]);
        let error = pool.tenant(context.read_only()).batch(&batch).await.unwrap_err();
        assert_eq!((error.code().unwrap().code(), error.batch_index()), ("25006", Some(1)), "{error}");
        others_are_served(pool).await;
    }
}
