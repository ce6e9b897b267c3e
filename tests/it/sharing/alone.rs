//! What has its connection alone, and what holds where it has not.

use std::time::Duration;

use futures_util::poll;
use tenantry::{IsolationLevel, Sharing, Strategy, TenantContext, TenantPool};

use super::company::{ECHO, LIMIT, Sent, answer, echo, is_own, reader, rests, together, warm, writer};
use crate::support::erp::{Erp, open_accounts, tenant};
use crate::support::route::{Route, Way};

/// Sends a statement behind one that is under way on the only connection, and tells whether it waits in the queue.
async fn waits(pool: &TenantPool, make: impl Fn() -> Sent) -> bool {
    let mut first = echo(reader(pool, 1), 1, 0.003);
    assert!(poll!(first.as_mut()).is_pending());
    let mut second = make();
    assert!(poll!(second.as_mut()).is_pending());
    let status = pool.status();
    assert_eq!(status.waiting + status.sharing, 1, "{status:?}");
    is_own(&answer(first).await, 1, 1);
    answer(second).await.unwrap();
    rests(pool).await;
    status.waiting == 1
}

/// Whether it is so each time: a machine that has stood still lets nobody follow.
async fn always_waits(pool: &TenantPool, make: impl Fn() -> Sent) -> bool {
    for _ in 0..20 {
        if !waits(pool, &make).await {
            return false;
        }
    }
    true
}

#[tokio::test]
async fn what_may_write_or_reach_beyond_its_transaction_does_not_share() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    warm(&pool).await;
    assert!(!always_waits(&pool, || echo(reader(&pool, 2), 2, 0.0)).await, "readers do not share");
    assert!(
        !always_waits(&pool, || echo(writer(&pool, 2), 2, 0.0)).await,
        "who may write does not share when told to"
    );
    let query = |context: TenantContext, sql: &'static str| -> Sent {
        let scope = pool.tenant(context);
        Box::pin(async move { scope.query(sql, &[]).await })
    };
    let reads = || TenantContext::new(tenant(2)).read_only();
    for (what, make) in [
        ("one that may write", &(|| echo(pool.tenant(tenant(2)), 2, 0.0)) as &dyn Fn() -> Sent),
        ("one that is told not to", &|| echo(reader(&pool, 2).sharing(Sharing::Never), 2, 0.0)),
        ("one with an isolation level", &|| {
            let context = reads().isolation_level(IsolationLevel::RepeatableRead);
            echo(pool.tenant(context), 2, 0.0)
        }),
        ("an advisory lock", &|| query(reads(), "select pg_advisory_xact_lock(7)")),
        ("a setting", &|| query(reads(), "select set_config('app.note', 'x', true)")),
        ("one that sleeps", &|| query(reads(), "select pg_sleep(0.02)")),
        ("a transaction", &|| {
            let tx = reader(&pool, 2).begin();
            Box::pin(async move { tx.query(ECHO, &[&2_i64, &0_f64]).await })
        }),
        ("an unprepared one", &|| {
            let scope = reader(&pool, 2);
            Box::pin(async move { scope.query_typed("select 1", &[]).await })
        }),
        ("a stream", &|| {
            let scope = reader(&pool, 2);
            Box::pin(async move {
                let mut rows = scope.query_raw("select 1", &[]).await?;
                while rows.try_next().await?.is_some() {}
                Ok(Vec::new())
            })
        }),
    ] {
        assert!(always_waits(&pool, make).await, "{what} shares");
    }
}

#[tokio::test]
async fn nothing_shares_where_the_strategy_is_another() {
    for strategy in [Strategy::Explicit, Strategy::ExplicitSetLocal] {
        let road = Way::new(Route::Direct, strategy).shared().open().await;
        let pool = road.builder().max_size(1).build().await.unwrap();
        warm(&pool).await;
        assert!(always_waits(&pool, || echo(reader(&pool, 2), 2, 0.0)).await, "{strategy:?}");
    }
}

const ADD: &str = "update erp.account set balance = balance + 1 where id = $1 returning tag, id";

fn add(pool: &TenantPool, id: i64) -> Sent {
    let scope = pool.tenant(tenant(1));
    Box::pin(async move { scope.query(ADD, &[&id]).await })
}

