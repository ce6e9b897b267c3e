//! COPY TO as a transaction of its own, which a response can hold.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use tenantry::{Result, Strategy, TenantContext, TenantPool, TenantScope};

use super::{backend, code};
use crate::support::erp::{Erp, open_accounts, tenant};
use crate::support::log::Log;
use crate::support::pgbouncer::PgBouncer;
use crate::support::proxy::{Proxy, flights};

const OUT: &str = "copy (select id from erp.account order by id) to stdout";

/// More than the driver and the sockets between keep.
const MANY: &str = "copy (select repeat('x', 1000) from generate_series(1, 100000)) to stdout";

/// As a web framework takes a body.
fn body(
    data: impl Stream<Item = Result<Bytes>> + Send + 'static,
) -> impl Stream<Item = Result<Bytes>> + Send {
    data.boxed()
}

async fn read(scope: &TenantScope, sql: &str) -> Result<String> {
    let data: Vec<Bytes> = body(scope.copy_out(sql).await?).try_collect().await?;
    Ok(String::from_utf8(data.concat()).unwrap())
}

#[tokio::test]
async fn a_download_is_one_flight_and_a_transaction_of_its_own() {
    for (strategy, said) in [(Strategy::Implicit, "BE BES"), (Strategy::Explicit, "Q BES BES Q")] {
        let erp = Erp::new().await;
        let proxy = Proxy::start(erp.address()).await;
        let url = erp.app_url_through(proxy.port());
        let builder = TenantPool::builder(&url).strategy(strategy).max_size(1);
        let pool =
            builder.check_idle_after(Duration::MAX).recheck_role_after(Duration::MAX).build().await.unwrap();
        open_accounts(&pool, &tenant(1), 1, 3).await;
        open_accounts(&pool, &tenant(2), 1, 2).await;
        assert_eq!(read(&pool.tenant(tenant(1)), OUT).await.unwrap(), "1\n2\n3\n");
        let (text, counts) = proxy.count(read(&pool.tenant(tenant(2)), OUT)).await;
        assert_eq!((text.unwrap().as_str(), counts), ("1\n2\n", flights(1, &said.replace(' ', ""))));
        assert_eq!(pool.status().available, 1);
    }
}

/// The scope, the pool and the task that began it may be gone.
#[tokio::test]
async fn a_download_outlives_what_has_begun_it() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    open_accounts(&pool, &tenant(1), 1, 3).await;
    let data = {
        let pool = pool.clone();
        tokio::spawn(async move { pool.tenant(tenant(1)).copy_out(OUT).await }).await.unwrap().unwrap()
    };
    drop(pool);
    let read = tokio::spawn(body(data).try_collect::<Vec<Bytes>>()).await.unwrap().unwrap();
    assert_eq!(read.concat(), b"1\n2\n3\n");
}

/// Left off, it goes to the drain, and nobody else sees anything of it.
#[tokio::test]
async fn a_download_that_is_left_off_gives_its_data_to_nobody_else() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let scope = pool.tenant(tenant(1));
    for _ in 0..3 {
        let mut data = scope.copy_out(MANY).await.unwrap();
        assert!(data.try_next().await.unwrap().is_some());
        drop(data);
        assert_eq!(scope.query_scalar::<i32>("select 5", &[]).await.unwrap(), 5);
    }
    let before = backend(&pool).await;
    // What was on its way to its end costs no connection.
    drop(scope.copy_out(OUT).await.unwrap());
    assert_eq!(backend(&pool).await, before);
}

