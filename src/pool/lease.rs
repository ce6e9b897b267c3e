//! One connection, checked out for one unit of work, and what it owes before it may be used again.

use std::sync::{Mutex, PoisonError};

use tokio_postgres::error::SqlState;
use tokio_postgres::{Error as PgError, Statement};

use super::client::Client;
use super::drain::{Abandoned, Debt, Drain};
use super::object::Object;
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

    /// An error of this connection's. Where its stream ended it, the error says why.
    pub(super) fn error(&self, step: Step, source: PgError) -> Error {
        self.notice(&source);
        match self.link().violation() {
            Some(violation) if connection_is_lost(&source) => {
                Error::violation(step, violation.to_string(), false)
            }
            _ => Error::server(step, source),
        }
    }

    /// A server that refuses to write is not the one that was asked for any more: a standby since
    /// another server took over. Where it refuses because the context is read-only, a connection is lost.
    fn notice(&self, source: &PgError) {
        let refused = source.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION);
        if refused && self.client().terms.read_write {
            self.retire();
        }
    }

    /// The same of a step that ends a unit of work.
    pub(super) fn final_error(&self, step: Step, source: PgError) -> Error {
        self.notice(&source);
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

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        let State { debt, preparing, retired } = self.with_state(|state| *state);
        let debt = if debt == Debt::None && preparing > 0 { Debt::Answer } else { debt };
        match debt {
            Debt::None if !retired => drop(object),
            Debt::None => Object::close(object),
            debt => self.drain.take(Abandoned::new(object, debt, retired)),
        }
    }
}