/// Has a connection that is not in use prepare both statements, and the pool know that they are short.
async fn warm_one(pool: &TenantPool) {
    let tx = pool.tenant(tenant(1)).begin();
    for sql in [ADD, ECHO] {
        tx.prepare(sql).await.unwrap();
    }
    tx.rollback().await.unwrap();
    for _ in 0..12 {
        answer(add(pool, 2)).await.unwrap();
        is_own(&answer(echo(pool.tenant(tenant(1)), 1, 0.0)).await, 1, 1);
    }
}

/// Sends one that waits for the lock of row 1, and behind it one of the caller who holds the lock.
async fn behind_a_lock(pool: &TenantPool) -> Vec<Sent> {
    for _ in 0..100 {
        warm_one(pool).await;
        let mut sent = vec![add(pool, 1), echo(pool.tenant(tenant(1)), 1, 0.0)];
        for statement in &mut sent {
            assert!(poll!(statement.as_mut()).is_pending(), "it has ended at once");
        }
        if pool.status().sharing == 1 {
            return sent;
        }
        // The machine has stood still.
        drop(sent);
    }
    panic!("nobody was let follow: {:?}", pool.status());
}

/// Each waits for the other, which the server cannot see. `lock_timeout` ends it.
#[tokio::test]
async fn who_writes_and_shares_can_wait_for_itself_until_a_limit_ends_it() {
    let erp = Erp::new().await;
    let limit = Duration::from_millis(300);
    let pool = erp.builder().max_size(2).sharing(Sharing::Always).lock_timeout(limit).build().await.unwrap();
    open_accounts(&pool, &tenant(1), 1, 3).await;
    let holder = pool.tenant(tenant(1)).begin();
    holder.query(ADD, &[&1_i64]).await.unwrap();
    let mut sent = behind_a_lock(&pool).await;
    let (first, own) = (sent.remove(0), sent.remove(0));
    // The holder waits for its own statement before it goes on.
    let (first, own) = tokio::join!(answer(first), answer(own));
    assert_eq!(first.unwrap_err().code().unwrap().code(), "55P03");
    is_own(&own, 1, 1);
    holder.commit().await.unwrap();
}

/// Where only readers share, the holder's own statement has a connection of its own.
#[tokio::test]
async fn nobody_waits_for_itself_where_only_readers_share() {
    let erp = Erp::new().await;
    let pool = erp.builder().max_size(3).lock_timeout(LIMIT).build().await.unwrap();
    open_accounts(&pool, &tenant(1), 1, 3).await;
    let holder = pool.tenant(tenant(1)).begin();
    holder.query(ADD, &[&1_i64]).await.unwrap();
    warm_one(&pool).await;
    let mut waiting = add(&pool, 1);
    assert!(poll!(waiting.as_mut()).is_pending());
    is_own(&answer(echo(pool.tenant(tenant(1)), 1, 0.0)).await, 1, 1);
    is_own(&answer(echo(reader(&pool, 1), 1, 0.0)).await, 1, 1);
    holder.commit().await.unwrap();
    answer(waiting).await.unwrap();
}

/// Each is a transaction of its own.
#[tokio::test]
async fn what_is_written_behind_others_stays() {
    let erp = Erp::new().await;
    let pool = erp.builder().max_size(1).sharing(Sharing::Always).build().await.unwrap();
    warm(&pool).await;
    let insert = |n: u8, id: i64| -> Sent {
        let scope = pool.tenant(tenant(n));
        Box::pin(async move {
            let tag = tenant(n).as_setting();
            scope
                .query("insert into erp.account (id, tag) values ($1, $2) returning tag, id", &[&id, &tag])
                .await
        })
    };
    for id in 1..=3 {
        insert(9, id).await.unwrap();
    }
    let next = std::sync::atomic::AtomicI64::new(100);
    let id = || next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let sent = together(&pool, || vec![insert(1, id()), insert(2, id()), insert(3, id())]).await;
    for (n, sent) in (1..=3).zip(sent) {
        let rows = answer(sent).await.unwrap();
        assert_eq!(rows[0].get::<_, String>(0), tenant(n).as_setting());
    }
    rests(&pool).await;
    let admin = erp.admin().await;
    let wrong = "select count(*) from erp.account where tag <> tenant_id::text";
    assert_eq!(admin.query_one(wrong, &[]).await.unwrap().get::<_, i64>(0), 0);
}
