//! The backfill: batch after batch along a key.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::types::{ToSql, Type};

use super::event::{Event, Observer};
use super::record::{Progress, Recorded, in_support, recording, unsigned};
use super::session::Adopter;
use super::settings::backoff;
use super::sql;
use super::transaction::{Mark, is_lock_timeout, watched};
use crate::error::{Error, Result, Step as Doing};
use crate::plan::adopt::Backfill;

/// How long a batch is to take. Whoever wants one of its rows waits as long.
const GOAL: Duration = Duration::from_millis(30);
/// How many rows the first batch goes through.
const FIRST: i64 = 500;

/// Rows that a backfill has left without a tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Those whose tenant is known, and which others keep locked.
    pub locked: u64,
    /// Those that name no parent.
    pub without_key: u64,
    /// Those whose parent is not there.
    pub without_parent: u64,
    /// Those whose parent has no tenant.
    pub of_no_tenant: u64,
    /// Those for which an expression tells none.
    pub untold: u64,
}

impl Left {
    /// How many there are in all.
    #[must_use]
    pub fn rows(self) -> u64 {
        self.locked + self.underivable()
    }

    fn underivable(self) -> u64 {
        self.without_key + self.without_parent + self.of_no_tenant + self.untold
    }
}

/// One batch: where it ends, unless that is the end of the table, and how many rows got their tenant.
struct Batch {
    bound: Option<Vec<String>>,
    rows: i64,
}

impl Adopter<'_> {
    /// Gives rows their tenants until none is left, or tells which ones are.
    pub(super) async fn backfill(
        &mut self,
        adoption: i64,
        step: &Recorded,
        backfill: &Backfill,
        observer: &mut Observer<'_>,
    ) -> Result<Left> {
        let mut progress = step.progress.clone();
        // Where a pass is over, or is perhaps not needed, what is left is looked at first.
        let between_passes = progress.position.is_none() && (backfill.sweep || progress.pass > 0);
        let mut attempt = 1;
        let mut left = if between_passes { Some(self.left(step, backfill, observer).await?) } else { None };
        loop {
            match left {
                Some(left) if left.locked == 0 => {
                    if left.underivable() == 0 {
                        self.record(adoption, step, Mark::Done).await?;
                    }
                    return Ok(left);
                }
                Some(left) if attempt >= self.settings.attempts => return Ok(left),
                Some(left) if attempt > 1 || !between_passes => {
                    observer(Event::Skipped { step, rows: left.locked });
                    sleep(backoff(attempt)).await;
                    attempt += 1;
                }
                Some(_) => attempt += 1,
                None => {}
            }
            if progress.position.is_none() {
                let total = self.size(step, backfill).await?;
                progress = Progress { pass: progress.pass + 1, walked: 0, total, ..progress };
            }
            self.pass(adoption, step, backfill, &mut progress, observer).await?;
            left = Some(self.left(step, backfill, observer).await?);
        }
    }

    /// Goes through the table, from where it was.
    async fn pass(
        &mut self,
        adoption: i64,
        step: &Recorded,
        backfill: &Backfill,
        progress: &mut Progress,
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        let most = i64::from(self.settings.batch.max(1));
        let mut size = FIRST.min(most);
        let mut attempt = 1;
        loop {
            let begun = Instant::now();
            let batch = match self.batch(adoption, step, backfill, progress, size).await {
                Err(error) if is_lock_timeout(&error) && attempt < self.settings.attempts => {
                    let pause = backoff(attempt);
                    observer(Event::Retry { step, attempt, pause });
                    sleep(pause).await;
                    attempt += 1;
                    continue;
                }
                batch => batch?,
            };
            let took = begun.elapsed();
            attempt = 1;
            observer(Event::Batch {
                step,
                pass: u32::try_from(progress.pass).unwrap_or_default(),
                walked: unsigned(progress.walked),
                total: unsigned(progress.total),
                rows: unsigned(progress.rows),
            });
            if batch.bound.is_none() {
                return Ok(());
            }
            size = next_size(size, took, most);
            sleep(self.settings.pause_after(took, unsigned(batch.rows))).await;
        }
    }

    /// One batch and its record, as one transaction.
    async fn batch(
        &mut self,
        adoption: i64,
        step: &Recorded,
        backfill: &Backfill,
        progress: &mut Progress,
        size: i64,
    ) -> Result<Batch> {
        let failed = |source| Error::script(format!("{}: {}", step.step.object, step.step.what), source);
        let limit = self.limit(1);
        let record = in_support(sql::PROGRESS, &self.support)?;
        let transaction =
            self.client.transaction().await.map_err(|source| Error::server(Doing::Begin, source))?;
        transaction.query_typed(sql::BATCH_SETUP, &[(&limit, Type::TEXT)]).await.map_err(failed)?;
        let from = &progress.position;
        let ahead: [(&(dyn ToSql + Sync), Type); 2] = [(from, Type::TEXT_ARRAY), (&(size - 1), Type::INT8)];
        let bound = transaction.query_typed_opt(&backfill.bound, &ahead).await.map_err(failed)?;
        let bound: Option<Vec<String>> = bound.map(|row| row.try_get("bound")).transpose().map_err(failed)?;
        let range: [(&(dyn ToSql + Sync), Type); 3] =
            [(from, Type::TEXT_ARRAY), (&bound, Type::TEXT_ARRAY), (&self.usual_path, Type::TEXT)];
        let rows = transaction.execute_typed(&backfill.batch, &range).await.map_err(failed)?;
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        let next = advanced(progress, bound.as_ref(), size, rows);
        let parameters: [(&(dyn ToSql + Sync), Type); 7] = [
            (&adoption, Type::INT8),
            (&step.number, Type::INT4),
            (&next.pass, Type::INT4),
            (&next.position, Type::TEXT_ARRAY),
            (&next.walked, Type::INT8),
            (&next.total, Type::INT8),
            (&next.rows, Type::INT8),
        ];
        transaction.query_typed(&record, &parameters).await.map_err(recording)?;
        transaction.commit().await.map_err(|source| Error::final_step(Doing::Commit, source))?;
        *progress = next;
        Ok(Batch { bound, rows })
    }

    async fn size(&self, step: &Recorded, backfill: &Backfill) -> Result<i64> {
        let failed = |source| Error::script(format!("{}: {}", step.step.object, step.step.what), source);
        let row = self.client.query_typed_one(&backfill.size, &[]).await.map_err(failed)?;
        row.try_get("total").map_err(failed)
    }

    /// Counts the rows that are left.
    async fn left(
        &mut self,
        step: &Recorded,
        backfill: &Backfill,
        observer: &mut Observer<'_>,
    ) -> Result<Left> {
        let failed =
            |source| Error::script(format!("{}: counting rows without a tenant", step.step.object), source);
        let limit = self.limit(1);
        let transaction =
            self.client.transaction().await.map_err(|source| Error::server(Doing::Begin, source))?;
        transaction.query_typed(sql::TRANSACTION, &[(&limit, Type::TEXT)]).await.map_err(failed)?;
        let row = watched(transaction.query_typed_one(&backfill.left, &[]), step, observer).await;
        let row = row.map_err(failed)?;
        let of = |column: &str| row.try_get(column).map(unsigned).map_err(failed);
        let left = Left {
            locked: of("skipped")?,
            without_key: of("without_key")?,
            without_parent: of("without_parent")?,
            of_no_tenant: of("of_no_tenant")?,
            // Where parents tell the tenants, the query has no such column.
            untold: if row.columns().iter().any(|column| column.name() == "untold") {
                of("untold")?
            } else {
                0
            },
        };
        transaction.rollback().await.map_err(|source| Error::server(Doing::Rollback, source))?;
        Ok(left)
    }
}

