//! How rows are inserted: what the columns take, chunk by chunk, to the end of the transaction.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use tokio_postgres::Statement;
use tokio_postgres::types::{ToSql, Type};

use super::InsertInto;
use super::column::{Chunk, Row, Rows};
use super::text::{Names, base, fits_array};
use crate::error::{Error, Result, Step};
use crate::pool::answers::Answers;
use crate::pool::batch::{Converted, Flight, Request, collect};
use crate::pool::cache::OutOfDate;
use crate::pool::connection::Connection;
use crate::pool::stale::{ATTEMPTS, is_stale};
use crate::pool::statements::Unit;
use crate::pool::work::Work;
use crate::wire::Stage;

/// The most parameters that a statement can have.
const MOST_PARAMETERS: usize = 65_535;

pub(super) async fn run<'r, const N: usize>(
    insert: &InsertInto<'_, N>,
    rows: impl Iterator<Item = Row<'r, N>>,
) -> Result<u64> {
    let names = Names::new(insert)?;
    let rows = Rows::new(rows);
    if rows.is_empty() {
        return Ok(0);
    }
    let committing = AtomicBool::new(false);
    let (own, work) = match &insert.statements.0 {
        Unit::Single(single) => (true, &Arc::new(single.begin())),
        Unit::Block(work) => (false, work),
    };
    let inserting = Inserting { insert, names, work, commits: own.then_some(&committing) };
    let expire = |expired| {
        if committing.load(Ordering::Acquire) {
            work.expire_after_commit(expired)
        } else {
            work.expire(expired)
        }
    };
    work.call_or(pin!(inserting.run(rows)), expire).await
}

struct Inserting<'a, const N: usize> {
    insert: &'a InsertInto<'a, N>,
    names: Names,
    work: &'a Arc<Work>,
    /// Where the transaction ends with the last row: whether its COMMIT was sent.
    commits: Option<&'a AtomicBool>,
}

/// What the server has told of the columns.
struct Shape {
    types: Vec<Type>,
    /// The statement that takes arrays, where each column fits one.
    arrays: Option<Statement>,
    /// Whether the server has described all of it just now.
    fresh: bool,
}

/// A chunk on its way, and the COMMIT behind it if there is one.
struct Sent<'s> {
    flight: Flight<'s>,
    commit: Option<Answers>,
}

