//! One connection, checked out for one unit of work, and what it owes before it may be used again.

use std::sync::{Mutex, PoisonError};

use tokio_postgres::error::SqlState;
use tokio_postgres::{Error as PgError, Statement};

use super::drain::{Abandoned, Debt, Drain};
use super::manager::{Client, Object};
use crate::error::{Error, Result, Step, connection_is_lost};
use crate::wire::Link;

/// A connection on loan from the pool.
///
/// Dropped, it goes back to the pool only when it owes nothing. Otherwise the drain takes it.
pub(super) struct Lease {
    /// Taken in `drop`, and only there.
    object: Option<Object>,
    drain: Drain,
    state: Mutex<State>,
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
        if self.debt != Debt::Close {
            self.debt = debt;
        }
    }
}

impl Lease {
    pub(super) fn new(object: Object, drain: Drain) -> Self {
        let state = State { debt: Debt::None, preparing: 0, retired: false };
        Self { object: Some(object), drain, state: Mutex::new(state) }
    }

    pub(super) fn client(&self) -> &Client {
        #[expect(clippy::expect_used, reason = "only drop takes the connection out")]
        self.object.as_deref().expect("a lease holds its connection until it is dropped")
    }

    pub(super) fn link(&self) -> &Link {
        self.client().link()
    }

    /// Whether every request on the connection has been answered, as far as this loan goes.
    pub(super) fn is_quiet(&self) -> bool {
        self.with_state(|state| state.preparing == 0 && state.debt == Debt::None)
    }

    /// Notes what the connection will owe, just before the request that makes it so is sent.
    /// [`Debt::Close`] stays, whatever follows.
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

    /// Keeps the connection from being used again where somebody has dropped the statements that it
    /// keeps on the server. Some of them, those that look types up, the driver never prepares anew.
    fn retire_if_forgotten(&self, error: &PgError) {
        if error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME) {
            self.retire();
        }
    }

    /// An error of this connection's. Where its stream ended it, the error says why.
    pub(super) fn error(&self, step: Step, source: PgError) -> Error {
        self.retire_if_forgotten(&source);
        match self.link().violation() {
            Some(violation) if connection_is_lost(&source) => {
                Error::violation(step, violation.to_string(), false)
            }
            _ => Error::server(step, source),
        }
    }

    /// The same of a step that ends a unit of work.
    pub(super) fn final_error(&self, step: Step, source: PgError) -> Error {
        self.retire_if_forgotten(&source);
        match self.link().violation() {
            Some(violation) if connection_is_lost(&source) => {
                Error::violation(step, violation.to_string(), true)
            }
            _ => Error::final_step(step, source),
        }
    }

    /// Prepares a statement, or takes it from the connection's cache.
    pub(super) async fn prepare(&self, sql: &str) -> Result<Statement> {
        // Parsing waits for locks on the tables it reads, so even this may be left unanswered: a
        // dropped future stays counted.
        self.with_state(|state| state.preparing += 1);
        let statement = self.client().prepare_cached(sql).await;
        self.with_state(|state| state.preparing = state.preparing.saturating_sub(1));
        statement.map_err(|error| self.error(Step::Prepare, error))
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
        let Some(object) = self.object.take() else { return };
        let State { debt, preparing, retired } = self.with_state(|state| *state);
        let debt = if debt == Debt::None && preparing > 0 { Debt::Answer } else { debt };
        match debt {
            Debt::None if !retired && !object.link().is_altered() => drop(object),
            Debt::None => drop(Object::take(object)),
            debt => self.drain.take(Abandoned::new(object, debt, retired)),
        }
    }
}
