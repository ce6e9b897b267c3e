//! A server that takes no connections at the moment is waited for.

use std::net::TcpListener as StdListener;
use std::time::Duration;

use tenantry::TenantPool;
use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};

use super::stall::Stall;
use super::{LIMIT, backend};
use crate::support::erp::{APP, Erp, tenant};
use crate::support::eventually;

fn nobody() -> u16 {
    StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_pool_waits_for_a_server_that_nobody_listens_for_yet() {
    let erp = Erp::new().await;
    let port = nobody();
    let url = erp.app_url_through(port);
    let starts = async {
        sleep(Duration::from_millis(200)).await;
        Stall::on(TcpListener::bind(("127.0.0.1", port)).await.unwrap(), erp.address())
    };
    let (pool, _stall) = tokio::join!(TenantPool::builder(&url).max_size(1).build(), starts);
    backend(&pool.unwrap()).await;
}

#[tokio::test]
async fn a_pool_waits_for_a_server_that_starts_as_long_as_it_may() {
    let erp = Erp::new().await;
    let stall = Stall::start(erp.address()).await;
    let builder = TenantPool::builder(&erp.app_url_through(stall.port())).max_size(1);
    stall.is_starting_for(3);
    backend(&builder.clone().build().await.unwrap()).await;
    assert_eq!(stall.accepted(), 4);
    // An error of the server's, and not that time was too short.
    for (limit, least) in [(Duration::ZERO, 1), (Duration::from_millis(300), 3)] {
        stall.is_starting_for(usize::MAX);
        let before = stall.accepted();
        let error = builder.clone().wait_timeout(limit).build().await.unwrap_err();
        assert_eq!(error.code().map(|code| code.code()), Some("57P03"), "{error}");
        assert!(error.is_connection_lost() && !error.is_pool_timeout(), "{error}");
        let attempts = stall.accepted() - before;
        assert!(attempts >= least && attempts <= 20, "{attempts} attempts");
    }
}

#[tokio::test]
async fn a_pool_waits_for_a_server_that_resets_connections_as_it_stops() {
    let erp = Erp::new().await;
    let stall = Stall::start(erp.address()).await;
    let builder = TenantPool::builder(&erp.app_url_through(stall.port())).max_size(1);
    stall.resets(3);
    backend(&builder.clone().build().await.unwrap()).await;
    assert_eq!(stall.accepted(), 4);
    stall.resets(usize::MAX);
    let error = builder.wait_timeout(Duration::ZERO).build().await.unwrap_err();
    assert!(error.is_connection_lost() && !error.is_pool_timeout(), "{error}");
}

#[tokio::test]
async fn a_pool_waits_for_a_server_that_is_full() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    let limit = |limit: i32| format!("alter database {} connection limit {limit}", erp.database.name());
    let pool = TenantPool::builder(&erp.app_url()).max_size(2).build().await.unwrap();
    admin.batch_execute(&limit(1)).await.unwrap();
    let tx = pool.tenant(tenant(1)).begin();
    tx.query("select 1", &[]).await.unwrap();
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { pool.tenant(tenant(2)).query("select 1", &[]).await.map(drop) }
    });
    sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished(), "{:?}", waiting.await);
    admin.batch_execute(&limit(-1)).await.unwrap();
    timeout(LIMIT, waiting).await.expect("it hangs").unwrap().unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_lazy_pool_sends_nothing_and_hears_of_its_role_at_the_first_statement() {
    let erp = Erp::new().await;
    let stall = Stall::start(erp.address()).await;
    let builder = TenantPool::builder(&erp.app_url_through(stall.port())).wait_timeout(Duration::ZERO);
    let pool = builder.clone().build_lazy().unwrap();
    assert!(format!("{pool:?}").contains("settled: false"), "{pool:?}");
    assert_eq!(stall.accepted(), 0);
    backend(&pool).await;
    assert!(format!("{pool:?}").contains("settled: true"), "{pool:?}");

    let superuser = TenantPool::builder(&erp.database.url()).build_lazy().unwrap();
    let error = superuser.tenant(tenant(1)).query("select 1", &[]).await.unwrap_err();
    assert!(error.is_role_refused(), "{error}");
    let error = TenantPool::builder("postgresql:///erp").build_lazy().unwrap_err();
    assert!(error.is_usage(), "{error}");
    let outside = std::thread::spawn(move || builder.build_lazy().map(drop));
    assert!(outside.join().unwrap().unwrap_err().is_usage());

    let port = nobody();
    let early = TenantPool::builder(&erp.app_url_through(port)).build_lazy().unwrap();
    let starts = async {
        sleep(Duration::from_millis(100)).await;
        Stall::on(TcpListener::bind(("127.0.0.1", port)).await.unwrap(), erp.address())
    };
    let (served_by, _stall) = tokio::join!(backend(&early), starts);
    let admin = erp.admin().await;
    let sql = "select usename::text from pg_stat_activity where pid = $1";
    assert_eq!(admin.query_one(sql, &[&served_by]).await.unwrap().get::<_, String>(0), APP);
    drop(early);
    eventually("its connection is closed", async || {
        admin.query_opt(sql, &[&served_by]).await.unwrap().is_none()
    })
    .await;
}
