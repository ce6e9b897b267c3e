//! The server never sees more connections than `max_size`, whatever becomes of them.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tenantry::TenantPool;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::Client;

use super::stall::Stall;
use super::{LIMIT, backend, backends};
use crate::support::erp::{Erp, tenant};
use crate::support::eventually;

const SIZE: usize = 4;

/// How long the callers go on.
const LOAD: Duration = Duration::from_secs(3);

/// Callers who give up after 200 ms, and ask again and again for as long as this is not stopped.
struct Callers {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Callers {
    fn start(count: usize, pool: &TenantPool, sql: &'static str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let call = |pool: TenantPool, stop: Arc<AtomicBool>| async move {
            while !stop.load(Ordering::Relaxed) {
                let scope = pool.tenant(tenant(1));
                if let Ok(Ok(_)) = timeout(Duration::from_millis(200), scope.query(sql, &[])).await {
                    sleep(Duration::from_millis(5)).await;
                }
            }
        };
        let tasks = (0..count).map(|_| tokio::spawn(call(pool.clone(), Arc::clone(&stop)))).collect();
        Self { stop, tasks }
    }

    async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

/// Watches for a while, and says how many backends there were at most.
async fn most_backends(admin: &Client, mut each: impl FnMut(&[i32])) -> usize {
    let begun = Instant::now();
    let mut most = 0;
    while begun.elapsed() < LOAD {
        let now = backends(admin).await;
        each(&now);
        most = most.max(now.len());
        sleep(Duration::from_millis(20)).await;
    }
    most
}

fn signal(name: &str, pids: &[i32]) {
    let pids: Vec<String> = pids.iter().map(ToString::to_string).collect();
    assert!(Command::new("kill").arg(name).args(pids).status().unwrap().success());
}

/// Lets what was stopped go on, also where the test fails.
struct Stopped(Vec<i32>);

impl Drop for Stopped {
    fn drop(&mut self) {
        let pids = self.0.iter().map(ToString::to_string);
        let _ = Command::new("kill").arg("-CONT").args(pids).status();
    }
}

#[tokio::test]
async fn backends_that_are_stopped_keep_their_places() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    let builder = erp.builder().max_size(SIZE).drain_timeout(Duration::from_millis(20));
    let pool = builder.wait_timeout(Duration::from_millis(100)).build().await.unwrap();
    let callers = Callers::start(12, &pool, "select 1");
    let mut stopped = Stopped(Vec::new());
    let mut looks = 0;
    let most = most_backends(&admin, |now| {
        looks += 1;
        // One after the other, and each that comes in its place.
        if let (0, Some(next)) = (looks % 8, now.iter().find(|pid| !stopped.0.contains(pid))) {
            signal("-STOP", &[*next]);
            stopped.0.push(*next);
        }
    })
    .await;
    assert_eq!(stopped.0.len(), SIZE, "not all were stopped");
    assert!(most <= SIZE, "the server saw {most} connections");
    let error = pool.tenant(tenant(1)).query("select 1", &[]).await.unwrap_err();
    assert!(error.is_pool_timeout(), "{error}");
    callers.stop().await;
    drop(stopped);
    eventually("it serves again", async || pool.tenant(tenant(1)).query("select 1", &[]).await.is_ok()).await;
}

/// The next caller does not wait behind one that is canceled, and these cannot be.
#[tokio::test]
async fn statements_that_do_not_let_themselves_be_canceled_keep_their_places() {
    let erp = Erp::new().await;
    let admin = erp.admin().await;
    let stubborn = "create function erp.stubborn() returns void language plpgsql as $$
        declare until timestamptz := clock_timestamp() + interval '4 s';
        begin
            while clock_timestamp() < until loop
                begin perform pg_sleep(0.05); exception when query_canceled then null; end;
            end loop;
        end $$;
        grant execute on function erp.stubborn() to public";
    admin.batch_execute(stubborn).await.unwrap();
    let builder = erp.builder().max_size(SIZE).drain_timeout(Duration::from_millis(20));
    let pool = builder.wait_timeout(Duration::from_millis(100)).build().await.unwrap();
    let callers = Callers::start(12, &pool, "select erp.stubborn()");
    eventually("all places are taken", async || pool.status().places_taken == SIZE).await;
    let most = most_backends(&admin, |_| {}).await;
    let error = pool.tenant(tenant(1)).query("select 1", &[]).await.unwrap_err();
    callers.stop().await;
    assert!(error.is_pool_timeout(), "{error}");
    assert!(most <= SIZE, "the server saw {most} connections");
    eventually("it serves again", async || pool.tenant(tenant(1)).query("select 1", &[]).await.is_ok()).await;
}

#[tokio::test]
async fn a_pooler_that_is_stopped_is_not_stormed() {
    let erp = Erp::new().await;
    let stall = Stall::start(erp.address()).await;
    let url = erp.app_url_through(stall.port());
    let builder = TenantPool::builder(&url).max_size(SIZE).drain_timeout(Duration::from_millis(20));
    let pool = builder.build().await.unwrap();
    for callers in [0, 1] {
        // Once with connections that are there, and once with none but those that are opened.
        if callers == 1 {
            pool.refresh();
        }
        stall.stop(true);
        let before = stall.most();
        let callers = Callers::start(100, &pool, "select 1");
        sleep(LOAD / 2).await;
        callers.stop().await;
        // One for each place, and one for the cancel request of each.
        assert!(stall.most() <= 2 * SIZE, "{} connections, {before} before", stall.most());
        stall.stop(false);
        timeout(LIMIT, pool.tenant(tenant(1)).query("select 1", &[])).await.expect("it hangs").unwrap();
    }
}

#[tokio::test]
async fn what_is_opened_for_a_caller_who_gives_up_serves_the_next() {
    let erp = Erp::new().await;
    let stall = Stall::start(erp.address()).await;
    stall.stop(true);
    let pool = TenantPool::builder(&erp.app_url_through(stall.port())).build_lazy().unwrap();
    assert_eq!(stall.accepted(), 0);
    for _ in 0..20 {
        let scope = pool.tenant(tenant(1));
        timeout(Duration::from_millis(10), scope.query("select 1", &[])).await.expect_err("it is stopped");
    }
    assert!(pool.status().waiting == 0 && pool.status().places_taken == 1, "{:?}", pool.status());
    stall.stop(false);
    backend(&pool).await;
    assert_eq!(stall.accepted(), 1);
}

/// What is closed in good order is gone before there is another.
#[tokio::test]
async fn a_connection_is_closed_on_the_server_before_another_takes_its_place() {
    let erp = Erp::new().await;
    let pool = erp.builder().max_size(1).build().await.unwrap();
    let scope = pool.tenant(tenant(1));
    let count = "select count(*) from pg_stat_activity where datname = current_database() and usename = user";
    for _ in 0..30 {
        // It may leave something behind, so that its connection is closed.
        scope.execute("do $$ begin end $$", &[]).await.unwrap();
        let seen: i64 = scope.query_one(count, &[]).await.unwrap().get(0);
        assert_eq!(seen, 1, "the one before is still there");
    }
}
