//! What happens, for whoever watches.

use std::time::Duration;

use super::record::Recorded;

/// Something that happens while an adoption runs or is taken back.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Another tool is at work on an adoption in this database; it is waited for.
    Waiting {
        /// The process on the server, if it is known.
        pid: Option<i32>,
    },
    /// A step is about to be taken, or to be gone on with.
    Begun(&'a Recorded),
    /// A step is about to be taken back.
    Undoing(&'a Recorded),
    /// Locks were not to be had in time; the step is tried again after a pause.
    Retry {
        /// The step.
        step: &'a Recorded,
        /// How many attempts have failed.
        attempt: u32,
        /// How long the pause is.
        pause: Duration,
    },
    /// A step is still under way.
    Running {
        /// The step.
        step: &'a Recorded,
        /// For how long.
        elapsed: Duration,
    },
    /// A batch of a backfill is done.
    Batch {
        /// The step.
        step: &'a Recorded,
        /// Which pass through the table this is, the first being 1.
        pass: u32,
        /// How much of the table this pass has gone through.
        walked: u64,
        /// Of about how much; 0 if nobody knows.
        total: u64,
        /// How many rows have got their tenant so far, in all passes and runs.
        rows: u64,
    },
    /// Rows were locked by others when their batch came, and are come back to.
    Skipped {
        /// The step.
        step: &'a Recorded,
        /// How many.
        rows: u64,
    },
    /// A step is done, or taken back.
    Done {
        /// The step.
        step: &'a Recorded,
        /// How long it took.
        elapsed: Duration,
    },
}

/// Whoever watches.
pub type Observer<'o> = dyn FnMut(Event<'_>) + Send + 'o;
