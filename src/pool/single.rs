//! One statement as a transaction of its own, in one flight.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio_postgres::Error as PgError;

use super::binding::Bound;
use super::connection::Connection;
use super::core::Core;
use super::drain::Debt;
use super::retry::Retry;
use super::strategy::Answers;
use super::work::Work;
use crate::error::{Error, Result, Step, connection_is_lost};

/// What single statements of one scope share.
pub(super) struct Single {
    core: Arc<Core>,
    bound: Bound,
}

impl Single {
    pub(super) fn new(core: Arc<Core>, bound: Bound) -> Self {
        Self { core, bound }
    }

    /// A transaction with the same context, nothing of it sent yet.
    pub(super) fn begin(&self) -> Work {
        Work::new(Arc::clone(&self.core), self.bound.clone())
    }

    pub(super) fn retry(&self) -> Retry {
        self.core.options().retry
    }

    pub(super) async fn connection(&self) -> Result<Connection> {
        self.core.connection(&self.bound).await
    }

    /// Runs a statement between its own BEGIN and COMMIT and waits for all of it.
    pub(super) async fn run<T>(
        &self,
        connection: &Connection,
        statement: impl Future<Output = Result<T, PgError>>,
    ) -> Result<T> {
        let (value, mut closing) = self.answer(connection, statement).await?;
        match closing.all().await {
            Ok(()) => {
                connection.lease.settle();
                Ok(value)
            }
            Err((step, error)) => {
                if !connection_is_lost(&error) {
                    connection.lease.settle();
                }
                Err(Error::final_step(step, error))
            }
        }
    }

    /// Sends everything, then waits for the statement's own answer. The COMMIT's is handed back.
    pub(super) async fn answer<T>(
        &self,
        connection: &Connection,
        statement: impl Future<Output = Result<T, PgError>>,
    ) -> Result<(T, Answers)> {
        let strategy = self.core.strategy();
        let lease = &connection.lease;
        let mut opening = strategy.open(connection);
        let mut statement = pin!(statement);
        // The first poll sends the statement, behind the opening and ahead of the closing.
        let first = std::future::poll_fn(|cx| Poll::Ready(statement.as_mut().poll(cx))).await;
        let mut closing = strategy.close(lease);

        let opened = opening.all().await;
        let answer = match first {
            Poll::Ready(answer) => answer,
            Poll::Pending => statement.await,
        };
        let error = match (opened, answer) {
            (Ok(()), Ok(value)) => return Ok((value, closing)),
            (Ok(()), Err(error)) => Error::final_step(Step::Statement, error),
            // The statement and its COMMIT were sent along, and the server may have heard them.
            (Err((_, error)), _) if connection_is_lost(&error) => {
                return Err(Error::final_step(Step::Statement, error));
            }
            (Err((Step::Begin, error)), _) => {
                // The statement ran outside of any transaction and without a tenant, which the
                // policies refuse. The connection is not trusted again.
                lease.owe(Debt::Close);
                return Err(Error::server(Step::Begin, error));
            }
            (Err((step, error)), _) => Error::server(step, error),
        };
        // The answer to the COMMIT, which is a rollback by now, makes the connection clean.
        if closing.all().await.is_ok() {
            lease.settle();
        }
        Err(error)
    }
}
