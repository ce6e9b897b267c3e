//! The prologues that wait for their requests, and the requests that they have gone with.
//!
//! Several may be under way on one connection, each with a prologue of its own: they are sent in the order in which their
//! prologues were prepared, and answered in the same order.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::ledger::Stage;
use super::prologue::Prologue;
use super::statements::StatementMode;

/// How many failures are remembered for whoever has not asked for them yet: others may send meanwhile, and hear of theirs first.
const FAILURES: usize = 1024;

/// What has become of the requests that carry prologues, by numbers that count up from 1. None is used twice.
#[derive(Debug, Default)]
pub(super) struct Flights {
    state: Mutex<State>,
    /// How many prologues wait.
    armed: AtomicUsize,
    /// How many requests were sent, or are about to be, and how many of them are answered.
    sent: AtomicU64,
    done: AtomicU64,
    /// The number of the last request that is answered, as all before it are.
    answered: AtomicU64,
    /// The number of the last request of which something that runs was handed to the network.
    written: AtomicU64,
    /// The number of the last request that is long, or whose answer is.
    heavy: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    mode: StatementMode,
    /// The number of the prologue that was prepared last.
    last: u64,
    waiting: VecDeque<Waiting>,
    /// Prologues whose buffers can be used again.
    unused: Vec<Prologue>,
    /// Who wants to know how long each took of those that are not answered.
    timings: VecDeque<Option<Arc<Timing>>>,
    /// When something was answered last or, if nothing was under way then, sent.
    since: Option<Instant>,
    /// The shortest time that a request took ahead of which none was under way.
    round_trip: Option<Duration>,
    /// Whether none was ahead of the one that is answered next.
    at_head: bool,
    failures: VecDeque<(u64, Stage)>,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    prologue: Prologue,
    /// How many requests are one with the one that carries it, itself among them.
    joined: usize,
}

/// A prologue on its way.
#[derive(Debug)]
pub(super) struct Taken<T> {
    pub(super) number: u64,
    /// How many requests are one with its own, that one among them.
    pub(super) joined: usize,
    pub(super) written: T,
}

impl Flights {
    pub(super) fn new(mode: StatementMode) -> Self {
        Self { state: Mutex::new(State { mode, ..State::default() }), ..Self::default() }
    }

    /// Prepares what the next statement shall carry ahead of it, and returns its number.
    pub(super) fn arm<E>(
        &self,
        timing: Option<Arc<Timing>>,
        fill: impl FnOnce(&mut Prologue) -> Result<(), E>,
    ) -> Result<u64, E> {
        let mut state = self.lock();
        let mut prologue = state.unused.pop().unwrap_or_else(|| Prologue::new(state.mode));
        prologue.clear();
        let filled = fill(&mut prologue);
        if let Err(error) = filled {
            state.unused.push(prologue);
            return Err(error);
        }
        if !self.any_under_way() {
            state.since = Some(Instant::now());
            state.at_head = true;
        }
        state.last += 1;
        let number = state.last;
        state.waiting.push_back(Waiting { number, prologue, joined: 1 });
        state.timings.push_back(timing);
        self.sent.fetch_add(1, Ordering::AcqRel);
        self.armed.store(state.waiting.len(), Ordering::Release);
        Ok(number)
    }

    /// Makes the request that carries the prologue which was prepared last, and those behind it, so many in all, one
    /// transaction: only the last of them ends with a Sync.
    pub(super) fn join(&self, number: u64, requests: usize) {
        if let Some(waiting) = self.lock().waiting.back_mut().filter(|waiting| waiting.number == number) {
            waiting.joined = requests;
        }
    }

