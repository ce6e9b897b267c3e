//! How a statement runs once it is ready, and who hears of it.

use std::future::Future;
use std::pin::{Pin, pin};

use tokio_postgres::Error as PgError;
use tracing::Instrument;

use super::observe::{Call, Kind, Operation};
use super::ready::Ready;
use super::rows::RowStream;
use super::stale::Run;
use super::statement::sealed::Source;
use super::statements::{Statements, Unit};
use crate::error::{Error, Result, Step};

impl Statements {
    /// Tells those who watch of a statement.
    pub(super) fn watch(&self, source: Source<'_>) -> Call {
        if !self.is_watched() {
            return Call::UNWATCHED;
        }
        let sql = source.sql();
        self.watch_as(Operation::of(sql), Some(sql))
    }

    /// The same of something that is no single statement.
    fn watch_as(&self, operation: Operation, text: Option<&str>) -> Call {
        match &self.0 {
            Unit::Single(single) => {
                let kind = Kind::Statement { operation, text, within: None };
                Call::begin(single.way(), single.bound(), kind)
            }
            Unit::Block(work) => work.watch(operation, text),
        }
    }

    /// Runs a statement while those watch who want to. Its future is large, and so stays where its maker has pinned it.
    pub(super) async fn observed<T>(
        &self,
        source: Source<'_>,
        running: Pin<&mut impl Future<Output = Result<T>>>,
    ) -> Result<T> {
        let mut call = self.watch(source);
        let answer = running.instrument(call.span()).await;
        call.ended(answer.as_ref().err());
        answer
    }

    /// The same of something that is no single statement, whose text is found out where somebody watches.
    pub(super) async fn observed_as<T>(
        &self,
        operation: Operation,
        text: impl FnOnce() -> Option<String>,
        running: Pin<&mut impl Future<Output = Result<T>>>,
    ) -> Result<T> {
        if !self.is_watched() {
            return running.await;
        }
        let mut call = self.watch_as(operation, text().as_deref());
        let answer = running.instrument(call.span()).await;
        call.ended(answer.as_ref().err());
        answer
    }

    fn is_watched(&self) -> bool {
        let way = match &self.0 {
            Unit::Single(single) => single.way(),
            Unit::Block(work) => work.way(),
        };
        way.primary().observer().is_watched()
    }

    /// The same for rows, which are watched until the last of them is read.
    pub(super) async fn observed_rows<'a>(
        &'a self,
        source: Source<'_>,
        running: Pin<&mut impl Future<Output = Result<RowStream<'a>>>>,
    ) -> Result<RowStream<'a>> {
        let mut call = self.watch(source);
        match running.instrument(call.span()).await {
            Ok(rows) => Ok(rows.watched_by(call)),
            Err(error) => {
                call.ended(Some(&error));
                Err(error)
            }
        }
    }

    /// Decides what becomes of a statement that failed. Where it is to be run once more, from its text, its unit
    /// of work can begin anew.
    pub(super) async fn judge(&self, ready: &Ready<'_>, run: Run<'_>, error: Error) -> Result<String> {
        match &self.0 {
            Unit::Single(_) => {
                let sql = ready.judge(run, error)?;
                ready.lease.seal();
                ready.renew().await?;
                Ok(sql)
            }
            Unit::Block(work) => {
                let run = Run { may_repeat: run.may_repeat && work.is_at_first_request(), ..run };
                let sql = ready.judge(run, error).inspect_err(|error| {
                    if error.is_stale_statement() {
                        work.note_stale();
                    }
                })?;
                work.restart().await?;
                ready.renew().await?;
                Ok(sql)
            }
        }
    }

    /// Runs a request of the driver's. Its future is large, and so stays where its maker has pinned it.
    pub(super) async fn run<T>(
        &self,
        ready: &Ready<'_>,
        statement: Pin<&mut impl Future<Output = Result<T, PgError>>>,
    ) -> Result<T> {
        let answer = match &self.0 {
            Unit::Single(single) => {
                let running = pin!(single.run(ready, statement));
                let answer = if ready.may_leave() {
                    ready.deadline.bound(pin!(ready.patiently(running))).await
                } else {
                    ready.deadline.bound(running).await
                };
                answer.unwrap_or_else(|expired| Err(expired.after_commit(!ready.may_have_written())))
            }
            Unit::Block(work) => {
                let answer = ready.deadline.bound(pin!(work.run(ready, Step::Statement, statement))).await;
                answer.unwrap_or_else(|expired| Err(work.expire(expired)))
            }
        };
        answer.map_err(|error| ready.deadline.name(error))
    }
}
