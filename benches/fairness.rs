//! What a tenant that asks for much more than its share costs the others, with and without turns.
//!
//!     cargo bench --features test-util --bench fairness
//!
//! 19 tenants ask now and then, and one does so too in a calm time; otherwise it has 50 callers without a pause. A request waits two
//! milliseconds on the server, as for a disk, so that the machine itself is not what they wait for.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::fixture::{Fixture, STRATEGIES, tenant_pool};
use common::report::{Report, Row};
use common::stats::{float, median, percentile};
use common::{AnyError, quick, save, versions};
use tenantry::{Fairness, TenantPool};

const CONNECTIONS: usize = 8;
const OTHERS: i64 = 19;
const GREEDY: i64 = 50;
/// How many callers the greedy tenant has.
const CALLERS: usize = 50;
const REQUEST: &str = "select pg_sleep(0.002)";
const PAUSE: Duration = Duration::from_millis(10);

/// Each a name, whether tenants take turns, and whether one is greedy.
const MODES: [(&str, bool, bool); 4] = [
    ("calm, first come first served", false, false),
    ("calm, in turns", true, false),
    ("greedy, first come first served", false, true),
    ("greedy, in turns", true, true),
];

/// What one slice of time has shown.
#[derive(Default)]
struct Slice {
    /// How long the requests of the others took, in seconds.
    others: Vec<f64>,
    requests: usize,
}

fn main() -> Result<(), AnyError> {
    let report = common::run(compare())?;
    println!("\n{}{}", report.heading(), report.table());
    save(&report)
}

async fn compare() -> Result<Report, AnyError> {
    let fixture = Fixture::new().await?;
    let url = fixture.app_url("bench");
    let (_, implicit) = STRATEGIES[STRATEGIES.len() - 1];
    let builder = || tenant_pool(&url, implicit).max_size(CONNECTIONS).min_idle(CONNECTIONS);
    let pools = [builder().build().await?, builder().fairness(Fairness::round_robin()).build().await?];
    let (rounds, length) =
        if quick() { (3, Duration::from_millis(600)) } else { (9, Duration::from_secs(2)) };
    let mut slices: [Vec<Slice>; MODES.len()] = std::array::from_fn(|_| Vec::new());
    for _ in 0..rounds {
        for ((_, turns, greedy), slices) in MODES.iter().zip(&mut slices) {
            slices.push(slice(&pools[usize::from(*turns)], *greedy, length).await?);
        }
    }
    let each = |slices: &mut Vec<Slice>, part: f64| -> Vec<f64> {
        slices.iter_mut().filter_map(|slice| percentile(&mut slice.others, part)).collect()
    };
    let (p50, p99): (Vec<_>, Vec<_>) =
        slices.iter_mut().map(|slices| (each(slices, 0.5), each(slices, 0.99))).unzip();
    let per_second = |at: usize| -> Vec<f64> {
        slices[at].iter().map(|slice| float(slice.requests) / length.as_secs_f64()).collect()
    };
    let ratio = |own: &[f64], to: &[f64]| median(own.iter().zip(to).map(|(own, to)| own / to));
    let rows = MODES.iter().enumerate().map(|(at, (name, _, greedy))| Row {
        name: "others\' requests".to_owned(),
        variant: (*name).to_owned(),
        clients: usize::try_from(OTHERS).unwrap_or(0) + if *greedy { CALLERS } else { 1 },
        p50_us: median(p50[at].iter().copied()).map(|seconds| seconds * 1e6),
        p99_us: median(p99[at].iter().copied()).map(|seconds| seconds * 1e6),
        more: [
            ("p99_ratio", ratio(&p99[at], &p99[0])),
            ("per_s", median(per_second(at))),
            ("per_s_ratio", ratio(&per_second(at), &per_second(if *greedy { 2 } else { 0 }))),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect(),
        ..Row::default()
    });
    let rows = rows.collect();
    Ok(Report {
        bench: "fairness",
        compared: format!(
            "{OTHERS} tenants with one caller each, who pauses {PAUSE:?} between requests, beside one like them or one with \
             {CALLERS} callers without a pause. Medians over slices, of ratios within the same round: p99_ratio to the first line, per_s_ratio of all tenants to first come first served"
        ),
        versions: versions(),
        server: fixture.server.describe(),
        quick: quick(),
        settings: vec![
            ("connections".to_owned(), CONNECTIONS.to_string()),
            ("request".to_owned(), REQUEST.to_owned()),
            ("slices".to_owned(), format!("{rounds} of {length:?} each")),
        ],
        rows,
    })
}

async fn slice(pool: &TenantPool, greedy: bool, length: Duration) -> Result<Slice, AnyError> {
    let ended = Arc::new(AtomicBool::new(false));
    let caller = |tenant: i64, pause: Duration| {
        let (scope, ended) = (pool.tenant(tenant), Arc::clone(&ended));
        tokio::spawn(async move {
            let mut took = Vec::new();
            while !ended.load(Ordering::Relaxed) {
                let begun = Instant::now();
                scope.query(REQUEST, &[]).await?;
                took.push(begun.elapsed().as_secs_f64());
                tokio::time::sleep(pause).await;
            }
            Ok::<_, tenantry::Error>(took)
        })
    };
    let others: Vec<_> = (1..=OTHERS).map(|tenant| caller(tenant, PAUSE)).collect();
    let (callers, pause) = if greedy { (CALLERS, Duration::ZERO) } else { (1, PAUSE) };
    let greedy: Vec<_> = (0..callers).map(|_| caller(GREEDY, pause)).collect();
    tokio::time::sleep(length).await;
    ended.store(true, Ordering::Relaxed);
    let mut slice = Slice::default();
    for task in others {
        slice.others.extend(task.await??);
    }
    slice.requests = slice.others.len();
    for task in greedy {
        slice.requests += task.await??.len();
    }
    Ok(slice)
}
