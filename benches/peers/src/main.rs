//! What a Rust user would pick instead of tenantry, on the same work in the same run.
//!
//!     make bench-peers

mod check;
mod database;
mod measure;
mod peer;
mod report;
mod work;

use std::time::Duration;

use database::Bench;
use measure::Effort;
use peer::Urls;
use work::{AnyError, Job};

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    // In a task, as services run statements: the main thread's own future is polled differently.
    tokio::spawn(compare()).await?
}

async fn compare() -> Result<(), AnyError> {
    let bench = Bench::open().await?;
    check::policies_are_in_force(&bench).await?;
    let urls = Urls { app: bench.app_url(), reference: bench.reference_url() };
    let peers = peer::all(&urls).await?;
    check::tenants_are_bound(&peers).await?;
    check::work_is_the_same(&bench, &peers).await?;
    println!("{}", bench.server.describe());
    let effort = Effort { turns: 100, requests: 10 };
    measure::warm_up(&peers, effort).await?;
    let mut lines = Vec::new();
    for job in Job::ALL {
        let mut times = measure::measure(&peers, job, effort, Duration::from_millis(2)).await?;
        times.iter_mut().for_each(|times| times.sort_unstable());
        let plain = report::percentile(&times[0], 50);
        for (peer, times) in peers.iter().zip(&times) {
            let p50_us = report::percentile(times, 50);
            lines.push(report::Line {
                name: job.name(),
                variant: peer.variant(),
                delay_ms: 0.0,
                p50_us,
                p99_us: report::percentile(times, 99),
                ratio_to_plain: p50_us / plain,
                flights: None,
            });
        }
    }
    report::print(&lines);
    println!("{}", report::write(&lines)?.display());
    Ok(())
}
