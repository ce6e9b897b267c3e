//! Requests that are one transaction under one Sync.
//!
//! The driver ends each of its requests with a Sync, which ends the transaction that the messages ahead of it are, and
//! waits for the ReadyForQuery that answers it. Where several requests are to be one transaction, the stream leaves out the Sync
//! of each but the last, and puts a ReadyForQuery behind the answer to each itself. When the server fails one of them, it
//! passes over all that follows, up to the Sync. So those behind it get no answer of the server's, and the stream tells the
//! driver of an error for each ([`ALONG`]), behind the one that the server has reported.
//!
//! None of this hides anything from the driver's caller: an answer that comes ahead of the last one is one of a transaction
//! that is not committed yet, whoever joins requests counts none of them as done before the last is.

use super::incoming::Incoming;
use super::kept::{put_error, put_report};
use super::link::Link;
use super::piece::Piece;
use super::violation::Violation;

/// The SQLSTATE of the error with which requests fail behind one that has failed: `in_failed_sql_transaction`.
pub(crate) const ALONG: &str = "25P02";

const READY: &[u8] = b"Z\0\0\0\x05T";

/// How far the client has come with requests that are one.
#[derive(Debug, Default)]
pub(super) struct Joined {
    number: u64,
    /// How many statements are to end, the one under way among them.
    left: usize,
    /// Whether the request under way is one of them. The driver itself closes statements in between.
    counts: bool,
}

impl Joined {
    /// The first request is under way, which carries the prologue with this number.
    pub(super) fn new(number: u64, requests: usize) -> Self {
        Self { number, left: if requests > 1 { requests } else { 0 }, counts: true }
    }

    pub(super) fn is_open(&self) -> bool {
        self.left > 0
    }

    /// The next request begins, with a message of this type. Returns the number of the prologue that is its own, too.
    pub(super) fn next(&mut self, tag: u8) -> Result<Option<u64>, Violation> {
        if !self.is_open() {
            return Ok(None);
        }
        self.counts = matches!(tag, b'P' | b'B');
        match tag {
            b'P' | b'B' | b'C' => Ok(Some(self.number)),
            _ => Err(Violation::new("a statement of the same transaction", "a request that is none")),
        }
    }

    /// Whether the request under way ends without its Sync.
    pub(super) fn leaves_out_sync(&self) -> bool {
        self.left > 1 || (self.is_open() && !self.counts)
    }

    pub(super) fn end_request(&mut self) {
        if self.counts {
            self.left = self.left.saturating_sub(1);
        }
    }
}

impl Incoming {
    /// Tells the driver that a request has ended whose Sync was left out.
    pub(super) fn put_ready(&mut self, link: &Link) {
        self.rows = 0;
        if let Some(keeping) = self.keeping.take() {
            put_error(keeping.end(link.kept()), &mut self.ready);
        }
        self.ready.extend_from_slice(READY);
    }

    /// Tells the driver of the requests that have failed along with one that is answered now.
    pub(super) fn answer_along(&mut self, piece: &mut Piece<'_>) {
        for _ in 0..std::mem::take(&mut self.along) {
            piece.spill();
            put_report(
                ALONG,
                "a statement ahead of it, in the same transaction, has failed",
                &mut self.ready,
            );
            self.ready.extend_from_slice(READY);
        }
    }
}
