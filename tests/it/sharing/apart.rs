//! What becomes of one statement is nothing to the others on its connection.

use std::time::Duration;

use futures_util::poll;
use tenantry::{TenantPool, TenantScope};
use tokio_postgres::Client;

use super::company::{Sent, answer, answers, divide, echo, is_own, reader, rests, together, warm, writer};
use crate::support::erp::{Erp, tenant};
use crate::support::eventually;
use crate::support::route::{ROUTES, Route, Way};
use crate::support::swallower::Swallower;

async fn pool_of_one() -> (Erp, TenantPool) {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    warm(&pool).await;
    (erp, pool)
}

const ONLY: &str = "select pid from pg_stat_activity
    where datname = current_database() and usename = 'tenantry_it_app' and state = $1";

/// The process that serves the pool's only connection, once it is in this state.
async fn backend(admin: &Client, state: &str) -> i32 {
    let only = async || {
        let found = admin.query(ONLY, &[&state]).await.unwrap();
        if let [row] = &found[..] { Some(row.get(0)) } else { None }
    };
    eventually("the pool's connection is as it is to be", async || only().await.is_some()).await;
    only().await.expect("it stays so")
}

#[tokio::test]
async fn each_gets_its_own_answer_as_its_own_tenant() {
    for route in ROUTES.into_iter().chain([Route::PgBouncerNamed]) {
        let road = Way::new(route, tenantry::Strategy::Implicit).open().await;
        let pool = road.builder().max_size(1).build().await.unwrap();
        warm(&pool).await;
        let sent =
            together(&pool, || (1..=20).map(|n| echo(reader(&pool, n), i64::from(n) * 7, 0.0)).collect())
                .await;
        for (n, answer) in (1..=20).zip(answers(sent).await) {
            is_own(&answer, n, i64::from(n) * 7);
        }
        assert_eq!(pool.status().size, 1, "{route:?}");
    }
}

#[tokio::test]
async fn an_error_is_that_of_one_statement() {
    let (_erp, pool) = pool_of_one().await;
    let sent = together(&pool, || {
        (0..9)
            .map(|n| {
                if n % 3 == 0 { divide(reader(&pool, n + 1), 0) } else { echo(reader(&pool, n + 1), 5, 0.0) }
            })
            .collect()
    })
    .await;
    for (n, answer) in (0..9).zip(answers(sent).await) {
        if n % 3 == 0 {
            assert_eq!(answer.unwrap_err().code().unwrap().code(), "22012");
        } else {
            is_own(&answer, n + 1, 5);
        }
    }
}

#[tokio::test]
async fn who_is_dropped_takes_nobody_along_and_its_answer_goes_to_nobody() {
    let (erp, pool) = pool_of_one().await;
    let admin = erp.admin().await;
    let before = backend(&admin, "idle").await;
    for dropped in 0..4 {
        let mut sent =
            together(&pool, || (0..4).map(|n| echo(reader(&pool, n + 1), i64::from(n), 0.0)).collect()).await;
        drop(sent.remove(dropped));
        let others = (0..4).filter(|n| usize::from(*n) != dropped);
        for (n, answer) in others.zip(answers(sent).await) {
            is_own(&answer, n + 1, i64::from(n));
        }
        is_own(&answer(echo(reader(&pool, 9), 99, 0.0)).await, 9, 99);
    }
    rests(&pool).await;
    assert_eq!(backend(&admin, "idle").await, before, "the connection was given up");
}

/// They only read, so they are served on another connection.
#[tokio::test]
async fn who_follows_one_that_does_not_end_leaves_it() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    warm(&pool).await;
    let mut sent = together(&pool, || {
        let mut sent = vec![echo(reader(&pool, 1), 1, 60.0)];
        sent.extend((2..=5).map(|n| echo(reader(&pool, n), i64::from(n), 0.0)));
        sent
    })
    .await;
    // The first one is abandoned, and canceled once nobody else is on its connection.
    drop(sent.remove(0));
    for (n, answer) in (2..=5).zip(answers(sent).await) {
        is_own(&answer, n, i64::from(n));
    }
}

/// What kept them can have been the machine's doing, so they do not wait for a connection each.
#[tokio::test]
async fn who_leaves_follows_again_elsewhere() {
    let erp = Erp::new().await;
    let pool = erp.pool(2).await;
    warm(&pool).await;
    let held = pool.tenant(tenant(9)).begin();
    held.query("select 1", &[]).await.unwrap();
    let mut sent = together(&pool, || {
        let mut sent = vec![echo(reader(&pool, 1), 1, 60.0)];
        sent.extend((2..=5).map(|n| echo(reader(&pool, n), i64::from(n), 0.0)));
        sent
    })
    .await;
    let endless = sent.remove(0);
    while pool.status().waiting < 4 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        for statement in &mut sent {
            assert!(poll!(statement.as_mut()).is_pending(), "there is no connection");
        }
    }
    held.commit().await.unwrap();
    // Nothing else runs meanwhile, so nobody has an answer yet.
    for statement in &mut sent {
        assert!(poll!(statement.as_mut()).is_pending(), "nothing was answered");
    }
    assert_eq!(pool.status().sharing, 3, "{:?}", pool.status());
    for (n, answer) in (2..=5).zip(answers(sent).await) {
        is_own(&answer, n, i64::from(n));
    }
    drop(endless);
}

