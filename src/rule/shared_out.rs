//! Work that two threads share.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// As much room as there is where a program starts: conditions that stand in one another take it.
const STACK: usize = 8 << 20;

/// Does jobs, from the first one on until there is none, and gives what comes of them in their order. If they are worth it, another
/// thread does some of them.
pub(super) fn shared_out<T: Send>(worth: bool, job: impl Fn(usize) -> Option<T> + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work = || {
        let one = || {
            let at = next.fetch_add(1, Ordering::Relaxed);
            job(at).map(|done| (at, done))
        };
        std::iter::from_fn(one).collect::<Vec<_>>()
    };
    let mut done = if worth {
        thread::scope(|scope| {
            let other = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || counting(work));
            let mut done = work();
            match other.map(thread::ScopedJoinHandle::join) {
                Ok(Ok((more, names))) => {
                    done.extend(more);
                    count(names);
                }
                Ok(Err(panic)) => resume_unwind(panic),
                // Where there is no other thread, all is done.
                Err(_) => {}
            }
            done
        })
    } else {
        work()
    };
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, done)| done).collect()
}

/// Does something, and tells how often it has looked at names where tests count that.
fn counting<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let done = work();
    #[cfg(test)]
    let names = crate::ident::counted::count();
    #[cfg(not(test))]
    let names = 0;
    (done, names)
}

/// Counts what another thread has looked at as one's own.
fn count(names: u64) {
    #[cfg(test)]
    crate::ident::counted::add(names);
    #[cfg(not(test))]
    let _ = names;
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::shared_out;
    use crate::ident::{Ident, counted};

    #[test]
    fn all_is_done_once_and_in_order() {
        for worth in [false, true] {
            let done = shared_out(worth, |at| (at < 1_000).then_some(at));
            assert_eq!(done, (0..1_000).collect::<Vec<_>>());
        }
    }

    #[test]
    fn names_that_the_other_thread_looks_at_are_counted() {
        let before = counted::count();
        // Neither thread goes on before the other one has a job too.
        let both = Barrier::new(2);
        let job = || {
            both.wait();
            Ident::known("a") == Ident::known("b")
        };
        let done = shared_out(true, |at| (at < 2).then(job));
        assert_eq!((done.len(), counted::count() - before), (2, 2));
    }
}
