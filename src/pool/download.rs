//! A COPY that is a transaction of its own.

use std::pin::pin;

use tracing::Instrument;

use super::copy::CopyOut;
use super::ending::Ending;
use super::scope::Scope;
use super::stale::{ATTEMPTS, Run};
use super::statement::sealed::Source;
use super::statement::{Way, judge_copy};
use crate::error::{Error, Result, Step};

const BEHIND_A_POOLER: &str =
    "a COPY on a scope needs a connection without a pooler between; begin a transaction and use its copy_out";

impl<D> Scope<D> {
    /// Runs a `COPY … TO STDOUT` as a transaction of its own, whose data arrives as the returned stream is read. Policies apply.
    ///
    /// The stream holds its connection by itself and borrows nothing, so that the body of an HTTP response can be made of it.
    /// It begins and ends its transaction in the flight of the COPY; its error, when the commit itself fails, comes after the
    /// last portion. Dropped before its end, it leaves the connection to the drain.
    ///
    /// ```no_run
    /// # async fn example(pool: tenantry::TenantPool) -> tenantry::Result<()> {
    /// let mut csv = pool.tenant(42_i64).copy_out("copy invoice to stdout (format csv, header)").await?;
    /// while let Some(lines) = csv.try_next().await? {
    ///     print!("{}", String::from_utf8_lossy(&lines));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`Statements`](crate::Statements). Behind a pooler it is refused ([`Error::is_usage`](crate::Error::is_usage)): through
    /// PgBouncer 1.18, one that was dropped was seen to leave an answer of the server's to whoever came next. Use
    /// [`TransactionBlock::copy_out`](crate::TransactionBlock::copy_out) there. An error that comes later is in the stream, and where a limit has cut it off the log
    /// tells of it at WARN, since whoever is served from it may have no other way to hear of that.
    pub async fn copy_out(&self, sql: &str) -> Result<CopyOut<'static>> {
        judge_copy(sql, Way::Out)?;
        let mut call = self.statements().watch(Source::Judged(sql));
        match self.begin_copy_out(sql).instrument(call.span()).await {
            Ok(data) => Ok(data.watched_by(call)),
            Err(error) => {
                call.ended(Some(&error));
                Err(error)
            }
        }
    }

    async fn begin_copy_out(&self, sql: &str) -> Result<CopyOut<'static>> {
        let (db, single, source) = (self.statements(), self.single(), Source::Judged(sql));
        let ready = db.ready(source).await?;
        if !ready.lease.link().is_direct() {
            return Err(Error::config(BEHIND_A_POOLER));
        }
        let mut prepared = db.prepared(&ready, source).await?;
        let mut repeats = 0;
        loop {
            let answer = {
                let copy = pin!(ready.client().copy_out(&prepared.statement));
                ready.deadline.bound(pin!(single.answer(&ready, copy))).await
            };
            let answer =
                answer.unwrap_or_else(|expired| Err(expired.after_commit(!ready.may_have_written())));
            let error = match answer {
                Ok((data, closing)) => {
                    return Ok(CopyOut::new(
                        data,
                        Ending::single(&ready, closing, ready.deadline, Step::Copy),
                    ));
                }
                Err(error) => ready.deadline.name(error),
            };
            let may_repeat = repeats < if ready.lease.link().is_direct() { 1 } else { ATTEMPTS };
            let run = Run { source, fresh: prepared.fresh, first: repeats == 0, may_repeat };
            let sql = db.within(&ready, Box::pin(db.judge(&ready, run, error)).as_mut()).await?;
            prepared = db.prepared(&ready, Source::Judged(&sql)).await?;
            repeats += 1;
        }
    }
}
