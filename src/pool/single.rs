//! One statement as a transaction of its own, in one flight.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio_postgres::Error as PgError;

use super::answers::Answers;
use super::binding::{Binding, Bound, Form};
use super::connection::Connection;
use super::deadline::Deadline;
use super::drain::Debt;
use super::kept::kept_number;
use super::retry::Retry;
use super::sharing::Sharing;
use super::strategy::Strategy;
use super::texts::Text;
use super::way::Way;
use super::work::Work;
use crate::error::{Error, Kind, Result, Step, connection_is_lost};

/// What single statements of one scope share.
pub(super) struct Single {
    way: Way,
    bound: Bound,
    /// Which statements may share, where it is not as in all the pool.
    sharing: Option<Sharing>,
}

impl Single {
    pub(super) fn new(way: Way, bound: Bound) -> Self {
        Self { way, bound, sharing: None }
    }

    /// A transaction with the same context, nothing of it sent yet.
    pub(super) fn begin(&self) -> Work {
        self.begin_on(self.way.clone())
    }

    /// The same on the primary, unless no server but a replica will do.
    pub(super) fn begin_on_primary(&self) -> Work {
        self.begin_on(self.way.back_to_primary(&self.bound))
    }

    fn begin_on(&self, way: Way) -> Work {
        Work::new(way, self.bound.as_ref().map(Binding::for_block).map_err(Arc::clone))
    }

    /// The same with another limit for each call.
    pub(super) fn with_timeout(&self, limit: Duration) -> Self {
        let limited = |binding: &Arc<Binding>| Arc::new(binding.with_timeout(limit));
        let bound = self.bound.as_ref().map(limited).map_err(Arc::clone);
        Self { bound, way: self.way.clone(), sharing: self.sharing }
    }

    /// The same with another rule for who shares.
    pub(super) fn with_sharing(&self, sharing: Sharing) -> Self {
        let bound = self.bound.as_ref().map(Arc::clone).map_err(Arc::clone);
        Self { bound, way: self.way.clone(), sharing: Some(sharing) }
    }

    /// The same on the primary.
    pub(super) fn on_primary(&self) -> Self {
        let bound = self.bound.as_ref().map(Arc::clone).map_err(Arc::clone);
        Self { bound, way: Way::to(self.way.primary()), sharing: self.sharing }
    }

    /// Starts to count the time of a call.
    pub(super) fn deadline(&self) -> Deadline {
        Deadline::after(self.bound.as_ref().ok().and_then(|binding| binding.timeout()))
    }

    pub(super) fn bound(&self) -> &Bound {
        &self.bound
    }

    pub(super) fn way(&self) -> &Way {
        &self.way
    }

    /// Whether each of them is recorded.
    pub(super) fn is_recorded(&self) -> bool {
        self.bound.as_ref().is_ok_and(|binding| binding.record().is_some())
    }

    pub(super) fn retry(&self) -> Retry {
        self.way.primary().options().retry
    }

    pub(super) async fn connection(&self) -> Result<Connection> {
        self.way.connection(&self.bound).await
    }

    /// What is known of a statement, if it may share its connection.
    pub(super) fn may_share(&self, sql: &str) -> Option<Arc<Text>> {
        self.way.primary().may_share(&self.bound, self.sharing, sql)
    }

    /// A connection that others may share, or one that others use already.
    pub(super) async fn shared(&self, text: Arc<Text>) -> Result<Connection> {
        self.way.shared(&self.bound, text, self.sharing).await
    }

    /// Runs a statement between its own BEGIN and COMMIT and waits for all of it.
    pub(super) async fn run<T>(
        &self,
        connection: &Connection,
        statement: Pin<&mut impl Future<Output = Result<T, PgError>>>,
    ) -> Result<T> {
        let (value, mut closing) = self.answer(connection, statement).await?;
        match closing.all().await {
            Ok(()) => {
                connection.lease.settle();
                connection.lease.still_fits()?;
                Ok(value)
            }
            Err((step, error)) => {
                if !connection_is_lost(&error) {
                    connection.lease.settle();
                }
                Err(connection.final_error(step, error))
            }
        }
    }

    /// Sends everything, then waits for the statement's own answer. The COMMIT's is handed back.
    pub(super) async fn answer<T>(
        &self,
        connection: &Connection,
        mut statement: Pin<&mut impl Future<Output = Result<T, PgError>>>,
    ) -> Result<(T, Answers)> {
        let strategy = connection.strategy();
        let lease = &connection.lease;
        let mut send = |cx: &mut Context<'_>| {
            // Held, so that nobody's request comes between the opening and the statement.
            let turn = lease.turn();
            let form = strategy.form_of_single(connection);
            if connection.follows_others() && (turn.sealed || form != Form::Alone) {
                return Err(Error::from(Kind::Left));
            }
            let opening = strategy.open(connection, form)?;
            // The first poll sends the statement, behind the opening and ahead of the closing.
            let writing = lease.writing(opening.debt());
            let first = statement.as_mut().poll(cx);
            writing.end();
            Ok::<_, Error>((opening.follow(&first), first, form))
        };
        let (opening, first, form) = poll_fn(|cx| Poll::Ready(send(cx))).await?;
        let (mut opening, mut closing) = if let Some(opening) = opening {
            connection.offer();
            (opening, Strategy::close(connection, form))
        } else {
            // The driver does not take the statement, and nothing was sent.
            lease.owe(Debt::None);
            Default::default()
        };

        let opened = opening.all().await;
        let answer = match first {
            Poll::Ready(answer) => answer,
            Poll::Pending => statement.await,
        };
        let (error, acknowledged) = match (opened, answer) {
            (Ok(()), Ok(value)) => return Ok((value, closing)),
            (Ok(()), Err(error)) => {
                // An error of the server's comes with the end of the transaction. One of the driver's
                // own may leave the rest of an answer on its way.
                let ended = error.code().is_some() && !connection_is_lost(&error);
                (connection.passage().failure(error), ended || !closing.is_empty())
            }
            // The statement and its COMMIT were sent along, and the server may have heard them.
            (Err((_, error)), _) if connection_is_lost(&error) => {
                return Err(connection.final_error(Step::Statement, error));
            }
            (Err((Step::Begin, error)), _) => {
                // The statement ran outside of any transaction and without a tenant, which the
                // policies refuse. The connection is not trusted again.
                lease.owe(Debt::Close);
                return Err(lease.error(Step::Begin, error));
            }
            (Err((step, error)), _) => (lease.error(step, error), true),
        };
        if closing.is_kept_back() && kept_number(&error).is_none() {
            closing = Strategy::undo(lease);
        }
        // The answer to the COMMIT, which is a rollback by now, makes the connection clean.
        if closing.all().await.is_ok() && acknowledged {
            lease.settle();
        }
        Err(error)
    }
}
