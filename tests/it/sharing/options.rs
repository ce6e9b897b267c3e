//! How sharing is set up and shown, and what bounds it.

use std::sync::Arc;

use futures_util::poll;
use tenantry::{Sharing, TenantPool};
use tracing::Level;

use super::company::{Sent, answers, echo, is_own, reader, rests, together, warm};
use crate::support::erp::{Erp, tenant};
use crate::support::log::Log;

#[tokio::test]
async fn a_depth_that_makes_no_sense_is_refused() {
    let erp = Erp::new().await;
    for depth in [0, 1025] {
        let error = erp.builder().sharing_depth(depth).build().await.unwrap_err();
        assert!(error.is_usage());
        assert_eq!(
            error.to_string(),
            format!(
                "a sharing_depth of {depth} is not between 1 and 1024; 1 has each statement alone on its connection"
            )
        );
    }
}

#[tokio::test]
async fn the_pool_and_its_log_say_how_it_shares() {
    let erp = Erp::new().await;
    let (log, _guard) = Log::listen(Level::INFO);
    let pool = erp.builder().sharing_depth(7).build().await.unwrap();
    let shown = format!("{pool:?}");
    assert!(shown.contains("sharing: Reads, sharing_depth: 7, sharing_width: 16"), "{shown}");
    assert!(shown.contains("sharing: 0"), "{shown}");
    let line = log.text();
    assert!(line.contains("sharing=Reads sharing_depth=7 sharing_width=16"), "{line}");
}

/// The second and later ones follow where a width is reached, though other connections are idle, and what shares nothing has those.
#[tokio::test]
async fn no_more_connections_are_shared_than_the_width_says() {
    let erp = Erp::new().await;
    let error = erp.builder().sharing_width(0).build().await.unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("a sharing_width of 0"), "{error}");
    for width in [1, 2, 4] {
        let pool = erp.builder().max_size(4).sharing_width(width).build().await.unwrap();
        assert!(format!("{pool:?}").contains(&format!("sharing_width: {width}")), "{pool:?}");
        warm(&pool).await;
        let mut reached = false;
        for _ in 0..20 {
            let mut sent: Vec<Sent> = (1..=6).map(|n| echo(reader(&pool, n), 1, 0.0)).collect();
            for sent in &mut sent {
                assert!(poll!(sent.as_mut()).is_pending());
            }
            let status = pool.status();
            reached |= status.size - status.available == width && status.sharing == 6 - width;
            let alone = pool.tenant(tenant(7));
            let (served, answers) = tokio::join!(alone.query("select 1", &[]), answers(sent));
            served.unwrap();
            for (n, answer) in (1..=6).zip(&answers) {
                is_own(answer, n, 1);
            }
            rests(&pool).await;
        }
        assert!(reached, "a width of {width} was never reached");
        pool.close().await;
    }
}

async fn pool(depth: usize, sharing: Sharing) -> (Erp, TenantPool) {
    let erp = Erp::new().await;
    let pool = erp.builder().max_size(1).sharing(sharing).sharing_depth(depth).build().await.unwrap();
    warm(&pool).await;
    (erp, pool)
}

#[tokio::test]
async fn no_more_follow_than_the_depth_says() {
    for (depth, sharing) in [(3, Sharing::Reads), (1, Sharing::Reads), (32, Sharing::Never)] {
        let (_erp, pool) = pool(depth, sharing).await;
        let most = if sharing == Sharing::Never { 0 } else { depth - 1 };
        let mut reached = false;
        for _ in 0..20 {
            let mut sent: Vec<Sent> = (1..=6).map(|n| echo(reader(&pool, n), 1, 0.0)).collect();
            for sent in &mut sent {
                assert!(poll!(sent.as_mut()).is_pending());
            }
            let status = pool.status();
            assert!(status.sharing <= most && status.sharing + status.waiting == 5, "{status:?}");
            reached |= status.sharing == most;
            // All at once: who leaves the connection waits for another, which one that is not heard yet may hold.
            for (n, answer) in (1..=6).zip(&answers(sent).await) {
                is_own(answer, n, 1);
            }
            rests(&pool).await;
        }
        assert!(reached, "a depth of {depth} was never reached");
    }
}

/// Long ones among short ones: all are served, each rightly.
#[tokio::test]
async fn long_statements_and_long_answers_hurt_nobody() {
    const LENGTH: &str = "select current_setting('app.tenant_id'), length($1::text)::bigint";
    const ROW: &str = "select current_setting('app.tenant_id'), $1::bigint, repeat('x', $2::int)";
    let (_erp, pool) = pool(32, Sharing::Reads).await;
    let many = format!(
        "select current_setting('app.tenant_id'), coalesce({})",
        (1..=60_000).map(|n| format!("${n}::bigint")).collect::<Vec<_>>().join(",")
    );
    let length = |n: u8, text: &Arc<String>| -> Sent {
        let (scope, text) = (reader(&pool, n), Arc::clone(text));
        Box::pin(async move { scope.query(LENGTH, &[&*text]).await })
    };
    let (short, long) = (Arc::new("x".repeat(3)), Arc::new("x".repeat(100 << 20)));
    let row = |n: u8, number: i64, length: i32| -> Sent {
        let scope = reader(&pool, n);
        Box::pin(async move { scope.query(ROW, &[&number, &length]).await })
    };
    for _ in 0..3 {
        is_own(&length(1, &short).await, 1, 3);
        is_own(&row(1, 5, 1).await, 1, 5);
    }
    let numbers: Vec<i64> = (0..60_000).collect();
    let params: Vec<&(dyn tenantry::types::ToSql + Sync)> = numbers.iter().map(|n| n as _).collect();
    is_own(&reader(&pool, 6).query(&many, &params).await, 6, 0);
    let follow = |n: u8| echo(reader(&pool, n), i64::from(n), 0.0);
    let sent = together(&pool, || vec![follow(1), follow(2), length(3, &long)]).await;
    for ((n, number), answer) in [(1, 1), (2, 2), (3, 100 << 20)].into_iter().zip(answers(sent).await) {
        is_own(&answer, n, number);
    }
    rests(&pool).await;
    // The connection may be another one, on which nobody follows with what it has not prepared.
    is_own(&row(1, 5, 1).await, 1, 5);
    let sent = together(&pool, || vec![follow(1), row(2, 2, 100 << 20), follow(3), follow(4)]).await;
    for (n, answer) in (1..=4).zip(answers(sent).await) {
        is_own(&answer, n, i64::from(n));
    }
}
