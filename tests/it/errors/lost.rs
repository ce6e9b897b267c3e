//! What is lost and what is in doubt: what the transport or the server's last words say, and what
//! was written and may have been run.

use std::error::Error as _;

use tenantry::{Error, Strategy, TenantContext, TenantPool, TenantTransaction, testing};

use super::says;
use crate::support::erp::{APP, Erp, open_accounts, tenant};
use crate::support::eventually;
use crate::support::pgbouncer::PgBouncer;
use crate::support::proxy::Proxy;

const INSERT: &str = "insert into erp.stage values ('once')";
const COUNT: &str = "select count(*) from erp.stage";
const BACKEND: &str = "select pg_backend_pid()";

async fn backend(pool: &TenantPool) -> i32 {
    pool.tenant(tenant(1)).query_one(BACKEND, &[]).await.unwrap().get(0)
}

fn code(error: &Error) -> &str {
    error.code().map_or("", |code| code.code())
}

/// All that an error says, from its line down to its last source.
fn chain(error: &Error) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        told = format!("{told}: {source}");
        next = source.source();
    }
    told
}

/// Ends a backend, and waits until it has ended. What it said as it left is there by then.
async fn end(erp: &Erp, backend: i32) {
    let admin = erp.admin().await;
    let terminate = "select pg_terminate_backend($1)";
    admin.query(terminate, &[&backend]).await.unwrap();
    gone(erp, backend).await;
}

