//! What a statement needs before it can run: a connection, and being prepared.

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use super::connection::Connection;
use super::deadline::Deadline;
use super::lease::{Lease, Prepared};
use super::sharing::STANDSTILL;
use super::stale::ATTEMPTS;
use super::statement::sealed::Source;
use super::statement::{Place, Trace, judge};
use super::statements::{Statements, Unit};
use crate::error::{Error, Result};

/// How often a statement may leave a connection and share another one: the last time it has stayed for 2.5 s. Then it has one alone.
const DEPARTURES: u32 = 8;

/// A connection to run one statement on, and until when.
pub(super) struct Ready<'a> {
    on: On<'a>,
    pub(super) deadline: Deadline,
    /// How often the statement has left a connection, since those ahead of it did not come to their end.
    left: u32,
}

impl<'a> Ready<'a> {
    fn new(on: On<'a>, deadline: Deadline) -> Self {
        Self { on, deadline, left: 0 }
    }

    /// Whether it is all of a unit of work, so that it can begin anew on another connection.
    pub(super) fn is_alone(&self) -> bool {
        matches!(self.on, On::Own(_))
    }

    /// How long it stays where nothing comes to its end: longer each time, so that it is not sent without end.
    pub(super) fn patience(&self) -> Duration {
        STANDSTILL.saturating_mul(1 << self.left.min(DEPARTURES))
    }
}

enum On<'a> {
    Own(Connection),
    Shared(&'a Connection),
}

impl std::ops::Deref for Ready<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match &self.on {
            On::Own(connection) => connection,
            On::Shared(connection) => connection,
        }
    }
}

