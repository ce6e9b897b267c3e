//! More clients at once than a pool has connections: throughput and latency of a point read, in slices of time in turns.

use std::sync::Arc;
use std::time::Duration;

use crate::measure::unit;
use crate::peer::Peer;
use crate::report::Row;
use crate::slices::{Requests, Way, in_slices};
use crate::work::{AnyError, Job};

/// How many clients there are.
const CLIENTS: usize = 64;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    pub rounds: usize,
    pub slice: Duration,
}

#[derive(Clone)]
struct Reads(Arc<dyn Peer>);

impl Requests for Reads {
    async fn request(&self, seed: usize) -> Result<(), AnyError> {
        self.0.run(&unit(Job::PointRead, seed)).await.map(drop)
    }
}

/// What each peer does for all of them.
pub async fn measure(peers: &[Arc<dyn Peer>], delay_us: u32, effort: Effort) -> Result<Vec<Row>, AnyError> {
    let way = |peer: &Arc<dyn Peer>| Way {
        name: peer.variant(),
        requests: Reads(Arc::clone(peer)),
        // A pool may open and close connections, so nobody can say whose time it was.
        backends: Vec::new(),
    };
    let ways: Vec<Way<Reads>> = peers.iter().map(way).collect();
    let rows = in_slices(&ways, CLIENTS, effort.rounds, effort.slice).await?;
    let name = format!("{CLIENTS} at once");
    Ok(rows.into_iter().map(|row| Row { name: name.clone(), delay_us, ..row }).collect())
}
