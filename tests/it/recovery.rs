//! What a pool does when its connections die under it: it replaces those that are idle, and repeats
//! nothing that the server may have heard.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tenantry::{Error, IsolationLevel, TenantContext, TenantPool, testing};
use tokio::time::timeout;

use crate::support::erp::{Erp, open_accounts, tenant};
use crate::support::proxy::Proxy;

const LIMIT: Duration = Duration::from_secs(20);
const INSERT: &str = "insert into erp.stage values ('once')";
const COUNT: &str = "select count(*) from erp.stage";

/// Checks all connections out at a time, and says which backends serve them.
async fn backends(pool: &TenantPool) -> Result<Vec<i32>, Error> {
    let mut open = Vec::new();
    let mut backends = Vec::new();
    for n in 0..pool.status().max_size {
        let tx = pool.tenant(tenant(u8::try_from(n).unwrap() + 1)).begin();
        let row = tx.query_one("select pg_backend_pid(), count(*) from erp.account", &[]).await?;
        assert_eq!(row.get::<_, i64>(1), i64::from(n == 0), "tenant {n} sees another's account");
        backends.push(row.get(0));
        open.push(tx);
    }
    for tx in open {
        tx.commit().await?;
    }
    Ok(backends)
}

/// Idle connections that died are replaced at checkout, and no caller hears of it.
#[tokio::test]
async fn a_pool_recovers_by_itself_when_the_server_was_restarted() {
    let mut erp = Erp::on(testing::Server::builder().start_local().await.unwrap()).await;
    let pool = erp.pool(3).await;
    open_accounts(&pool, &tenant(1), 1, 1).await;
    // Without a checkpoint, what is written here could be lost with the server.
    erp.admin().await.batch_execute("checkpoint").await.unwrap();
    for _ in 0..2 {
        let before = backends(&pool).await.unwrap();
        assert_eq!(pool.status().available, 3);
        erp.server().restart().await.unwrap();
        let after = timeout(LIMIT, backends(&pool)).await.unwrap().expect("a caller met a dead connection");
        assert!(before.iter().all(|backend| !after.contains(backend)), "{before:?}, {after:?}");
        assert_eq!(pool.status().size, 3);
    }
}

/// While there is no server, callers hear of it in time, and the pool is whole when there is one again.
#[tokio::test]
async fn a_pool_outlives_the_time_without_a_server() {
    let mut erp = Erp::on(testing::Server::builder().start_local().await.unwrap()).await;
    let pool = erp.builder().max_size(2).wait_timeout(Duration::from_millis(100)).build().await.unwrap();
    open_accounts(&pool, &tenant(1), 1, 1).await;
    erp.admin().await.batch_execute("checkpoint").await.unwrap();
    let open = pool.tenant(tenant(1)).begin();
    open.query(COUNT, &[]).await.unwrap();
    erp.server().stop().await.unwrap();
    let error = timeout(LIMIT, open.commit()).await.expect("the commit hangs").unwrap_err();
    assert!(error.is_connection_lost(), "{error}");
    for _ in 0..4 {
        let error = timeout(LIMIT, backends(&pool)).await.expect("a caller hangs").unwrap_err();
        assert!(error.is_connection_lost(), "{error}");
    }
    erp.server().start().await.unwrap();
    backends(&pool).await.unwrap();
}

struct Cut {
    erp: Erp,
    proxy: Proxy,
    pool: TenantPool,
}

impl Cut {
    /// The connection breaks once the server has got a COMMIT, and nobody hears its answer.
    async fn after_commit() -> Self {
        Self::after("COMMIT").await
    }

    /// The same after a statement that has no parameters and its Sync.
    async fn after_statement() -> Self {
        Self::after("E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04").await
    }

    async fn after(words: &str) -> Self {
        let erp = Erp::new().await;
        let proxy = Proxy::start(erp.address()).await;
        let url = erp.app_url_through(proxy.port());
        let pool = TenantPool::builder(&url).max_size(1).build().await.unwrap();
        // Prepares the insert.
        let tx = pool.tenant(tenant(1)).begin();
        tx.execute(INSERT, &[]).await.unwrap();
        tx.rollback().await.unwrap();
        proxy.cut_after(words);
        Self { erp, proxy, pool }
    }

