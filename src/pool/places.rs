//! Places: how many connections of a pool the server may see.

use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering};

use super::stock::Stock;

/// One of the places that a pool has, taken for one connection from before it is opened until after
/// its socket is closed. The task that drives the connection holds it to the end.
pub(super) struct Place {
    stock: Weak<Stock>,
    /// Whether its connection is being closed in good order, so that it is free soon.
    parting: AtomicBool,
}

impl Place {
    pub(super) fn new(stock: Weak<Stock>) -> Self {
        Self { stock, parting: AtomicBool::new(false) }
    }

    /// Lets go of a place that the pool counts as free already.
    pub(super) fn forget(mut self) {
        self.stock = Weak::new();
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
