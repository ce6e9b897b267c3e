//! Requests that were sent ahead of the wait for their answers.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio_postgres::Error as PgError;

use super::lease::Lease;
use crate::error::Step;

type Request = Pin<Box<dyn Future<Output = Result<(), PgError>> + Send>>;

/// Answers that are still to come, in the order in which their requests were sent.
#[derive(Default)]
pub(super) struct Answers(VecDeque<(Step, Sent)>);

enum Sent {
    /// Not sent yet.
    Later(Request),
    Waiting(Request),
    Answered(Result<(), PgError>),
}

impl Answers {
    /// Hands a request to the connection now. The first poll of a request of tokio-postgres sends
    /// it whole, through a queue that takes any number, so the order of these calls is the order
    /// on the wire.
    pub(super) fn push(
        &mut self,
        step: Step,
        request: impl Future<Output = Result<(), PgError>> + Send + 'static,
    ) {
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

    /// Keeps a request back until somebody waits for the answers.
    pub(super) fn push_later(
        &mut self,
        step: Step,
        request: impl Future<Output = Result<(), PgError>> + Send + 'static,
    ) {
        self.0.push_back((step, Sent::Later(Box::pin(request))));
    }

    /// Whether something of it was not sent yet.
    pub(super) fn is_kept_back(&self) -> bool {
        self.0.iter().any(|(_, sent)| matches!(sent, Sent::Later(_)))
    }

    /// Sends what was kept back.
    fn send_later(&mut self, cx: &mut Context<'_>) {
        for (_, sent) in &mut self.0 {
            if let Sent::Later(request) = sent {
                let answer = request.as_mut().poll(cx);
                let Sent::Later(request) = std::mem::replace(sent, Sent::Answered(Ok(()))) else { continue };
                *sent = match answer {
                    Poll::Ready(answer) => Sent::Answered(answer),
                    Poll::Pending => Sent::Waiting(request),
                };
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Waits until every answer is in, and reports the first that is an error.
    ///
    /// Dropping the future loses no answer: the next call goes on where it stopped.
    pub(super) fn poll_all(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), (Step, PgError)>> {
        self.send_later(cx);
        let mut first_error = None;
        while let Some((step, sent)) = self.0.front_mut() {
            let answer = match std::mem::replace(sent, Sent::Answered(Ok(()))) {
                Sent::Answered(answer) => answer,
                Sent::Waiting(mut request) | Sent::Later(mut request) => match request.as_mut().poll(cx) {
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
