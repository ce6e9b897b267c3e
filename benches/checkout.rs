//! What it costs to wait for a connection: many tasks on a small pool, and a caller who comes after one
//! that was cancelled.
//!
//!     cargo bench --features test-util --bench checkout

mod common;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use common::fixture::{Fixture, TENANT};
use common::pooled::Pooled;
use common::report::{Report, Row};
use common::slices::{Requests, Way, in_slices};
use common::stats::percentile;
use common::turns::{Contest, in_turns};
use common::{AnyError, quick, save, versions};

const TASKS: &[usize] = &[1, 4, 16, 64];
const CONNECTIONS: usize = 4;

/// A statement that runs longer than the drain lets an abandoned one run.
const LONG: &str = "select pg_sleep(0.3)";
/// A statement that runs until as many tasks as there are connections have one each.
const SHORT: &str = "select pg_sleep(0.02)";
/// How long the pools are left alone after a long statement, until all connections are at rest.
const REST: Duration = Duration::from_millis(400);

/// What happens just before the caller whose time is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    /// A point read is dropped as soon as it is handed to the connection.
    ShortDropped,
    /// A long statement is dropped while the server runs it.
    LongDropped,
}

impl Before {
    fn name(self) -> &'static str {
        match self {
            Self::Nothing => "undisturbed",
            Self::ShortDropped => "after a dropped point read",
            Self::LongDropped => "after a dropped 300 ms",
        }
    }
}

fn main() -> Result<(), AnyError> {
    let report = common::run(compare())?;
    println!("\n{}{}", report.heading(), report.table());
    save(&report)
}

async fn compare() -> Result<Report, AnyError> {
    let fixture = Fixture::new().await?;
    let quick = quick();
    let (rounds, short_rounds, long_rounds) = if quick { (5, 200, 3) } else { (20, 1_000, 8) };
    let slice = Duration::from_millis(250);
    let mut rows = Vec::new();
    let pooled = Pooled::all(&fixture, CONNECTIONS).await?;
    let ways: Vec<_> = pooled
        .into_iter()
        .map(|(_, requests)| Way { name: requests.name(), requests, backends: Vec::new() })
        .collect();
    for tasks in TASKS {
        let contended = in_slices(&ways, *tasks, rounds, slice).await?;
        let name = format!("point read, pool of {CONNECTIONS}");
        rows.extend(contended.into_iter().map(|row| Row { name: name.clone(), ..row }));
    }
    for size in [1, CONNECTIONS] {
        let pools: Vec<_> = Pooled::all(&fixture, size).await?.into_iter().map(|(_, pool)| pool).collect();
        for pool in &pools {
            open_all(pool, size).await?;
        }
        let mut next = Next { pools, size, before: Before::Nothing };
        let mut undisturbed = Vec::new();
        for (before, rounds) in [
            (Before::Nothing, short_rounds),
            (Before::ShortDropped, short_rounds),
            (Before::LongDropped, long_rounds),
        ] {
            next.before = before;
            let ways = next.pools.len();
            let samples = in_turns(&mut next, ways, 2, rounds).await?;
            if before == Before::Nothing {
                undisturbed.extend(samples.iter().map(|samples| percentile(&mut samples.clone(), 0.5)));
            }
            rows.extend(rows_of(&next, size, samples, &undisturbed));
        }
    }
    let mut settings = vec![
        (format!("slices of {} ms:", slice.as_millis()), rounds.to_string()),
        ("rounds of cancelled reads:".to_owned(), short_rounds.to_string()),
        ("of cancelled long ones:".to_owned(), long_rounds.to_string()),
        ("drain timeout".to_owned(), "200 ms".to_owned()),
    ];
    settings.extend(fixture.settings().await?);
    Ok(Report {
        bench: "checkout",
        compared: "a connection and a point read on it, in turns; all connections are open; plain is a deadpool of the same size, \
                   autocommit, filter by hand. After a cancelled request: what the next caller pays, against \
                   plain's undisturbed caller (ratio) and its own (own_ratio)"
            .to_owned(),
        versions: versions(),
        server: fixture.server.describe(),
        quick,
        settings,
        rows,
    })
}

fn rows_of(next: &Next, size: usize, samples: Vec<Vec<f64>>, undisturbed: &[Option<f64>]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (at, (pool, mut samples)) in next.pools.iter().zip(samples).enumerate() {
        let p50_us = percentile(&mut samples, 0.5);
        let against = |at: usize| Some(p50_us? / undisturbed[at]?);
        rows.push(Row {
            name: format!("{}, pool of {size}", next.before.name()),
            variant: pool.name().to_owned(),
            clients: 1,
            p50_us,
            p99_us: percentile(&mut samples, 0.99),
            ratio_to_plain: against(0),
            more: against(at).map(|ratio| ("own_ratio", ratio)).into_iter().collect(),
            ..Row::default()
        });
    }
    rows
}

struct Next {
    pools: Vec<Pooled>,
    size: usize,
    before: Before,
}

impl Contest for Next {
    async fn turn(&mut self, way: usize, round: usize) -> Result<Duration, AnyError> {
        let pool = &self.pools[way];
        match self.before {
            Before::Nothing => {}
            Before::ShortDropped => poll_once(pool.request(round)).await,
            Before::LongDropped => {
                // The round before has cost a connection.
                open_all(pool, self.size).await?;
                // The limit ends it, and that is the point.
                let _ = tokio::time::timeout(Duration::from_millis(10), sleep(pool, LONG)).await;
            }
        }
        let begun = Instant::now();
        pool.request(round).await?;
        let time = begun.elapsed();
        if self.before == Before::LongDropped {
            tokio::time::sleep(REST).await;
        }
        Ok(time)
    }
}

/// Opens all connections of a pool, so that nobody is measured who opens one.
async fn open_all(pool: &Pooled, size: usize) -> Result<(), AnyError> {
    let tasks: Vec<_> = (0..size)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move { sleep(&pool, SHORT).await })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

async fn poll_once(future: impl Future) {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let _ = future.as_mut().poll(cx);
        Poll::Ready(())
    })
    .await;
}

async fn sleep(pool: &Pooled, statement: &str) -> Result<(), AnyError> {
    match pool {
        Pooled::Plain(pool) => drop(pool.get().await?.query(statement, &[]).await?),
        Pooled::OneByOne(pool) => {
            let mut client = pool.get().await?;
            let transaction = client.transaction().await?;
            transaction.query(statement, &[]).await?;
            transaction.commit().await?;
        }
        Pooled::Scoped(_, pool) | Pooled::Reads(_, pool, _) => {
            drop(pool.tenant(TENANT).query(statement, &[]).await?);
        }
    }
    Ok(())
}
