//! What a connection's stream and whoever uses the connection share.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use postgres_protocol::Oid;
use tokio::sync::mpsc::Sender;
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Notification};

use super::flight::{Flights, Taken, Timing};
use super::heard::Heard;
use super::kept::KeptAnswers;
use super::ledger::{Part, Stage};
use super::prologue::Prologue;
use super::statements::StatementMode;
use super::tally::{Counted, Tally};
use super::violation::Violation;
use crate::error::Farewell;

/// The way from a pool to the stream of one of its connections.
#[derive(Debug, Default)]
pub(crate) struct Link {
    flights: Flights,
    /// Where the request that carried the last prologue failed.
    failed: AtomicU8,
    /// Whether the request that failed last did so before anything of its statement had run.
    failed_at_bind: AtomicBool,
    violation: OnceLock<Violation>,
    /// Whether that is a backend's, with no pooler between.
    direct: AtomicBool,
    kept: KeptAnswers,
    /// The types that the driver has looked up on this connection.
    types: Mutex<HashSet<Oid>>,
    /// Whether a request that may run something was handed to the network.
    written: AtomicBool,
    farewell: OnceLock<Farewell>,
    /// Whether the session is as units of work are to find it.
    set_up: AtomicBool,
    /// Whether what the server reports of the session is another than then.
    altered: AtomicBool,
    /// Whether the session has heard a notification, for which it must have listened.
    notified: AtomicBool,
    /// Whether the server said last that it is no standby.
    takes_writes: AtomicBool,
    heard: Heard,
    tally: Tally,
    /// The Unix socket that the connection leads through, if it does.
    socket: Option<PathBuf>,
    /// The process that serves the connection, as whoever took it said at its start.
    process_id: OnceLock<i32>,
}

impl Link {
    pub(super) fn new(mode: StatementMode) -> Self {
        Self { flights: Flights::new(mode), ..Self::default() }
    }

    #[cfg(unix)]
    pub(super) fn at_socket(path: &Path, mode: StatementMode) -> Self {
        Self { socket: Some(path.to_owned()), ..Self::new(mode) }
    }

    pub(super) fn socket(&self) -> Option<&Path> {
        self.socket.as_deref()
    }

    /// Prepares what the next statement on this connection shall carry ahead of it, and returns its number.
    ///
    /// The caller makes sure of two things: that every request sent before, and not answered, carries a prologue too, and
    /// that the very next one is the statement. `timing` hears how long it takes.
    pub(crate) fn arm<E>(
        &self,
        timing: Option<Arc<Timing>>,
        fill: impl FnOnce(&mut Prologue) -> Result<(), E>,
    ) -> Result<u64, E> {
        if !self.is_under_way() {
            self.forget_failure();
        }
        self.flights.arm(timing, fill)
    }

    /// Takes the prologue back that was prepared last. Whether it was still there, so that the statement was not sent.
    pub(crate) fn disarm(&self, number: u64) -> bool {
        self.flights.disarm(number)
    }

    pub(super) fn is_armed(&self) -> bool {
        self.flights.is_armed()
    }

    /// Makes the statement that is to carry the prologue with this number, and those behind it, so many in all, one
    /// transaction under one Sync. The caller makes sure that the next so many statements on this connection are these.
    ///
    /// Where one of them fails, the server runs none of those behind it, which fail with
    /// [`ALONG`](super::joined::ALONG), and nothing of any of them is kept.
    pub(crate) fn join(&self, number: u64, requests: usize) {
        self.flights.join(number, requests);
    }

    /// Hands the prologue that was prepared first to the statement that carries it.
    pub(super) fn take<T>(&self, write: impl FnOnce(&Prologue, u64) -> T) -> Option<Taken<T>> {
        self.flights.take(write)
    }

    /// Notes that the server has answered a request that carried a prologue.
    pub(super) fn answer(&self, number: u64) {
        self.flights.answer(number);
    }

