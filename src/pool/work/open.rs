//! What is open in a transaction: something that the server sends or takes piece by piece.
//!
//! Answers come in the order of their requests, and the driver keeps no more than a few pieces of one that nobody reads.
//! So whoever sends something behind rows that are still to be read waits for ever, unless they are few.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use tokio_postgres::Error as PgError;

use super::{Unread, Work, lock};
use crate::error::{Error, Kind, Result, Step};
use crate::pool::connection::Connection;
use crate::pool::drain::Debt;

pub(super) const LEAKED: &str = "a stream or a COPY on it was leaked";

/// What can be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::pool) enum Open {
    Rows = 1,
    CopyOut,
    CopyIn,
}

impl Open {
    fn error(state: u8) -> Error {
        let (what, advice) = match state {
            CLOSED_BY_COPY_IN => ("a COPY that takes data", "finish it or drop it first"),
            CLOSED_BY_COPY_OUT => ("a COPY that gives data", "read it to its end or drop it first"),
            _ => ("a stream of rows", "read it to its end, drop it, or use a cursor instead"),
        };
        Error::from(Kind::StillOpen { what, advice })
    }
}

const NOTHING: u8 = 0;
const CLOSED_BY_COPY_IN: u8 = Open::CopyIn as u8;
const CLOSED_BY_COPY_OUT: u8 = Open::CopyOut as u8;

/// Keeps a transaction from sending anything else until it is dropped.
///
/// It holds the transaction no longer than its holder borrows it, so that one that is leaked does not keep the connection.
pub(in crate::pool) struct Hold(Weak<Work>);

impl Hold {
    /// The transaction, which lives as long as what it holds borrows it.
    pub(in crate::pool) fn work(&self) -> Option<Arc<Work>> {
        self.0.upgrade()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(work) = self.0.upgrade() {
            work.open.store(NOTHING, Ordering::Release);
        }
    }
}

impl Work {
    /// An error while something is open.
    pub(in crate::pool) fn is_free(&self) -> Result<()> {
        match self.open.load(Ordering::Acquire) {
            NOTHING => Ok(()),
            state => Err(Open::error(state)),
        }
    }

    /// Whether something was left open by somebody who cannot close it any more: who ends a transaction has
    /// borrowed it from everybody else.
    pub(super) fn give_up_if_leaked(&self) -> Result<()> {
        if self.is_free().is_ok() {
            return Ok(());
        }
        self.give_up_owing(Debt::Cut, LEAKED);
        Err(Error::from(Kind::GivenUp { why: LEAKED }))
    }

    /// Runs a request whose answer stays open. From the moment it is sent nothing else is.
    pub(in crate::pool) async fn open<T>(
        self: &Arc<Self>,
        connection: &Connection,
        step: Step,
        what: Open,
        mut request: Pin<&mut impl Future<Output = Result<T, PgError>>>,
    ) -> Result<(T, Hold)> {
        let unread = Unread::count(self);
        let (first, hold) = poll_fn(|cx| {
            let mut hold = None;
            let sent = self.send(connection, request.as_mut(), cx, || {
                self.open.store(what as u8, Ordering::Release);
                hold = Some(Hold(Arc::downgrade(self)));
            });
            std::task::Poll::Ready(sent.map(|first| (first, hold)))
        })
        .await
        .inspect_err(|_| self.unread_is_read())?;
        let value = self.rest(connection, unread, step, first, request).await?;
        // It stays unread, as far as a commit is concerned, until its end is read.
        self.leave_unread();
        Ok((value, hold.unwrap_or_else(|| Hold(Weak::new()))))
    }
}

impl Drop for Work {
    /// What was leaked is never read, so there is no answer to wait for.
    fn drop(&mut self) {
        if self.is_free().is_err() {
            self.give_up_owing(Debt::Cut, LEAKED);
        }
        if self.has_begun().is_none() {
            lock(&self.call).dismiss();
        }
    }
}
