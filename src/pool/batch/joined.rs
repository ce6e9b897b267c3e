//! Statements that are one transaction by standing under one Sync, which costs the server least.

use std::pin::pin;
use std::task::{Context, Poll};

use tokio_postgres::Error as PgError;

use super::sent::{Ready, Request};
use super::{Batch, BatchResult};
use crate::error::{Error, Result, connection_is_lost};
use crate::pool::binding::Form;
use crate::pool::cache::OutOfDate;
use crate::pool::connection::Connection;
use crate::pool::deadline::{Deadline, Expired};
use crate::pool::drain::Debt;
use crate::pool::kept::kept_number_of;
use crate::pool::ready::prepare_outside;
use crate::pool::single::Single;
use crate::pool::stale::{ATTEMPTS, may_be_outdated};
use crate::pool::statement::{Place, Trace, judge};
use crate::pool::strategy::{Opening, Strategy};
use crate::wire::Stage;

type Answer = Result<BatchResult, PgError>;

/// Results, and of which statements the rows are kept, by what numbers.
type Results = (Vec<BatchResult>, Vec<(usize, u64)>);

/// What is to be done about a batch that has failed.
enum Failed {
    /// Its statement with this number was out of date, and nothing of the batch has taken effect.
    Stale(usize, Error),
    For(Error),
}

pub(super) struct Joined<'a> {
    pub(super) batch: &'a Batch<'a>,
    pub(super) single: &'a Single,
}

impl Joined<'_> {
    /// Runs them, or returns `None` where they need a `BEGIN`: for their context, for the way to the server, or for what one of them does.
    pub(super) async fn run(&self) -> Result<Option<Vec<BatchResult>>> {
        let fits = |sql| matches!(judge(sql, Place::Scope), Ok(Trace::None));
        if self.single.way().primary().strategy() != Strategy::Implicit
            || !self.single.bound().as_ref().is_ok_and(|binding| binding.needs_no_begin())
            || !self.batch.0.iter().all(|item| fits(item.sql))
        {
            return Ok(None);
        }
        let deadline = self.single.deadline();
        let connection = deadline.bound(pin!(self.single.connection())).await;
        let connection = connection.unwrap_or_else(|expired| Err(expired.undone()))?;
        if connection.strategy() != Strategy::Implicit {
            return Ok(None);
        }
        let attempts = if connection.lease.link().is_direct() { 1 } else { ATTEMPTS };
        let mut repeats = 0;
        loop {
            let ready = self.ready(&connection, deadline).await?;
            if Strategy::Implicit.form_of_single(&connection) != Form::Alone {
                return Ok(None);
            }
            let sending = self.send(&connection, &ready);
            let answers = deadline.bound(pin!(sending)).await;
            let answers = answers
                .unwrap_or_else(|expired| Err(expired.after_commit(!connection.may_have_written())))?;
            match self.judge(&connection, &ready, answers) {
                Ok((results, kept)) => {
                    connection.lease.still_fits()?;
                    let reading = self.with_kept(&connection, results, kept);
                    let read = deadline.bound(pin!(reading)).await;
                    return read
                        .unwrap_or_else(|expired| Err(expired.after_commit(!connection.may_have_written())))
                        .map(Some);
                }
                Err(Failed::Stale(_, _)) if repeats < attempts => repeats += 1,
                Err(Failed::Stale(at, error)) => return Err(error.stale().in_batch(at)),
                Err(Failed::For(error)) => return Err(deadline.name(error)),
            }
        }
    }

    async fn ready(&self, connection: &Connection, deadline: Deadline) -> Result<Vec<Option<Ready>>> {
        let lease = &connection.lease;
        let preparing =
            self.batch.make_ready(lease, |sql| prepare_outside(lease, move || lease.prepare(sql)));
        let ready = deadline.bound(pin!(preparing)).await.map_err(Expired::undone)?;
        let named = ready
            .into_iter()
            .enumerate()
            .map(|(at, ready)| ready.map_err(|error| deadline.name(error).in_batch(at)));
        named.collect()
    }

    /// Sends all of them and waits for the answers.
    async fn send(&self, connection: &Connection, ready: &[Option<Ready>]) -> Result<Vec<Answer>> {
        let mut requests = self.batch.requests(connection.client(), ready);
        let mut early: Vec<Option<Answer>> = Vec::new();
        std::future::poll_fn(|cx| Poll::Ready(write(connection, &mut requests, &mut early, cx))).await?;
        let mut answers = Vec::with_capacity(requests.len());
        for (request, early) in requests.iter_mut().zip(early) {
            answers.push(match early {
                Some(answer) => answer,
                None => request.await,
            });
        }
        // An error of the driver's own may leave the rest of an answer on its way.
        let is_heard = |answer: &Answer| match answer {
            Ok(_) => true,
            Err(error) => error.code().is_some() && !connection_is_lost(error),
        };
        if answers.iter().all(is_heard) {
            connection.lease.settle();
        }
        Ok(answers)
    }

    /// What has come of the batch: results, and which of them are kept by what number. The first that failed is the reason of
    /// all that follow.
    fn judge(
        &self,
        connection: &Connection,
        ready: &[Option<Ready>],
        answers: Vec<Answer>,
    ) -> Result<Results, Failed> {
        let (mut results, mut kept) = (Vec::with_capacity(answers.len()), Vec::new());
        for (at, answer) in answers.into_iter().enumerate() {
            let error = match answer {
                Ok(result) => {
                    results.push(result);
                    continue;
                }
                Err(error) => error,
            };
            if let Some(number) = kept_number_of(&error) {
                kept.push((at, number));
                results.push(BatchResult { rows: Vec::new(), rows_affected: 0 });
                continue;
            }
            let passage = connection.passage();
            let stage = passage.failed();
            let lost = connection_is_lost(&error);
            let error = passage.failure(error);
            if lost || matches!(stage, Some(Stage::Prologue(_) | Stage::Commit)) {
                return Err(Failed::For(error));
            }
            if ready[at].as_ref().is_some_and(|ready| may_be_outdated(&error, ready.fresh)) {
                let before_it_ran = stage == Some(Stage::Bind);
                let found = if before_it_ran { OutOfDate::There } else { OutOfDate::Here };
                connection.lease.forget(self.batch.0[at].sql, found);
                if before_it_ran {
                    return Err(Failed::Stale(at, error));
                }
            }
            return Err(Failed::For(error.in_batch(at)));
        }
        Ok((results, kept))
    }

    async fn with_kept(
        &self,
        connection: &Connection,
        mut results: Vec<BatchResult>,
        kept: Vec<(usize, u64)>,
    ) -> Result<Vec<BatchResult>> {
        for (at, number) in kept {
            connection.lease.forget(self.batch.0[at].sql, OutOfDate::There);
            let text = connection.lease.kept(number).await?;
            let read = connection.read_kept(Batch::kept(connection.client(), &text)).await;
            results[at] = read.map_err(|error| error.in_batch(at))?;
        }
        Ok(results)
    }
}