    /// Takes the prologue back that was prepared last. Whether it was still there, so that the statement was not sent.
    pub(super) fn disarm(&self, number: u64) -> bool {
        let mut state = self.lock();
        if state.waiting.back().is_none_or(|waiting| waiting.number != number) {
            return false;
        }
        let withdrawn = state.waiting.pop_back();
        state.unused.extend(withdrawn.map(|waiting| waiting.prologue));
        state.timings.pop_back();
        self.sent.fetch_sub(1, Ordering::AcqRel);
        self.armed.store(state.waiting.len(), Ordering::Release);
        true
    }

    pub(super) fn is_armed(&self) -> bool {
        self.armed.load(Ordering::Acquire) > 0
    }

    /// Hands the prologue that was prepared first to the statement that carries it.
    pub(super) fn take<T>(&self, write: impl FnOnce(&Prologue, u64) -> T) -> Option<Taken<T>> {
        let mut state = self.lock();
        let Waiting { number, prologue, joined } = state.waiting.pop_front()?;
        self.armed.store(state.waiting.len(), Ordering::Release);
        let written = write(&prologue, number);
        state.unused.push(prologue);
        Some(Taken { number, joined, written })
    }

    /// Notes that something that runs was handed to the network.
    pub(super) fn note_written(&self, number: u64) {
        self.written.store(number, Ordering::Release);
    }

    /// Notes that a request is long, or its answer.
    pub(super) fn note_heavy(&self, number: u64) {
        self.heavy.store(number, Ordering::Release);
    }

    /// Whether a request is under way that is long, or whose answer is.
    pub(super) fn is_heavy(&self) -> bool {
        self.heavy.load(Ordering::Acquire) > self.answered.load(Ordering::Acquire)
    }

    pub(super) fn was_written(&self, number: u64) -> bool {
        self.written.load(Ordering::Acquire) >= number
    }

    /// Notes that the server has answered a request to its end.
    pub(super) fn answer(&self, number: u64) {
        let now = Instant::now();
        let mut state = self.lock();
        let took = state.since.map(|since| now.duration_since(since)).unwrap_or_default();
        let mut work = took;
        if std::mem::take(&mut state.at_head) {
            let known = state.round_trip;
            state.round_trip = Some(known.map_or(took, |shortest| shortest.min(took)));
            work = took.saturating_sub(known.unwrap_or_default());
        }
        state.since = Some(now);
        let timing = state.timings.pop_front().flatten();
        self.answered.store(number, Ordering::Release);
        self.done.fetch_add(1, Ordering::AcqRel);
        drop(state);
        if let Some(timing) = timing {
            timing.note(work);
        }
    }

    /// How many requests are not answered.
    pub(super) fn under_way(&self) -> u64 {
        // In this order, so that it is never less than none.
        let done = self.done.load(Ordering::Acquire);
        self.sent.load(Ordering::Acquire).saturating_sub(done)
    }

    fn any_under_way(&self) -> bool {
        self.under_way() > 0
    }

    /// For how long nothing has been answered beyond what the network takes, while something was under way.
    pub(super) fn stands_still_for(&self) -> Duration {
        if !self.any_under_way() {
            return Duration::ZERO;
        }
        let state = self.lock();
        let since = state.since.map(|since| since.elapsed()).unwrap_or_default();
        since.saturating_sub(state.round_trip.unwrap_or_default())
    }

    pub(super) fn fail(&self, number: u64, stage: Stage) {
        let failures = &mut self.lock().failures;
        if failures.len() >= FAILURES {
            failures.pop_front();
        }
        failures.push_back((number, stage));
    }

