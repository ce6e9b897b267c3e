//! Runs the service until it is told to end.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tenantry::{TenantPool, TenantType};
use tenantry_erp::gate::Gate;
use tenantry_erp::outbox::{self, ToTheLog};
use tenantry_erp::routes;
use tenantry_erp::token::Keys;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info};

/// How long requests have that are under way when the service is told to end.
const GRACE: Duration = Duration::from_secs(20);

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
    let pool = pool.name("erp").slow_statement_after(Duration::from_secs(1)).build().await?;
    let keys = Keys::read(
        PathBuf::from(variable("ERP_JWKS_FILE", "jwks.json")),
        &variable("ERP_ISSUER", "https://sign-in.example"),
        &variable("ERP_AUDIENCE", "erp"),
    )?;
    let gate = Arc::new(Gate::new(pool.clone(), keys));
    let listening = tokio::spawn(Arc::clone(&gate).listen());
    let delivering = tokio::spawn(outbox::work(pool.clone(), Arc::new(ToTheLog)));
    let listener = TcpListener::bind(variable("ERP_LISTEN", "127.0.0.1:8080")).await?;
    info!(address = %listener.local_addr()?, "listening");
    axum::serve(listener, routes(pool.clone(), gate)).with_graceful_shutdown(told_to_end()).await?;
    let closed = pool.close().within(GRACE).await;
    info!(?closed, "ended");
    listening.abort();
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
