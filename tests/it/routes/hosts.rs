//! What a configuration says of hosts and servers holds on every route.

use std::net::TcpListener;
use std::time::Duration;

use tenantry::{Config, Strategy, TenantPool};
use tokio_postgres::config::{SslMode, TargetSessionAttrs};

use crate::support::erp::{APP, tenant};
use crate::support::route::{Road, Route, Way};
use crate::support::tls::Rustls;

async fn road(route: Route) -> Road {
    Way::new(route, Strategy::Implicit).open().await
}

/// A port of this machine that nobody listens on.
fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What a statement through this configuration says of its connection.
async fn says(config: Config, what: &str) -> tenantry::Result<String> {
    let builder = TenantPool::builder_from_config(config).tls(Rustls::new()).max_size(1);
    let pool = builder.wait_timeout(Duration::ZERO).build().await?;
    let row = pool.tenant(tenant(1)).query_one(&format!("select ({what})::text"), &[]).await?;
    Ok(row.get(0))
}

const IS_LOCAL: &str = "select client_addr is null from pg_stat_activity where pid = pg_backend_pid()";
const IS_ENCRYPTED: &str = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";

#[tokio::test]
async fn a_host_that_does_not_answer_is_passed_over_whatever_kind_it_is() {
    let unix = road(Route::Unix).await;
    let socket = match &unix.config(APP).get_hosts()[0] {
        tokio_postgres::config::Host::Unix(folder) => folder.clone(),
        tcp => panic!("{tcp:?} is no socket"),
    };
    let (login, port) = (|| unix.login(APP), unix.address().port());
    let mut tcp = login();
    tcp.host("127.0.0.1").port(nobody()).host("127.0.0.1").port(port);
    assert_eq!(says(tcp, IS_LOCAL).await.unwrap(), "false");
    let mut tcp_then_socket = login();
    tcp_then_socket.host("127.0.0.1").port(nobody()).host_path(&socket).port(port);
    assert_eq!(says(tcp_then_socket, IS_LOCAL).await.unwrap(), "true");
    let mut socket_then_tcp = login();
    socket_then_tcp.host_path(&socket).port(nobody()).host("127.0.0.1").port(port);
    assert_eq!(says(socket_then_tcp, IS_LOCAL).await.unwrap(), "false");
    let mut address = login();
    address.hostaddr([127, 0, 0, 1].into()).port(port);
    assert_eq!(says(address, IS_LOCAL).await.unwrap(), "false");
    let mut nowhere = login();
    nowhere.host_path(&socket).port(nobody()).host("127.0.0.1").port(nobody());
    let error = says(nowhere, IS_LOCAL).await.unwrap_err();
    assert!(error.is_connection_lost() && !error.is_in_doubt(), "{error}");
    let mut no_socket = login();
    no_socket.host_path(&socket).port(nobody());
    let line = says(no_socket, IS_LOCAL).await.unwrap_err().to_string();
    assert!(line.starts_with("no connection to the server: ") && line.contains("socket"), "{line}");
}

#[tokio::test]
async fn only_the_kind_of_server_that_is_asked_for_is_taken() {
    for route in [Route::Direct, Route::Unix] {
        let road = road(route).await;
        let asks = |attributes| {
            let mut config = road.config(APP);
            config.target_session_attrs(attributes);
            says(config, "select current_setting('transaction_read_only')")
        };
        assert_eq!(asks(TargetSessionAttrs::ReadWrite).await.unwrap(), "off", "{route:?}");
        let error = asks(TargetSessionAttrs::ReadOnly).await.unwrap_err();
        assert!(error.is_connection_lost(), "{route:?}");
        assert!(error.to_string().contains("it takes writes, and target_session_attrs"), "{error}");
        let read_only =
            format!("alter database {} set default_transaction_read_only = on", road.erp.database.name());
        road.erp.admin().await.batch_execute(&read_only).await.unwrap();
        assert_eq!(asks(TargetSessionAttrs::ReadOnly).await.unwrap(), "on", "{route:?}");
        assert!(asks(TargetSessionAttrs::ReadWrite).await.unwrap_err().is_connection_lost(), "{route:?}");
    }
}

#[tokio::test]
async fn what_else_a_configuration_says_reaches_the_server() {
    for route in [Route::Direct, Route::Unix] {
        let road = road(route).await;
        let mut config = road.config(APP);
        config.application_name("till").options("-c lock_timeout=1234");
        let settings = "select current_setting('application_name') || current_setting('lock_timeout')";
        assert_eq!(says(config, settings).await.unwrap(), "till1234ms", "{route:?}");
    }
}

/// `sslmode` means what it means to the driver, whose own negotiation is not used.
#[tokio::test]
async fn a_connection_is_encrypted_as_its_mode_asks() {
    let (plain, tls) = (road(Route::Direct).await, road(Route::Tls).await);
    let asks = |road: &Road, mode| {
        let mut config = road.login(APP);
        config.host("localhost").port(road.address().port()).ssl_mode(mode);
        says(config, IS_ENCRYPTED)
    };
    let line = asks(&plain, SslMode::Require).await.unwrap_err().to_string();
    assert!(line.ends_with("the server does not support TLS, which sslmode=require asks for"), "{line}");
    for (mode, on_plain, on_tls) in [
        (SslMode::Disable, Some("false"), Some("false")),
        (SslMode::Prefer, Some("false"), Some("true")),
        (SslMode::Require, None, Some("true")),
    ] {
        for (road, expected) in [(&plain, on_plain), (&tls, on_tls)] {
            let said = asks(road, mode).await;
            let said = said.map_err(|error| assert!(error.is_connection_lost(), "{mode:?}: {error}"));
            assert_eq!(said.ok().as_deref(), expected, "{mode:?}");
        }
    }
}
