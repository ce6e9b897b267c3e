//! Statements that are one transaction, or a part of one.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use super::joined::Joined;
use super::sent::{Flight, Ready};
use super::{Batch, BatchResult};
use crate::error::{Error, Result, Step};
use crate::pool::cache::OutOfDate;
use crate::pool::connection::Connection;
use crate::pool::kept::kept_number;
use crate::pool::observe::Operation;
use crate::pool::single::Single;
use crate::pool::stale::{ATTEMPTS, may_be_outdated};
use crate::pool::statement::{Trace, judge};
use crate::pool::statements::{Statements, Unit};
use crate::pool::work::Work;
use crate::wire::Stage;

impl Statements {
    /// Runs the statements of a batch in one flight, all or nothing, and returns what each has returned, in order.
    ///
    /// On a scope they are one transaction: all that makes them one is sent with them before the first answer is awaited, and a
    /// statement that fails undoes all of them. With [`Strategy::Implicit`](crate::Strategy::Implicit) they stand under one
    /// Sync, without `BEGIN` and `COMMIT`, unless their context or one of them needs a `BEGIN`. In a transaction they are a part
    /// of it. Texts that the connection has not prepared are prepared first, all of them in one flight more.
    ///
    /// The connection is not shared, see [`Sharing`](crate::Sharing), and the pool's `timeout` is for the whole batch, while
    /// `statement_timeout` is for each statement.
    ///
    /// # Errors
    ///
    /// As for [`Statements`], of the first statement that fails: [`Error::batch_index`] tells which it is. What the batch does not
    /// take (a statement that is refused, a parameter that does not convert) is told before anything is sent.
    pub async fn batch(&self, batch: &Batch<'_>) -> Result<Vec<BatchResult>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.observed_as(Operation::BATCH, || None, pin!(self.run_batch(batch))).await
    }

    async fn run_batch(&self, batch: &Batch<'_>) -> Result<Vec<BatchResult>> {
        if let Unit::Single(single) = &self.0
            && let Some(results) = Box::pin(Joined { batch, single }.run()).await?
        {
            return Ok(results);
        }
        let committing = AtomicBool::new(false);
        let (own, work) = match &self.0 {
            Unit::Single(single) if single.is_recorded() => return Self::run_recorded(single, batch).await,
            Unit::Single(single) => (true, &Arc::new(single.begin())),
            Unit::Block(work) => (false, work),
        };
        let together = Together { batch, work, commits: own.then_some(&committing) };
        let expire = |expired| {
            if committing.load(Ordering::Acquire) {
                work.expire_after_commit(expired)
            } else {
                work.expire(expired)
            }
        };
        work.call_or(pin!(together.run()), expire).await
    }
}

impl Statements {
    /// The same where the transaction is recorded, which has to wait for what has come of the batch.
    async fn run_recorded(single: &Single, batch: &Batch<'_>) -> Result<Vec<BatchResult>> {
        let work = Arc::new(single.begin());
        match Box::pin(Self::block(Arc::clone(&work)).run_batch(batch)).await {
            Ok(results) => work.commit().await.map(|()| results),
            Err(error) => {
                // The error that counts is the one that has stopped the batch.
                let _ = work.rollback().await;
                Err(error)
            }
        }
    }
}

struct Together<'a> {
    batch: &'a Batch<'a>,
    work: &'a Arc<Work>,
    /// Where the transaction ends with the batch: whether its COMMIT was sent.
    commits: Option<&'a AtomicBool>,
}

/// What has come of statements that were sent.
#[derive(Default)]
struct Answered {
    results: Vec<BatchResult>,
    /// Of which statement the rows are kept, and by what number.
    kept: Vec<(usize, u64)>,
    failed: Option<(usize, Error)>,
}

