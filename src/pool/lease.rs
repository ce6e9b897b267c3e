//! One connection, checked out for one unit of work, and what it owes before it may be used again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::{Kind, Oid, Type};
use tokio_postgres::{Column, Error as PgError, Statement};
use tracing::Span;

use super::access::Access;
use super::cache::OutOfDate;
use super::client::Client;
use super::drain::{Abandoned, Debt, Drain};
use super::object::Object;
use super::observe::Observer;
use super::opener::Opener;
use super::stock::Stock;
use crate::error::{Error, Kind as ErrorKind, Outcome, Result, Step, connection_is_lost};
use crate::wire::{Link, kept};

/// A connection on loan from the pool.
///
/// Dropped, it goes back to the pool only when it owes nothing. Otherwise the drain takes it.
pub(super) struct Lease {
    /// Taken in `drop`, and only there.
    object: Option<Object>,
    drain: Drain,
    state: Mutex<State>,
    /// Held by who sends. Whether nobody else may share the connection from now on.
    turn: Mutex<Turn>,
    /// Whether what runs on it cannot write.
    read_only: AtomicBool,
    /// Since when it is on loan, where that is measured.
    since: Option<Instant>,
    /// For whom it is, where anybody watches.
    span: Span,
    /// That it crosses tenants, if it does.
    access: Option<Access>,
}

/// Whose turn it is to send.
#[derive(Default)]
pub(super) struct Turn {
    /// Whether nobody may follow any more what is under way.
    pub(super) sealed: bool,
}

/// A statement to run, and whether the server has described it just now.
#[derive(Clone)]
pub(super) struct Prepared {
    pub(super) statement: Statement,
    pub(super) fresh: bool,
}

#[derive(Clone, Copy)]
struct State {
    debt: Debt,
    /// How many statements are being prepared.
    preparing: usize,
    /// Whether the connection must not be used by anybody else afterwards.
    retired: bool,
}

impl State {
    fn become_due(&mut self, debt: Debt) {
        if self.debt < Debt::Close || debt > self.debt {
            self.debt = debt;
        }
    }
}

impl Lease {
    pub(super) fn new(object: Object, drain: Drain) -> Self {
        let state = State { debt: Debt::None, preparing: 0, retired: false };
        let (state, turn) = (Mutex::new(state), Mutex::default());
        let (since, span, access) = (None, Span::none(), None);
        Self {
            object: Some(object),
            drain,
            state,
            turn,
            read_only: AtomicBool::new(false),
            since,
            span,
            access,
        }
    }

    /// One for a caller, whose use of the connection counts, and in whose span it may come to the drain.
    pub(super) fn watched(object: Object, opener: &Opener) -> Self {
        let mut lease = Self::new(object, opener.drain.clone());
        (lease.since, lease.span) = (opener.observer.now(), Observer::current());
        lease
    }

    /// The same for work across tenants, of which the log hears when it begins and when it ends.
    pub(super) fn across_tenants(mut self, reason: &str, role: Option<&str>) -> Self {
        self.access = Some(Access::begin(&self, reason, role));
        self
    }

    pub(super) fn client(&self) -> &Client {
        self.object()
    }

    fn object(&self) -> &Object {
        #[expect(clippy::expect_used, reason = "only drop takes the connection out")]
        self.object.as_ref().expect("a lease holds its connection until it is dropped")
    }

    pub(super) fn link(&self) -> &Link {
        self.client().link()
    }

    /// Whether a transaction is open whose COMMIT was not sent.
    pub(super) fn owes_rollback(&self) -> bool {
        self.with_state(|state| state.debt == Debt::Rollback)
    }

    /// Whether every request on the connection has been answered, as far as this loan goes, but for single statements:
    /// each of these carries all that it needs, and others can follow it.
    pub(super) fn is_quiet(&self) -> bool {
        self.with_state(|state| state.preparing == 0 && state.debt == Debt::None)
    }

    /// Waits for the turn to send. Nobody waits while they have it.
    pub(super) fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets nobody follow any more what is under way, so that other requests than single statements can be sent.
    pub(super) fn seal(&self) {
        self.turn().sealed = true;
    }

