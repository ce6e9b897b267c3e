//! Places: how many connections of a pool the server may see.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::CancelToken;

use super::stock::Stock;
use super::target::Target;
use crate::wire::Link;

/// One of the places that a pool has, taken for one connection from before it is opened until after
/// its socket is closed. The task that drives the connection holds it to the end.
pub(super) struct Place {
    stock: Weak<Stock>,
    /// Whether its connection is being closed in good order, so that it is free soon.
    parting: AtomicBool,
    /// The connection that has it, once it is open.
    way: OnceLock<Way>,
}

/// What it takes to cut a connection off, whoever uses it.
struct Way {
    token: CancelToken,
    link: Arc<Link>,
    cutter: AbortHandle,
}

impl Place {
    pub(super) fn new(stock: Weak<Stock>) -> Self {
        Self { stock, parting: AtomicBool::new(false), way: OnceLock::new() }
    }

    /// Lets go of a place that the pool counts as free already.
    pub(super) fn forget(mut self) {
        self.stock = Weak::new();
    }

    /// Notes the connection that has it.
    pub(super) fn leads_to(&self, token: CancelToken, link: &Arc<Link>, cutter: AbortHandle) {
        let _ = self.way.set(Way { token, link: Arc::clone(link), cutter });
    }

    /// Has the server cancel what the connection runs, as long as it takes that, and closes its socket.
    pub(super) async fn cut(&self, target: &Target, limit: Duration) {
        let Some(Way { token, link, cutter }) = self.way.get() else { return };
        // Where it cannot be asked, the server hears of it by the socket.
        let _ = timeout(limit, target.cancel_last(token, link)).await;
        cutter.abort();
    }

    /// Notes that the connection is being closed in good order.
    pub(super) fn part(&self) {
        self.parting.store(true, Ordering::Release);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(stock) = self.stock.upgrade() {
            stock.vacated(self.parting.load(Ordering::Acquire));
        }
    }
}
