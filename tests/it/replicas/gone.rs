//! A replica that goes and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tenantry::{Error, TenantPool};
use tracing::level_filters::LevelFilter;

use super::{Pair, accounts, port, port_of, reads};
use crate::support::erp::{open_accounts, tenant};
use crate::support::eventually;
use crate::support::spans::Spans;

/// How many callers read all the time.
const CALLERS: u8 = 6;

#[derive(Default)]
struct Load {
    ends: AtomicBool,
    on_replica: AtomicUsize,
    on_primary: AtomicUsize,
}

/// Reads its own rows over and over, and tells of errors. Each row has to be its own.
async fn read(pool: TenantPool, n: u8, primary: u16, load: Arc<Load>) -> Vec<Error> {
    let mut errors = Vec::new();
    let sql = "select tag, inet_server_port() from erp.account";
    while !load.ends.load(Ordering::Acquire) {
        match pool.tenant(reads(n)).query(sql, &[]).await {
            Ok(rows) => {
                assert_eq!(rows.len(), 3);
                assert!(rows.iter().all(|row| row.get::<_, &str>(0) == tenant(n).as_setting()));
                let on_primary = rows[0].get::<_, i32>(1) == i32::from(primary);
                let count = if on_primary { &load.on_primary } else { &load.on_replica };
                count.fetch_add(1, Ordering::AcqRel);
            }
            Err(error) => errors.push(error),
        }
    }
    errors
}

#[tokio::test]
async fn under_load_a_replica_that_stops_costs_what_was_under_way_and_is_used_again() {
    let mut pair = Pair::alone(&[]).await;
    let pool = pair.builder().build().await.unwrap();
    for n in 1..=CALLERS {
        open_accounts(&pool, &tenant(n), 1, 3).await;
    }
    pair.catch_up().await;
    let load = Arc::new(Load::default());
    let primary = pair.primary_port();
    let callers: Vec<_> =
        (1..=CALLERS).map(|n| tokio::spawn(read(pool.clone(), n, primary, Arc::clone(&load)))).collect();
    let more = async |count: &AtomicUsize, what: &str| {
        let before = count.load(Ordering::Acquire);
        eventually(what, async || count.load(Ordering::Acquire) > before + 100).await;
    };
    more(&load.on_replica, "the replica serves").await;
    pair.standby().stop().await.unwrap();
    more(&load.on_primary, "the primary serves").await;
    pair.standby().start().await.unwrap();
    more(&load.on_replica, "the replica serves again").await;
    load.ends.store(true, Ordering::Release);
    for caller in callers {
        let errors = caller.await.unwrap();
        // What was under way when it stopped; as many as one caller can have met in a moment in which it stops.
        assert!(errors.len() <= 3, "{errors:?}");
        for error in errors {
            assert!(error.is_connection_lost() && !error.is_in_doubt(), "{error}");
        }
    }
}

#[tokio::test]
async fn its_going_and_its_coming_are_told_once() {
    let mut pair = Pair::alone(&[]).await;
    let (spans, _guard) = Spans::listen(LevelFilter::INFO);
    let pool = pair.builder().build().await.unwrap();
    let told = |what: &str| {
        let events = spans.events().into_iter();
        let messages = events.filter_map(|event| event.fields.get("message").cloned());
        messages.filter(|message| message.contains(what)).count()
    };
    assert_eq!(port_of(&pool, reads(1)).await, pair.standby.port());
    pair.standby().stop().await.unwrap();
    let _ = port(&pool.tenant(reads(1))).await;
    for _ in 0..20 {
        assert_eq!(port_of(&pool, reads(1)).await, pair.primary_port());
    }
    assert_eq!((told("a replica is not used until it can be"), told("is used again")), (1, 0));
    pair.standby().start().await.unwrap();
    eventually("it is used again", async || port_of(&pool, reads(1)).await == pair.standby.port()).await;
    assert_eq!((told("a replica is not used until it can be"), told("is used again")), (1, 1));
    let secret = spans.events().iter().any(|event| format!("{:?}", event.fields).contains("it's a test"));
    assert!(!secret);
}

/// A replica that takes connections and says nothing holds up nobody for longer than it takes to find that out.
#[tokio::test]
async fn a_replica_that_says_nothing_is_tried_once() {
    let pair = Pair::shared().await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = pair.erp.app_url_through(silent.local_addr().unwrap().port());
    let builder = pair.erp.builder().connect_timeout(Duration::from_millis(300)).replica_url(&url);
    let pool = builder.build().await.unwrap();
    let accepted = Arc::new(AtomicUsize::new(0));
    let counts = tokio::spawn({
        let accepted = Arc::clone(&accepted);
        async move {
            let mut open = Vec::new();
            while let Ok((stream, _)) = silent.accept().await {
                accepted.fetch_add(1, Ordering::AcqRel);
                open.push(stream);
            }
        }
    });
    for _ in 0..50 {
        assert_eq!(port_of(&pool, reads(1)).await, pair.primary_port());
    }
    // One that `build` has opened, and perhaps a look in the background.
    assert!(accepted.load(Ordering::Acquire) <= 2);
    counts.abort();
}

#[tokio::test]
async fn while_the_primary_is_gone_the_replica_serves() {
    let mut pair = Pair::alone(&[]).await;
    let pool = pair.builder().wait_timeout(Duration::from_millis(200)).build().await.unwrap();
    open_accounts(&pool, &tenant(1), 1, 2).await;
    let position = pool.tenant(tenant(1)).wal_position().await.unwrap();
    pair.catch_up().await;
    let replica = pair.standby.port();
    assert_eq!(port_of(&pool, reads(1)).await, replica);
    pair.erp.server().stop().await.unwrap();
    for _ in 0..3 {
        assert_eq!(accounts(&pool.tenant(reads(1))).await.unwrap(), [1, 2]);
        assert_eq!(port_of(&pool, reads(1).no_staler_than(position)).await, replica);
    }
    let error = pool.tenant(tenant(1)).query("select 1", &[]).await.unwrap_err();
    assert!(error.is_connection_lost(), "{error}");
    // Neither has what this asks for: the error is the primary's.
    let beyond = "FFFF/0".parse().unwrap();
    let error = pool.tenant(reads(1).no_staler_than(beyond)).query("select 1", &[]).await.unwrap_err();
    assert!(error.is_connection_lost(), "{error}");
    let error =
        pool.tenant(reads(1).replica_only().no_staler_than(beyond)).query("select 1", &[]).await.unwrap_err();
    assert!(error.is_replica_unavailable(), "{error}");
}
