//! How many rows a connection has given or changed, and how its last transaction ended, where somebody counts.
//!
//! The server says both by itself: with each CommandComplete the number of rows, and as the last of a transaction `COMMIT` or
//! `ROLLBACK`; see [Message Formats](https://www.postgresql.org/docs/current/protocol-message-formats.html). So a statement
//! counts whatever way it was sent, and a stream that was read in part counts with the rows that have arrived.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::frame::Header;

/// The longest command tag with a number, `INSERT 0 18446744073709551615`, and its NUL fit.
const LONGEST: usize = 32;

/// What was counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    on: AtomicBool,
    rows: AtomicU64,
    undone: AtomicBool,
}

/// The same for whoever asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Rows that were returned, or changed where none were returned. Those with which the driver looks types up count as well.
    pub(crate) rows: u64,
    /// Whether the last that was heard is an error or a rollback.
    pub(crate) undone: bool,
}

impl Tally {
    /// Begins to count, from zero.
    pub(super) fn begin(&self) {
        self.rows.store(0, Ordering::Relaxed);
        self.undone.store(false, Ordering::Relaxed);
        self.on.store(true, Ordering::Release);
    }

    /// So many of those that were counted were asked for by nobody.
    pub(super) fn discount(&self, rows: u64) {
        if self.is_on() {
            self.rows.fetch_sub(rows, Ordering::Relaxed);
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    pub(super) fn counted(&self) -> Counted {
        Counted { rows: self.rows.load(Ordering::Relaxed), undone: self.undone.load(Ordering::Relaxed) }
    }
}

/// The answer that is being counted.
#[derive(Debug, Default)]
pub(super) struct Counter {
    /// The tag of a command that is complete, as far as it was read.
    tag: Vec<u8>,
    is_tag: bool,
    /// How many rows of the command have arrived, which are counted already.
    arrived: u64,
}

impl Counter {
    /// Hears of a message to the driver that begins.
    pub(super) fn begin(&mut self, header: Header, tally: &Tally) {
        self.is_tag = header.tag == b'C';
        match header.tag {
            b'C' => self.tag.clear(),
            b'D' => {
                self.arrived += 1;
                tally.rows.fetch_add(1, Ordering::Relaxed);
            }
            b'E' => {
                self.arrived = 0;
                tally.undone.store(true, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    /// Reads a part of its body.
    #[inline]
    pub(super) fn read(&mut self, bytes: &[u8]) {
        if self.is_tag {
            let room = LONGEST.saturating_sub(self.tag.len());
            self.tag.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    /// Ends a message.
    #[inline]
    pub(super) fn end(&mut self, tally: &Tally) {
        if self.is_tag {
            self.end_tag(tally);
        }
    }

    fn end_tag(&mut self, tally: &Tally) {
        self.is_tag = false;
        let tag = self.tag.strip_suffix(b"\0").unwrap_or_default();
        tally.undone.store(tag == b"ROLLBACK", Ordering::Relaxed);
        let number = tag.rsplit(|byte| *byte == b' ').next().and_then(|word| std::str::from_utf8(word).ok());
        let rows = number.and_then(|number| number.parse().ok()).unwrap_or(0_u64);
        let arrived = std::mem::take(&mut self.arrived);
        tally.rows.fetch_add(rows.saturating_sub(arrived), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Counted, Counter, Tally};
    use crate::wire::frame::Header;

    /// What is counted of messages, each a tag and a body, that come in pieces of so many bytes.
    fn count(messages: &[(u8, &str)], piece: usize) -> Counted {
        let (tally, mut counter) = (Tally::default(), Counter::default());
        tally.begin();
        for (tag, body) in messages {
            counter.begin(Header { tag: *tag, body: body.len() }, &tally);
            body.as_bytes().chunks(piece).for_each(|bytes| counter.read(bytes));
            counter.end(&tally);
        }
        tally.counted()
    }

    #[test]
    fn rows_count_whether_they_are_returned_or_changed() {
        for (messages, rows) in [
            (&[(b'D', "x"), (b'D', "x"), (b'C', "SELECT 2\0")][..], 2),
            (&[(b'C', "INSERT 0 3\0")], 3),
            (&[(b'D', "x"), (b'C', "UPDATE 1\0")], 1),
            (&[(b'C', "COPY 1000\0")], 1000),
            (&[(b'C', "CREATE TABLE\0")], 0),
            (&[(b'C', "INSERT 0 18446744073709551615\0")], u64::MAX),
            // Read in part, and undone.
            (&[(b'D', "x"), (b'D', "x"), (b'E', "…")], 2),
            (&[(b'D', "x"), (b'E', "…"), (b'C', "ROLLBACK\0"), (b'C', "DELETE 4\0")], 5),
        ] {
            for piece in [1, 3, 100] {
                assert_eq!(count(messages, piece).rows, rows, "{messages:?}");
            }
        }
    }

    #[test]
    fn the_last_that_was_heard_tells_how_it_ended() {
        for (messages, undone) in [
            (&[(b'C', "SELECT 2\0")][..], false),
            (&[(b'C', "BEGIN\0"), (b'C', "INSERT 0 1\0"), (b'C', "ROLLBACK\0")], true),
            (&[(b'C', "INSERT 0 1\0"), (b'E', "…")], true),
            (&[(b'E', "…"), (b'C', "ROLLBACK\0"), (b'C', "COMMIT\0")], false),
        ] {
            assert_eq!(count(messages, 2).undone, undone, "{messages:?}");
        }
    }
}
