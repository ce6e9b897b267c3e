//! How a unit of work opens and closes on the wire. This is the seam behind which a further
//! strategy fits: callers send their statement between [`Strategy::open`] and [`Strategy::close`]
//! and know nothing of what travels around it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio_postgres::{Error as PgError, Statement};

use super::binding::Binding;
use super::connection::Connection;
use super::drain::Debt;
use super::lease::Lease;
use crate::error::{Result, Step};

pub(super) const COMMIT: &str = "COMMIT";

/// How the tenant reaches the server with each unit of work.
///
/// Whatever the strategy, everything is sent before the first answer is awaited, so a scoped
/// statement costs one flight. The strategies differ in what is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// `BEGIN`, a `set_config` select with the tenant as a bind parameter, the statement, `COMMIT`.
    /// The default.
    #[default]
    Explicit,
    /// The same with `SET LOCAL` in place of the select, for servers that do not carry `set_config`
    /// to where the rows are, Citus among them.
    ///
    /// `SET` takes no parameters, so here the tenant stands in SQL text, which `pg_stat_activity`
    /// and a statement log show.
    ExplicitSetLocal,
}

impl Strategy {
    /// Prepares, where the strategy has one, the statement that binds the context.
    pub(super) async fn prepare(self, lease: &Lease, binding: &Binding) -> Result<Option<Statement>> {
        match self {
            Self::Explicit => lease.prepare(&binding.select()).await.map(Some),
            Self::ExplicitSetLocal => Ok(None),
        }
    }

    /// Sends what stands ahead of a unit's first statement and returns without waiting.
    pub(super) fn open(self, connection: &Connection) -> Answers {
        connection.lease.owe(Debt::Rollback);
        let mut answers = Answers::default();
        answers.push_command(Step::Begin, &connection.lease, connection.binding.begin());
        self.bind(connection, &mut answers);
        answers
    }

    /// Sends the context, again where a savepoint has ended and may have changed it.
    pub(super) fn bind(self, connection: &Connection, answers: &mut Answers) {
        let Connection { lease, binding, select } = connection;
        match (self, select.clone()) {
            (Self::Explicit, Some(select)) => {
                let (on, binding) = (Arc::clone(lease), Arc::clone(binding));
                answers.push(Step::Bind, async move {
                    on.client().execute(&select, &binding.params()).await.map(drop)
                });
            }
            (Self::Explicit, None) | (Self::ExplicitSetLocal, _) => {
                for sql in binding.set_local() {
                    answers.push_command(Step::Bind, lease, sql);
                }
            }
        }
    }

    /// Sends what ends a unit of one statement, right behind the statement, without waiting.
    pub(super) fn close(self, lease: &Arc<Lease>) -> Answers {
        lease.owe(Debt::Answer);
        let mut answers = Answers::default();
        match self {
            Self::Explicit | Self::ExplicitSetLocal => answers.push_command(Step::Commit, lease, COMMIT),
        }
        answers
    }
}

type Request = Pin<Box<dyn Future<Output = Result<(), PgError>> + Send>>;

/// Answers that are still to come, in the order in which their requests were sent.
#[derive(Default)]
pub(super) struct Answers(VecDeque<(Step, Sent)>);

enum Sent {
    Waiting(Request),
    Answered(Result<(), PgError>),
}

impl Answers {
    /// Hands a request to the connection now. The first poll of a request of tokio-postgres sends
    /// it whole, through a queue that takes any number, so the order of these calls is the order
    /// on the wire.
    fn push(&mut self, step: Step, request: impl Future<Output = Result<(), PgError>> + Send + 'static) {
        let mut request: Request = Box::pin(request);
        let sent = match request.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(answer) => Sent::Answered(answer),
            Poll::Pending => Sent::Waiting(request),
        };
        self.0.push_back((step, sent));
    }

    /// Sends one command that has neither parameters nor rows.
    pub(super) fn push_command(&mut self, step: Step, lease: &Arc<Lease>, sql: impl Into<Cow<'static, str>>) {
        let (on, sql) = (Arc::clone(lease), sql.into());
        self.push(step, async move { on.client().batch_execute(&sql).await });
    }

    /// Waits until every answer is in, and reports the first that is an error.
    ///
    /// Dropping the future loses no answer: the next call goes on where it stopped.
    pub(super) fn poll_all(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), (Step, PgError)>> {
        let mut first_error = None;
        while let Some((step, sent)) = self.0.front_mut() {
            let answer = match std::mem::replace(sent, Sent::Answered(Ok(()))) {
                Sent::Answered(answer) => answer,
                Sent::Waiting(mut request) => match request.as_mut().poll(cx) {
                    Poll::Ready(answer) => answer,
                    Poll::Pending => {
                        *sent = Sent::Waiting(request);
                        if let Some((step, error)) = first_error {
                            self.0.push_front((step, Sent::Answered(Err(error))));
                        }
                        return Poll::Pending;
                    }
                },
            };
            if let (Err(error), None) = (answer, &first_error) {
                first_error = Some((step.clone(), error));
            }
            self.0.pop_front();
        }
        Poll::Ready(first_error.map_or(Ok(()), Err))
    }

    pub(super) async fn all(&mut self) -> Result<(), (Step, PgError)> {
        std::future::poll_fn(|cx| self.poll_all(cx)).await
    }
}
