//! What the tenant costs a machine that has no time left: throughput, latency and the server's
//! processor time of a point read, with more clients than connections and more connections than cores.
//!
//!     cargo bench --features test-util --bench saturation

mod common;

use std::time::Duration;

use common::fixture::Fixture;
use common::pooled::Pooled;
use common::report::{Report, Row};
use common::slices::{Requests, Way, in_slices};
use common::{AnyError, quick, save, versions};

/// The most connections of a pool: some for each core, as services are set up.
const CONNECTIONS: usize = 16;

struct Plan {
    clients: &'static [usize],
    rounds: usize,
    slice: Duration,
}

const FULL: Plan = Plan { clients: &[1, 8, 32, 128], rounds: 16, slice: Duration::from_millis(400) };
const QUICK: Plan = Plan { clients: &[8, 32], rounds: 6, slice: Duration::from_millis(250) };

fn main() -> Result<(), AnyError> {
    let report = common::run(compare())?;
    println!("\n{}{}", report.heading(), report.table());
    save(&report)
}

async fn compare() -> Result<Report, AnyError> {
    let fixture = Fixture::new().await?;
    let quick = quick();
    let Plan { clients, rounds, slice } = if quick { QUICK } else { FULL };
    let mut rows = Vec::new();
    for &clients in clients {
        let mut ways = Vec::new();
        for (application, requests) in Pooled::all(&fixture, clients.min(CONNECTIONS)).await? {
            let backends = opened(&fixture, &application, &requests, clients).await?;
            ways.push(Way { name: requests.name(), requests, backends });
        }
        let compared = in_slices(&ways, clients, rounds, slice).await?;
        rows.extend(compared.into_iter().map(|row| Row { name: "point read".to_owned(), ..row }));
    }
    let mut settings = vec![
        ("connections".to_owned(), format!("as many as clients, {CONNECTIONS} at most, for plain too")),
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