#[tokio::test]
async fn a_download_that_fails_says_so_and_costs_no_connection() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let scope = pool.tenant(tenant(1));
    let before = backend(&pool).await;
    for (sql, wanted) in [
        ("copy erp.no_table to stdout", "42P01"),
        ("copy (select 1 / 0) to stdout", "22012"),
        ("copy (select 1 / (3 - g) from generate_series(1, 5) g) to stdout", "22012"),
    ] {
        let error = read(&scope, sql).await.unwrap_err();
        assert!(code(&error) == wanted && !error.is_in_doubt(), "{sql}: {error}");
    }
    for sql in ["copy erp.stage from stdin", "select 1", "copy erp.stage to '/tmp/x'", "commit"] {
        assert!(scope.copy_out(sql).await.map(drop).unwrap_err().is_usage(), "{sql}");
    }
    assert!(pool.tenant(7_i64).copy_out(OUT).await.map(drop).unwrap_err().is_usage());
    // A COPY is prepared, and so may be out of date.
    let all = "copy erp.account to stdout";
    open_accounts(&pool, &tenant(1), 1, 1).await;
    assert_eq!(read(&scope, all).await.unwrap().trim_end().split('\t').count(), 4);
    erp.admin().await.batch_execute("alter table erp.account add column more text").await.unwrap();
    assert_eq!(read(&scope, all).await.unwrap().trim_end().split('\t').count(), 5);
    assert_eq!(backend(&pool).await, before);
}

/// What a limit cuts off after it has begun is told in the log, where an operator can find it: whoever is served from it
/// sees an end.
#[tokio::test]
async fn what_is_cut_off_by_a_limit_is_told_in_the_log() {
    let erp = Erp::new().await;
    let pool = erp.pool(1).await;
    let slow = "select repeat('secret', 2000) from generate_series(1, 5000), pg_sleep(0.01)
        where pg_sleep(0.005) is not null";
    let copy = format!("copy ({slow}) to stdout");
    let by_server = TenantContext::new(tenant(1)).statement_timeout(Duration::from_secs(1));
    let by_call = TenantContext::new(tenant(1)).timeout(Duration::from_millis(1_500));
    for (context, limit) in [(by_server, "limit=1s"), (by_call, "limit=1.5s")] {
        for how in 0..4 {
            let (log, _listening) = Log::listen(tracing::Level::WARN);
            let scope = pool.tenant(context.clone());
            let tx = scope.begin();
            let error = match how {
                0 => scope.query_raw(slow, &[]).await.unwrap().try_collect::<Vec<_>>().await.map(drop),
                1 => scope.copy_out(&copy).await.unwrap().try_collect::<Vec<_>>().await.map(drop),
                2 => tx.query_raw(slow, &[]).await.unwrap().try_collect::<Vec<_>>().await.map(drop),
                _ => tx.copy_out(&copy).await.unwrap().try_collect::<Vec<_>>().await.map(drop),
            };
            let error = error.unwrap_err();
            drop(tx);
            assert_eq!(code(&error), "57014", "{how}: {error}");
            let text = log.text();
            let what =
                if how % 2 == 0 { "a stream of rows was cut off" } else { "the data of a COPY was cut off" };
            assert!(text.contains(what) && text.contains(limit) && text.contains("WARN"), "{how}: {text}");
            assert!(!text.contains("secret") && !text.contains(&tenant(1).as_setting()), "{text}");
        }
    }
    // One that fails by itself is its caller's to tell, and so is one that has not begun.
    let (log, _listening) = Log::listen(tracing::Level::WARN);
    let scope = pool.tenant(tenant(1));
    assert!(read(&scope, "copy (select 1 / (3 - g) from generate_series(1, 5) g) to stdout").await.is_err());
    assert!(scope.timeout(Duration::from_millis(200)).query("select pg_sleep(60)", &[]).await.is_err());
    assert!(!log.text().contains("cut off"), "{}", log.text());
}

#[tokio::test]
async fn a_download_behind_a_pooler_is_refused() {
    let erp = Erp::new().await;
    let bouncer = PgBouncer::start(erp.address()).await;
    let pool = TenantPool::connect(&erp.app_url_through(bouncer.address().port())).await.unwrap();
    let error = pool.tenant(tenant(1)).copy_out(OUT).await.unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("pooler"), "{error}");
    let tx = pool.tenant(tenant(1)).begin();
    let mut data = tx.copy_out(OUT).await.unwrap();
    assert!(data.try_next().await.unwrap().is_none());
    drop(data);
    tx.commit().await.unwrap();
}
