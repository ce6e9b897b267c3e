//! Runs the service until it is told to end.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tenantry::{Fairness, TenantPool, TenantType};
use tenantry_erp::gate::Gate;
use tenantry_erp::outbox::{self, ToTheLog};
use tenantry_erp::token::Keys;
use tenantry_erp::{metrics, routes};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};

/// How long requests have that are under way when the service is told to end.
const GRACE: Duration = Duration::from_secs(20);

/// How long the pool's work has after that.
const CLOSING: Duration = Duration::from_secs(5);

/// How many requests of one company wait for a connection before the next one is told to come later.
const WAITING: usize = 200;

#[tokio::main]
async fn main() -> ExitCode {
    // One JSON object a line, as Loki takes it.
    tracing_subscriber::fmt().json().with_env_filter(variable("RUST_LOG", "info")).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            error!(%reason, "the service cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let pool =
        TenantPool::from_env()?.tenant_type(TenantType::Uuid).record_system_access("tenantry.system_access");
    let pool = pool
        .max_size(variable("ERP_POOL_SIZE", "16").parse()?)
        .system_max_size(variable("ERP_SYSTEM_POOL_SIZE", "2").parse()?)
        .fairness(Fairness::round_robin().max_waiting(WAITING));
    let recorded = metrics::install()?;
    let pool = pool.name("erp").metrics().slow_statement_after(Duration::from_secs(1)).build().await?;
    let keys = Keys::read(
        PathBuf::from(variable("ERP_JWKS_FILE", "jwks.json")),
        &variable("ERP_ISSUER", "https://sign-in.example"),
        &variable("ERP_AUDIENCE", "erp"),
    )?;
    let gate = Arc::new(Gate::new(pool.clone(), keys));
    let listening = tokio::spawn(Arc::clone(&gate).listen());
    let delivering = tokio::spawn(outbox::work(pool.clone(), Arc::new(ToTheLog)));
    let scraped = TcpListener::bind(variable("ERP_METRICS_LISTEN", "127.0.0.1:9464")).await?;
    info!(address = %scraped.local_addr()?, "showing metrics");
    let showing = tokio::spawn(metrics::show(scraped, recorded));
    let listener = TcpListener::bind(variable("ERP_LISTEN", "127.0.0.1:8080")).await?;
    info!(address = %listener.local_addr()?, "listening");
    let serving = axum::serve(listener, routes(pool.clone(), gate)).with_graceful_shutdown(told_to_end());
    tokio::select! {
        served = serving.into_future() => served?,
        () = async { told_to_end().await; tokio::time::sleep(GRACE).await } => warn!("requests are cut off"),
    }
    let closed = pool.close().within(CLOSING).await;
    info!(?closed, "ended");
    for task in [listening, showing] {
        task.abort();
    }
    delivering.await?;
    Ok(())
}

fn variable(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

/// SIGTERM, as Kubernetes and Docker send it, or Ctrl-C.
async fn told_to_end() {
    let mut terminated = match signal(SignalKind::terminate()) {
        Ok(terminated) => terminated,
        Err(error) => return error!(%error, "SIGTERM cannot be heard"),
    };
    tokio::select! {
        _ = terminated.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
