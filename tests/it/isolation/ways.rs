//! The load on each way, and a look at whether its checker would notice.

use tenantry::Strategy;

use super::{Load, isolated, opened, operations};
use crate::support::route::{ROUTES, Route, Way};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tenant_meets_another_under_load() {
    isolated(Way::new(Route::Direct, Strategy::Implicit), operations()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tenant_meets_another_on_shared_connections() {
    isolated(Way::new(Route::Direct, Strategy::Implicit).shared(), operations()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tenant_meets_another_on_shared_connections_over_tls() {
    isolated(Way::new(Route::Tls, Strategy::Implicit).shared(), operations() / 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tenant_meets_another_on_shared_connections_through_a_unix_socket() {
    isolated(Way::new(Route::Unix, Strategy::Implicit).shared(), operations() / 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tenant_meets_another_on_shared_connections_through_pgbouncer() {
    isolated(Way::new(Route::PgBouncer, Strategy::Implicit).shared(), operations() / 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tenant_meets_another_on_shared_connections_through_pgbouncer_with_names() {
    isolated(Way::new(Route::PgBouncerNamed, Strategy::Implicit).shared(), operations() / 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tenant_meets_another_under_load_explicitly() {
    isolated(Way::new(Route::Direct, Strategy::Explicit), operations() / 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tenant_meets_another_under_load_with_set_local() {
    isolated(Way::new(Route::Direct, Strategy::ExplicitSetLocal), operations() / 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tenant_meets_another_under_load_over_tls() {
    isolated(Way::new(Route::Tls, Strategy::Implicit), operations() / 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tenant_meets_another_under_load_over_tls_explicitly() {
    isolated(Way::new(Route::Tls, Strategy::Explicit), operations() / 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tenant_meets_another_under_load_through_a_unix_socket() {
    isolated(Way::new(Route::Unix, Strategy::Implicit), operations() / 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tenant_meets_another_under_load_through_pgbouncer() {
    isolated(Way::new(Route::PgBouncer, Strategy::Implicit), operations() / 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tenant_meets_another_under_load_through_pgbouncer_explicitly() {
    isolated(Way::new(Route::PgBouncer, Strategy::Explicit), operations() / 10).await;
}

/// The checker itself, on each route: without the policies it has to find what the load does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_policies_the_checker_finds_violations() {
    for route in ROUTES {
        let (road, pool) = opened(Way::new(route, Strategy::default())).await;
        let admin = road.erp.admin().await;
        admin.batch_execute("alter table erp.account disable row level security").await.unwrap();
        let load = Load::new(pool, 4_000);
        load.run(0xbad).await;
        let violations = load.violations.lock().unwrap();
        for kind in ["read", "write", "trespass", "stream"] {
            let noticed = violations.iter().any(|violation| violation.starts_with(kind));
            assert!(noticed, "no {kind} was noticed on route {route:?}");
        }
    }
}