/// How far it is after a batch.
fn advanced(before: &Progress, bound: Option<&Vec<String>>, size: i64, rows: i64) -> Progress {
    Progress {
        pass: before.pass,
        position: bound.cloned(),
        walked: match bound {
            Some(_) => before.walked.saturating_add(size),
            None => before.total.max(before.walked),
        },
        total: before.total,
        rows: before.rows.saturating_add(rows),
    }
}

/// How many rows the next batch goes through, so that it takes about as long as it is to: at most twice as many, at least a
/// quarter.
fn next_size(size: i64, took: Duration, most: i64) -> i64 {
    let took = took.as_micros().max(1);
    let wanted = i128::from(size) * i128::try_from(GOAL.as_micros()).unwrap_or(1)
        / i128::try_from(took).unwrap_or(i128::MAX);
    let wanted = i64::try_from(wanted).unwrap_or(i64::MAX);
    wanted.clamp(size / 4, size.saturating_mul(2)).clamp(1, most)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::next_size;

    #[test]
    fn a_batch_comes_to_take_as_long_as_it_is_to() {
        // A microsecond for each row: 30 milliseconds are 30,000 rows.
        let mut size = 500;
        for _ in 0..10 {
            size = next_size(size, Duration::from_micros(u64::try_from(size).unwrap()), 1_000_000);
        }
        assert_eq!(size, 30_000);
        assert_eq!(next_size(500, Duration::from_micros(500), 800), 800);
        assert_eq!(next_size(1, Duration::from_mins(1), 1_000), 1);
        assert_eq!(next_size(1_000, Duration::from_mins(1), 1_000), 250);
    }
}
