//! Statements whose rows are read as they arrive.

use std::future::Future;
use std::pin::{Pin, pin};

use tokio_postgres::Error as PgError;
use tokio_postgres::types::{ToSql, Type};

use super::cache::OutOfDate;
use super::ending::Ending;
use super::kept::{kept_by, kept_number};
use super::ready::Ready;
use super::rows::RowStream;
use super::stale::{ATTEMPTS, Run};
use super::statement::sealed::Source;
use super::statement::{ToStatement, is_fetch};
use super::statements::{Statements, Unit, run_prepared};
use super::work::Open;
use crate::error::{Result, Step};

impl Statements {
    /// Runs a statement and returns its rows as they arrive, in bounded memory.
    ///
    /// ```
    /// use tenantry::{Result, Statements};
    ///
    /// async fn largest(db: &Statements) -> Result<i64> {
    ///     let mut rows = db.query_raw("select total from invoice", &[]).await?;
    ///     let mut largest = 0;
    ///     while let Some(row) = rows.try_next().await? {
    ///         largest = largest.max(row.try_get(0)?);
    ///     }
    ///     Ok(largest)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Statements`].
    pub async fn query_raw<S>(&self, statement: &S, params: &[&(dyn ToSql + Sync)]) -> Result<RowStream<'_>>
    where
        S: ?Sized + ToStatement,
    {
        if let Source::Sql(sql) = statement.source()
            && params.is_empty()
            && is_fetch(sql)
        {
            return self.query_typed_raw(sql, &[]).await;
        }
        let params = || params.iter().map(|param| *param as &dyn ToSql);
        let rows = run_prepared!(
            self.observed_rows(ready.stream(statement.source())),
            |client, statement| client.query_raw(statement, params()),
            |ready, text| self.kept_stream(&ready, &text)
        );
        rows.map(|rows: RowStream<'_>| rows.of(statement.source()))
    }

    /// Like [`query_raw`](Self::query_raw), unprepared.
    ///
    /// # Errors
    ///
    /// As for [`Statements`].
    pub async fn query_typed_raw(
        &self,
        sql: &str,
        params: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<RowStream<'_>> {
        let running = async {
            let ready = self.unprepared(sql).await?;
            let params = params.iter().map(|(param, ty)| (*param, ty.clone()));
            let answer = self.stream(&ready, pin!(ready.client().query_typed_raw(sql, params))).await;
            match kept_by(&answer) {
                Some(number) => {
                    self.kept_stream(&ready, &self.afterwards(&ready, pin!(ready.lease.kept(number))).await?)
                        .await
                }
                None => answer,
            }
        };
        self.observed_rows(Source::Sql(sql), pin!(running)).await
    }

    async fn stream(
        &self,
        ready: &Ready<'_>,
        statement: Pin<&mut impl Future<Output = Result<tokio_postgres::RowStream, PgError>>>,
    ) -> Result<RowStream<'_>> {
        let rows = match &self.0 {
            Unit::Single(single) => {
                let answer = ready.deadline.bound(pin!(single.answer(ready, statement))).await;
                let answer =
                    answer.unwrap_or_else(|expired| Err(expired.after_commit(!ready.may_have_written())));
                answer.map(|(rows, closing)| {
                    RowStream::new(rows, Ending::single(ready, closing, ready.deadline, Step::Statement))
                })
            }
            Unit::Block(work) => {
                let opening = work.open(ready, Step::Statement, Open::Rows, statement);
                let opened = ready.deadline.bound(pin!(opening)).await;
                let opened = opened.unwrap_or_else(|expired| Err(work.expire(expired)));
                opened.map(|(rows, hold)| {
                    RowStream::new(rows, Ending::block(ready, hold, ready.deadline, Step::Statement))
                })
            }
        };
        rows.map_err(|error| ready.deadline.name(error))
    }
}
