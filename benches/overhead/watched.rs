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

/// How often the two take turns, and how many statements each has in its turn, ahead of which there are some that do not count.
const TURNS: usize = 300;
const STATEMENTS: usize = 40;
const UNCOUNTED: usize = 10;

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
///
/// Each turn has a connection of its own: on which core its backend runs, beside the client or apart from it, decides more than what is
/// compared here, and is settled for as long as a connection lives.
pub async fn compare() -> Result<String, AnyError> {
    let fixture = Fixture::new().await?;
    let url = fixture.app_url("bench");
    let (_, implicit) = STRATEGIES[STRATEGIES.len() - 1];
    let turns = if quick() { TURNS / 10 } else { TURNS };
    let mut took = [Vec::new(), Vec::new()];
    for turn in 0..2 * turns {
        // Neither is always the first.
        let at = (turn + turn / 2) % 2;
        let watched = at == 1;
        let pool =
            if watched { pool(&url).await? } else { tenant_pool(&url, implicit).max_size(1).build().await? };
        let guard = watched.then(listen);
        for statement in 0..UNCOUNTED + STATEMENTS {
            let begun = Instant::now();
            pool.tenant(TenantId::from(TENANT)).query_one(Step::Point.scoped(), &[&11_i64]).await?;
            if statement >= UNCOUNTED {
                took[at].push(begun.elapsed().as_secs_f64());
            }
        }
        drop(guard);
        pool.close().await;
    }
    let [plain, watched] = took.map(|took| median(took).unwrap_or(f64::NAN));
    Ok(format!(
        "a point read with spans and metrics: p50 {:.3} of one without, in {turns} turns each",
        watched / plain
    ))
}
