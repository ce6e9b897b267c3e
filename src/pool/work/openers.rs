//! Several statements of one transaction that wait for the same answers.

use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use super::lock;

/// Those that wait for the answers to BEGIN and context. What wakes one of them wakes them all.
#[derive(Default)]
pub(super) struct Openers(Mutex<Vec<Waker>>);

impl Openers {
    pub(super) fn add(&self, waker: &Waker) {
        let mut wakers = lock(&self.0);
        if !wakers.iter().any(|known| known.will_wake(waker)) {
            wakers.push(waker.clone());
        }
    }
}

impl Wake for Openers {
    fn wake(self: Arc<Self>) {
        let wakers = std::mem::take(&mut *lock(&self.0));
        wakers.into_iter().for_each(Waker::wake);
    }
}
