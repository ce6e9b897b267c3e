//! What the server tells of a session by itself, when it changes.
//!
//! It reports some settings, `TimeZone` and `session_authorization` among them, when the connection
//! begins and ahead of each ReadyForQuery after which they are others; see
//! [Asynchronous Operations](https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-ASYNC).
//! One that is another than when the session was set up, with no transaction open, was set for the session.

use bytes::BytesMut;

use super::frame::Header;
use super::statements::cstr;

/// How much of a report is kept. What is longer is another value than any of before.
const LONGEST: usize = 8 * 1024;

/// This one the server itself changes, when a standby is promoted.
const STANDBY: &[u8] = b"in_hot_standby";

type Value = (Box<[u8]>, Box<[u8]>);

/// The settings that the server reports, and which of them have changed.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    /// As they were when the session was set up.
    first: Vec<Value>,
    /// The names of those that are others now.
    changed: Vec<Box<[u8]>>,
    /// The report under way.
    report: BytesMut,
    is_reported: bool,
    /// Whether the server said last that it is no standby.
    takes_writes: bool,
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

    /// Whether the message under way is a report.
    #[inline]
    pub(super) fn is_under_way(&self) -> bool {
        self.is_reported
    }

    /// Whether the server said last that it is no standby.
    pub(super) fn takes_writes(&self) -> bool {
        self.takes_writes
    }

    /// Ends a message. Whether the session is now another than when it was set up, where the message says so.
    pub(super) fn end(&mut self, is_set_up: bool) -> Option<bool> {
        if !std::mem::take(&mut self.is_reported) {
            return None;
        }
        let (name, rest) = cstr(&self.report);
        // With its NUL, so that a value that was cut is equal to none.
        let value = rest;
        if name == STANDBY {
            self.takes_writes = value == b"off\0";
        }
        if !is_set_up {
            self.first.retain(|(known, _)| **known != *name);
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

#[cfg(test)]
mod tests {
    use super::{LONGEST, Parameters};
    use crate::wire::frame::Header;

    /// Hears of a report in pieces of `piece` bytes.
    fn hear(
        parameters: &mut Parameters,
        (name, value): (&str, &str),
        is_set_up: bool,
        piece: usize,
    ) -> Option<bool> {
        let body = format!("{name}\0{value}\0");
        parameters.begin(Header { tag: b'S', body: body.len() });
        body.as_bytes().chunks(piece).for_each(|bytes| parameters.read(bytes));
        parameters.end(is_set_up)
    }

    #[test]
    fn a_session_is_another_until_all_is_as_it_was_set_up() {
        for piece in [1, 3, 1000] {
            let mut parameters = Parameters::default();
            let first =
                [("TimeZone", "PST"), ("is_superuser", "off"), ("in_hot_standby", "on"), ("TimeZone", "UTC")];
            for first in first {
                assert_eq!(hear(&mut parameters, first, false, piece), None);
            }
            assert!(!parameters.takes_writes());
            let long = "x".repeat(2 * LONGEST);
            for (report, is_altered) in [
                (("TimeZone", "UTC"), Some(false)),
                (("TimeZone", "UT"), Some(true)),
                (("TimeZone", "PST"), Some(true)),
                (("TimeZone", "UTC2"), Some(true)),
                (("is_superuser", "on"), Some(true)),
                (("TimeZone", "UTC"), Some(true)),
                (("in_hot_standby", "off"), None),
                (("is_superuser", "off"), Some(false)),
                (("search_path", "new"), Some(true)),
                (("TimeZone", &long), Some(true)),
            ] {
                assert_eq!(hear(&mut parameters, report, true, piece), is_altered, "{}", report.0);
            }
            assert!(parameters.takes_writes());
        }
    }

    #[test]
    fn what_is_no_report_is_not_read() {
        let mut parameters = Parameters::default();
        for tag in [b'D', b'N', b'A'] {
            parameters.begin(Header { tag, body: 4 });
            parameters.read(b"a\0b\0");
            assert_eq!(parameters.end(true), None);
        }
    }
}
