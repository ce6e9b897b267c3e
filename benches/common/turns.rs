//! Several ways of one work, in turns: in each round every way runs once, and in another order than in
//! the round before. Whatever the machine does meanwhile, it does to all of them.

use std::future::Future;
use std::time::Duration;

use super::AnyError;

pub trait Contest: Send {
    /// Runs one way once. Returns the time of what is compared, which may be less than the turn's.
    fn turn(&mut self, way: usize, round: usize) -> impl Future<Output = Result<Duration, AnyError>> + Send;
}

/// Returns the samples of each way in microseconds, in the order of the rounds.
pub async fn in_turns(
    contest: &mut impl Contest,
    ways: usize,
    warm_up: usize,
    rounds: usize,
) -> Result<Vec<Vec<f64>>, AnyError> {
    let mut samples = vec![Vec::with_capacity(rounds); ways];
    let mut order = Order::new(ways);
    for round in 0..warm_up + rounds {
        for &way in order.shuffled() {
            let time = contest.turn(way, round).await?;
            if round >= warm_up {
                samples[way].push(time.as_secs_f64() * 1e6);
            }
        }
    }
    Ok(samples)
}

/// The same orders in every run, and no way is always behind the same other one, whose work the
/// server may still be clearing up.
pub struct Order {
    ways: Vec<usize>,
    state: u64,
}

impl Order {
    pub fn new(ways: usize) -> Self {
        Self { ways: (0..ways).collect(), state: 0x9e37_79b9_7f4a_7c15 }
    }

    pub fn shuffled(&mut self) -> &[usize] {
        for last in (1..self.ways.len()).rev() {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            let below = u64::try_from(last + 1).unwrap_or(1);
            self.ways.swap(last, usize::try_from(self.state % below).unwrap_or(0));
        }
        &self.ways
    }
}
