//! What the server tells of a session by itself, when it changes.
//!
//! It reports some settings, `TimeZone` and `session_authorization` among them, when the connection
//! begins and ahead of each ReadyForQuery after which they are others; see
//! [Asynchronous Operations](https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-ASYNC).
//! One that is another than at the beginning, with no transaction open, was set for the session.

use bytes::BytesMut;

use super::frame::Header;
use super::statements::cstr;

/// How much of a report is kept. What is longer is another value than any at the beginning.
const LONGEST: usize = 8 * 1024;

/// This one the server itself changes, when a standby is promoted.
const STANDBY: &[u8] = b"in_hot_standby";

type Value = (Box<[u8]>, Box<[u8]>);

/// The settings that the server reports, and which of them have changed.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    /// As they were when the connection began.
    first: Vec<Value>,
    /// The names of those that are others now.
    changed: Vec<Box<[u8]>>,
    /// The report under way.
    report: BytesMut,
    is_reported: bool,
}

impl Parameters {
    /// Hears of a message that begins.
    #[inline]
    pub(super) fn begin(&mut self, header: Header) {
        self.is_reported = header.tag == b'S';
        if self.is_reported {
            self.report.clear();
        }
    }

    /// Reads a part of its body.
    #[inline]
    pub(super) fn read(&mut self, bytes: &[u8]) {
        if self.is_reported {
            let room = LONGEST.saturating_sub(self.report.len());
            self.report.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    /// Ends a message. Whether the session is now another than at the beginning, where the message says so.
    pub(super) fn end(&mut self, started: bool) -> Option<bool> {
        if !std::mem::take(&mut self.is_reported) {
            return None;
        }
        let (name, rest) = cstr(&self.report);
        // With its NUL, so that a value that was cut is equal to none.
        let value = rest;
        if !started {
            self.first.push((name.into(), value.into()));
            return None;
        }
        if name == STANDBY {
            return None;
        }
        self.changed.retain(|changed| **changed != *name);
        if !self.first.iter().any(|(known, first)| **known == *name && **first == *value) {
            self.changed.push(name.into());
        }
        Some(!self.changed.is_empty())
    }
}