    /// How many requests that carry prologues are not answered.
    pub(crate) fn under_way(&self) -> u64 {
        self.flights.under_way()
    }

    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way() > 0
    }

    /// Notes that a request that carries a prologue is long, or its answer.
    pub(super) fn note_heavy(&self, number: Option<u64>) {
        if let Some(number) = number {
            self.flights.note_heavy(number);
        }
    }

    /// Whether a request is under way that is long, or whose answer is: for those who might follow it.
    pub(crate) fn is_heavy(&self) -> bool {
        self.flights.is_heavy()
    }

    /// For how long the server has answered nothing of what is under way, beyond the time that the network takes.
    pub(crate) fn stands_still_for(&self) -> Duration {
        self.flights.stands_still_for()
    }

    /// Notes where a request failed. The first one since the last prologue counts: what follows a
    /// prologue that failed fails for its sake.
    pub(super) fn fail(&self, number: Option<u64>, stage: Stage) {
        if let Some(number) = number {
            self.flights.fail(number, stage);
        }
        let at = match stage {
            Stage::Prologue(Part::Begin) => AT_BEGIN,
            Stage::Prologue(Part::Context) => AT_CONTEXT,
            Stage::Bind => AT_BIND,
            Stage::Statement => AT_STATEMENT,
            Stage::Commit => AT_COMMIT,
        };
        let _ = self.failed.compare_exchange(NOWHERE, at, Ordering::AcqRel, Ordering::Acquire);
        self.failed_at_bind.store(at <= AT_BIND, Ordering::Release);
    }

    /// Whether the request that failed last did so before anything of its statement had run.
    pub(crate) fn failed_at_bind(&self) -> bool {
        self.failed_at_bind.load(Ordering::Acquire)
    }

    /// Notes which process whoever answers says to be, in BackendKeyData.
    pub(super) fn says_process_id(&self, process_id: i32) {
        let _ = self.process_id.set(process_id);
    }

    /// Which process whoever answers says to be.
    pub(crate) fn process_id(&self) -> Option<i32> {
        self.process_id.get().copied()
    }

    /// Notes that the session is as units of work are to find it, and to leave it.
    pub(crate) fn set_up(&self) {
        self.set_up.store(true, Ordering::Release);
    }

    /// Notes that the session is being set up, until [`Link::set_up`] is called again.
    pub(crate) fn begin_set_up(&self) {
        self.set_up.store(false, Ordering::Release);
    }

    /// Whether what the server reports from now on are changes.
    pub(super) fn is_set_up(&self) -> bool {
        self.set_up.load(Ordering::Acquire)
    }

    /// Notes which process has run a query on this connection. Where it is not the one that has let us
    /// in, a pooler stands between: a PostgreSQL backend holds a named statement to the parameters and
    /// columns that it has told, and a pooler prepares the same text anew on another backend.
    ///
    /// Until this is called, a pooler is taken to be there.
    pub(crate) fn served_by(&self, process_id: i32) {
        self.direct.store(self.process_id.get() == Some(&process_id), Ordering::Release);
    }

    /// Whether the connection leads to a backend, with no pooler between.
    pub(crate) fn is_direct(&self) -> bool {
        self.direct.load(Ordering::Acquire)
    }

    pub(super) fn kept(&self) -> &KeptAnswers {
        &self.kept
    }

    /// The types that the driver has to look up before it reads an answer that is kept; `None` if it is not.
    pub(crate) fn unknown_types(&self, number: u64) -> Option<Vec<Oid>> {
        let mut types = self.kept.types(number)?;
        types.retain(|oid| !self.knows_type(*oid));
        types.sort_unstable();
        types.dedup();
        Some(types)
    }

    /// Whether an answer is there to be asked for, and was not too long to be kept.
    pub(crate) fn keeps(&self, number: u64) -> bool {
        self.kept.is_whole(number)
    }

    /// Drops an answer that nobody will ask for.
    pub(crate) fn drop_kept(&self, number: u64) {
        self.kept.take(number);
    }

    /// Notes types that the driver has looked up.
    pub(crate) fn learn_types<'a>(&self, types: impl IntoIterator<Item = &'a Type>) {
        let new = types.into_iter().map(Type::oid).filter(|oid| Type::from_oid(*oid).is_none());
        let mut new = new.peekable();
        if new.peek().is_some() {
            self.types().extend(new);
        }
    }

    /// Notes that the driver has forgotten all types that it has looked up.
    pub(crate) fn forget_types(&self) {
        self.types().clear();
    }

    /// Whether the driver can decode a type without asking the server.
    pub(super) fn knows_type(&self, oid: Oid) -> bool {
        Type::from_oid(oid).is_some() || self.types().contains(&oid)
    }

    fn types(&self) -> MutexGuard<'_, HashSet<Oid>> {
        self.types.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a unit of work that carries no prologue, so that the failure of one before is not taken for its own.
    pub(crate) fn forget_failure(&self) {
        self.kept.clear();
        self.failed.store(NOWHERE, Ordering::Release);
    }

    /// Where something failed first since the last prologue.
    pub(crate) fn failed(&self) -> Option<Stage> {
        match self.failed.load(Ordering::Acquire) {
            AT_BEGIN => Some(Stage::Prologue(Part::Begin)),
            AT_CONTEXT => Some(Stage::Prologue(Part::Context)),
            AT_BIND => Some(Stage::Bind),
            AT_STATEMENT => Some(Stage::Statement),
            AT_COMMIT => Some(Stage::Commit),
            _ => None,
        }
    }

    pub(super) fn violated(&self, violation: &Violation) {
        let _ = self.violation.set(violation.clone());
    }

    pub(super) fn alter(&self, is_altered: bool) {
        self.altered.store(is_altered, Ordering::Release);
    }

    pub(super) fn note_writes(&self, takes_writes: bool) {
        self.takes_writes.store(takes_writes, Ordering::Release);
    }

    /// Whether the server said last, with what it answered last, that it is no standby: in `in_hot_standby`, which it reports since
    /// PostgreSQL 14. For a connection that leads to it directly: what a pooler says may be old.
    pub(crate) fn takes_writes(&self) -> bool {
        self.takes_writes.load(Ordering::Acquire)
    }

    pub(super) fn notify(&self) {
        self.notified.store(true, Ordering::Release);
    }

    /// Whether somebody has left something in the session that the server tells of by itself: a
    /// setting, another user, a channel that it listens to. For a time when no transaction is open.
    pub(crate) fn is_altered(&self) -> bool {
        self.altered.load(Ordering::Acquire) || self.notified.load(Ordering::Acquire)
    }

    /// Why the stream ended the connection, if it did.
    pub(crate) fn violation(&self) -> Option<&Violation> {
        self.violation.get()
    }

    /// Counts, from zero, the rows of what runs on this connection from now on.
    pub(crate) fn begin_tally(&self) {
        self.tally.begin();
    }

    /// So many rows that were counted were the crate's own.
    pub(crate) fn discount(&self, rows: u64) {
        self.tally.discount(rows);
    }

    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What was counted since then.
    pub(crate) fn counted(&self) -> Counted {
        self.tally.counted()
    }

    /// Has somebody hear the notifications of this connection.
    pub(crate) fn listen(&self, listener: Sender<Notification>) {
        self.heard.listen(listener);
    }

    /// How many notifications there was no room for since this was asked last.
    pub(crate) fn take_missed(&self) -> u64 {
        self.heard.take_missed()
    }

    /// Hears what the server says by itself.
    pub(super) fn hear(&self, message: AsyncMessage) {
        self.heard.hear(message);
    }

    /// Notes that something that runs was handed to the network, of the request with this number if it has one.
    pub(super) fn note_written(&self, number: Option<u64>) {
        self.written.store(true, Ordering::Release);
        if let Some(number) = number {
            self.flights.note_written(number);
        }
    }

    /// Where a request that carries a prologue failed, if it did.
    pub(crate) fn failed_of(&self, number: u64) -> Option<Stage> {
        self.flights.failed(number)
    }

    /// Whether something of a request that carries a prologue was handed to the network that the server may have run.
    pub(crate) fn was_written_of(&self, number: u64) -> bool {
        self.flights.was_written(number)
    }

    /// For a step whose loss has to be told from its never having been sent.
    pub(crate) fn forget_written(&self) {
        self.written.store(false, Ordering::Release);
    }

    /// Whether, since then, a statement was handed to the network that the server may have run: one
    /// of this step or, where others are under way, one of theirs.
    pub(crate) fn was_written(&self) -> bool {
        self.written.load(Ordering::Acquire)
    }

    pub(super) fn say_farewell(&self, farewell: Farewell) {
        let _ = self.farewell.set(farewell);
    }

    /// What the server said as it ended the connection, if it did.
    pub(crate) fn farewell(&self) -> Option<&Farewell> {
        self.farewell.get()
    }
}

const NOWHERE: u8 = 0;
const AT_BEGIN: u8 = 1;
const AT_CONTEXT: u8 = 2;
const AT_BIND: u8 = 3;
const AT_STATEMENT: u8 = 4;
const AT_COMMIT: u8 = 5;
