//! A lease with what its unit of work binds on it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio_postgres::{Error as PgError, Statement};

use super::binding::Binding;
use super::client::Client;
use super::lease::Lease;
use super::shared::Ride;
use super::stock::Stock;
use super::strategy::Strategy;
use super::texts::Text;
use super::turns::Turn;
use crate::error::{Error, Outcome, Result, Step};
use crate::wire::{Part, Stage, Timing};

/// A connection that is ready to open a unit of work.
pub(super) struct Connection {
    pub(super) lease: Arc<Lease>,
    pub(super) binding: Arc<Binding>,
    /// The statement that binds the context, where the strategy has one.
    select: Mutex<Option<Statement>>,
    /// The number of the request that is all of the unit, once it was sent. 0: there is none.
    number: AtomicU64,
    /// Since when it is under way, where it follows others.
    sent: OnceLock<Instant>,
    share: Share,
    /// Let go last, when the lease is.
    room: Option<Room>,
    /// The tenant's turn, where they take turns.
    turn: Option<Arc<Turn>>,
}

/// What a unit of work does with others on its connection.
enum Share {
    Nothing,
    /// Others may follow it.
    Leads(Arc<Text>),
    /// It follows others.
    Follows(Arc<Text>, Statement),
}

impl Connection {
    /// One that nobody shares.
    pub(super) fn alone(lease: Lease, binding: Arc<Binding>, select: Option<Statement>) -> Self {
        Self::new(Arc::new(lease), binding, select, Share::Nothing)
    }

    /// One that others may share from when its statement was sent.
    pub(super) fn leads(lease: Lease, binding: Arc<Binding>, text: Arc<Text>) -> Self {
        Self::new(Arc::new(lease), binding, None, Share::Leads(text))
    }

    /// One that others use already.
    pub(super) fn follows(ride: Ride, binding: Arc<Binding>, text: Arc<Text>) -> Self {
        Self::new(ride.lease, binding, None, Share::Follows(text, ride.statement))
    }

    fn new(lease: Arc<Lease>, binding: Arc<Binding>, select: Option<Statement>, share: Share) -> Self {
        let room = match share {
            Share::Nothing => None,
            Share::Leads(_) | Share::Follows(..) => lease.stock().cloned().map(Room),
        };
        Self {
            lease,
            binding,
            select: Mutex::new(select),
            number: AtomicU64::new(0),
            sent: OnceLock::new(),
            share,
            room,
            turn: None,
        }
    }

    /// The same with the tenant's turn, which ends with the unit of work.
    pub(super) fn in_turn(self, turn: Option<Arc<Turn>>) -> Self {
        Self { turn, ..self }
    }

    /// The same for another unit of work, which is sent behind this one without waiting for it.
    pub(super) fn beside(&self) -> Self {
        Self::new(Arc::clone(&self.lease), Arc::clone(&self.binding), self.select(), Share::Nothing)
    }

    /// How the tenant reaches the server that it leads to.
    pub(super) fn strategy(&self) -> Strategy {
        self.lease.opener().guard.strategy()
    }

    pub(super) fn client(&self) -> &Client {
        self.lease.client()
    }

    /// Whether something was handed to the network that may have changed rows.
    pub(super) fn may_have_written(&self) -> bool {
        self.outcome() == Outcome::InDoubt
    }

