//! What TLS is for: nobody else is taken for the server.

use tenantry::{Strategy, TenantPool};
use tokio_postgres::config::ChannelBinding;

use crate::support::erp::APP;
use crate::support::route::{Road, Route, Way};
use crate::support::tls::Rustls;
use crate::support::turnstile::Turnstile;

async fn road() -> Road {
    Way::new(Route::Tls, Strategy::default()).open().await
}

#[tokio::test]
async fn a_certificate_of_an_authority_that_nobody_knows_is_refused() {
    let road = road().await;
    let builder = TenantPool::builder_from_config(road.config(APP));
    let error = builder.clone().tls(Rustls::distrustful()).build().await.unwrap_err();
    assert!(error.is_connection_lost(), "{error}");
    builder.tls(Rustls::new()).build().await.unwrap();
}

#[tokio::test]
async fn a_server_whose_certificate_has_another_name_is_refused() {
    let road = road().await;
    for (name, is_taken) in [("localhost", true), ("tenantry.invalid", false)] {
        let mut config = road.login(APP);
        config.host(name).hostaddr([127, 0, 0, 1].into()).port(road.address().port());
        let built = TenantPool::builder_from_config(config).tls(Rustls::new()).build().await;
        assert_eq!(built.map_err(|error| assert!(error.is_connection_lost(), "{error}")).is_ok(), is_taken);
    }
}

#[tokio::test]
async fn a_pool_without_a_connector_does_not_go_on_in_plain_text() {
    let road = road().await;
    let error = TenantPool::builder_from_config(road.config(APP)).build().await.unwrap_err();
    assert!(error.is_connection_lost(), "{error}");
    assert!(error.to_string().ends_with("set one with TenantPoolBuilder::tls"), "{error}");
}

/// A certificate that is trusted is not enough: the proof of the password is bound to the channel,
/// which ends in the wrong place here.
#[tokio::test]
async fn scram_is_bound_to_the_channel() {
    let road = road().await;
    let between = Turnstile::start_with_tls(road.address()).await;
    for (binding, is_taken) in [(ChannelBinding::Prefer, true), (ChannelBinding::Require, false)] {
        let mut config = road.login(APP);
        config.host("localhost").port(between.port()).channel_binding(binding);
        let built = TenantPool::builder_from_config(config).tls(Rustls::new()).build().await;
        assert_eq!(built.map_err(|error| assert!(error.is_connection_lost(), "{error}")).is_ok(), is_taken);
    }
}
