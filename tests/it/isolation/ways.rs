//! The load on each way, and a look at whether its checker would notice.

use tenantry::Strategy;

use super::{Load, isolated, opened, operations};
use crate::support::route::{ROUTES, Route, Way};

/// A test for each way, with this part of the operations.
macro_rules! no_tenant_meets_another {
    (faults: $faults:literal; $($name:ident: $way:expr, 1 / $part:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            isolated($way, operations() / $part, $faults).await;
        }
    )*};
}

mod no_tenant_meets_another_under_load {
    use super::*;

    no_tenant_meets_another! {
        faults: false;
        directly: Way::new(Route::Direct, Strategy::Implicit), 1 / 1;
        directly_explicitly: Way::new(Route::Direct, Strategy::Explicit), 1 / 10;
        directly_with_set_local: Way::new(Route::Direct, Strategy::ExplicitSetLocal), 1 / 10;
        over_tls: Way::new(Route::Tls, Strategy::Implicit), 1 / 10;
        over_tls_explicitly: Way::new(Route::Tls, Strategy::Explicit), 1 / 10;
        through_a_unix_socket: Way::new(Route::Unix, Strategy::Implicit), 1 / 10;
        through_pgbouncer: Way::new(Route::PgBouncer, Strategy::Implicit), 1 / 10;
        through_pgbouncer_explicitly: Way::new(Route::PgBouncer, Strategy::Explicit), 1 / 10;
    }
}

mod no_tenant_meets_another_on_shared_connections {
    use super::*;

    no_tenant_meets_another! {
        faults: false;
        directly: Way::new(Route::Direct, Strategy::Implicit).shared(), 1 / 1;
        over_tls: Way::new(Route::Tls, Strategy::Implicit).shared(), 1 / 10;
        through_a_unix_socket: Way::new(Route::Unix, Strategy::Implicit).shared(), 1 / 10;
        through_pgbouncer: Way::new(Route::PgBouncer, Strategy::Implicit).shared(), 1 / 10;
        through_pgbouncer_with_names: Way::new(Route::PgBouncerNamed, Strategy::Implicit).shared(), 1 / 10;
    }
}

mod no_tenant_meets_another_while_the_server_takes_connections_away {
    use super::*;

    no_tenant_meets_another! {
        faults: true;
        directly: Way::new(Route::Direct, Strategy::Implicit), 1 / 10;
        directly_where_all_share: Way::new(Route::Direct, Strategy::Implicit).shared(), 1 / 10;
        over_tls_where_all_share: Way::new(Route::Tls, Strategy::Implicit).shared(), 1 / 20;
        through_pgbouncer: Way::new(Route::PgBouncer, Strategy::Implicit), 1 / 20;
        through_pgbouncer_where_all_share: Way::new(Route::PgBouncerNamed, Strategy::Implicit).shared(), 1 / 20;
    }
}

/// The checker itself, on each route: without the policies it has to find what the load does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_policies_the_checker_finds_violations() {
    for route in ROUTES {
        let (road, pool) = opened(Way::new(route, Strategy::default())).await;
        let admin = road.erp.admin().await;
        admin.batch_execute("alter table erp.account disable row level security").await.unwrap();
        let load = Load::new(pool, 4_000, false);
        load.run(0xbad).await;
        let violations = load.violations.lock().unwrap();
        for kind in ["read", "write", "trespass", "stream"] {
            let noticed = violations.iter().any(|violation| violation.starts_with(kind));
            assert!(noticed, "no {kind} was noticed on route {route:?}");
        }
    }
}
