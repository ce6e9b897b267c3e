//! Statements each of which is a transaction of its own.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use super::sent::{Flight, Ready, Request};
use super::{Batch, BatchResult};
use crate::error::{Error, Result, Step};
use crate::pool::cache::OutOfDate;
use crate::pool::connection::Connection;
use crate::pool::deadline::Expired;
use crate::pool::drain::Debt;
use crate::pool::kept::kept_number;
use crate::pool::observe::Operation;
use crate::pool::ready::prepare_outside;
use crate::pool::scope::Scope;
use crate::pool::single::Single;
use crate::pool::stale::may_be_outdated;
use crate::pool::statement::{Place, Trace, judge};

impl<D> Scope<D> {
    /// Runs the statements of a batch in one flight, each as a transaction of its own, and returns what has come of each, in
    /// order. One that fails undoes none of the others, and those behind it run all the same.
    ///
    /// Each carries its context, as a statement that is run on the scope does. Texts that the connection has not prepared are
    /// prepared first, all of them in one flight more. The connection is not shared, and the pool's `timeout` is for the whole batch.
    ///
    /// ```
    /// use tenantry::{Batch, Result, TenantScope};
    ///
    /// async fn touch(scope: &TenantScope, pages: &[String]) -> Result<usize> {
    ///     let mut batch = Batch::new();
    ///     for page in pages {
    ///         batch.add("insert into page_view (page) values ($1)", &[page]);
    ///     }
    ///     let results = scope.batch_each(&batch).await?;
    ///     Ok(results.iter().filter(|result| result.is_ok()).count())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The context is refused or no connection is to be had; nothing was sent. All else is in the results, as for
    /// [`Statements`](crate::Statements). One that was sent is not run again by itself: where its description was out of date,
    /// its error says so ([`Error::is_stale_statement`]).
    pub async fn batch_each(&self, batch: &Batch<'_>) -> Result<Vec<Result<BatchResult>>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        if self.single().is_recorded() {
            return Ok(self.one_by_one(batch).await);
        }
        let alone = Alone { batch, single: self.single() };
        let results = self.statements().observed_as(Operation::BATCH, || None, pin!(alone.run())).await?;
        let named = |(at, result): (usize, Result<BatchResult>)| result.map_err(|error| error.in_batch(at));
        Ok(results.into_iter().enumerate().map(named).collect())
    }
}

impl<D> Scope<D> {
    /// The same where each is recorded, which has to wait for what has come of it.
    async fn one_by_one(&self, batch: &Batch<'_>) -> Vec<Result<BatchResult>> {
        let mut results = Vec::with_capacity(batch.len());
        for (at, item) in batch.0.iter().enumerate() {
            let result = self.statements().batch(&Batch(vec![item.clone()])).await;
            let only = result.map(|results| results.into_iter().next());
            results.push(match only {
                Ok(Some(result)) => Ok(result),
                Ok(None) => Err(Error::config("the statement was not sent")),
                Err(error) => Err(error.in_batch(at)),
            });
        }
        results
    }
}

struct Alone<'a> {
    batch: &'a Batch<'a>,
    single: &'a Single,
}