/// Statements behind one that does not end, on a connection that is lost then.
async fn lost(pool: &TenantPool, admin: &Client, scope: fn(&TenantPool, u8) -> TenantScope) -> Vec<Sent> {
    let sent = together(pool, || {
        let mut sent = vec![echo(scope(pool, 1), 1, 60.0)];
        sent.extend((2..=5).map(|n| echo(scope(pool, n), i64::from(n), 0.0)));
        sent
    })
    .await;
    let pid = backend(admin, "active").await;
    admin.execute("select pg_terminate_backend($1)", &[&pid]).await.unwrap();
    sent
}

#[tokio::test]
async fn who_only_reads_is_served_elsewhere_when_the_connection_is_lost() {
    let (erp, pool) = pool_of_one().await;
    let admin = erp.admin().await;
    let sent = lost(&pool, &admin, reader).await;
    let mut answers = answers(sent).await;
    let first = answers.remove(0).unwrap_err();
    assert!(first.is_connection_lost() && !first.is_in_doubt(), "{first}");
    for (n, answer) in (2..=5).zip(answers) {
        is_own(&answer, n, i64::from(n));
    }
}

/// Each with its own truth: what was written may have run.
#[tokio::test]
async fn who_writes_hears_that_the_connection_is_lost() {
    let (erp, pool) = pool_of_one().await;
    let admin = erp.admin().await;
    let sent = lost(&pool, &admin, writer).await;
    for answer in answers(sent).await {
        let error = answer.unwrap_err();
        assert!(error.is_connection_lost() && error.is_in_doubt(), "{error}");
    }
}

/// A cancel request for the first one that arrives when the second runs.
#[tokio::test]
async fn nobody_hears_of_a_cancel_request_for_somebody_else() {
    const CANCEL: &str = "select pg_cancel_backend(pid) from pg_stat_activity
        where datname = current_database() and usename = 'tenantry_it_app' and state = 'active'";
    let (erp, pool) = pool_of_one().await;
    let admin = erp.admin().await;
    let mut hits = 0;
    for _ in 0..300 {
        let mut sent = together(&pool, || {
            vec![
                echo(reader(&pool, 1), 1, 0.0),
                echo(reader(&pool, 2), 2, 0.015),
                echo(reader(&pool, 3), 3, 0.0),
            ]
        })
        .await;
        is_own(&answer(sent.remove(0)).await, 1, 1);
        hits += admin.query(CANCEL, &[]).await.unwrap().len();
        for (n, answer) in (2..=3).zip(answers(sent).await) {
            is_own(&answer, n, i64::from(n));
        }
        rests(&pool).await;
        warm(&pool).await;
        if hits >= 5 {
            return;
        }
    }
    panic!("no cancel request met a statement");
}

/// Its own limit it does hear of.
#[tokio::test]
async fn a_limit_of_its_own_ends_a_statement_and_no_other() {
    let (_erp, pool) = pool_of_one().await;
    let limited = || {
        let context = tenantry::TenantContext::new(tenant(2)).read_only();
        pool.tenant(context.statement_timeout(Duration::from_millis(5)))
    };
    let sent = together(&pool, || {
        vec![echo(reader(&pool, 1), 1, 0.0), echo(limited(), 2, 60.0), echo(reader(&pool, 3), 3, 0.0)]
    })
    .await;
    let answers = answers(sent).await;
    is_own(&answers[0], 1, 1);
    let error = answers[1].as_ref().unwrap_err();
    assert!(error.is_canceled(), "{error}");
    is_own(&answers[2], 3, 3);
}

/// A table is altered under the statements that are prepared.
#[tokio::test]
async fn what_is_stale_is_prepared_anew_elsewhere() {
    let (erp, pool) = pool_of_one().await;
    let admin = erp.admin().await;
    let sql = "select * from erp.stage";
    let read = |n: u8| -> Sent {
        let scope = reader(&pool, n);
        Box::pin(async move { scope.query(sql, &[]).await })
    };
    for round in 0..3 {
        for _ in 0..3 {
            read(1).await.unwrap();
        }
        let sent = together(&pool, || {
            vec![echo(reader(&pool, 1), 1, 0.0), read(2), read(3), echo(reader(&pool, 4), 4, 0.0)]
        });
        let sent = sent.await;
        drop(sent);
        rests(&pool).await;
        admin.batch_execute(&format!("alter table erp.stage add column c{round} text")).await.unwrap();
        let sent = together(&pool, || {
            vec![echo(reader(&pool, 1), 1, 0.0), read(2), read(3), echo(reader(&pool, 4), 4, 0.0)]
        })
        .await;
        let answers = answers(sent).await;
        is_own(&answers[0], 1, 1);
        for answer in &answers[1..3] {
            assert_eq!(answer.as_ref().unwrap().len(), 0);
        }
        is_own(&answers[3], 4, 4);
    }
}

/// A server that leaves an answer out: from then on nobody can tell whose the others are.
#[tokio::test]
async fn who_follows_where_an_answer_is_missing_is_served_elsewhere() {
    let erp = Erp::new().await;
    let swallower = Swallower::start(erp.address()).await;
    let url = erp.app_url_through(swallower.port());
    let pool = TenantPool::builder(&url).max_size(1).build().await.unwrap();
    warm(&pool).await;
    let sent = together(&pool, || {
        let mut sent = vec![echo(reader(&pool, 1), 1, 0.005)];
        sent.extend((2..=5).map(|n| echo(reader(&pool, n), i64::from(n), 0.0)));
        sent
    })
    .await;
    swallower.swallow(0);
    let answers = answers(sent).await;
    if let Err(error) = &answers[0] {
        assert!(error.is_connection_lost() && !error.is_in_doubt(), "{error}");
    }
    for (n, answer) in (2..=5).zip(&answers[1..]) {
        is_own(answer, n, i64::from(n));
    }
}
