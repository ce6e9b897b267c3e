//! A standby that becomes a primary.

use std::time::Duration;

use tenantry::{Error, TenantPool};

use super::{LIMIT, Pair, accounts, port, port_of, reads};
use crate::support::erp::{open_accounts, tenant};
use crate::support::eventually;

/// Whoever reads from it has not been told yet, and may not take what it answers.
#[tokio::test]
async fn nothing_is_read_from_a_replica_that_was_promoted() {
    let pair = Pair::alone(&[]).await;
    let pool = pair.builder().replica_max_size(8).build().await.unwrap();
    open_accounts(&pool, &tenant(1), 1, 1).await;
    pair.catch_up().await;
    let (primary, replica) = (pair.primary_port(), pair.standby.port());
    // Sessions that were opened before: idle ones, transactions, a stream that is still open.
    let scope = pool.tenant(reads(1));
    let transactions: Vec<_> = (0..3).map(|_| scope.begin()).collect();
    for tx in &transactions {
        assert_eq!(port(tx).await.unwrap(), replica);
    }
    let mut stream =
        scope.query_raw("select generate_series(1, 100000), repeat('x', 100)", &[]).await.unwrap();
    stream.try_next().await.unwrap();
    let idle: Vec<_> = (0..4).map(|_| scope.begin()).collect();
    for tx in &idle {
        assert_eq!(port(tx).await.unwrap(), replica);
    }
    for tx in idle {
        tx.commit().await.unwrap();
    }
    pair.promote().await;
    // A writer of the other side.
    let other = TenantPool::connect(&pair.replica_url()).await.unwrap();
    open_accounts(&other, &tenant(1), 2, 1).await;

    for tx in transactions {
        let error = accounts(&tx).await.unwrap_err();
        assert!(error.is_retryable() && !error.is_in_doubt() && !error.is_connection_lost(), "{error}");
        assert_eq!(
            error.to_string(),
            "the replica has become a primary while it served, so what was read is not taken; run it again"
        );
        tx.rollback().await.unwrap();
    }
    for _ in 0..5 {
        assert_eq!(accounts(&scope).await.unwrap(), [1]);
        assert_eq!(port(&scope).await.unwrap(), primary);
        assert_eq!(scope.query_typed("select id from erp.account", &[]).await.unwrap().len(), 1);
    }
    // What the stream had sent before, it had sent before; what ends afterwards says so.
    let error = loop {
        match stream.try_next().await {
            Ok(Some(_)) => {}
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(error.is_none_or(|error| error.is_retryable()));
    let error = pool.tenant(reads(1).replica_only()).query("select 1", &[]).await.unwrap_err();
    assert!(error.is_replica_unavailable(), "{error}");
}

/// The first answer of each idle session is the one that tells.
#[tokio::test]
async fn an_idle_session_of_a_promoted_replica_serves_nobody() {
    let pair = Pair::alone(&[]).await;
    // Idle for as long as it may be, and not looked at.
    let pool = pair.builder().check_idle_after(Duration::from_secs(60)).build().await.unwrap();
    open_accounts(&pool, &tenant(1), 1, 1).await;
    pair.catch_up().await;
    let scope = pool.tenant(reads(1));
    for query in 0..4 {
        // Each form of work meets it once, on a pool of its own.
        let pool = pair.builder().check_idle_after(Duration::from_secs(60)).build().await.unwrap();
        assert_eq!(port_of(&pool, reads(1)).await, pair.standby.port(), "{query}");
    }
    assert_eq!(accounts(&scope).await.unwrap(), [1]);
    let pools: Vec<TenantPool> = {
        let mut pools = Vec::new();
        for _ in 0..4 {
            let pool = pair.builder().check_idle_after(Duration::from_secs(60)).build().await.unwrap();
            assert_eq!(accounts(&pool.tenant(reads(1))).await.unwrap(), [1]);
            pools.push(pool);
        }
        pools
    };
    pair.promote().await;
    let other = TenantPool::connect(&pair.replica_url()).await.unwrap();
    open_accounts(&other, &tenant(1), 2, 1).await;
    let taken = |outcome: Result<usize, Error>| match outcome {
        // On the primary.
        Ok(rows) => assert_eq!(rows, 1),
        Err(error) => assert!(error.is_retryable(), "{error}"),
    };
    let sql = "select id from erp.account";
    let scopes: Vec<_> = pools.iter().map(|pool| pool.tenant(reads(1))).collect();
    assert_eq!(accounts(&scopes[0]).await.unwrap(), [1]);
    taken(scopes[1].query_typed(sql, &[]).await.map(|rows| rows.len()));
    let mut batch = tenantry::Batch::new();
    batch.add(sql, &[]);
    taken(scopes[2].batch(&batch).await.map(|results| results[0].rows.len()));
    let work = |tx: tenantry::TransactionBlock| async move { tx.query(sql, &[]).await };
    assert_eq!(scopes[3].transact::<_, Error, _, _>(work).await.unwrap().len(), 1);
    for scope in scopes {
        assert_eq!(accounts(&scope).await.unwrap(), [1]);
    }
}

/// The primary is lost, its standby takes over, and the pool finds it by the URL with both hosts.
#[tokio::test]
async fn after_a_failover_the_pool_writes_to_the_new_primary() {
    let mut pair = Pair::alone(&[]).await;
    let standby = pair.standby.port();
    let both = pair.erp.app_url().replace(
        &format!("127.0.0.1:{}/", pair.primary_port()),
        &format!("127.0.0.1:{},127.0.0.1:{standby}/", pair.primary_port()),
    );
    let url = format!("{both}?target_session_attrs=read-write");
    let pool = TenantPool::builder(&url).replica_url(&pair.replica_url()).max_size(4).build().await.unwrap();
    open_accounts(&pool, &tenant(1), 1, 1).await;
    pair.catch_up().await;
    assert_eq!(port_of(&pool, reads(1)).await, standby);
    assert_eq!(port(&pool.tenant(tenant(1))).await.unwrap(), pair.primary_port());
    pair.erp.server().stop().await.unwrap();
    pair.promote().await;
    let write = async || {
        let add = "insert into erp.account (id, tag) values ($1, 'x')";
        let scope = pool.tenant(tenant(1));
        tokio::time::timeout(LIMIT, scope.execute(add, &[&2_i64])).await.expect("it hangs").is_ok()
    };
    eventually("the pool writes again", write).await;
    // It is read from as the primary that it is now, and so what was written is seen.
    for _ in 0..5 {
        assert_eq!(accounts(&pool.tenant(reads(1))).await.unwrap(), [1, 2]);
    }
    let position = pool.tenant(tenant(1)).wal_position().await.unwrap();
    assert_eq!(accounts(&pool.tenant(reads(1).no_staler_than(position))).await.unwrap(), [1, 2]);
}