impl Alone<'_> {
    async fn run(&self) -> Result<Vec<Result<BatchResult>>> {
        let deadline = self.single.deadline();
        let judged: Vec<_> = self.batch.0.iter().map(|item| judge(item.sql, Place::Scope)).collect();
        let connection = deadline.bound(pin!(self.single.connection())).await;
        let connection = connection.unwrap_or_else(|expired| Err(expired.undone()))?;
        let lease = &connection.lease;
        if judged.iter().any(|trace| matches!(trace, Ok(Trace::Session))) {
            lease.retire();
        }
        let preparing =
            self.batch.make_ready(lease, |sql| prepare_outside(lease, move || lease.prepare(sql)));
        let ready = deadline.bound(pin!(preparing)).await.map_err(Expired::undone)?;
        let ready: Vec<Result<Option<Ready>>> =
            judged.into_iter().zip(ready).map(|(judged, ready)| judged.and(ready)).collect();

        let connections: Vec<Connection> = ready.iter().map(|_| connection.beside()).collect();
        let mut requests: Vec<Option<Request<'_>>> = ready
            .iter()
            .enumerate()
            .map(|(at, ready)| {
                ready.as_ref().ok().map(|ready| self.batch.request(connection.client(), at, ready.as_ref()))
            })
            .collect();
        let mut flights: Vec<Option<Flight<'_>>> = requests
            .iter_mut()
            .zip(&connections)
            .map(|(request, on)| Some(Flight::new(self.single.run(on, Pin::new(request.as_mut()?)))))
            .collect();
        // One that is refused is one that was not sent.
        poll_fn(|cx| {
            for flight in flights.iter_mut().flatten() {
                flight.send(cx);
            }
            Poll::Ready(())
        })
        .await;
        let mut answers = Vec::with_capacity(flights.len());
        for (flight, on) in flights.iter_mut().zip(&connections) {
            let Some(flight) = flight else {
                answers.push(None);
                continue;
            };
            let answer = deadline.bound(pin!(flight.answer())).await;
            // Those behind it are not answered, whatever the end of this one has settled.
            lease.owe(Debt::Answer);
            let answer = answer.unwrap_or_else(|expired| Err(expired.after_commit(!on.may_have_written())));
            answers.push(Some(answer.map_err(|error| deadline.name(error))));
        }
        // One that nobody has heard to its end leaves the connection to the drain.
        let is_heard = |answer: &Result<BatchResult>| match answer {
            Ok(_) => true,
            Err(error) => error.is_usage() || (error.code().is_some() && !error.is_connection_lost()),
        };
        drop(flights);
        drop(requests);
        if answers.iter().flatten().all(is_heard) {
            lease.settle();
        }
        let mut results = Vec::with_capacity(answers.len());
        for (at, (answer, ready)) in answers.into_iter().zip(ready).enumerate() {
            results.push(match (answer, ready) {
                (_, Err(error)) => Err(error),
                (Some(answer), Ok(ready)) => {
                    let settling = self.settle(at, ready.as_ref(), &connections[at], answer);
                    let settled = deadline.bound(pin!(settling)).await;
                    settled.unwrap_or_else(|expired| {
                        Err(expired.after_commit(!connections[at].may_have_written()))
                    })
                }
                (None, Ok(_)) => Err(Error::config("the statement was not sent")),
            });
        }
        Ok(results)
    }

    /// What becomes of an answer that is not the last word: rows that are kept, a statement that was out of date.
    async fn settle(
        &self,
        at: usize,
        ready: Option<&Ready>,
        on: &Connection,
        answer: Result<BatchResult>,
    ) -> Result<BatchResult> {
        let Err(error) = answer else { return answer };
        let sql = self.batch.0[at].sql;
        if let Some(number) = kept_number(&error) {
            on.lease.forget(sql, OutOfDate::There);
            let text = on.lease.kept(number).await?;
            return on.read_kept(Batch::kept(on.client(), &text)).await;
        }
        if ready.is_some_and(|ready| may_be_outdated(&error, ready.fresh)) {
            let before_it_ran = on.failed_at_bind();
            on.lease.forget(sql, if before_it_ran { OutOfDate::There } else { OutOfDate::Here });
            return Err(if before_it_ran { error.stale() } else { error });
        }
        Err(error)
    }
}

impl Connection {
    /// Reads what is kept of an answer, once nothing else is under way.
    pub(super) async fn read_kept(&self, request: Request<'_>) -> Result<BatchResult> {
        self.lease.seal();
        self.lease.owe(Debt::Answer);
        let answer = request.await;
        self.lease.settle();
        answer.map_err(|error| self.lease.error(Step::Statement, error))
    }
}
