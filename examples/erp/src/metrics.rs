//! What the service tells Prometheus.

use std::time::Duration;

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tracing::error;

/// Up to how many seconds each bucket of a histogram counts.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// How often what was recorded is summed up, so that memory stays bounded where nobody scrapes.
const SUMMED_UP: Duration = Duration::from_secs(5);

/// Installs a recorder, for the pools that are built from now on.
///
/// # Errors
///
/// There is one already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new().with_recommended_naming(true).set_buckets(&BUCKETS)?.install_recorder()
}

/// Shows what was recorded, at an address that no gateway leads to.
pub async fn show(listener: TcpListener, recorded: PrometheusHandle) {
    let shown = recorded.clone();
    let routes = Router::new().route("/metrics", get(async move || shown.render()));
    let summing_up = async {
        let mut times = tokio::time::interval(SUMMED_UP);
        loop {
            times.tick().await;
            recorded.run_upkeep();
        }
    };
    tokio::select! {
        Err(reason) = axum::serve(listener, routes).into_future() => error!(%reason, "nobody shows metrics"),
        () = summing_up => {}
    }
}
