//! What a connection's stream and whoever uses the connection share.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::ledger::{Part, Stage};
use super::prologue::Prologue;
use super::statements::StatementMode;
use super::violation::Violation;

/// The way from a pool to the stream of one of its connections.
#[derive(Debug, Default)]
pub(crate) struct Link {
    prologue: Mutex<Prologue>,
    /// Whether the prologue waits for its statement.
    armed: AtomicBool,
    /// Where the request that carried the last prologue failed.
    failed: AtomicU8,
    violation: OnceLock<Violation>,
    /// The Unix socket that the connection leads through, if it does.
    socket: Option<PathBuf>,
    /// The process that serves the connection, as whoever took it said at its start.
    process_id: OnceLock<i32>,
}

impl Link {
    pub(super) fn new(mode: StatementMode) -> Self {
        Self { prologue: Mutex::new(Prologue::new(mode)), ..Self::default() }
    }

    #[cfg(unix)]
    pub(super) fn at_socket(path: &Path, mode: StatementMode) -> Self {
        Self { socket: Some(path.to_owned()), ..Self::new(mode) }
    }

    pub(super) fn socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// Prepares what the next statement on this connection shall carry ahead of it.
    ///
    /// The caller makes sure of two things: that every request sent before has been answered, and
    /// that the very next one is the statement. What was prepared before and not carried is lost.
    pub(crate) fn arm<E>(&self, fill: impl FnOnce(&mut Prologue) -> Result<(), E>) -> Result<(), E> {
        let mut prologue = self.prologue();
        self.armed.store(false, Ordering::Relaxed);
        prologue.clear();
        self.forget_failure();
        fill(&mut prologue)?;
        self.armed.store(true, Ordering::Release);
        Ok(())
    }

    /// Takes the prologue back. Whether it was still there, so that the statement was not sent.
    pub(crate) fn disarm(&self) -> bool {
        let _prologue = self.prologue();
        self.armed.swap(false, Ordering::AcqRel)
    }

    pub(super) fn is_armed(&self) -> bool {
        self.armed.load(Ordering::Acquire)
    }

    /// Hands the prologue to the statement that carries it, once.
    pub(super) fn take<T>(&self, write: impl FnOnce(&Prologue) -> T) -> Option<T> {
        let prologue = self.prologue();
        self.armed.swap(false, Ordering::AcqRel).then(|| write(&prologue))
    }

    fn prologue(&self) -> MutexGuard<'_, Prologue> {
        self.prologue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes where a request failed, unless it was in the statement itself. The first one since the
    /// last prologue counts: what follows a prologue that failed fails for its sake.
    pub(super) fn fail(&self, stage: Stage) {
        let at = match stage {
            Stage::Prologue(Part::Begin) => AT_BEGIN,
            Stage::Prologue(Part::Context) => AT_CONTEXT,
            Stage::Commit => AT_COMMIT,
            Stage::Statement => return,
        };
        let _ = self.failed.compare_exchange(NOWHERE, at, Ordering::AcqRel, Ordering::Acquire);
    }

    /// For a unit of work that carries no prologue, so that the failure of one before is not taken for its own.
    pub(crate) fn forget_failure(&self) {
        self.failed.store(NOWHERE, Ordering::Release);
    }

    /// Where, beside the statements themselves, something failed since the last prologue.
    pub(crate) fn failed(&self) -> Option<Stage> {
        match self.failed.load(Ordering::Acquire) {
            AT_BEGIN => Some(Stage::Prologue(Part::Begin)),
            AT_CONTEXT => Some(Stage::Prologue(Part::Context)),
            AT_COMMIT => Some(Stage::Commit),
            _ => None,
        }
    }

    pub(super) fn told_process_id(&self, id: i32) {
        let _ = self.process_id.set(id);
    }

    /// The process that cancel requests are for. A pooler tells a number of its own.
    pub(crate) fn process_id(&self) -> Option<i32> {
        self.process_id.get().copied()
    }

    pub(super) fn violated(&self, violation: &Violation) {
        let _ = self.violation.set(violation.clone());
    }

    /// Why the stream ended the connection, if it did.
    pub(crate) fn violation(&self) -> Option<&Violation> {
        self.violation.get()
    }
}

const NOWHERE: u8 = 0;
const AT_BEGIN: u8 = 1;
const AT_CONTEXT: u8 = 2;
const AT_COMMIT: u8 = 3;
