//! Requests of the service's own: to the store of files, and to whoever is told of messages.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, StatusCode};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tracing::warn;

#[derive(Clone)]
pub struct Client(legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

impl Client {
    /// One that trusts the authorities of the system.
    ///
    /// # Errors
    ///
    /// There is no TLS.
    pub fn new() -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        let (found, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if found == 0 {
            warn!("the system trusts no certificate authority, so no https address can be verified");
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        Ok(Self(legacy::Client::builder(TokioExecutor::new()).build(connector.build())))
    }

    /// The status of the answer, whose body nobody reads.
    ///
    /// # Errors
    ///
    /// There is no answer within the limit. The error does not quote the address, which may be a signed one.
    pub async fn send(&self, request: Request<Full<Bytes>>, limit: Duration) -> Result<StatusCode, String> {
        match tokio::time::timeout(limit, self.0.request(request)).await {
            Ok(Ok(answer)) => Ok(answer.status()),
            Ok(Err(error)) if error.is_connect() => Err("nobody could be reached there".to_owned()),
            Ok(Err(_)) => Err("the connection was lost".to_owned()),
            Err(_) => Err(format!("there was no answer within {limit:?}")),
        }
    }
}
