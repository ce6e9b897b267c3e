//! Whether a pool can serve: for the probes of whoever runs the service.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::time::timeout;

use super::core::Core;
use super::lease::Lease;
use super::opener::GUARD_LIMIT;
use crate::error::{Error, Kind, Result};

/// When the last probe went well.
#[derive(Default)]
pub(super) struct Probe(Mutex<Option<Instant>>);

impl Probe {
    /// Asks the server through the pools, unless an answer is known that is no older. Who asks meanwhile waits for the same answer.
    pub(super) async fn ask(&self, cores: impl Iterator<Item = &Arc<Core>>, age: Duration) -> Result<()> {
        let mut last = self.0.lock().await;
        if last.is_some_and(|last| last.elapsed() <= age) {
            for core in cores {
                if core.stock().is_closed() {
                    return Err(Error::from(Kind::PoolClosed));
                }
            }
            return Ok(());
        }
        *last = None;
        for core in cores {
            look(core).await?;
        }
        *last = Some(Instant::now());
        Ok(())
    }
}

/// Has the guard look at the role on one of a pool's connections, with a canary that travels as tenants do.
async fn look(core: &Core) -> Result<()> {
    let lease: Arc<Lease> = Arc::new(core.lease().await?);
    let stock = core.stock();
    let examined = timeout(GUARD_LIMIT, stock.opener.look(&lease)).await;
    let examined = examined.unwrap_or_else(|_| Err(Error::from(Kind::ConnectTimeout(GUARD_LIMIT))));
    if let Err(error) = examined {
        lease.retire();
        stock.opener.refused(stock, &error);
        return Err(error);
    }
    stock.role_is_known();
    Ok(())
}