    pub(super) fn select(&self) -> Option<Statement> {
        self.select.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Prepares the statement that binds the context anew, where the connection has forgotten it.
    pub(super) async fn renew(&self) -> Result<()> {
        let select = self.strategy().prepare(&self.lease, &self.binding).await?;
        *self.select.lock().unwrap_or_else(PoisonError::into_inner) = select;
        Ok(())
    }

    /// Whether its statement was sent behind those of others, or is to be.
    pub(super) fn follows_others(&self) -> bool {
        matches!(self.share, Share::Follows(..))
    }

    /// The statement that is to follow those of others.
    pub(super) fn statement(&self) -> Option<&Statement> {
        match &self.share {
            Share::Follows(_, statement) => Some(statement),
            Share::Nothing | Share::Leads(_) => None,
        }
    }

    /// What hears how long its statement takes.
    pub(super) fn timing(&self) -> Option<Arc<Timing>> {
        match &self.share {
            Share::Nothing => None,
            Share::Leads(text) | Share::Follows(text, _) => Some(Arc::clone(text.timing())),
        }
    }

    /// Lets others follow the statement that was sent, if it may share.
    pub(super) fn offer(&self) {
        if let Share::Leads(text) = &self.share
            && text.may_share()
            && let Some(Room(stock)) = &self.room
        {
            stock.offer(&self.lease);
        }
    }

    /// What is sent next may be no request that is all of the unit.
    pub(super) fn forget_number(&self) {
        self.number.store(0, Ordering::Release);
    }

    /// Notes the number of the request that is all of the unit.
    pub(super) fn note_number(&self, number: u64) {
        self.number.store(number, Ordering::Release);
        if self.follows_others() {
            let _ = self.sent.set(Instant::now());
        }
    }

    /// Whether it was sent no longer ago.
    pub(super) fn was_sent_within(&self, limit: Duration) -> bool {
        self.sent.get().is_none_or(|sent| sent.elapsed() < limit)
    }

    /// Makes the request that is sent next and those behind it, so many in all, one transaction.
    pub(super) fn join(&self, requests: usize) {
        self.lease.link().join(self.number.load(Ordering::Acquire), requests);
    }

    /// What is needed to tell what has become of it.
    pub(super) fn passage(&self) -> Passage {
        let (lease, number) = (Arc::clone(&self.lease), self.number.load(Ordering::Acquire));
        Passage { lease, number, read_only: self.binding.is_read_only(), _turn: self.turn.clone() }
    }

    fn outcome(&self) -> Outcome {
        self.passage().outcome()
    }

    /// The error of a step that ends the unit of work.
    pub(super) fn final_error(&self, step: Step, source: PgError) -> Error {
        self.passage().final_error(step, source)
    }

    /// Whether the statement failed before anything of it had run.
    pub(super) fn failed_at_bind(&self) -> bool {
        self.passage().failed_at_bind()
    }
}

/// Tells the stock, dropped, that there may be room behind what is under way on a connection.
struct Room(Arc<Stock>);

impl Drop for Room {
    fn drop(&mut self) {
        self.0.has_room();
    }
}

/// One unit of work among those on a connection, for what is to be told of its failure.
pub(super) struct Passage {
    pub(super) lease: Arc<Lease>,
    number: u64,
    pub(super) read_only: bool,
    /// Held for as long as its rows are read.
    _turn: Option<Arc<Turn>>,
}

impl Passage {
    fn was_written(&self) -> bool {
        let link = self.lease.link();
        if self.number == 0 { link.was_written() } else { link.was_written_of(self.number) }
    }

    /// What has become of it if its connection was lost.
    fn outcome(&self) -> Outcome {
        if self.lease.owes_rollback() {
            Outcome::Undone
        } else if !self.was_written() {
            Outcome::NotSent
        } else if self.read_only {
            Outcome::ReadOnly
        } else {
            Outcome::InDoubt
        }
    }

    pub(super) fn final_error(&self, step: Step, source: PgError) -> Error {
        self.lease.final_error(step, source, self.outcome())
    }

    /// Where it failed.
    pub(super) fn failed(&self) -> Option<Stage> {
        let link = self.lease.link();
        if self.number == 0 { link.failed() } else { link.failed_of(self.number) }
    }

    fn failed_at_bind(&self) -> bool {
        if self.number == 0 {
            return self.lease.link().failed_at_bind();
        }
        matches!(self.failed(), Some(Stage::Prologue(_) | Stage::Bind))
    }

    /// The error of a single statement, named after what of it failed.
    pub(super) fn failure(&self, error: PgError) -> Error {
        self.failure_of(Step::Statement, error)
    }

    /// The same of a unit of work that is something else than a statement.
    pub(super) fn failure_of(&self, step: Step, error: PgError) -> Error {
        match self.failed() {
            Some(Stage::Prologue(Part::Begin)) => self.lease.error(Step::Begin, error),
            Some(Stage::Prologue(Part::Context)) => self.lease.error(Step::Bind, error),
            Some(Stage::Commit) => self.final_error(Step::Commit, error),
            Some(Stage::Bind | Stage::Statement) | None => self.final_error(step, error),
        }
    }
}
