//! Notifications outside of tenants, on a connection that comes back.

use std::time::Duration;

use tenantry::{Heard, Listener};
use tokio::time::timeout;
use tracing::level_filters::LevelFilter;

use super::LIMIT;
use crate::support::erp::{Erp, tenant};
use crate::support::eventually;
use crate::support::pgbouncer::PgBouncer;
use crate::support::spans::Spans;

async fn next(listener: &mut Listener) -> Heard {
    timeout(LIMIT, listener.next()).await.expect("nothing is heard").unwrap()
}

async fn hears(listener: &mut Listener, wanted: (&str, &str)) {
    match next(listener).await {
        Heard::Notification { channel, payload, .. } => assert_eq!((&*channel, &*payload), wanted),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_notified_is_heard_once_it_is_committed() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let mut listener = pool.listen(&["prices", "It's \"quoted\""]).await.unwrap();
    assert_eq!(pool.status().places_taken, 1, "it takes no place of the pool's");
    let tx = pool.tenant(tenant(1)).begin();
    tx.execute("select pg_notify('prices', 'undone')", &[]).await.unwrap();
    tx.rollback().await.unwrap();
    pool.tenant(tenant(1)).execute("select pg_notify('prices', '7')", &[]).await.unwrap();
    hears(&mut listener, ("prices", "7")).await;
    pool.unbound().execute("select pg_notify('It''s \"quoted\"', '')", &[]).await.unwrap();
    hears(&mut listener, ("It's \"quoted\"", "")).await;
}

#[tokio::test]
async fn a_listener_whose_connection_is_lost_listens_again_and_says_so() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    let pool = erp.pool(1).await;
    let mut listener = pool.listen(&["prices"]).await.unwrap();
    // The server sends both at once, so that the second has left it when the first is heard.
    let both = "select pg_notify('prices', 'first'), pg_notify('prices', 'before')";
    pool.unbound().execute(both, &[]).await.unwrap();
    hears(&mut listener, ("prices", "first")).await;
    let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and query = 'LISTEN \"prices\"'";
    let listening = "select count(*) from pg_stat_activity
        where datname = current_database() and query = 'LISTEN \"prices\"'";
    assert_eq!(admin.query_one(end, &[]).await.unwrap().get::<_, i64>(0), 1);
    eventually("it has ended", async || admin.query_one(listening, &[]).await.unwrap().get::<_, i64>(0) == 0)
        .await;
    // What was heard before comes first.
    hears(&mut listener, ("prices", "before")).await;
    assert_eq!(next(&mut listener).await, Heard::Gap { missed: None });
    pool.unbound().execute("select pg_notify('prices', 'after')", &[]).await.unwrap();
    hears(&mut listener, ("prices", "after")).await;
}

#[tokio::test]
async fn a_listener_that_takes_nothing_is_told_how_much_it_missed() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let mut listener = pool.listen(&["flood"]).await.unwrap();
    let flood = "select count(pg_notify('flood', g::text)) from generate_series(1, 5000) g";
    pool.unbound().query(flood, &[]).await.unwrap();
    let (mut heard, mut missed) = (0, 0);
    while heard + missed < 5000 {
        match next(&mut listener).await {
            Heard::Gap { missed: more } => missed += more.unwrap(),
            Heard::Notification { .. } => heard += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(missed > 0 && heard + missed == 5000, "{heard} {missed}");
}

#[tokio::test]
async fn a_listener_ends_with_its_pool() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let mut listener = pool.listen(&["prices"]).await.unwrap();
    assert!(timeout(Duration::from_millis(20), listener.next()).await.is_err(), "nothing was notified");
    pool.close();
    assert!(timeout(LIMIT, listener.next()).await.unwrap().unwrap_err().is_pool_closed());

    let pool = erp.pool(1).await;
    let mut listener = pool.listen(&["prices"]).await.unwrap();
    let waits = tokio::spawn(async move { listener.next().await });
    drop(pool);
    assert!(timeout(LIMIT, waits).await.unwrap().unwrap().unwrap_err().is_pool_closed());
}

#[tokio::test]
async fn what_cannot_listen_is_refused() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    assert!(pool.listen(&[]).await.unwrap_err().is_usage());
    assert!(pool.listen(&["a\0b"]).await.unwrap_err().is_usage());
    let bouncer = PgBouncer::start(erp.address()).await;
    let url = erp.app_url_through(bouncer.address().port());
    let pool = tenantry::TenantPool::connect(&url).await.unwrap();
    let error = pool.listen(&["prices"]).await.unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("pooler"), "{error}");
}

#[tokio::test]
async fn what_the_server_remarks_is_an_event() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let (spans, _guard) = Spans::listen(LevelFilter::INFO);
    let remarks =
        "do $$ begin raise notice 'as you know'; raise warning 'mind this'; raise debug 'no'; end $$";
    pool.tenant(tenant(1)).execute(remarks, &[]).await.unwrap();
    let events = spans.events().into_iter().filter(|event| event.name == "tenantry::notice");
    let told: Vec<_> =
        events.map(|event| (event.fields["severity"].clone(), event.fields["message"].clone())).collect();
    let expected = [("NOTICE", "as you know"), ("WARNING", "mind this")];
    assert_eq!(told, expected.map(|(severity, message)| (severity.to_owned(), message.to_owned())));
}
