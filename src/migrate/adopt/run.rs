//! One step after the other, forth and back.

use tokio::time::Instant;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;

use super::backfill::Left;
use super::event::{Event, Observer};
use super::record::{Record, Recorded, State, in_support, reading, recording};
use super::session::Adopter;
use super::sql;
use super::transaction::Mark;
use crate::error::{Error, Result, Step as Doing};
use crate::plan::adopt::{Action, Phase};
use crate::policy::render::{Vars, render};

/// How a run of an adoption ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is done, or taken back.
    Done,
    /// The phases that were asked for are done.
    Stopped,
    /// Rows have no tenant that anything tells, or are kept locked. The next run goes on once they are settled.
    Left {
        /// The step.
        step: Box<Recorded>,
        /// How many, and why.
        left: Left,
    },
    /// Rows do not fit what the step says of every row. The next run goes on once they are settled.
    InTheWay {
        /// The step.
        step: Box<Recorded>,
        /// How many.
        rows: u64,
    },
}

impl Adopter<'_> {
    /// Takes the steps that are left of the adoption that has been begun, up to the end of a phase if one is given.
    ///
    /// # Errors
    ///
    /// There is no adoption, or it is being taken back. A step failed; the error names it, nothing of it remains, and the next
    /// run takes it again. [`Error::code`] is `55P03` if locks were not to be had in all attempts.
    pub async fn run(&mut self, until: Option<Phase>, observer: &mut Observer<'_>) -> Result<Outcome> {
        let Record { id, steps, aborting, .. } = self.record_of_unended().await?;
        if aborting {
            return Err(Error::adopt(
                "the adoption is being taken back, and cannot go on; take it back to the end with --abort",
            ));
        }
        for step in steps.iter().filter(|step| step.state != State::Done) {
            if until.is_some_and(|until| step.step.phase > until) {
                return Ok(Outcome::Stopped);
            }
            let begun = Instant::now();
            observer(Event::Begun(step));
            self.started(id, step).await?;
            if let Some(outcome) = self.step(id, step, observer).await? {
                return Ok(outcome);
            }
            observer(Event::Done { step, elapsed: begun.elapsed() });
        }
        self.ended(id).await?;
        Ok(Outcome::Done)
    }

    /// Takes back what was done of the adoption that has been begun, the last step first. Rows stay.
    ///
    /// # Errors
    ///
    /// There is no adoption that has not ended; those of [`take_back`](Self::take_back).
    pub async fn abort(&mut self, observer: &mut Observer<'_>) -> Result<Outcome> {
        let record = self.record_of_unended().await?;
        self.take_back(&record, observer).await
    }

    /// Takes back what was done of an adoption, one that has come to its end too, the last step first. Rows stay, but for the
    /// columns that it has added.
    ///
    /// Of the functions and roles that policies need, those stay that something else uses by now.
    ///
    /// # Errors
    ///
    /// One that was begun later was not taken back. A step cannot be taken back; the error names it, nothing of it has changed,
    /// and the next call goes on with it.
    pub async fn take_back(&mut self, record: &Record, observer: &mut Observer<'_>) -> Result<Outcome> {
        let Record { id, steps, tables, .. } = record;
        let id = *id;
        if let Some(later) = self.later(id).await? {
            return Err(Error::adopt(format!(
                "the adoption of {} came after that of {}; take it back first",
                later.join(", "),
                tables.join(", ")
            )));
        }
        let aborting = in_support(sql::ABORTING, &self.support)?;
        self.client.query_typed(&aborting, &[(&id, Type::INT8)]).await.map_err(recording)?;
        for step in steps.iter().rev() {
            // Of a transaction that is not recorded as done nothing remains, of a building something may.
            let remains = match step.state {
                State::Done => true,
                State::Started => matches!(step.step.up, Action::Build { .. }),
                State::Pending | State::Undone => false,
            };
            if !remains {
                continue;
            }
            let begun = Instant::now();
            observer(Event::Undoing(step));
            match &step.step.down {
                Action::Transaction(sql) => self.transaction(id, step, sql, Mark::Undone, observer).await?,
                Action::Drop(sql) => {
                    self.alone(step, sql, observer).await?;
                    self.record(id, step, Mark::Undone).await?;
                }
                Action::Nothing | Action::Build { .. } | Action::Backfill(_) => {
                    self.record(id, step, Mark::Undone).await?;
                }
            }
            observer(Event::Done { step, elapsed: begun.elapsed() });
        }
        self.ended(id).await?;
        Ok(Outcome::Done)
    }

    /// The tables of an adoption that was begun later and not taken back.
    async fn later(&self, id: i64) -> Result<Option<Vec<String>>> {
        let sql = in_support(sql::LATER, &self.support)?;
        let row = self.client.query_typed_opt(&sql, &[(&id, Type::INT8)]).await.map_err(reading)?;
        row.map(|row| row.try_get("tables")).transpose().map_err(reading)
    }

    async fn record_of_unended(&self) -> Result<Record> {
        let record = self.unended().await?;
        record.ok_or_else(|| Error::adopt("no adoption has been begun; name the tables to adopt"))
    }

    async fn ended(&self, id: i64) -> Result<()> {
        let ended = in_support(sql::ENDED, &self.support)?;
        self.client.query_typed(&ended, &[(&id, Type::INT8)]).await.map(drop).map_err(recording)
    }

    /// Takes a step. Tells what is left to settle before it is done, if anything is.
    async fn step(
        &mut self,
        id: i64,
        step: &Recorded,
        observer: &mut Observer<'_>,
    ) -> Result<Option<Outcome>> {
        match &step.step.up {
            Action::Transaction(sql) => match self.transaction(id, step, sql, Mark::Done, observer).await {
                Err(error) if is_violation(&error) => match &step.step.in_the_way {
                    Some(query) => {
                        let rows = self.count(step, query).await?;
                        return Ok(Some(Outcome::InTheWay { step: Box::new(step.clone()), rows }));
                    }
                    None => return Err(error),
                },
                done => done?,
            },
            Action::Build { sql, index } => self.build(id, step, (sql, index), observer).await?,
            Action::Backfill(backfill) => {
                let left = self.backfill(id, step, backfill, observer).await?;
                if left.rows() > 0 {
                    return Ok(Some(Outcome::Left { step: Box::new(step.clone()), left }));
                }
            }
            Action::Nothing | Action::Drop(_) => self.record(id, step, Mark::Done).await?,
        }
        Ok(None)
    }

    /// Counts the rows that are in the way of a step.
    async fn count(&mut self, step: &Recorded, query: &str) -> Result<u64> {
        let failed = |source| Error::script(format!("{}: counting rows", step.step.object), source);
        let query = query.trim_end().trim_end_matches(';');
        let count = render(sql::COUNT, &Vars::default().sql("query", query))?;
        let limit = self.limit(1);
        let transaction =
            self.client.transaction().await.map_err(|source| Error::server(Doing::Begin, source))?;
        transaction.query_typed(sql::TRANSACTION, &[(&limit, Type::TEXT)]).await.map_err(failed)?;
        let row = transaction.query_typed_one(&count, &[]).await.map_err(failed)?;
        let rows: i64 = row.try_get("count").map_err(failed)?;
        transaction.rollback().await.map_err(|source| Error::server(Doing::Rollback, source))?;
        Ok(super::record::unsigned(rows))
    }
}

/// Whether rows are in the way: they violate NOT NULL, a check or a foreign key.
fn is_violation(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        [SqlState::NOT_NULL_VIOLATION, SqlState::CHECK_VIOLATION, SqlState::FOREIGN_KEY_VIOLATION]
            .contains(code)
    })
}
