//! Measures the peers in turns, and counts their flights.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use crate::database::{ITEMS, STOCKED, TENANT};
use crate::peer::{POOL, Peer};
use crate::proxy::Proxy;
use crate::stats::{float, median};
use crate::turns::Order;
use crate::work::{AnyError, Job, MANY, Unit};

/// How many requests are counted.
const COUNTED: usize = 12;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How often each peer's turn comes.
    pub turns: usize,
    /// How many requests are measured in a turn.
    pub requests: usize,
}

/// Opens the pools and has each connection prepare what it will need.
pub async fn warm_up(peers: &[Arc<dyn Peer>]) -> Result<(), AnyError> {
    for peer in peers {
        for job in Job::ALL {
            for turn in 0..2 * POOL {
                let units: Vec<Unit> = (0..POOL).map(|n| unit(job, turn * POOL + n)).collect();
                try_join_all(units.iter().map(|unit| peer.run(unit))).await?;
            }
        }
    }
    Ok(())
}

/// The times of each peer for one job, in microseconds.
///
/// A turn is several requests in a row, and the peers' turns alternate, so that what drifts in the
/// machine meets all of them. Some peers have their connection tested or reset in the background
/// after the caller has its answer; within a turn that is theirs to pay, as it would be in a service.
/// The pause before each turn keeps it from the next peer, and the first request after the pause,
/// which finds the machine idle, is not measured.
pub async fn measure(
    peers: &[Arc<dyn Peer>],
    job: Job,
    effort: Effort,
    delay: Duration,
) -> Result<Vec<Vec<f64>>, AnyError> {
    let mut times = vec![Vec::with_capacity(effort.turns * effort.requests); peers.len()];
    let mut order = Order::new(peers.len());
    for turn in 0..effort.turns {
        for &peer in order.shuffled() {
            tokio::time::sleep(pause(delay)).await;
            peers[peer].run(&unit(job, turn)).await?;
            for request in 0..effort.requests {
                let unit = unit(job, turn * effort.requests + request);
                let begun = Instant::now();
                peers[peer].run(&unit).await?;
                times[peer].push(begun.elapsed().as_secs_f64() * 1e6);
            }
        }
    }
    Ok(times)
}

/// What one request sends.
#[derive(Clone, Copy, Debug)]
pub struct Flights {
    /// Until the caller has its answer.
    pub awaited: f64,
    /// After that, on the connection that went back to the pool.
    pub behind: f64,
}

/// Counts at a delay that is long enough for a client to have sent all of its flight before the
/// answer to the beginning of it comes.
pub async fn flights(
    peers: &[Arc<dyn Peer>],
    job: Job,
    proxy: &Proxy,
    delay: Duration,
) -> Result<Vec<Flights>, AnyError> {
    let mut counts = Vec::with_capacity(peers.len());
    for peer in peers {
        let (mut awaited, mut behind) = (Vec::new(), Vec::new());
        for n in 0..COUNTED {
            tokio::time::sleep(pause(delay)).await;
            let before = proxy.flights();
            peer.run(&unit(job, n)).await?;
            let answered = proxy.flights();
            tokio::time::sleep(pause(delay)).await;
            awaited.push(float(answered - before));
            behind.push(float(proxy.flights() - answered));
        }
        let [awaited, behind] = [awaited, behind].map(|counts| median(counts).unwrap_or_default());
        counts.push(Flights { awaited, behind });
    }
    Ok(counts)
}

/// Long enough for what goes on in the background to end.
fn pause(delay: Duration) -> Duration {
    Duration::from_millis(2) + 4 * delay
}

/// Requests that differ, spread over the tenant's rows by a step that has no factor with their number.
pub fn unit(job: Job, n: usize) -> Unit {
    let last = match job {
        Job::PointRead | Job::Insert => ITEMS,
        Job::HundredRows => ITEMS - MANY,
        Job::FiveStatements => STOCKED,
    };
    let n = i64::try_from(n).unwrap_or(i64::MAX);
    Unit::new(job, TENANT, n.wrapping_mul(37).rem_euclid(last))
}
