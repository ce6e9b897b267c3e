//! One short transaction, tried again where its locks are not to be had.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::Transaction;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::event::{Event, Observer};
use super::record::{Recorded, in_support, recording};
use super::session::Adopter;
use super::settings::backoff;
use super::sql;
use crate::error::{Error, Result, Step as Doing};
use crate::policy::scan::statements;

/// What is recorded of a step once it is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Done,
    Undone,
}

impl Adopter<'_> {
    /// Runs SQL as one transaction, in which the step is recorded too.
    pub(super) async fn transaction(
        &mut self,
        adoption: i64,
        step: &Recorded,
        sql: &str,
        mark: Mark,
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        let mut attempt = 1;
        loop {
            let limit = self.limit(step.step.locked);
            let done = watched(self.once(adoption, step, sql, mark, &limit), step, observer).await;
            match done {
                Err(error) if is_lock_timeout(&error) && attempt < self.settings.attempts => {
                    let pause = backoff(attempt);
                    observer(Event::Retry { step, attempt, pause });
                    sleep(pause).await;
                    attempt += 1;
                }
                done => return done,
            }
        }
    }

    async fn once(
        &mut self,
        adoption: i64,
        step: &Recorded,
        sql: &str,
        mark: Mark,
        limit: &str,
    ) -> Result<()> {
        let what = || format!("{}: {}", step.step.object, step.step.what);
        let marked = self.mark(mark)?;
        let mut transaction =
            self.client.transaction().await.map_err(|source| Error::server(Doing::Begin, source))?;
        let set_up = transaction.query_typed(sql::TRANSACTION, &[(&limit, Type::TEXT)]).await;
        set_up.map_err(|source| Error::script(what(), source))?;
        for statement in statements(sql) {
            let done = match mark {
                Mark::Undone if may_stay(statement) => drop_or_leave(&mut transaction, statement).await,
                _ => transaction.batch_execute(statement).await,
            };
            done.map_err(|source| Error::script(what(), source))?;
        }
        let parameters = [(&adoption as _, Type::INT8), (&step.number as _, Type::INT4)];
        transaction.query_typed(&marked, &parameters).await.map_err(recording)?;
        transaction.commit().await.map_err(|source| Error::final_step(Doing::Commit, source))
    }

    /// Records a step that has no transaction of its own.
    pub(super) async fn record(&self, adoption: i64, step: &Recorded, mark: Mark) -> Result<()> {
        self.update(&self.mark(mark)?, adoption, step).await
    }

    pub(super) async fn started(&self, adoption: i64, step: &Recorded) -> Result<()> {
        self.update(&in_support(sql::STARTED, &self.support)?, adoption, step).await
    }

    async fn update(&self, sql: &str, adoption: i64, step: &Recorded) -> Result<()> {
        let parameters = [(&adoption as _, Type::INT8), (&step.number as _, Type::INT4)];
        self.client.query_typed(sql, &parameters).await.map(drop).map_err(recording)
    }

    fn mark(&self, mark: Mark) -> Result<String> {
        let file = match mark {
            Mark::Done => sql::DONE,
            Mark::Undone => sql::UNDONE,
        };
        in_support(file, &self.support)
    }

    /// How long to wait for one of so many locks that are taken one after the other, in milliseconds.
    ///
    /// Whoever holds the first while it waits for the second can be part of a deadlock with a writer, and it is whoever looks
    /// for it first whom the server ends. So it has given up before a writer looks.
    pub(super) fn limit(&self, locks: u16) -> String {
        let whole = self.settings.lock_timeout;
        let whole = if locks > 1 {
            let soon = self.deadlock_timeout.mul_f64(0.8);
            if whole.is_zero() { soon } else { whole.min(soon) }
        } else {
            whole
        };
        let each = (whole / u32::from(locks.max(1))).as_millis();
        // Zero would be no limit at all.
        let each = if whole.is_zero() { 0 } else { each.clamp(1, 2_147_483_647) };
        each.to_string()
    }
}

/// Whether a statement drops what others may have come to use: policies that were made since call the same functions.
fn may_stay(statement: &str) -> bool {
    ["DROP FUNCTION IF EXISTS", "DROP ROLE IF EXISTS", "DROP SCHEMA IF EXISTS"]
        .iter()
        .any(|head| statement.starts_with(head))
}

/// Drops something, unless something else depends on it.
async fn drop_or_leave(
    transaction: &mut Transaction<'_>,
    statement: &str,
) -> Result<(), tokio_postgres::Error> {
    let attempt = transaction.savepoint("attempt").await?;
    match attempt.batch_execute(statement).await {
        Ok(()) => attempt.commit().await,
        Err(error) if error.code() == Some(&SqlState::DEPENDENT_OBJECTS_STILL_EXIST) => {
            attempt.rollback().await
        }
        Err(error) => Err(error),
    }
}

pub(super) fn is_lock_timeout(error: &Error) -> bool {
    error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
}

/// How often a long step is said to be under way.
const TICK: Duration = Duration::from_secs(1);

/// Waits for something to be done, and says now and then that it is not yet.
pub(super) async fn watched<T>(
    work: impl Future<Output = T>,
    step: &Recorded,
    observer: &mut Observer<'_>,
) -> T {
    let begun = Instant::now();
    let mut work = Box::pin(work);
    loop {
        match tokio::time::timeout(TICK, &mut work).await {
            Ok(done) => return done,
            Err(_) => observer(Event::Running { step, elapsed: begun.elapsed() }),
        }
    }
}