    /// Whether others may follow what is under way.
    pub(super) fn is_open(&self) -> bool {
        // Nobody waits for who is sending.
        let sealed = self.turn.try_lock().map_or(true, |turn| turn.sealed);
        !sealed && self.is_quiet() && !self.is_retired() && !self.link().is_altered()
    }

    /// How what the connection leads to is spoken to, by whoever opened it.
    pub(super) fn opener(&self) -> &Opener {
        &Object::stock(self.object()).opener
    }

    /// Refuses what was read from a replica that was none any more.
    pub(super) fn still_fits(&self) -> Result<()> {
        if self.client().is_promoted() { Err(Error::from(ErrorKind::Promoted)) } else { Ok(()) }
    }

    pub(super) fn stock(&self) -> Option<&Arc<Stock>> {
        self.object.as_ref().map(Object::stock)
    }

    /// Notes what the connection will owe, just before the request that makes it so is sent.
    /// [`Debt::Close`] stays, whatever follows, unless it is [`Debt::Cut`].
    pub(super) fn owe(&self, debt: Debt) {
        self.with_state(|state| state.become_due(debt));
    }

    /// Notes that the server has acknowledged the end of the transaction, and with it, since answers
    /// come in order, all that was sent before.
    pub(super) fn settle(&self) {
        self.with_state(|state| {
            state.become_due(Debt::None);
            state.preparing = 0;
        });
    }

    /// Keeps the connection from being used again after this unit of work.
    pub(super) fn retire(&self) {
        self.with_state(|state| state.retired = true);
    }

    pub(super) fn is_retired(&self) -> bool {
        self.with_state(|state| state.retired)
    }

