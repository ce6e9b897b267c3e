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

/// How often a pool that keeps connections idle looks whether they are there, and one that is measured counts them.
const OFTEN: Duration = Duration::from_secs(1);

/// The task that closes idle connections whose time is up and keeps as many as are wanted. It ends
/// with its pool.
pub(super) struct Tending(Option<AbortHandle>);

impl Tending {
    /// Begins to tend a pool, and to count its connections where it is measured.
    pub(super) fn start(bounds: &Bounds, is_measured: bool, stock: Weak<Stock>) -> Self {
        let shortest = [bounds.idle_timeout, bounds.max_lifetime].into_iter().flatten().min();
        let often = (bounds.min_idle > 0 || is_measured).then_some(OFTEN);
        let beat = shortest.map(|limit| limit / 4).into_iter().chain(often).min();
        let Some(beat) = beat else { return Self(None) };
        let beat = beat.clamp(SHORTEST, LONGEST);
        Self(task::start(async move {
            loop {
                sleep(beat).await;
                let Some(stock) = stock.upgrade() else { return };
                stock.close_over();
                stock.opener.observer.counted(|| stock.counts());
                if stock.opener.guard.is_settled()
                    && stock.opener.standby().is_none_or(|standby| standby.is_usable())
                {
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