impl Statements {
    /// What a statement of the caller's is run by. A scope's runs on whatever connection is free, and so by its text.
    pub(super) fn source<'a>(&self, source: Source<'a>) -> Source<'a> {
        match (source, &self.0) {
            (Source::Prepared(statement), Unit::Single(_)) => Source::Sql(statement.sql()),
            (source, _) => source,
        }
    }

    pub(super) async fn ready(&self, source: Source<'_>) -> Result<Ready<'_>> {
        match source {
            Source::Sql(sql) => self.unprepared(sql).await,
            Source::Judged(_) => self.connection().await,
            Source::Prepared(statement) => {
                let ready = self.connection().await?;
                // Where it was prepared, and so judged, it may have been for another place.
                if statement.on(ready.client().link()).is_none()
                    && judge(statement.sql(), self.place())? == Trace::Session
                {
                    ready.lease.retire();
                }
                Ok(ready)
            }
        }
    }

    /// The same for a statement whose answer is collected, so that it may share its connection.
    pub(super) async fn ready_to_share(&self, source: Source<'_>) -> Result<Ready<'_>> {
        let (Unit::Single(single), Source::Sql(sql)) = (&self.0, source) else {
            return self.ready(source).await;
        };
        let trace = judge(sql, self.place())?;
        let Some(text) = single.may_share(sql).filter(|_| trace == Trace::None) else {
            return self.judged(trace).await;
        };
        let deadline = single.deadline();
        let connection = deadline.bound(pin!(single.shared(text))).await;
        let connection = connection.unwrap_or_else(|expired| Err(expired.undone()))?;
        Ok(Ready::new(On::Own(connection), deadline))
    }

    /// Another connection for a statement that shared one. Where those ahead of it did not come to their end it may share again, as
    /// often as [`DEPARTURES`] says: it can have been the machine's doing, and to have each wait for a connection of its own would
    /// make that worse.
    pub(super) async fn elsewhere<'a>(
        &'a self,
        ready: Ready<'a>,
        source: Source<'_>,
        why: &Error,
    ) -> Result<Ready<'a>> {
        let Ready { on, deadline, left } = ready;
        drop(on);
        let shares = why.is_left() && left < DEPARTURES;
        // On the heap, because it seldom happens and every statement's future would have room for it.
        let ready = Box::pin(async {
            if shares { self.ready_to_share(source).await } else { self.ready(source).await }
        });
        let mut ready = deadline.bound(pin!(ready)).await.unwrap_or_else(|expired| Err(expired.undone()))?;
        (ready.deadline, ready.left) = (deadline, left + u32::from(why.is_left()));
        Ok(ready)
    }

    pub(super) async fn prepared(&self, ready: &Ready<'_>, source: Source<'_>) -> Result<Prepared> {
        if let Some(statement) = ready.statement() {
            return Ok(Prepared { statement: statement.clone(), fresh: false });
        }
        if let Source::Prepared(statement) = source
            && let Some(known) = statement.on(ready.client().link())
            && !ready.client().cache().is_outdated(known)
        {
            return Ok(Prepared { statement: known.clone(), fresh: false });
        }
        let sql = source.sql();
        match &self.0 {
            Unit::Single(_) => {
                let preparing = prepare_outside(&ready.lease, || ready.lease.prepare(sql));
                self.within(ready, pin!(preparing)).await
            }
            Unit::Block(work) => self.within(ready, pin!(work.prepare(ready, sql))).await,
        }
    }

    /// Waits for something ahead of a statement within the limit of the call.
    pub(super) async fn within<T>(
        &self,
        ready: &Ready<'_>,
        work: Pin<&mut impl Future<Output = Result<T>>>,
    ) -> Result<T> {
        let answer = ready.deadline.bound(work).await;
        let answer = answer.unwrap_or_else(|expired| match &self.0 {
            Unit::Single(_) => Err(expired.undone()),
            Unit::Block(work) => Err(work.expire(expired)),
        });
        answer.map_err(|error| ready.deadline.name(error))
    }

    /// The same for the rows of a statement that has run.
    pub(super) async fn afterwards<T>(
        &self,
        ready: &Ready<'_>,
        work: Pin<&mut impl Future<Output = Result<T>>>,
    ) -> Result<T> {
        let answer = ready.deadline.bound(work).await;
        answer.unwrap_or_else(|expired| match &self.0 {
            Unit::Single(_) => Err(expired.after_commit(!ready.may_have_written())),
            Unit::Block(work) => Err(work.expire(expired)),
        })
    }

    pub(super) async fn unprepared(&self, sql: &str) -> Result<Ready<'_>> {
        self.judged(judge(sql, self.place())?).await
    }

    /// A connection for a statement that may leave this behind.
    async fn judged(&self, trace: Trace) -> Result<Ready<'_>> {
        let ready = self.connection().await?;
        if trace == Trace::Session {
            ready.lease.retire();
        }
        Ok(ready)
    }

    pub(super) fn place(&self) -> Place<'_> {
        match &self.0 {
            Unit::Single(_) => Place::Scope,
            Unit::Block(work) => work.place(),
        }
    }

    pub(super) async fn connection(&self) -> Result<Ready<'_>> {
        match &self.0 {
            Unit::Single(single) => {
                let deadline = single.deadline();
                let connection = deadline.bound(pin!(single.connection())).await;
                let connection = connection.unwrap_or_else(|expired| Err(expired.undone()))?;
                Ok(Ready::new(On::Own(connection), deadline))
            }
            Unit::Block(work) => {
                let deadline = work.deadline();
                let connection = deadline.bound(pin!(work.connection())).await;
                let connection = connection.unwrap_or_else(|expired| Err(work.expire(expired)))?;
                Ok(Ready::new(On::Shared(connection), deadline))
            }
        }
    }
}

/// Prepares a statement outside of a transaction: once more where a pooler has answered with what it had
/// prepared before a change. After that it is another text for the pooler.
pub(super) async fn prepare_outside<F>(lease: &Lease, mut prepare: impl FnMut() -> F) -> Result<Prepared>
where
    F: Future<Output = Result<Prepared>>,
{
    for _ in 0..ATTEMPTS {
        match prepare().await {
            Err(error) if lease.is_old_at_the_pooler(&error) => {}
            prepared => return prepared,
        }
    }
    prepare().await
}