    /// The server has run it once, nothing was repeated, the caller knows that it cannot know, and
    /// the pool serves again.
    async fn was_in_doubt(self, error: Error) {
        assert!(error.is_in_doubt() && error.is_connection_lost(), "{error}");
        assert!(!error.is_retryable(), "{error}");
        self.proxy.never_cut();
        let scope = self.pool.tenant(tenant(2));
        let row = timeout(LIMIT, scope.query_one(COUNT, &[])).await.unwrap().unwrap();
        assert_eq!(row.get::<_, i64>(0), 1);
        let admin = self.erp.admin().await;
        assert_eq!(admin.query_one(COUNT, &[]).await.unwrap().get::<_, i64>(0), 1);
    }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_in_doubt_and_not_repeated() {
    let cut = Cut::after_commit().await;
    let tx = cut.pool.tenant(tenant(1)).begin();
    tx.execute(INSERT, &[]).await.unwrap();
    let error = timeout(LIMIT, tx.commit()).await.expect("the commit hangs").unwrap_err();
    cut.was_in_doubt(error).await;
}

#[tokio::test]
async fn a_single_statement_whose_answer_is_lost_is_in_doubt_and_not_repeated() {
    let cut = Cut::after_statement().await;
    let scope = cut.pool.tenant(tenant(1));
    let error = timeout(LIMIT, scope.execute(INSERT, &[])).await.expect("it hangs").unwrap_err();
    cut.was_in_doubt(error).await;
}

/// A single statement in the form that ends with a COMMIT of its own.
#[tokio::test]
async fn a_single_statement_whose_commit_is_not_answered_is_in_doubt_and_not_repeated() {
    let cut = Cut::after_commit().await;
    let context = TenantContext::new(tenant(1)).isolation_level(IsolationLevel::RepeatableRead);
    let scope = cut.pool.tenant(context);
    let error = timeout(LIMIT, scope.execute(INSERT, &[])).await.expect("it hangs").unwrap_err();
    cut.was_in_doubt(error).await;
}

#[tokio::test]
async fn transact_does_not_repeat_what_is_in_doubt() {
    let cut = Cut::after_commit().await;
    let runs = AtomicUsize::new(0);
    let counted = &runs;
    let scope = cut.pool.tenant(tenant(1));
    let work = scope.transact(|tx| async move {
        counted.fetch_add(1, Ordering::Relaxed);
        tx.execute(INSERT, &[]).await
    });
    let error = timeout(LIMIT, work).await.expect("it hangs").unwrap_err();
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    cut.was_in_doubt(error).await;
}

/// The first statement was abandoned, so that its commit is the first to wait for the opening too.
#[tokio::test]
async fn a_commit_that_waits_for_the_opening_too_is_in_doubt() {
    let cut = Cut::after_commit().await;
    let tx = cut.pool.tenant(tenant(1)).begin();
    let mut first = Box::pin(tx.execute(INSERT, &[]));
    assert!(futures_util::poll!(&mut first).is_pending());
    drop(first);
    let error = timeout(LIMIT, tx.commit()).await.expect("the commit hangs").unwrap_err();
    cut.was_in_doubt(error).await;
}

/// What no answer can be ends the connection. The caller hears what was expected and what came, and
/// the next one gets an answer of its own.
#[tokio::test]
async fn an_answer_that_breaks_the_protocol_loses_its_connection_and_says_why() {
    let erp = Erp::new().await;
    let proxy = Proxy::start(erp.address()).await;
    let url = erp.app_url_through(proxy.port());
    for (from, to, why) in [
        ("Z\0\0\0\x05I", "Y\0\0\0\x05I", "expected ReadyForQuery, got a message of the unknown type 0x59"),
        ("Z\0\0\0\x05I", "Z\0\0\0\x09I", "expected ReadyForQuery, got ReadyForQuery of 9 bytes"),
        ("Z\0\0\0\x05I", "C\0\0\0\x05I", "expected ReadyForQuery, got CommandComplete"),
        (
            "C\0\0\0\rSELECT 1",
            "Z\0\0\0\rSELECT 1",
            "expected rows or CommandComplete, got ReadyForQuery of 13 bytes",
        ),
        ("D\0\0\0", "W\0\0\0", "expected rows or CommandComplete, got CopyBothResponse"),
    ] {
        let pool = TenantPool::builder(&url).max_size(1).build().await.unwrap();
        let scope = pool.tenant(tenant(2));
        scope.query_one(COUNT, &[]).await.unwrap();
        proxy.edit(from, to);
        let error = timeout(LIMIT, scope.query_one(COUNT, &[])).await.expect("it hangs").unwrap_err();
        let line = format!(
            "the statement failed: the server or a pooler broke the protocol: {why}; the connection was closed"
        );
        assert_eq!(error.to_string(), line);
        assert!(error.is_connection_lost() && error.is_in_doubt(), "{error:?}");
        proxy.clear_edits();
        let row = timeout(LIMIT, scope.query_one("select 7", &[])).await.expect("it hangs").unwrap();
        assert_eq!(row.get::<_, i32>(0), 7);
    }
}
