//! How far a replica has replayed, asked once for all who wait for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{Replica, Standby};
use crate::error::{Error, Kind, Result, Step};
use crate::pool::drain::Debt;
use crate::pool::task;
use crate::tenant::WalPosition;

const REPLAYED: &str = include_str!("../../../sql/pool/replayed.sql");

/// Between two questions: at first, doubled each time, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(16);

/// How long the answer may take, and the wait for a connection to ask on.
const LIMIT: Duration = Duration::from_secs(5);

/// Somebody waits for a replica to replay, until this is dropped.
struct Waits<'a>(&'a Standby);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Replica {
    /// Waits until it has replayed as much, at most until then. Whether it has.
    pub(super) async fn reaches(self: &Arc<Self>, position: WalPosition, until: Instant) -> bool {
        let standby = &self.standby;
        let mut state = standby.state.subscribe();
        standby.waiting.fetch_add(1, Ordering::AcqRel);
        let _waits = Waits(standby);
        self.ask();
        let changes = state.wait_for(|state| !state.usable || state.replayed >= position);
        // Nothing but a look at what is known, where the time is up already.
        let _ = timeout_at(until, changes).await;
        standby.has_replayed(position)
    }

    /// Has a task ask, unless one does.
    fn ask(self: &Arc<Self>) {
        if self.standby.asking.swap(true, Ordering::AcqRel) {
            return;
        }
        let this = Arc::downgrade(self);
        let started = task::start(async move {
            let mut pause = FIRST_PAUSE;
            while let Some(replica) = this.upgrade() {
                let asked = timeout(LIMIT, replica.learn()).await;
                let failed = !matches!(asked, Ok(Ok(())));
                let standby = &replica.standby;
                if failed || standby.waiting.load(Ordering::Acquire) == 0 {
                    standby.asking.store(false, Ordering::Release);
                    // Who has come in between has seen somebody ask.
                    let left_out = !failed && standby.waiting.load(Ordering::Acquire) > 0;
                    if !left_out || standby.asking.swap(true, Ordering::AcqRel) {
                        return;
                    }
                }
                drop(replica);
                sleep(pause).await;
                pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
            }
        });
        if started.is_none() {
            self.standby.asking.store(false, Ordering::Release);
        }
    }

    /// Asks the server, and notes what it says.
    async fn learn(&self) -> Result<()> {
        let opened = || self.standby.state.borrow().opened;
        let lease = self.core.lease().await?;
        if !lease.link().is_direct() {
            return Err(Error::from(Kind::PoolClosed));
        }
        let before = opened();
        lease.owe(Debt::Answer);
        let failed = |error| lease.error(Step::Guard, error);
        let row = lease.client().query_typed_one(REPLAYED, &[]).await.map_err(failed)?;
        lease.settle();
        let replayed: Option<tokio_postgres::types::PgLsn> = row.try_get(0).map_err(failed)?;
        let replayed = replayed.map(WalPosition::from).unwrap_or_default();
        self.standby.state.send_if_modified(|state| {
            let is_news = state.opened == before && state.replayed < replayed;
            if is_news {
                state.replayed = replayed;
            }
            is_news
        });
        Ok(())
    }
}
