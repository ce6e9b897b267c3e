//! The end of a pool.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;
use tracing::{info, warn};

use super::core::Core;

/// How long the work that is under way may take unless told otherwise: less than the 30 s that Kubernetes leaves a pod.
const WITHIN: Duration = Duration::from_secs(20);

/// How long a cancel request may take, and after that the server to close its side.
const CUT_LIMIT: Duration = Duration::from_secs(2);

/// A pool that was closed, from [`TenantPool::close`](crate::TenantPool::close). Awaited, it waits until the work that is under way has
/// ended.
///
/// ```no_run
/// # async fn example(pool: tenantry::TenantPool) {
/// use std::time::Duration;
///
/// let closed = pool.close().within(Duration::from_secs(10)).await;
/// if closed.cut_off > 0 {
///     eprintln!("{} connections were cut off", closed.cut_off);
/// }
/// # }
/// ```
pub struct Closing {
    cores: Vec<Arc<Core>>,
    within: Duration,
}

/// How a pool has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// How many connections were cut off because their work had not ended in time. The server was asked to cancel what they
    /// ran, and rolls it back unless it was about to commit.
    pub cut_off: usize,
}

impl Closing {
    pub(super) fn new(cores: Vec<Arc<Core>>) -> Self {
        Self { cores, within: WITHIN }
    }

    /// How long the work that is under way may take. Default: 20 s. What has not ended by then is cut off.
    #[must_use = "nobody waits for work to end before this is awaited"]
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    async fn end(self) -> Closed {
        let Self { cores, within } = self;
        let ended = join_all(cores.iter().map(|core| core.stock().ended()));
        if timeout(within, ended).await.is_ok() {
            info!("tenant pool is closed");
            return Closed { cut_off: 0 };
        }
        let mut cut_off = 0;
        for core in &cores {
            let places = core.stock().places();
            cut_off += places.len();
            join_all(places.iter().map(|place| place.cut(core.target(), CUT_LIMIT))).await;
        }
        let ended = join_all(cores.iter().map(|core| core.stock().ended()));
        let all = timeout(CUT_LIMIT, ended).await.is_ok();
        warn!(cut_off, ?within, all, "tenant pool is closed, with work that did not end in time");
        Closed { cut_off }
    }
}

impl IntoFuture for Closing {
    type Output = Closed;
    type IntoFuture = Pin<Box<dyn Future<Output = Closed> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.end())
    }
}

impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing").field("within", &self.within).finish_non_exhaustive()
    }
}
