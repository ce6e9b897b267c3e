//! A pool whose spans and metrics somebody takes: a registry that keeps every span, as exporters do, and Prometheus's recorder.

use std::time::Instant;

use metrics_exporter_prometheus::PrometheusBuilder;
use tenantry::{TenantId, TenantPool};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt;

use crate::AnyError;
use crate::common::fixture::{Fixture, STRATEGIES, TENANT, tenant_pool};
use crate::common::quick;
use crate::common::stats::median;
use crate::common::ways::Step;

/// How often the two take turns, and how many statements each has in its turn.
const TURNS: usize = 300;
const STATEMENTS: usize = 20;

/// Opens a pool with one connection that is measured.
pub async fn pool(url: &str) -> Result<TenantPool, AnyError> {
    // Another in this process is the same one.
    let _ = metrics::set_global_recorder(
        PrometheusBuilder::new().set_buckets(&[0.001, 0.01, 0.1])?.build_recorder(),
    );
    let (_, implicit) = STRATEGIES[STRATEGIES.len() - 1];
    Ok(tenant_pool(url, implicit).max_size(1).metrics().build().await?)
}

/// Takes every span of this thread.
pub fn listen() -> DefaultGuard {
    tracing::subscriber::set_default(tracing_subscriber::registry().with(LevelFilter::DEBUG))
}

/// How much longer a point read takes while it is watched.
pub async fn compare() -> Result<String, AnyError> {
    let fixture = Fixture::new().await?;
    let url = fixture.app_url("bench");
    let (_, implicit) = STRATEGIES[STRATEGIES.len() - 1];
    let plain = tenant_pool(&url, implicit).max_size(1).build().await?;
    let watched = pool(&url).await?;
    let turns = if quick() { TURNS / 10 } else { TURNS };
    let mut took = [Vec::new(), Vec::new()];
    for turn in 0..turns + 10 {
        for (at, pool) in [&plain, &watched].into_iter().enumerate() {
            let guard = (at == 1).then(listen);
            for _ in 0..STATEMENTS {
                let begun = Instant::now();
                pool.tenant(TenantId::from(TENANT)).query_one(Step::Point.scoped(), &[&11_i64]).await?;
                if turn >= 10 {
                    took[at].push(begun.elapsed().as_secs_f64());
                }
            }
            drop(guard);
        }
    }
    let [plain, watched] = took.map(|took| median(took).unwrap_or(f64::NAN));
    Ok(format!(
        "a point read with spans and metrics: p50 {:.3} of one without, in {turns} turns each",
        watched / plain
    ))
}