impl<const N: usize> Inserting<'_, N> {
    async fn run<'r, I>(&self, mut rows: Rows<'r, I, N>) -> Result<u64>
    where
        I: Iterator<Item = Row<'r, N>>,
    {
        let connection = self.work.connection().await?;
        self.work.is_free()?;
        let size = self.insert.chunk.min((MOST_PARAMETERS / N).max(1));
        let chunk = rows.chunk(size);
        let (shape, mut inserted) = self.first(connection, &chunk, rows.is_empty()).await?;
        let mut under_way: Option<Flight<'_>> = None;
        while !rows.is_empty() {
            let chunk = rows.chunk(size);
            let sent = self.send(connection, &shape, &chunk, rows.is_empty()).await;
            // What was sent ahead of it is answered first, and is the reason where both fail.
            let before = match &mut under_way {
                Some(flight) => flight.answer().await.map(|result| result.rows_affected),
                None => Ok(0),
            };
            let (before, mut sent) = match (before, sent) {
                (Ok(before), Ok(sent)) => (before, sent),
                (Err(error), Ok(mut sent)) => {
                    // It fails for the sake of the one before.
                    let _ = sent.flight.answer().await;
                    return Err(self.undo(connection, sent.commit, error).await);
                }
                (Err(error), Err(_)) | (Ok(_), Err(error)) => {
                    return Err(self.undo(connection, None, error).await);
                }
            };
            inserted += before;
            if let Some(commit) = sent.commit {
                return Ok(inserted + self.end(connection, &mut sent.flight, Some(commit)).await?);
            }
            under_way = Some(sent.flight);
        }
        match &mut under_way {
            Some(flight) => Ok(inserted + self.end(connection, flight, None).await?),
            None => Ok(inserted),
        }
    }

    /// Inserts the first rows, by another description of the columns where the one that is known is out of date.
    async fn first(
        &self,
        connection: &Connection,
        chunk: &Chunk<'_, N>,
        is_last: bool,
    ) -> Result<(Shape, u64)> {
        let link = connection.lease.link();
        let begins = self.work.has_begun().is_none();
        let attempts = if link.is_direct() { 1 } else { ATTEMPTS };
        let mut repeats = 0;
        let mut shape = self.learn(connection).await?;
        loop {
            let known_before = !shape.fresh && repeats < attempts;
            let Sent { mut flight, commit } = match self.send(connection, &shape, chunk, is_last).await {
                Ok(sent) => sent,
                Err(error) if known_before && error.is_of_a_parameter() => {
                    // Nothing was sent.
                    self.forget(connection, &shape, OutOfDate::Here);
                    shape = self.learn(connection).await?;
                    repeats += 1;
                    continue;
                }
                Err(error) => return Err(self.undo(connection, None, error).await),
            };
            let error = match flight.answer().await {
                Ok(result) => {
                    if let Some(commit) = commit {
                        Work::committed(connection, commit).await?;
                    }
                    return Ok((shape, result.rows_affected));
                }
                Err(error) => error,
            };
            if shape.fresh || !error.code().is_some_and(is_stale) || link.failed() != Some(Stage::Bind) {
                return Err(self.undo(connection, commit, error).await);
            }
            self.forget(connection, &shape, OutOfDate::There);
            if !begins || !known_before {
                self.work.note_stale();
                return Err(self.undo(connection, commit, error.stale()).await);
            }
            if let Some(commit) = commit {
                // It was a rollback, and the connection is known to be there by its answer.
                Work::committed(connection, commit).await?;
            }
            self.work.restart().await?;
            connection.renew().await?;
            if let Some(committing) = self.commits {
                committing.store(false, Ordering::Release);
            }
            shape = self.learn(connection).await?;
            repeats += 1;
        }
    }

    /// Asks what the columns take, or takes it from the connection's cache.
    async fn learn(&self, connection: &Connection) -> Result<Shape> {
        let one = self.names.values(N, 1);
        for again in [true, false] {
            let described = self.work.prepare(connection, &one).await?;
            let types: Vec<Type> = described.statement.params().iter().map(base).collect();
            if !types.iter().all(fits_array) {
                return Ok(Shape { types, arrays: None, fresh: described.fresh });
            }
            match self.work.prepare(connection, &self.names.arrays(&types)?).await {
                Ok(arrays) => {
                    let fresh = described.fresh && arrays.fresh;
                    return Ok(Shape { types, arrays: Some(arrays.statement), fresh });
                }
                // A type that is gone, of a column that has another one by now.
                Err(error)
                    if again
                        && !described.fresh
                        && self.work.has_begun().is_none()
                        && error.code().is_some_and(is_stale) =>
                {
                    connection.lease.forget(&one, OutOfDate::Here);
                }
                Err(error) => return Err(error),
            }
        }
        Err(Error::config("the types of the columns change too often"))
    }

    fn forget(&self, connection: &Connection, shape: &Shape, out_of_date: OutOfDate) {
        connection.lease.forget(&self.names.values(N, 1), out_of_date);
        if let Ok(arrays) = self.names.arrays(&shape.types) {
            connection.lease.forget(&arrays, out_of_date);
        }
    }

    /// Sends a chunk without waiting, and the COMMIT behind the last one.
    async fn send<'s>(
        &'s self,
        connection: &'s Connection,
        shape: &Shape,
        chunk: &Chunk<'_, N>,
        is_last: bool,
    ) -> Result<Sent<'s>> {
        let mut flight = self.flight(connection, shape, chunk)?;
        if poll_fn(|cx| Poll::Ready(flight.send(cx))).await {
            flight.answer().await?;
        }
        let commit = self.commits.filter(|_| is_last).map(|committing| {
            committing.store(true, Ordering::Release);
            Work::send_commit(connection)
        });
        Ok(Sent { flight, commit })
    }

    fn flight<'s>(
        &'s self,
        connection: &'s Connection,
        shape: &Shape,
        chunk: &Chunk<'_, N>,
    ) -> Result<Flight<'s>> {
        let client = connection.client();
        let (types, columns) = (&shape.types, &self.insert.columns);
        let mut request: Request<'s> = match &shape.arrays {
            Some(statement) if chunk.is_binary(types) => {
                let (statement, params) = (statement.clone(), chunk.arrays(types, columns)?);
                Box::pin(async move {
                    let params = params.iter().map(|param| param as &dyn ToSql);
                    collect(client.query_raw(&statement, params).await?).await
                })
            }
            _ => {
                let (sql, params) = (self.names.values(N, chunk.rows.len()), chunk.values(types, columns)?);
                let types = types.clone();
                Box::pin(async move {
                    let with_type = |(param, ty): (_, &Type)| (param as &(dyn ToSql + Sync), ty.clone());
                    let params = params.iter().map(|param: &Converted| param).zip(types.iter().cycle());
                    collect(client.query_typed_raw(&sql, params.map(with_type)).await?).await
                })
            }
        };
        Ok(Flight::new(
            async move { self.work.run(connection, Step::Statement, Pin::new(&mut request)).await },
        ))
    }

    /// Waits for the last chunk, and for the COMMIT that was sent behind it.
    async fn end(
        &self,
        connection: &Connection,
        last: &mut Flight<'_>,
        commit: Option<Answers>,
    ) -> Result<u64> {
        match last.answer().await {
            Ok(result) => {
                if let Some(commit) = commit {
                    Work::committed(connection, commit).await?;
                }
                Ok(result.rows_affected)
            }
            Err(error) => Err(self.undo(connection, commit, error).await),
        }
    }

    /// Ends a transaction of its own that has failed, and returns the error that counts.
    async fn undo(&self, connection: &Connection, commit: Option<Answers>, error: Error) -> Error {
        if let Some(commit) = commit {
            return Work::undone(connection, commit, error).await;
        }
        if self.commits.is_some() {
            // The error that counts is the one that has stopped it.
            let _ = self.work.rollback_now().await;
        }
        error
    }
}
