//! Who watches sees which server has served, and why.

use tracing::level_filters::LevelFilter;

use super::{Pair, port, reads};
use crate::support::erp::tenant;
use crate::support::spans::{Seen, Spans};

fn route(span: &Seen) -> (Option<&str>, Option<u16>) {
    (span.field("tenantry.route"), span.field("server.port").map(|port| port.parse().unwrap()))
}

#[tokio::test]
async fn spans_tell_the_server_and_why_it_was_chosen() {
    let pair = Pair::shared().await;
    let (primary, replica) = (pair.primary_port(), pair.standby.port());
    let pool = pair.builder().name("erp").replica_wait(std::time::Duration::ZERO).build().await.unwrap();
    let beyond = reads(1).no_staler_than("FFFF/0".parse().unwrap());
    for (context, told, at) in [
        (reads(1), Some("replica"), replica),
        (beyond, Some("lagging"), primary),
        (reads(1).isolation_level(tenantry::IsolationLevel::Serializable), Some("serializable"), primary),
        (tenant(1).into(), None, primary),
    ] {
        let (spans, _guard) = Spans::listen(LevelFilter::DEBUG);
        let scope = pool.tenant(context);
        port(&scope).await.unwrap();
        let statement = spans.only("statement");
        assert_eq!(route(&statement), (told, Some(at)));
        assert!(statement.field("server.address").is_some());
        if told == Some("replica") {
            let checkout = spans.only("checkout");
            assert_eq!(checkout.field("db.client.connection.pool.name"), Some("erp-replica-1"));
        }
        drop(_guard);
        let (spans, _guard) = Spans::listen(LevelFilter::DEBUG);
        let tx = scope.begin();
        port(&tx).await.unwrap();
        port(&tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(route(&spans.only("transaction")), (told, Some(at)));
        let statements = spans.named("statement");
        assert_eq!(statements.len(), 3);
        for statement in &statements {
            assert_eq!(statement.field("server.port"), Some(&*at.to_string()), "{statement:?}");
        }
    }
    // A span of the service's own is left alone.
    let (spans, _guard) = Spans::listen(LevelFilter::INFO);
    let span =
        tracing::info_span!("request", server.address = "web", server.port = 80, tenantry.route = "mine");
    tracing::Instrument::instrument(port(&pool.tenant(reads(1))), span).await.unwrap();
    assert_eq!(spans.only("request").field("server.address"), Some("web"));
    assert_eq!(spans.only("request").field("tenantry.route"), Some("mine"));
}