impl Together<'_> {
    async fn run(&self) -> Result<Vec<BatchResult>> {
        let mut leaves_something = false;
        for (at, item) in self.batch.0.iter().enumerate() {
            let trace = judge(item.sql, self.work.place()).map_err(|error| error.in_batch(at))?;
            leaves_something |= trace == Trace::Session;
        }
        let connection = self.work.connection().await?;
        if leaves_something {
            connection.lease.retire();
        }
        // Nothing of the transaction has run, so it can begin anew.
        let begins = self.work.has_begun().is_none();
        let attempts = if connection.lease.link().is_direct() { 1 } else { ATTEMPTS };
        let mut repeats = 0;
        loop {
            let ready = self.ready(connection).await?;
            let answered = self.send(connection, &ready).await;
            let (at, error) = match answered {
                Ok(answered) => return self.with_kept(connection, answered).await,
                Err((Some(at), error)) => (at, error),
                Err((None, error)) => return Err(error),
            };
            if !ready[at].as_ref().is_some_and(|ready| may_be_outdated(&error, ready.fresh)) {
                return Err(error.in_batch(at));
            }
            let sql = self.batch.0[at].sql;
            // Of those that follow it, each has failed for its sake.
            let before_it_ran = begins && connection.lease.link().failed() == Some(Stage::Bind);
            connection.lease.forget(sql, if before_it_ran { OutOfDate::There } else { OutOfDate::Here });
            if !before_it_ran || repeats >= attempts {
                // Of the last one it is known where it has failed, with none behind it to fail for its sake.
                let is_last = at + 1 == self.batch.len();
                let stale = before_it_ran || (is_last && connection.failed_at_bind());
                if stale {
                    self.work.note_stale();
                }
                return Err(if stale { error.stale() } else { error }.in_batch(at));
            }
            repeats += 1;
            self.work.restart().await?;
            connection.renew().await?;
            if let Some(committing) = self.commits {
                committing.store(false, Ordering::Release);
            }
        }
    }

    async fn ready(&self, connection: &Connection) -> Result<Vec<Option<Ready>>> {
        let ready = self.batch.make_ready(&connection.lease, |sql| self.work.prepare(connection, sql)).await;
        let named =
            ready.into_iter().enumerate().map(|(at, ready)| ready.map_err(|error| error.in_batch(at)));
        named.collect()
    }

    /// Sends all of it and waits for the answers. An error comes with the statement that it is of, if it is of one.
    async fn send(
        &self,
        connection: &Connection,
        ready: &[Option<Ready>],
    ) -> Result<Answered, (Option<usize>, Error)> {
        let mut requests = self.batch.requests(connection.client(), ready);
        let flight = |request| Flight::new(self.work.run(connection, Step::Statement, Pin::new(request)));
        let mut flights: Vec<Flight<'_>> = requests.iter_mut().map(flight).collect();
        let refused = poll_fn(|cx| Poll::Ready(flights.iter_mut().position(|flight| flight.send(cx)))).await;
        // Nothing is between the last statement and the COMMIT at which somebody could let go.
        let commit = self.commits.filter(|_| refused.is_none()).map(|committing| {
            committing.store(true, Ordering::Release);
            Work::send_commit(connection)
        });
        let sent = refused.map_or(flights.len(), |refused| refused + 1);
        let mut answered = Answered::default();
        for (at, flight) in flights[..sent].iter_mut().enumerate() {
            answered.take(at, flight.answer().await);
        }
        let failed = answered.failed.take();
        let of = failed.as_ref().map(|(at, _)| *at).filter(|_| self.work.opening_failed().is_none());
        let ended = match (failed.map(|(_, error)| error), commit) {
            (None, None) => Ok(()),
            (None, Some(commit)) => Work::committed(connection, commit).await,
            (Some(error), Some(commit)) => Err(Work::undone(connection, commit, error).await),
            (Some(error), None) => {
                if self.commits.is_some() {
                    // The error that counts is the one that has stopped the batch.
                    let _ = self.work.rollback_now().await;
                }
                Err(error)
            }
        };
        match ended {
            Ok(()) => Ok(answered),
            // Of the commit, it is not of one of the statements.
            Err(error) => Err((of.filter(|_| !error.is_in_doubt()), error)),
        }
    }

    /// Reads the rows that are kept, since the driver could not read them at once.
    async fn with_kept(&self, connection: &Connection, answered: Answered) -> Result<Vec<BatchResult>> {
        let Answered { mut results, kept, .. } = answered;
        for (at, number) in kept {
            connection.lease.forget(self.batch.0[at].sql, OutOfDate::There);
            let text = connection.lease.kept(number).await?;
            let mut request = Batch::kept(connection.client(), &text);
            results[at] = match self.commits {
                Some(_) => connection.read_kept(request).await,
                None => self.work.run(connection, Step::Statement, Pin::new(&mut request)).await,
            }
            .map_err(|error| error.in_batch(at))?;
        }
        Ok(results)
    }
}

impl Answered {
    fn take(&mut self, at: usize, answer: Result<BatchResult>) {
        match answer {
            Ok(result) => self.results.push(result),
            Err(error) => match kept_number(&error) {
                Some(number) => {
                    self.kept.push((at, number));
                    self.results.push(BatchResult { rows: Vec::new(), rows_affected: 0 });
                }
                None => {
                    self.failed.get_or_insert((at, error));
                }
            },
        }
    }
}
