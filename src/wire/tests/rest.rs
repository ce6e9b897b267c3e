//! Futures that are polled when they were woken and not otherwise, until all of them rest.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

type Task<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Futures that wake each other.
#[derive(Default)]
pub(super) struct Tasks<'a>(Vec<(Task<'a>, Arc<Woken>)>);

impl<'a> Tasks<'a> {
    pub(super) fn add(&mut self, task: impl Future<Output = ()> + 'a) {
        self.0.push((Box::pin(task), Arc::new(Woken(AtomicBool::new(true)))));
    }

    /// Polls until nobody is woken any more. Whether anybody was.
    pub(super) fn settle(&mut self) -> bool {
        let mut any = false;
        let mut again = true;
        while std::mem::take(&mut again) {
            self.0.retain_mut(|(task, woken)| {
                if !woken.0.swap(false, Ordering::Relaxed) {
                    return true;
                }
                (any, again) = (true, true);
                let waker = Waker::from(Arc::clone(woken));
                task.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Pending
            });
        }
        any
    }
}
