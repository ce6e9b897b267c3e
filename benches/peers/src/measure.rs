//! Measures the peers in turns.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;

use crate::database::{ITEMS, STOCKED, TENANT};
use crate::peer::{POOL, Peer};
use crate::work::{AnyError, Job, MANY, Unit};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How often each peer's turn comes.
    pub turns: usize,
    /// How many requests are measured in a turn.
    pub requests: usize,
}

/// Opens the pools and has each connection prepare what it will need.
pub async fn warm_up(peers: &[Box<dyn Peer>], effort: Effort) -> Result<(), AnyError> {
    for peer in peers {
        for job in Job::ALL {
            for turn in 0..effort.requests {
                let units: Vec<Unit> = (0..POOL).map(|n| unit(job, turn * POOL + n)).collect();
                try_join_all(units.iter().map(|unit| peer.run(unit))).await?;
            }
        }
    }
    Ok(())
}

/// The times of each peer for one job.
///
/// A turn is several requests in a row, and the peers' turns alternate, so that what drifts in the
/// machine meets all of them. Some peers have their connection tested or reset in the background
/// after the caller has its answer; within a turn that is theirs to pay, as it would be in a service.
/// The pause before each turn keeps it from the next peer, and the first request after the pause,
/// which finds the machine idle, is not measured.
pub async fn measure(
    peers: &[Box<dyn Peer>],
    job: Job,
    effort: Effort,
    pause: Duration,
) -> Result<Vec<Vec<Duration>>, AnyError> {
    let mut times = vec![Vec::with_capacity(effort.turns * effort.requests); peers.len()];
    for turn in 0..effort.turns {
        for peer in order(peers.len(), turn) {
            tokio::time::sleep(pause).await;
            peers[peer].run(&unit(job, turn)).await?;
            for request in 0..effort.requests {
                let unit = unit(job, turn * effort.requests + request);
                let begun = Instant::now();
                peers[peer].run(&unit).await?;
                times[peer].push(begun.elapsed());
            }
        }
    }
    Ok(times)
}

/// Every peer once, beginning with another one each turn, backwards every other time round.
fn order(peers: usize, turn: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..peers).collect();
    order.rotate_left(turn % peers);
    if turn / peers % 2 == 1 {
        order.reverse();
    }
    order
}

/// Requests that differ, spread over the tenant's rows by a step that has no factor with their number.
fn unit(job: Job, n: usize) -> Unit {
    let last = match job {
        Job::PointRead | Job::Insert => ITEMS,
        Job::HundredRows => ITEMS - MANY,
        Job::FiveStatements => STOCKED,
    };
    Unit::new(job, TENANT, (n as i64).wrapping_mul(37).rem_euclid(last))
}
