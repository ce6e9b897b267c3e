//! Metrics, as a recorder gets them.

use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, SharedString, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tenantry::{Sharing, TenantContext, TenantPoolBuilder, TenantVisibility};

use crate::support::erp::{Erp, open_accounts, tenant};

/// The recorder that all tests of this process share. Their pools differ by name.
pub(super) fn recorder() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let builder =
            PrometheusBuilder::new().with_recommended_naming(true).set_buckets(&[0.001, 0.01, 0.1, 1.0]);
        let recorder = builder.unwrap().build_recorder();
        let handle = recorder.handle();
        metrics::set_global_recorder(recorder).expect("no other recorder is installed");
        handle
    })
}

/// The value of one series of a pool, which has these labels, sorted or not.
fn value(pool: &str, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
    let text = recorder().render();
    let pool = format!("db_client_connection_pool_name=\"{pool}\"");
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
    let fits = |line: &&str| {
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'))
            && line.contains(&pool)
            && labels.iter().all(|label| line.contains(label))
    };
    let mut values = text.lines().filter(fits).map(|line| line.rsplit(' ').next().unwrap().parse().unwrap());
    let first = values.next();
    assert_eq!(values.next(), None, "{name} {labels:?} is more than one series:\n{text}");
    first
}

async fn pool(
    erp: &Erp,
    name: &str,
    build: impl FnOnce(TenantPoolBuilder) -> TenantPoolBuilder,
) -> tenantry::TenantPool {
    recorder();
    build(erp.builder().name(name).max_size(1).metrics()).build().await.unwrap()
}

const OPERATIONS: &str = "db_client_operation_duration_seconds_count";

#[tokio::test]
async fn statements_count_by_operation_and_outcome() {
    let erp = Erp::new().await;
    let pool = pool(&erp, "counted", |builder| builder).await;
    open_accounts(&pool, &tenant(1), 1, 1).await;
    let scope = pool.tenant(tenant(1));
    scope.query("select id from erp.account", &[]).await.unwrap();
    scope.query("select id from erp.account", &[]).await.unwrap();
    open_accounts_again(&scope).await;
    scope.query_typed("select 1 / 0", &[]).await.unwrap_err();
    pool.tenant(1_i64).execute("delete from erp.account", &[]).await.unwrap_err();
    let count = |operation, outcome| {
        value("counted", OPERATIONS, &[("db_operation_name", operation), ("outcome", outcome)])
    };
    assert_eq!(count("SELECT", "ok"), Some(2.0));
    assert_eq!(count("INSERT", "ok"), Some(1.0));
    assert_eq!(count("INSERT", "23"), Some(1.0));
    assert_eq!(count("SELECT", "22"), Some(1.0));
    assert_eq!(count("DELETE", "usage"), Some(1.0));
    assert_eq!(count("UPDATE", "ok"), None);
}

async fn open_accounts_again(scope: &tenantry::TenantScope) {
    let error = scope.execute("insert into erp.account (id, tag) values (1, '')", &[]).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "23505");
}

#[tokio::test]
async fn connections_are_counted_and_timed() {
    let erp = Erp::new().await;
    let pool = pool(&erp, "connections", |builder| builder.wait_timeout(Duration::from_millis(20))).await;
    let value = |name: &str, labels: &[(&str, &str)]| value("connections", name, labels);
    assert_eq!(value("db_client_connection_max", &[]), Some(1.0));
    assert_eq!(value("db_client_connection_count", &[("db_client_connection_state", "idle")]), Some(1.0));
    assert_eq!(value("db_client_connection_create_time_seconds_count", &[]), Some(1.0));
    assert_eq!(value("db_client_connection_timeouts_total", &[]), Some(0.0));
    let tx = pool.tenant(tenant(1)).begin();
    tx.query("select 1", &[]).await.unwrap();
    let error = pool.tenant(tenant(1)).begin().query("select 1", &[]).await.unwrap_err();
    assert!(error.is_pool_timeout());
    assert_eq!(value("db_client_connection_timeouts_total", &[]), Some(1.0));
    let used = || value("db_client_connection_use_time_seconds_count", &[]).unwrap();
    let before = used();
    tx.commit().await.unwrap();
    assert!((used() - before - 1.0).abs() < 0.5, "one more use has ended");
    assert!(value("db_client_connection_wait_time_seconds_count", &[]).unwrap() >= 2.0);
    assert_eq!(value("tenantry_transaction_duration_seconds_count", &[("outcome", "ok")]), Some(1.0));
}

#[tokio::test]
async fn what_was_abandoned_shared_or_run_again_is_counted() {
    let erp = Erp::new().await;
    let pool = pool(&erp, "events", |builder| builder).await;
    let value = |name: &str, labels: &[(&str, &str)]| value("events", name, labels);
    let scope = pool.tenant(TenantContext::new(tenant(1)).read_only()).sharing(Sharing::Reads);
    let read = "select id from erp.account";
    scope.query(read, &[]).await.unwrap();
    futures_util::future::join_all((0..64).map(|_| scope.query(read, &[])))
        .await
        .into_iter()
        .for_each(|rows| drop(rows.unwrap()));
    assert!(value("tenantry_statement_shared_total", &[]).unwrap() >= 1.0);

    let tx = pool.tenant(tenant(1)).begin();
    tx.query("select 1", &[]).await.unwrap();
    drop(tx);
    pool.tenant(tenant(1)).begin().query("select 1", &[]).await.unwrap();
    assert!(value("tenantry_connection_drained_total", &[("result", "clean")]).unwrap() >= 1.0);

    let mut first = true;
    pool.tenant(tenant(1))
        .transact(|tx| {
            let fails = std::mem::take(&mut first);
            async move {
                let sql = "do $$ begin raise exception 'again' using errcode = '40P01'; end $$";
                if fails { tx.execute(sql, &[]).await.map(drop) } else { Ok(()) }
            }
        })
        .await
        .unwrap();
    assert_eq!(value("tenantry_transaction_retries_total", &[("outcome", "40P01")]), Some(1.0));
}

