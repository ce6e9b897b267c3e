//! How stale a replica may be, by time.
//!
//! A standby cannot tell: the time of the last commit that it has replayed stands still while nobody writes, and whether it still receives
//! what is written only a monitoring role may see. So the primary is asked how far it is: what a replica has replayed up to a position
//! that the primary told no longer ago than the limit is no staler than that, by this machine's clock alone.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::types::PgLsn;
use tracing::debug;

use crate::error::{Result, Step};
use crate::pool::core::Core;
use crate::pool::drain::Debt;
use crate::pool::task;
use crate::pool::work::POSITION;
use crate::tenant::WalPosition;

/// Between two questions to the primary: a part of the limit, from and to.
const PART: u32 = 4;
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(10);

/// What the primary has told, and when it was asked.
pub(in crate::pool) struct Lag {
    limit: Duration,
    told: Mutex<VecDeque<(Instant, WalPosition)>>,
}

impl Lag {
    pub(in crate::pool) fn new(limit: Duration) -> Arc<Self> {
        Arc::new(Self { limit, told: Mutex::default() })
    }

    /// What a replica must have replayed. `None`: the primary was not heard of for so long.
    pub(super) fn least(&self) -> Option<WalPosition> {
        self.least_at(Instant::now())
    }

    fn least_at(&self, now: Instant) -> Option<WalPosition> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = |asked: Instant| now.saturating_duration_since(asked) <= self.limit;
        told.iter().find(|(asked, _)| counts(*asked)).map(|(_, position)| *position)
    }

    /// Asks the primary from time to time, as long as its pool is there.
    pub(in crate::pool) fn watch(self: &Arc<Self>, primary: &Arc<Core>) {
        let (lag, primary): (_, Weak<Core>) = (Arc::clone(self), Arc::downgrade(primary));
        let pause = (self.limit / PART).clamp(SHORTEST, LONGEST);
        task::start(async move {
            while let Some(core) = primary.upgrade().filter(|core| !core.stock().is_closed()) {
                let asked = Instant::now();
                match timeout(lag.limit, ask(&core)).await {
                    Ok(Ok(position)) => lag.note(asked, position),
                    Ok(Err(error)) => debug!(reason = %error, "the primary does not tell how far it is"),
                    Err(_) => debug!("the primary does not tell in time how far it is"),
                }
                drop(core);
                sleep(pause).await;
            }
        });
    }

    fn note(&self, asked: Instant, position: WalPosition) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|(asked, _)| asked.elapsed() <= self.limit);
        told.push_back((asked, position));
    }
}

async fn ask(core: &Core) -> Result<WalPosition> {
    let lease = core.lease().await?;
    let failed = |error| lease.error(Step::Guard, error);
    lease.owe(Debt::Answer);
    let row = lease.client().query_typed_one(POSITION, &[]).await.map_err(failed)?;
    lease.settle();
    // A primary that was demoted tells how far it has replayed, and another may be ahead of it.
    let position: Option<PgLsn> = row.try_get(0).map_err(failed)?;
    Ok(position.map_or(WalPosition::BEYOND, WalPosition::from))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Lag, WalPosition};

    #[test]
    fn a_replica_must_have_what_the_primary_told_within_the_limit_and_no_more() {
        let lag = Lag::new(Duration::from_secs(100));
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        assert_eq!(lag.least_at(begun), None);
        let [first, second, third]: [WalPosition; 3] =
            ["0/1", "0/2", "0/3"].map(|text| text.parse().unwrap());
        for (asked, position) in [(0, first), (50, second), (150, third)] {
            lag.note(after(asked), position);
        }
        for (now, least) in
            [(0, Some(first)), (100, Some(first)), (101, Some(second)), (200, Some(third)), (251, None)]
        {
            assert_eq!(lag.least_at(after(now)), least, "{now}");
        }
    }
}