/// Writes all of the requests, the first with the context ahead of it.
fn write(
    connection: &Connection,
    requests: &mut [Request<'_>],
    early: &mut Vec<Option<Answer>>,
    cx: &mut Context<'_>,
) -> Result<()> {
    let lease = &connection.lease;
    // Held, so that nobody's request comes between.
    let _turn = lease.turn();
    let opening = Strategy::Implicit.open(connection, Form::Alone)?;
    connection.join(requests.len());
    let mut opening = Some(opening);
    for request in requests {
        let debt = opening.as_ref().map_or(Debt::Close, Opening::debt);
        let writing = lease.writing(debt);
        let first = request.as_mut().poll(cx);
        writing.end();
        if let Some(opening) = opening.take() {
            if opening.follow(&first).is_none() {
                // The driver does not take it, and nothing was sent.
                return Err(refused(connection, first));
            }
            lease.owe(Debt::Answer);
        }
        early.push(match first {
            Poll::Ready(Err(error)) if error.code().is_none() => {
                // Those ahead of it wait for a Sync that does not come any more, and so nothing of them takes effect.
                lease.owe(Debt::Close);
                return Err(connection.passage().failure(error));
            }
            Poll::Ready(answer) => Some(answer),
            Poll::Pending => None,
        });
    }
    Ok(())
}

fn refused(connection: &Connection, first: Poll<Answer>) -> Error {
    match first {
        Poll::Ready(Err(error)) => connection.passage().failure(error),
        Poll::Ready(Ok(_)) | Poll::Pending => Error::config("the batch was not sent"),
    }
}
