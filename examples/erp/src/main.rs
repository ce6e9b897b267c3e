//! Runs the service until it is told to end, or, as `tenantry-erp nightly`, closes the days of all companies and ends.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tenantry::{Fairness, TenantPool, TenantType};
use tenantry_erp::calendar::day;
use tenantry_erp::client::Client;
use tenantry_erp::gate::Gate;
use tenantry_erp::outbox::{self, Delivery, ToTheLog};
use tenantry_erp::settings::{environment, number, text};
use tenantry_erp::store::Store;
use tenantry_erp::token::Keys;
use tenantry_erp::webhook::Webhook;
use tenantry_erp::{Service, metrics, nightly, routes};
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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ended = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => serve().await,
        ["nightly"] => close_days().await,
        _ => Err("expected no argument, or `nightly`".into()),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            error!(%reason, "the service cannot run");
            ExitCode::FAILURE
        }
    }
}

async fn open() -> Result<TenantPool, Box<dyn Error>> {
    let pool =
        TenantPool::from_env()?.tenant_type(TenantType::Uuid).record_system_access("tenantry.system_access");
    let pool = pool
        .max_size(number(&environment, "ERP_POOL_SIZE", 16)?)
        .sharing_width(number(&environment, "ERP_SHARING_WIDTH", 4)?)
        .system_max_size(number(&environment, "ERP_SYSTEM_POOL_SIZE", 2)?)
        .wait_timeout(Duration::from_millis(number(&environment, "ERP_POOL_WAIT_MS", 5000)?))
        .fairness(Fairness::round_robin().max_waiting(WAITING));
    Ok(pool.name("erp").metrics().slow_statement_after(Duration::from_secs(1)).build().await?)
}

/// Fails where a company did, so that whoever has started it does so again.
async fn close_days() -> Result<(), Box<dyn Error>> {
    let pool = open().await?;
    let outcome = nightly::close_days(&pool, day(Utc::now())).await?;
    pool.close().await;
    match outcome.failed.len() {
        0 => Ok(()),
        failed => Err(format!("the days of {failed} companies were not closed").into()),
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let client = Client::new()?;
    let store = Store::from_variables(&environment, &client)?;
    let delivery: Arc<dyn Delivery> = match text(&environment, "ERP_WEBHOOK_URL") {
        Some(address) => Arc::new(Webhook::at(&address, &client)?),
        None => Arc::new(ToTheLog),
    };
    // What is wrong with the settings is told ahead of what is wrong with the database.
    let keys = Keys::read(
        PathBuf::from(variable("ERP_JWKS_FILE", "jwks.json")),
        &variable("ERP_ISSUER", "https://sign-in.example"),
        &variable("ERP_AUDIENCE", "erp"),
    )
    .map_err(|error| format!("the keys that ERP_JWKS_FILE names cannot be read: {error}"))?;
    let scraped = listen("ERP_METRICS_LISTEN", "127.0.0.1:9464").await?;
    let listener = listen("ERP_LISTEN", "127.0.0.1:8080").await?;
    // Ahead of the pool, which registers with whoever records.
    let recorded = metrics::install()?;
    let pool = open().await?;
    let gate = Arc::new(Gate::new(pool.clone(), keys));
    let listening = tokio::spawn(Arc::clone(&gate).listen());
    let delivering = tokio::spawn(outbox::work(pool.clone(), delivery));
    info!(address = %scraped.local_addr()?, "showing metrics");
    let showing = tokio::spawn(metrics::show(scraped, recorded));
    info!(address = %listener.local_addr()?, "listening");
    let service = Service::new(pool.clone(), gate)
        .store(store)
        .demo_tokens(text(&environment, "ERP_DEMO_TOKENS_FILE").map(PathBuf::from));
    let serving = axum::serve(listener, routes(service)).with_graceful_shutdown(told_to_end());
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

async fn listen(name: &str, default: &str) -> Result<TcpListener, String> {
    let address = variable(name, default);
    let bound = TcpListener::bind(&address).await;
    bound.map_err(|error| format!("nobody can listen at {address}, the address of {name}: {error}"))
}

fn variable(name: &str, default: &str) -> String {
    text(&environment, name).unwrap_or_else(|| default.to_owned())
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
