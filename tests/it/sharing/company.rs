//! A pool with a statement under way that others follow.

use std::pin::Pin;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use futures_util::poll;
use tenantry::{Error, Row, Sharing, TenantContext, TenantPool, TenantScope};
use tokio::time::timeout;

use crate::support::erp::tenant;

/// What proves that nobody waited for a statement that sleeps a minute, on the slowest of machines.
pub(super) const LIMIT: Duration = Duration::from_secs(20);

/// Says whose it is and what it was asked with, after so many seconds. To the pool it is short, once it has been.
pub(super) const ECHO: &str = "select current_setting('app.tenant_id'), $1::bigint from pg_sleep($2::float8)";

/// The same, which fails if its number is 0.
pub(super) const DIVIDE: &str = "select current_setting('app.tenant_id'), $1::bigint / $1::bigint";

/// How often somebody may come too late to follow: the machine may have stood still for a moment.
const ATTEMPTS: usize = 200;

pub(super) type Answer = Result<Vec<Row>, Error>;

/// A statement that was sent.
pub(super) type Sent = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// The reader's scope of the n-th tenant.
pub(super) fn reader(pool: &TenantPool, n: u8) -> TenantScope {
    pool.tenant(TenantContext::new(tenant(n)).read_only())
}

/// The scope of the n-th tenant for statements that may write, and share.
pub(super) fn writer(pool: &TenantPool, n: u8) -> TenantScope {
    pool.tenant(tenant(n)).sharing(Sharing::Always)
}

pub(super) fn echo(scope: TenantScope, number: i64, seconds: f64) -> Sent {
    Box::pin(async move { scope.query(ECHO, &[&number, &seconds]).await })
}

pub(super) fn divide(scope: TenantScope, number: i64) -> Sent {
    Box::pin(async move { scope.query(DIVIDE, &[&number]).await })
}

/// Checks that an answer of [`ECHO`] is this tenant's own.
#[track_caller]
pub(super) fn is_own(answer: &Answer, n: u8, number: i64) {
    let rows = answer.as_ref().unwrap_or_else(|error| panic!("{n} fails: {error}: {error:?}"));
    let told: (String, i64) = (rows[0].get(0), rows[0].get(1));
    assert_eq!(told, (tenant(n).as_setting(), number));
}

/// Has every connection prepare the statements, and the pool know that they are short.
pub(super) async fn warm(pool: &TenantPool) {
    for _ in 0..3 {
        let open: Vec<_> = (0..pool.status().max_size).map(|_| pool.tenant(tenant(1)).begin()).collect();
        let prepared = open.iter().flat_map(|tx| [ECHO, DIVIDE].map(|sql| tx.prepare(sql)));
        timeout(LIMIT, try_join_all(prepared)).await.expect("prepare hangs").unwrap();
        for tx in open {
            tx.rollback().await.unwrap();
        }
        is_own(&echo(reader(pool, 1), 1, 0.0).await, 1, 1);
        divide(reader(pool, 1), 1).await.unwrap();
    }
}

/// Sends statements one right behind the other, until all but the first follow on the connection that it has. Where the
/// machine stood still meanwhile, all are sent again.
pub(super) async fn together(pool: &TenantPool, make: impl Fn() -> Vec<Sent>) -> Vec<Sent> {
    for _ in 0..ATTEMPTS {
        let mut sent = make();
        for statement in &mut sent {
            assert!(poll!(statement.as_mut()).is_pending(), "it has ended at once");
        }
        if pool.status().sharing == sent.len() - 1 {
            return sent;
        }
        drop(sent);
        rests(pool).await;
        warm(pool).await;
    }
    panic!("nobody was let follow in {ATTEMPTS} attempts: {:?}", pool.status());
}

/// Waits until no connection of the pool's is in use.
pub(super) async fn rests(pool: &TenantPool) {
    crate::support::eventually("all connections are idle", async || {
        let status = pool.status();
        status.available == status.size && status.sharing == 0
    })
    .await;
}

/// The answers to all of them. Who leaves a connection waits for another, so none of them is left waiting unheard.
pub(super) async fn answers(sent: Vec<Sent>) -> Vec<Answer> {
    join_all(sent.into_iter().map(answer)).await
}

pub(super) async fn answer(sent: Sent) -> Answer {
    timeout(LIMIT, sent).await.expect("it hangs")
}