    /// Stands by while the driver writes a request, for which it calls code of the caller's: the
    /// conversion of the parameters. A panic there leaves a part of the message in the driver's
    /// buffer, ahead of whatever is written next, so the connection is not used again.
    ///
    /// `debt` is what the connection owes without the request.
    pub(super) fn writing(&self, debt: Debt) -> Writing<'_> {
        Writing { lease: self, debt }
    }

    /// Notes whether what is sent next may write.
    pub(super) fn begin(&self, read_only: bool) {
        self.read_only.store(read_only, Ordering::Relaxed);
    }

    /// An error of this connection's. Where it was lost, the error says why, as far as that is known.
    pub(super) fn error(&self, step: Step, source: PgError) -> Error {
        self.tell(step, source, Outcome::Undone)
    }

    /// The same of a step that ends a unit of work, of which this has become if the connection was lost.
    pub(super) fn final_error(&self, step: Step, source: PgError, outcome: Outcome) -> Error {
        self.tell(step, source, outcome)
    }

    fn tell(&self, step: Step, source: PgError, outcome: Outcome) -> Error {
        self.heed(&source);
        if !connection_is_lost(&source) {
            return Error::server(step, source);
        }
        let link = self.link();
        if let Some(violation) = link.violation() {
            return Error::violation(step, violation.to_string(), outcome == Outcome::InDoubt);
        }
        match link.farewell() {
            Some(farewell) if source.as_db_error().is_none() => Error::ended(step, outcome, farewell.clone()),
            _ => Error::lost(step, outcome, source),
        }
    }

    /// Prepares a statement, or takes it from the connection's cache.
    pub(super) async fn prepare(&self, sql: &str) -> Result<Prepared> {
        if let Some(statement) = self.client().cache().get(sql) {
            return Ok(Prepared { statement, fresh: false });
        }
        let text = self.client().cache().text(sql);
        let prepared = self.counted(self.client().prepare(&text)).await;
        if prepared.as_ref().is_err_and(|error| self.is_old_at_the_pooler(error)) {
            self.forget(sql, OutOfDate::There);
        }
        let statement = prepared?;
        let columns = statement.columns().iter().map(Column::type_);
        self.link().learn_types(statement.params().iter().chain(columns));
        self.client().cache().insert(sql, statement.clone());
        Ok(Prepared { statement, fresh: true })
    }

    /// Has the driver look types up, so that it can decode them.
    async fn look_up(&self, types: &[Oid]) -> Result<()> {
        // The driver looks up the types of the parameters of what it prepares.
        let parameters: Vec<String> = (1..=types.len()).map(|n| format!("${n}")).collect();
        let sql = format!("SELECT {}", parameters.join(", "));
        let unknown = |oid: &Oid| Type::new(String::new(), *oid, Kind::Simple, String::new());
        let types: Vec<Type> = types.iter().map(unknown).collect();
        let statement = self.counted(self.client().prepare_typed(&sql, &types)).await?;
        self.link().learn_types(statement.params());
        Ok(())
    }

    /// Whether an error is of something that a pooler has prepared long ago, and not of what was sent now.
    pub(super) fn is_old_at_the_pooler(&self, error: &Error) -> bool {
        !self.link().is_direct() && error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED)
    }

    /// What has to be asked for rows that are kept, once the driver knows their types.
    pub(super) async fn kept(&self, number: u64) -> Result<String> {
        let Some(unknown) = self.link().unknown_types(number) else {
            return Err(Error::from(ErrorKind::StaleRows));
        };
        if !unknown.is_empty() {
            self.look_up(&unknown).await?;
        }
        if !self.link().keeps(number) {
            return Err(Error::from(ErrorKind::StaleRows));
        }
        Ok(kept::request(number))
    }

    /// Forgets a statement, and all types, whose labels or fields may have changed with it.
    pub(super) fn forget(&self, sql: &str, out_of_date: OutOfDate) {
        self.client().cache().remove(sql);
        if !self.link().is_direct() {
            self.client().cache().renew(sql, out_of_date);
        }
        self.client().clear_type_cache();
        self.link().forget_types();
    }

    /// Takes note of errors after which nobody else gets the connection.
    fn heed(&self, source: &PgError) {
        let Some(code) = source.code() else { return };
        if *code == SqlState::INVALID_SQL_STATEMENT_NAME {
            // Where the server does not know a statement any more, others are gone, too, those among them
            // by which the driver looks types up.
            self.client().cache().clear();
            self.retire();
        } else if *code == SqlState::READ_ONLY_SQL_TRANSACTION
            && self.client().terms.read_write
            && !self.read_only.load(Ordering::Relaxed)
        {
            // The server is not the one that was asked for any more: a standby since another took over.
            self.retire();
        }
    }

    /// Parsing waits for locks on the tables that it reads, so even this may be left unanswered: a
    /// dropped future stays counted.
    async fn counted<T>(&self, preparation: impl Future<Output = Result<T, PgError>>) -> Result<T> {
        self.with_state(|state| state.preparing += 1);
        let answer = preparation.await;
        self.with_state(|state| state.preparing = state.preparing.saturating_sub(1));
        answer.map_err(|error| self.error(Step::Prepare, error))
    }

    fn with_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A request that is being written, from [`Lease::writing`].
pub(super) struct Writing<'a> {
    lease: &'a Lease,
    debt: Debt,
}

impl Writing<'_> {
    /// It was written whole, or not at all.
    pub(super) fn end(self) {
        std::mem::forget(self);
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.lease.retire();
        self.lease.owe(self.debt);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let State { debt, preparing, retired } = self.with_state(|state| *state);
        let unanswered = preparing > 0 || self.link().is_under_way();
        let debt = if debt == Debt::None && unanswered { Debt::Answer } else { debt };
        if let Some(access) = &self.access {
            access.end(self, debt);
        }
        let Some(object) = self.object.take() else { return };
        let stock = Object::stock(&object);
        stock.opener.observer.used(self.since);
        if object.is_promoted()
            && let Some(standby) = stock.opener.standby()
        {
            standby.is_promoted(stock);
        }
        match debt {
            Debt::None if !retired && !object.link().is_altered() => drop(object),
            Debt::None => Object::close(object),
            debt => self.drain.take(Abandoned::new(object, debt, retired), &self.span),
        }
    }
}
