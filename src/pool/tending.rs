//! What a pool does by itself from time to time.

use std::sync::Weak;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::bounds::Bounds;
use super::stock::Stock;
use super::task;

/// The longest time between two looks, and the shortest.
const LONGEST: Duration = Duration::from_secs(10);
const SHORTEST: Duration = Duration::from_millis(10);

/// How often a pool that keeps connections idle looks whether they are there.
const KEEPING: Duration = Duration::from_secs(1);

/// The task that closes idle connections whose time is up and keeps as many as are wanted. It ends
/// with its pool.
pub(super) struct Tending(Option<AbortHandle>);

impl Tending {
    pub(super) fn start(bounds: &Bounds, stock: Weak<Stock>) -> Self {
        let shortest = [bounds.idle_timeout, bounds.max_lifetime].into_iter().flatten().min();
        let keeping = (bounds.min_idle > 0).then_some(KEEPING);
        let beat = shortest.map(|limit| limit / 4).into_iter().chain(keeping).min();
        let Some(beat) = beat else { return Self(None) };
        let beat = beat.clamp(SHORTEST, LONGEST);
        Self(task::start(async move {
            loop {
                sleep(beat).await;
                let Some(stock) = stock.upgrade() else { return };
                stock.close_over();
                if stock.opener.guard.is_settled() {
                    stock.fill();
                }
            }
        }))
    }

    pub(super) fn stop(&self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

impl Drop for Tending {
    fn drop(&mut self) {
        self.stop();
    }
}