#[tokio::test]
async fn the_system_door_is_counted_by_the_class_of_the_reason() {
    let erp = Erp::new().await;
    let pool = pool(&erp, "door", |builder| builder).await;
    for day in 1..4 {
        pool.system(format!("nightly: day {day}")).unwrap().query("select 1", &[]).await.unwrap();
    }
    let accesses = value("door-system", "tenantry_system_accesses_total", &[("reason", "nightly")]);
    assert_eq!(accesses, Some(3.0));
}

#[tokio::test]
async fn a_refused_role_is_counted() {
    let erp = Erp::new().await;
    recorder();
    let error = tenantry::TenantPool::builder(&erp.database.url()).name("refused").metrics().build().await;
    assert!(error.unwrap_err().is_role_refused());
    assert_eq!(value("refused", "tenantry_role_refusals_total", &[]), Some(1.0));
}

#[tokio::test]
async fn few_tenants_have_a_series_of_their_own() {
    let erp = Erp::new().await;
    let build =
        |builder: TenantPoolBuilder| builder.metrics_of_tenants(1).tenant_visibility(TenantVisibility::Plain);
    let pool = pool(&erp, "top", build).await;
    for n in 0..60_u8 {
        pool.tenant(tenant(1)).query("select 1", &[]).await.unwrap();
        pool.tenant(tenant(n + 2)).query("select 1", &[]).await.unwrap();
    }
    let count = |tenant: &str| {
        value("top", "tenantry_tenant_operation_duration_seconds_count", &[("tenant", tenant)])
    };
    let (own, others) = (count(&tenant(1).as_setting()).unwrap(), count("other").unwrap());
    assert!(own > others / 2.0 && (own + others - 120.0).abs() < 0.5, "{own} {others}");
    assert_eq!(count(&tenant(2).as_setting()), None);
}

#[tokio::test]
async fn tenants_that_are_hidden_cannot_be_measured() {
    let erp = Erp::new().await;
    let error = erp.builder().metrics_of_tenants(3).build_lazy().unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("tenant_visibility"), "{error}");
}

#[tokio::test]
async fn nothing_is_measured_that_nobody_asked_for() {
    let erp = Erp::new().await;
    recorder();
    let pool = erp.builder().name("unasked").build().await.unwrap();
    pool.tenant(tenant(1)).query("select 1", &[]).await.unwrap();
    assert!(!recorder().render().contains("unasked"));
}

/// A recorder that stands still when it is first told how long something took, until it is let go.
#[derive(Clone, Default)]
struct StandingStill(Arc<(Mutex<Progress>, Condvar)>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Progress {
    #[default]
    Begun,
    Stands,
    LetGo,
}

impl StandingStill {
    fn set(&self, progress: Progress) {
        *self.0.0.lock().unwrap() = progress;
        self.0.1.notify_all();
    }

    fn wait_for(&self, progress: Progress) {
        let guard = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(guard, |found| *found < progress).unwrap());
    }
}

impl HistogramFn for StandingStill {
    fn record(&self, _: f64) {
        if *self.0.0.lock().unwrap() == Progress::Begun {
            self.set(Progress::Stands);
            self.wait_for(Progress::LetGo);
        }
    }
}

impl metrics::Recorder for StandingStill {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(self.clone()))
    }
}

/// Whoever tells it waits. The connection is free by then, and no lock of the pool's is held.
#[test]
fn a_recorder_that_stands_still_keeps_nobody_else_from_the_pool() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mine = runtime();
    let (erp, pool) = mine.block_on(async {
        let erp = Erp::new().await;
        let pool = pool(&erp, "stands-still", |builder| builder).await;
        (erp, pool)
    });
    let recorder = StandingStill::default();
    let theirs = std::thread::spawn({
        let (pool, recorder) = (pool.clone(), recorder.clone());
        move || {
            metrics::with_local_recorder(&recorder, || {
                runtime().block_on(pool.tenant(tenant(1)).query_one("select 1", &[])).map(drop)
            })
        }
    });
    // The connection's own task runs here, and has to answer them.
    mine.block_on(async {
        let stands = tokio::task::spawn_blocking({
            let recorder = recorder.clone();
            move || recorder.wait_for(Progress::Stands)
        });
        stands.await.unwrap();
        for _ in 0..3 {
            pool.tenant(tenant(2)).query_one("select 1", &[]).await.unwrap();
        }
    });
    assert_eq!(*recorder.0.0.lock().unwrap(), Progress::Stands);
    recorder.set(Progress::LetGo);
    theirs.join().unwrap().unwrap();
    drop(erp);
}