async fn gone(erp: &Erp, backend: i32) {
    let admin = erp.admin().await;
    eventually("the backend ends", async || {
        let left = "select count(*) from pg_stat_activity where pid = $1";
        admin.query_one(left, &[&backend]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await;
}

/// A foreign server's error, or one that a function raises, leaves the connection as it is.
#[tokio::test]
async fn no_sqlstate_of_an_ordinary_error_loses_a_connection() {
    let erp = Erp::new().await;
    let raise = "create function erp.raise(code text) returns void language plpgsql
        as $$ begin raise exception 'x' using errcode = code; end $$";
    erp.admin().await.batch_execute(raise).await.unwrap();
    for strategy in [Strategy::Implicit, Strategy::Explicit] {
        let pool = erp.builder().max_size(1).strategy(strategy).build().await.unwrap();
        let before = backend(&pool).await;
        for raised in
            ["08000", "08001", "08003", "08006", "08P01", "57P01", "57P02", "57P03", "57P05", "25P03"]
        {
            let raise = format!("select erp.raise('{raised}')");
            let scope = pool.tenant(tenant(1));
            let single = scope.execute(&raise, &[]).await.unwrap_err();
            let single_typed = scope.execute_typed(&raise, &[]).await.unwrap_err();
            let tx = scope.begin();
            let in_transaction = tx.execute(&raise, &[]).await.unwrap_err();
            let commit = tx.commit().await.unwrap_err();
            for error in [single, single_typed, in_transaction, commit] {
                assert_eq!(code(&error), raised, "{error}");
                assert!(!error.is_connection_lost() && !error.is_in_doubt(), "{error}");
                assert!(!error.to_string().contains("ended the connection"), "{error}");
            }
            assert_eq!(backend(&pool).await, before, "{raised}");
        }
    }
}

async fn begun(pool: &TenantPool) -> (TenantTransaction, i32) {
    let tx = pool.tenant(tenant(1)).begin();
    tx.execute(INSERT, &[]).await.unwrap();
    let backend = tx.query_one(BACKEND, &[]).await.unwrap().get(0);
    (tx, backend)
}

#[tokio::test]
async fn a_commit_that_was_never_sent_is_not_in_doubt_and_tells_the_servers_last_words() {
    let erp = Erp::new().await;
    for strategy in [Strategy::Implicit, Strategy::Explicit] {
        let pool = erp.builder().max_size(1).strategy(strategy).build().await.unwrap();
        let (tx, pid) = begun(&pool).await;
        end(&erp, pid).await;
        let error = tx.commit().await.unwrap_err();
        says(&error, &["the commit was not sent: the server ended the connection (SQLSTATE 57P01)"]);
        says(&error, &["an administrator's command", "nothing took effect"]);
        assert!(error.is_connection_lost() && !error.is_in_doubt(), "{error}");
        assert_eq!(code(&error), "57P01");
        assert!(chain(&error).contains("terminating connection due to administrator command"), "{error:?}");
        let rows = pool.tenant(tenant(1)).query_one(COUNT, &[]).await.unwrap();
        assert_eq!(rows.get::<_, i64>(0), 0);
    }
}

#[tokio::test]
async fn a_transaction_that_was_idle_for_too_long_says_so() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let (tx, pid) = begun(&pool).await;
    tx.execute("set local idle_in_transaction_session_timeout = 1", &[]).await.unwrap();
    gone(&erp, pid).await;
    let error = tx.query(COUNT, &[]).await.unwrap_err();
    says(&error, &["the server ended the connection (SQLSTATE 25P03)"]);
    says(&error, &["idle for longer than idle_in_transaction_session_timeout"]);
    let commit = tx.commit().await.unwrap_err();
    for error in [error, commit] {
        assert!(error.is_connection_lost() && !error.is_in_doubt() && code(&error) == "25P03", "{error}");
        assert!(chain(&error).contains("FATAL"), "{error:?}");
    }
}

struct Cut {
    erp: Erp,
    proxy: Proxy,
    pool: TenantPool,
}

impl Cut {
    async fn new() -> Self {
        let erp = Erp::new().await;
        let proxy = Proxy::start(erp.address()).await;
        let pool = TenantPool::builder(&erp.app_url_through(proxy.port())).max_size(1).build().await.unwrap();
        open_accounts(&pool, &tenant(1), 1, 1).await;
        Self { erp, proxy, pool }
    }

    async fn written(&self) -> i64 {
        self.erp.admin().await.query_one(COUNT, &[]).await.unwrap().get(0)
    }
}

#[tokio::test]
async fn a_transaction_of_which_a_statement_had_failed_is_not_in_doubt() {
    let cut = Cut::new().await;
    let tx = cut.pool.tenant(tenant(1)).begin();
    tx.execute(INSERT, &[]).await.unwrap();
    assert_eq!(code(&tx.query("select 1/0", &[]).await.unwrap_err()), "22012");
    cut.proxy.cut_after("ROLLBACK");
    let error = tx.commit().await.unwrap_err();
    assert!(!error.is_in_doubt() && code(&error) == "22012", "{error}");
    assert_eq!(cut.written().await, 0);
}

/// Nobody has read the error of the statement; the probe ahead of the COMMIT hears of it, and the
/// connection is lost behind that.
#[tokio::test]
async fn what_the_probe_says_of_a_transaction_is_not_in_doubt() {
    let cut = Cut::new().await;
    let tx = cut.pool.tenant(tenant(1)).begin();
    tx.execute(INSERT, &[]).await.unwrap();
    tx.prepare("select 1/0").await.unwrap();
    let mut failing = Box::pin(tx.query("select 1/0", &[]));
    assert!(futures_util::poll!(&mut failing).is_pending());
    drop(failing);
    cut.proxy.edit("C\0\0\0\x0dROLLBACK", "Y\0\0\0\x0dROLLBACK");
    let error = tx.commit().await.unwrap_err();
    cut.proxy.clear_edits();
    assert!(!error.is_in_doubt() && code(&error) == "25P02", "{error}");
    assert_eq!(cut.written().await, 0);
}

/// The end of a request of a statement without parameters.
const STATEMENT: &str = "E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04";

#[tokio::test]
async fn what_could_not_write_is_not_in_doubt() {
    let cut = Cut::new().await;
    let reading = TenantContext::new(tenant(1)).read_only();
    for (context, in_doubt) in [(reading.clone(), false), (TenantContext::new(tenant(1)), true)] {
        let scope = cut.pool.tenant(context);
        scope.query(COUNT, &[]).await.unwrap();
        cut.proxy.cut_after(STATEMENT);
        let error = scope.query(COUNT, &[]).await.unwrap_err();
        cut.proxy.never_cut();
        assert!(error.is_connection_lost() && error.is_in_doubt() == in_doubt, "{error}");
        if !in_doubt {
            says(&error, &["nothing was written, as the transaction was read-only"]);
        }
    }
    let tx = cut.pool.tenant(reading).begin();
    tx.query(COUNT, &[]).await.unwrap();
    cut.proxy.cut_after("COMMIT");
    let error = tx.commit().await.unwrap_err();
    assert!(error.is_connection_lost() && !error.is_in_doubt(), "{error}");
}

#[tokio::test]
async fn a_row_that_cannot_be_decoded_is_neither_lost_nor_in_doubt() {
    let cut = Cut::new().await;
    let before = backend(&cut.pool).await;
    let scope = cut.pool.tenant(tenant(1));
    scope.query(COUNT, &[]).await.unwrap();
    // A value that is longer than its row.
    cut.proxy.edit("D\0\0\0\x12\0\x01\0\0\0\x08", "D\0\0\0\x12\0\x01\0\0\0\x09");
    let single = scope.query(COUNT, &[]).await.unwrap_err();
    let tx = scope.begin();
    let in_transaction = tx.query(COUNT, &[]).await.unwrap_err();
    cut.proxy.clear_edits();
    tx.rollback().await.unwrap();
    for error in [single, in_transaction] {
        says(&error, &["the statement failed: its answer cannot be decoded"]);
        assert!(!error.is_connection_lost() && !error.is_in_doubt(), "{error}");
    }
    assert_eq!(backend(&cut.pool).await, before);
}

/// PgBouncer speaks for a server that is gone, without the field that tells its severity.
#[tokio::test]
async fn what_pgbouncer_says_of_a_lost_server_loses_the_connection() {
    let erp = Erp::on(testing::Server::builder().start_local().await.unwrap()).await;
    let pgbouncer = PgBouncer::start(erp.address()).await;
    let pool = TenantPool::builder(&erp.app_url_through(pgbouncer.address().port()))
        .statements(tenantry::StatementMode::Unnamed)
        .max_size(1)
        .build()
        .await
        .unwrap();
    let (tx, pid) = begun(&pool).await;
    end(&erp, pid).await;
    let idle = tx.query(COUNT, &[]).await.unwrap_err();
    drop(tx);
    assert!(idle.is_connection_lost() && !idle.is_in_doubt(), "{}", chain(&idle));
    let scope = pool.tenant(tenant(1));
    let (ended, error) = tokio::join!(
        async {
            let admin = erp.admin().await;
            let asleep = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                where usename = $1 and wait_event = 'PgSleep'";
            eventually("the statement sleeps", async || {
                admin.query_one(asleep, &[&APP]).await.unwrap().get::<_, i64>(0) > 0
            })
            .await;
        },
        scope.query("select pg_sleep(600)", &[])
    );
    let () = ended;
    let error = error.unwrap_err();
    assert!(error.is_connection_lost(), "{}", chain(&error));
    scope.query(COUNT, &[]).await.unwrap();
}