    /// Where a request failed first, if it did.
    pub(super) fn failed(&self, number: u64) -> Option<Stage> {
        self.lock().failures.iter().find(|(failed, _)| *failed == number).map(|(_, stage)| *stage)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the server takes for a statement, as far as was seen: without the network, and without what stood ahead of it.
///
/// What was seen last counts for a half where it was faster, and for a sixteenth where it was slower: a machine that has no
/// time left lets fast statements look slow.
#[derive(Debug)]
pub(crate) struct Timing(AtomicU64);

/// In place of a time that is not known.
const UNKNOWN: u64 = u64::MAX;

impl Default for Timing {
    fn default() -> Self {
        Self(AtomicU64::new(UNKNOWN))
    }
}

impl Timing {
    pub(super) fn note(&self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(UNKNOWN - 1);
        let known = self.0.load(Ordering::Relaxed);
        let next = match known {
            UNKNOWN => took,
            known if took < known => known - (known - took) / 2,
            known => known + (took - known) / 16,
        };
        self.0.store(next, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> Option<Duration> {
        let known = self.0.load(Ordering::Relaxed);
        (known != UNKNOWN).then(|| Duration::from_nanos(known))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::time::Duration;

    use super::{Flights, Timing};
    use crate::wire::ledger::Stage;

    fn arm(flights: &Flights) -> u64 {
        flights.arm(None, |_| Ok::<_, Infallible>(())).unwrap()
    }

    #[test]
    fn prologues_leave_in_the_order_in_which_they_came() {
        let flights = Flights::default();
        let numbers = [arm(&flights), arm(&flights), arm(&flights)];
        assert_eq!(numbers, [1, 2, 3]);
        assert_eq!(flights.under_way(), 3);
        let taken: Vec<u64> =
            std::iter::from_fn(|| flights.take(|_, _| ())).map(|taken| taken.number).collect();
        assert_eq!(taken, numbers);
        assert!(!flights.is_armed());
        flights.answer(1);
        flights.answer(2);
        assert_eq!(flights.under_way(), 1);
    }

    #[test]
    fn only_the_last_is_taken_back_and_only_before_it_has_left() {
        let flights = Flights::default();
        let (first, second) = (arm(&flights), arm(&flights));
        assert!(!flights.disarm(first));
        assert!(flights.disarm(second));
        assert_eq!(flights.under_way(), 1);
        // Its number is nobody else's, so that nobody hears of its failure for their own.
        assert_eq!(arm(&flights), 3);
        flights.take(|_, _| ()).unwrap();
        assert!(!flights.disarm(first));
    }

    #[test]
    fn who_asks_late_hears_of_a_failure_though_others_have_sent_since() {
        let flights = Flights::default();
        let first = arm(&flights);
        flights.take(|_, _| ()).unwrap();
        flights.fail(first, Stage::Bind);
        flights.answer(first);
        arm(&flights);
        assert_eq!(flights.failed(first), Some(Stage::Bind));
    }

    #[test]
    fn each_has_its_own_failure() {
        let flights = Flights::default();
        let (first, second) = (arm(&flights), arm(&flights));
        flights.fail(second, Stage::Statement);
        flights.fail(second, Stage::Commit);
        assert_eq!(flights.failed(first), None);
        assert_eq!(flights.failed(second), Some(Stage::Statement));
    }

    #[test]
    fn a_time_is_soon_known_to_be_short_and_not_forgotten_for_one_hiccup() {
        let timing = Timing::default();
        assert_eq!(timing.get(), None);
        for took in [8000, 0, 0, 0] {
            timing.note(Duration::from_micros(took));
        }
        assert_eq!(timing.get(), Some(Duration::from_millis(1)));
        timing.note(Duration::from_millis(17));
        assert_eq!(timing.get(), Some(Duration::from_millis(2)));
    }

    #[test]
    fn the_time_of_one_that_stood_behind_others_is_its_own() {
        let flights = Flights::default();
        let timing = Arc::new(Timing::default());
        flights.arm(None, |_| Ok::<_, Infallible>(())).unwrap();
        flights.arm(Some(Arc::clone(&timing)), |_| Ok::<_, Infallible>(())).unwrap();
        std::thread::sleep(Duration::from_millis(20));
        flights.answer(1);
        assert_eq!(timing.get(), None);
        flights.answer(2);
        assert!(timing.get().unwrap() < Duration::from_millis(20));
    }
}
