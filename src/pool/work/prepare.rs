//! Statements that are prepared for a transaction.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use super::{Failure, Work, lock};
use crate::error::{Result, code_is_retryable};
use crate::pool::connection::Connection;
use crate::pool::lease::Prepared;
use crate::pool::stale::ATTEMPTS;

impl Work {
    /// Prepares a statement, or takes it from the connection's cache. Where a pooler answers with what it had
    /// prepared before a change, it is prepared as another text, unless the transaction has failed with that.
    pub(in crate::pool) async fn prepare(&self, connection: &Connection, sql: &str) -> Result<Prepared> {
        for _ in 0..ATTEMPTS {
            match self.prepare_once(connection, sql).await {
                Err(error) if connection.lease.is_old_at_the_pooler(&error) => {
                    if self.has_begun().is_some() {
                        self.note_stale();
                        return Err(error.stale());
                    }
                }
                prepared => return prepared,
            }
        }
        self.prepare_once(connection, sql).await
    }

    /// Prepares a statement. Ahead of the first one, the transaction has not begun; later, an error
    /// of the server's aborts it.
    async fn prepare_once(&self, connection: &Connection, sql: &str) -> Result<Prepared> {
        let mut preparing = pin!(connection.lease.prepare(sql));
        // It takes several requests where a type has to be looked up, and none of them may go behind a stream.
        let mut preparation = pin!(poll_fn(|cx| match self.is_free() {
            Ok(()) => preparing.as_mut().poll(cx),
            Err(open) => Poll::Ready(Err(open)),
        }));
        let prepared = match poll_fn(|cx| Poll::Ready(preparation.as_mut().poll(cx))).await {
            // From the cache, with nothing sent: the statement still shares the flight of the opening.
            Poll::Ready(prepared) => prepared,
            Poll::Pending if self.has_begun().is_some() => {
                let (opened, prepared) = self.behind_opening(preparation).await;
                opened?;
                prepared
            }
            Poll::Pending => preparation.await,
        };
        if let (Err(error), Some(_)) = (&prepared, self.has_begun()) {
            let lost = error.is_connection_lost();
            let code = error.code().filter(|code| !lost || code_is_retryable(code)).cloned();
            if code.is_some() || lost {
                lock(&self.failure).get_or_insert(Failure::Aborted(code));
            }
        }
        prepared
    }
}
