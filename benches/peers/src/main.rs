//! What a Rust user would pick instead of tenantry, on the same work in the same run.
//!
//!     make bench-peers
//!
//! Each ratio is to the same run's plain statement without tenants. An absolute time says nothing about
//! another machine.

mod check;
#[path = "../../common/cpu.rs"]
mod cpu;
mod crowd;
mod database;
mod measure;
mod peer;
#[path = "../../common/proxy.rs"]
mod proxy;
#[path = "../../common/report.rs"]
mod report;
#[path = "../../common/slices.rs"]
mod slices;
#[path = "../../common/stats.rs"]
mod stats;
#[path = "../../common/turns.rs"]
#[allow(dead_code, reason = "peers take turns of several requests")]
mod turns;
mod work;

use std::sync::Arc;
use std::time::Duration;

use database::Bench;
use measure::{Effort, Flights};
use peer::Peer;
use proxy::{Pace, Proxy};
use report::{Report, Row};
use stats::{median, percentile};
use work::{AnyError, Job};

/// How much is measured at this delay of a round trip.
struct Load {
    delay_us: u32,
    effort: Effort,
    crowd: crowd::Effort,
}

const fn crowd(rounds: usize) -> crowd::Effort {
    crowd::Effort { rounds, slice: Duration::from_millis(300) }
}

const FULL: &[Load] = &[
    Load { delay_us: 0, effort: Effort { turns: 200, requests: 10 }, crowd: crowd(12) },
    Load { delay_us: 1_000, effort: Effort { turns: 30, requests: 10 }, crowd: crowd(12) },
];
const QUICK: &[Load] = &[
    Load { delay_us: 0, effort: Effort { turns: 40, requests: 10 }, crowd: crowd(3) },
    Load { delay_us: 1_000, effort: Effort { turns: 5, requests: 10 }, crowd: crowd(3) },
];

const COUNTING_DELAY: Duration = Duration::from_millis(1);

/// What the report names, from the lock file.
const PEERS: [&str; 9] = [
    "tenantry",
    "tokio-postgres",
    "deadpool-postgres",
    "diesel",
    "diesel-async",
    "sqlx",
    "tenaxum",
    "qail-pg",
    "tokio",
];

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    // In a task, as services run statements: the main thread's own future is polled differently.
    let report = tokio::spawn(compare()).await??;
    println!("\n{}{}", report.heading(), report.table());
    println!("ratios to plain; of 5 statements to the transaction without tenants{}", report.matrix());
    println!("written to {}", report.write()?.display());
    Ok(())
}

async fn compare() -> Result<Report, AnyError> {
    let quick = std::env::var_os("TENANTRY_BENCH_QUICK").is_some_and(|value| value != "0");
    let bench = Bench::open().await?;
    check::policies_are_in_force(&bench).await?;
    let flights = count(&bench).await?;
    let mut settings = vec![("connections of each pool:".to_owned(), peer::POOL.to_string())];
    let mut rows = Vec::new();
    for Load { delay_us, effort, crowd } in if quick { QUICK } else { FULL } {
        let delay = Duration::from_micros((*delay_us).into());
        let proxy = |pace| {
            let proxy = || Proxy::start(&bench.address()?, delay, pace);
            if delay.is_zero() { Ok(None) } else { proxy().map(Some) }
        };
        let (exact, idle) = (proxy(Pace::Exact)?, proxy(Pace::Idle)?);
        if let Some((_, measured)) = &exact {
            let measured = format!("{:.0} µs measured", measured.as_secs_f64() * 1e6);
            settings.push((format!("delay {delay_us} µs:"), measured));
        }
        let samples = effort.turns * effort.requests;
        settings.push((format!("requests at {delay_us} µs:"), samples.to_string()));
        let peers = connect(&bench, exact.as_ref().map(|(proxy, _)| proxy)).await?;
        for (job, flights) in Job::ALL.into_iter().zip(&flights) {
            let times = measure::measure(&peers, job, *effort, delay).await?;
            rows.extend(rows_of(job, *delay_us, &peers, &times, flights));
        }
        let peers = connect(&bench, idle.as_ref().map(|(proxy, _)| proxy)).await?;
        rows.extend(crowd::measure(&peers, *delay_us, *crowd).await?);
    }
    settings.extend(bench.settings().await?);
    Ok(Report {
        bench: "peers",
        compared:
            "one client, or as many at once as the work says, each peer with a pool of its own, in turns; the reference is \
                   a plain autocommit statement with a filter by hand on deadpool-postgres, and for 5 \
                   statements its transaction without tenants. Flights are what the caller waits for, \
                   background what the pool does after that"
                .to_owned(),
        versions: versions(),
        server: bench.server.describe(),
        quick,
        settings,
        rows,
    })
}

/// All peers, connected and warm, after they have shown that they do the work and bind the tenant.
async fn connect(bench: &Bench, proxy: Option<&Proxy>) -> Result<Vec<Arc<dyn Peer>>, AnyError> {
    let peers = peer::all(&bench.urls(proxy)?).await?;
    check::tenants_are_bound(&peers).await?;
    check::work_is_the_same(bench, &peers).await?;
    measure::warm_up(&peers).await?;
    Ok(peers)
}

/// The flights of each peer, for each job.
async fn count(bench: &Bench) -> Result<Vec<Vec<Flights>>, AnyError> {
    let (proxy, _) = Proxy::start(&bench.address()?, COUNTING_DELAY, Pace::Exact)?;
    let peers = connect(bench, Some(&proxy)).await?;
    let mut flights = Vec::new();
    for job in Job::ALL {
        flights.push(measure::flights(&peers, job, &proxy, COUNTING_DELAY).await?);
    }
    Ok(flights)
}

fn rows_of(
    job: Job,
    delay_us: u32,
    peers: &[Arc<dyn Peer>],
    times: &[Vec<f64>],
    flights: &[Flights],
) -> Vec<Row> {
    let plain = times.first().and_then(|times| median(times.iter().copied()));
    let measured = peers.iter().map(|peer| peer.variant()).zip(times).zip(flights);
    let rows = measured.map(|((variant, times), flights)| {
        let mut times = times.clone();
        let p50_us = percentile(&mut times, 0.5);
        Row {
            name: job.name().to_owned(),
            variant: variant.to_owned(),
            delay_us,
            clients: 1,
            p50_us,
            p99_us: percentile(&mut times, 0.99),
            ratio_to_plain: p50_us.zip(plain).map(|(p50_us, plain)| p50_us / plain),
            flights: Some(flights.awaited),
            more: vec![("background", flights.behind)],
            ..Row::default()
        }
    });
    rows.collect()
}

/// Every version that the lock file has of what is compared: tenaxum brings an sqlx of its own.
fn versions() -> Vec<String> {
    let lock = include_str!("../Cargo.lock");
    let version = |name: &str| -> Vec<String> {
        let package = format!("name = \"{name}\"\nversion = \"");
        let found = lock.split(&package).skip(1).filter_map(|rest| rest.split('"').next());
        found.map(|version| format!("{name} {version}")).collect()
    };
    PEERS.into_iter().flat_map(version).collect()
}
