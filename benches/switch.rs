//! What the tenant costs: the same work in several ways, in turns, on one server.
//!
//!     make bench-quick
//!     cargo bench --features test-util --bench switch
//!
//! Each way is a ratio to the plain one of the same run. An absolute time says nothing about another machine.

mod common;

use std::time::{Duration, Instant};

use common::fixture::Fixture;
use common::html::{self, Sampled};
use common::proxy::{Pace, Proxy};
use common::report::{Report, Row};
use common::stats::{float, median, percentile};
use common::turns::{Contest, in_turns};
use common::ways::{FIVE, HUNDRED, INSERT, POINT, Way, Work};
use common::{AnyError, quick, save, versions};

/// How often each way runs each work, at this delay of a round trip.
struct Load {
    delay_us: u32,
    warm_up: usize,
    rounds: usize,
}

const FULL: &[Load] = &[
    Load { delay_us: 0, warm_up: 300, rounds: 3_000 },
    Load { delay_us: 200, warm_up: 50, rounds: 500 },
    Load { delay_us: 1_000, warm_up: 30, rounds: 300 },
];
const QUICK: &[Load] =
    &[Load { delay_us: 0, warm_up: 200, rounds: 2_000 }, Load { delay_us: 1_000, warm_up: 20, rounds: 200 }];

/// Flights are counted where an answer takes so long that a client which does not wait for it has sent
/// all of its flight.
const COUNTING_DELAY: Duration = Duration::from_millis(1);
const COUNTING_ROUNDS: usize = 12;

fn main() -> Result<(), AnyError> {
    if html::is_written()? {
        return Ok(());
    }
    let (report, sampled) = common::run(compare())?;
    if !report.quick {
        html::write(report.bench, &sampled)?;
    }
    println!("\n{}{}", report.heading(), report.table());
    println!("ratios to plain; of 5 statements to the transaction without tenants{}", report.matrix());
    save(&report)
}

async fn compare() -> Result<(Report, Vec<Sampled>), AnyError> {
    let fixture = Fixture::new().await?;
    let server = fixture.address()?;
    let quick = quick();
    let (loads, works) =
        if quick { (QUICK, &[POINT][..]) } else { (FULL, &[POINT, HUNDRED, INSERT, FIVE][..]) };
    let mut settings = Vec::new();
    let (mut rows, mut sampled) = (Vec::new(), Vec::new());

    let (counter, _) = Proxy::start(&server, COUNTING_DELAY, Pace::Exact)?;
    let mut through_counter = Way::all(&fixture, Some(counter.port())).await?;
    let mut flights = Vec::new();
    for work in works {
        flights.push(count(&mut through_counter, &counter, *work).await?);
    }

    for Load { delay_us, warm_up, rounds } in loads {
        let proxy = match delay_us {
            0 => None,
            _ => Some(Proxy::start(&server, Duration::from_micros((*delay_us).into()), Pace::Exact)?),
        };
        if let Some((_, measured)) = &proxy {
            let measured = format!("{:.0} µs measured", measured.as_secs_f64() * 1e6);
            settings.push((format!("delay {delay_us} µs:"), measured));
        }
        settings.push((format!("rounds at {delay_us} µs:"), rounds.to_string()));
        let ways = Way::all(&fixture, proxy.as_ref().map(|(proxy, _)| proxy.port())).await?;
        let mut all = Ways { ways, work: POINT };
        for (work, flights) in works.iter().zip(&flights) {
            all.work = *work;
            let ways = all.ways.len();
            let samples = in_turns(&mut all, ways, *warm_up, *rounds).await?;
            for (way, samples) in all.ways.iter().zip(samples).filter(|(way, _)| way.can(*work)) {
                sampled.push(Sampled {
                    group: format!("switch, {}, {delay_us} us", work.name),
                    variant: way.name().to_owned(),
                    samples,
                });
            }
            rows.extend(rows_of(*work, *delay_us, &all.ways, flights, &sampled));
        }
    }
    settings.extend(fixture.settings().await?);
    let report = Report {
        bench: "switch",
        compared: "one work in several ways, in turns, one client and one connection each; the reference \
                   is the plain autocommit statement with a filter by hand, and for 5 statements the \
                   tokio-postgres transaction without tenants"
            .to_owned(),
        versions: versions(),
        server: fixture.server.describe(),
        quick,
        settings,
        rows,
    };
    Ok((report, sampled))
}

/// The rows of the samples that were taken last, one for each way that can do the work.
fn rows_of(
    work: Work,
    delay_us: u32,
    ways: &[Way],
    flights: &[Option<f64>],
    sampled: &[Sampled],
) -> Vec<Row> {
    let able: Vec<usize> = (0..ways.len()).filter(|at| ways[*at].can(work)).collect();
    let samples = &sampled[sampled.len() - able.len()..];
    let Some(reference) = samples.first().and_then(|first| median(first.samples.iter().copied())) else {
        return Vec::new();
    };
    let row = |(at, sampled): (&usize, &Sampled)| {
        let mut samples = sampled.samples.clone();
        let p50_us = percentile(&mut samples, 0.5);
        Row {
            name: work.name.to_owned(),
            variant: sampled.variant.clone(),
            delay_us,
            clients: 1,
            p50_us,
            p99_us: percentile(&mut samples, 0.99),
            ratio_to_plain: p50_us.map(|p50_us| p50_us / reference),
            flights: flights[*at],
            ..Row::default()
        }
    };
    able.iter().zip(samples).map(row).collect()
}

/// The flights of each way.
async fn count(ways: &mut [Way], proxy: &Proxy, work: Work) -> Result<Vec<Option<f64>>, AnyError> {
    let mut counts = Vec::new();
    for way in ways {
        if !way.can(work) {
            counts.push(None);
            continue;
        }
        let mut flights = Vec::new();
        for round in 0..COUNTING_ROUNDS {
            let before = proxy.flights();
            way.run(work, round).await?;
            flights.push(float(proxy.flights() - before));
        }
        // The first turns prepare statements.
        counts.push(median(flights.into_iter().skip(2)));
    }
    Ok(counts)
}

struct Ways {
    ways: Vec<Way>,
    work: Work,
}

impl Contest for Ways {
    async fn turn(&mut self, way: usize, round: usize) -> Result<Duration, AnyError> {
        let way = &mut self.ways[way];
        if !way.can(self.work) {
            return Ok(Duration::ZERO);
        }
        let begun = Instant::now();
        way.run(self.work, round).await?;
        Ok(begun.elapsed())
    }
}
