//! A connection that is on its way to whoever waits.

use std::sync::Arc;

use super::places::Place;
use super::stock::Stock;

/// Counts a connection as being opened or checked, until this is dropped.
pub(super) struct Coming {
    stock: Arc<Stock>,
    /// The place of one that is to be opened, until its task begins.
    place: Option<Place>,
    begun: bool,
}

impl Coming {
    pub(super) fn new(stock: &Arc<Stock>, place: Option<Place>) -> Self {
        Self { stock: Arc::clone(stock), place, begun: false }
    }

    /// The task has begun, and takes the place.
    pub(super) fn begin(&mut self) -> (Arc<Stock>, Option<Place>) {
        self.begun = true;
        (Arc::clone(&self.stock), self.place.take())
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        self.stock.came(self.begun, self.place.take());
    }
}
