//! What the tenant costs a machine that has no time left: throughput, latency and the server's
//! processor time of a point read, with more clients than connections and more connections than cores.
//!
//!     cargo bench --features test-util --bench saturation

mod common;

use std::time::Duration;

use common::fixture::Fixture;
use common::pooled::Pooled;
use common::proxy::{Pace, Proxy};
use common::report::{Report, Row};
use common::slices::{Requests, Way, in_slices};
use common::{AnyError, quick, save, versions};

/// The most connections of a pool: some for each core, as services are set up.
const CONNECTIONS: usize = 16;

/// The connections of pools that many more clients share.
const SHARED: usize = 8;

/// What the way to the server is made longer by, for a round trip, where it is.
const DELAY: Duration = Duration::from_millis(1);

struct Plan {
    clients: &'static [usize],
    /// Clients of pools that many share, and whether the way is longer.
    sharing: &'static [(usize, bool)],
    rounds: usize,
    slice: Duration,
}

const FULL: Plan = Plan {
    clients: &[1, 8, 32, 128],
    sharing: &[(64, false), (256, false), (64, true), (256, true)],
    rounds: 16,
    slice: Duration::from_millis(400),
};
const QUICK: Plan = Plan {
    clients: &[8, 32],
    sharing: &[(64, false), (64, true)],
    rounds: 6,
    slice: Duration::from_millis(250),
};

fn main() -> Result<(), AnyError> {
    let report = common::run(compare())?;
    println!("\n{}{}", report.heading(), report.table());
    save(&report)
}

async fn compare() -> Result<Report, AnyError> {
    let fixture = Fixture::new().await?;
    let quick = quick();
    let plan = if quick { QUICK } else { FULL };
    let Plan { clients, sharing, rounds, slice } = plan;
    let mut rows = Vec::new();
    for &clients in clients {
        let ways = Pooled::all(&fixture, clients.min(CONNECTIONS)).await?;
        rows.extend(contest(&fixture, "point read", ways, clients, &plan).await?);
    }
    let (proxy, added) = Proxy::start(&fixture.address()?, DELAY, Pace::Idle)?;
    for &(clients, longer) in sharing {
        let ways = Pooled::sharing(&fixture, SHARED, longer.then(|| proxy.port())).await?;
        let delay_us = if longer { u32::try_from(DELAY.as_micros())? } else { 0 };
        let compared = contest(&fixture, "point read on 8", ways, clients, &plan).await?;
        rows.extend(compared.into_iter().map(|row| Row { delay_us, ..row }));
    }
    let mixed = Pooled::mixed(&fixture, SHARED).await?;
    rows.extend(contest(&fixture, "point read on 8 beside 5 % of 50 ms", mixed, 64, &plan).await?);
    let mut settings = vec![
        ("connections".to_owned(), format!("as many as clients, {CONNECTIONS} at most, for plain too")),
        ("added to a round trip".to_owned(), format!("{} µs", added.as_micros())),
        ("slices".to_owned(), format!("{rounds} of {} ms each", slice.as_millis())),
    ];
    settings.extend(fixture.settings().await?);
    Ok(Report {
        bench: "saturation",
        compared: "point reads without a pause, in slices of time in turns; plain is a deadpool of as many \
                   connections, autocommit, filter by hand. Medians over slices, of ratios to plain's slice \
                   of the same round"
            .to_owned(),
        versions: versions(),
        server: fixture.server.describe(),
        quick,
        settings,
        rows,
    })
}

/// Compares ways under one load.
async fn contest(
    fixture: &Fixture,
    work: &str,
    ways: Vec<(String, Pooled)>,
    clients: usize,
    plan: &Plan,
) -> Result<Vec<Row>, AnyError> {
    let mut contestants = Vec::new();
    for (application, requests) in ways {
        let backends = opened(fixture, &application, &requests, clients).await?;
        contestants.push(Way { name: requests.name(), requests, backends });
    }
    let compared = in_slices(&contestants, clients, plan.rounds, plan.slice).await?;
    Ok(compared.into_iter().map(|row| Row { name: work.to_owned(), ..row }).collect())
}

/// Opens all connections of a pool and returns the backends' process ids, where they run on this machine.
async fn opened(
    fixture: &Fixture,
    application: &str,
    requests: &Pooled,
    clients: usize,
) -> Result<Vec<i32>, AnyError> {
    let tasks: Vec<_> = (0..clients)
        .map(|client| {
            let requests = requests.clone();
            tokio::spawn(async move { requests.request(client).await })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    if fixture.server.pid().is_none() { Ok(Vec::new()) } else { fixture.backends(application).await }
}
