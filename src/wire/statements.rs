//! Statements without names, for poolers that do not keep names apart.
//!
//! The driver prepares by name and runs by name. In front of a pooler that hands each transaction
//! to another server, or that gives one server to many clients, names go astray. So each Parse is
//! sent on without its name and remembered, and sent again ahead of each Bind that means it.

use std::collections::{HashMap, VecDeque};

use bytes::{BufMut, BytesMut};

/// Whether the statements that are prepared keep their names on the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatementMode {
    /// A statement is parsed once for each connection and run by its name from then on. The default.
    #[default]
    Named,
    /// A statement is parsed each time it runs, under the empty name and in the same flight. For
    /// poolers in transaction mode that do not know of prepared statements, PgBouncer before 1.21
    /// among them, see [`max_prepared_statements`](https://www.pgbouncer.org/config.html#max_prepared_statements).
    Unnamed,
}

/// What the driver has prepared, by the names that only it and this layer know.
#[derive(Debug, Default)]
pub(super) struct Statements {
    /// What follows the name in a Parse: the text, and the types of its parameters.
    parsed: HashMap<Box<[u8]>, Box<[u8]>>,
    /// The names of Parse messages that are not answered yet.
    unconfirmed: VecDeque<Box<[u8]>>,
}

impl Statements {
    /// Reads the body of a Parse, and writes the same without its name.
    pub(super) fn parse(&mut self, body: &[u8], out: &mut BytesMut) {
        let (name, rest) = cstr(body);
        if !name.is_empty() {
            self.parsed.insert(name.into(), rest.into());
        }
        self.unconfirmed.push_back(name.into());
        unnamed_parse(rest, out);
    }

    /// The server has taken the Parse that is first among those unanswered.
    pub(super) fn confirm(&mut self) {
        self.unconfirmed.pop_front();
    }

    /// The server has not taken the first `count` of those unanswered.
    pub(super) fn forget(&mut self, count: usize) {
        for name in self.unconfirmed.drain(..count.min(self.unconfirmed.len())) {
            self.parsed.remove(&name);
        }
    }

    /// The server will not answer the Parse that was read last.
    pub(super) fn forget_last(&mut self) {
        if let Some(name) = self.unconfirmed.pop_back() {
            self.parsed.remove(&name);
        }
    }

    /// Writes the Parse of a statement, if it is one that was prepared by name.
    pub(super) fn parse_again(&self, name: &[u8], out: &mut BytesMut) -> bool {
        let parsed = self.parsed.get(name);
        if let Some(rest) = parsed {
            unnamed_parse(rest, out);
        }
        parsed.is_some()
    }

    pub(super) fn close(&mut self, name: &[u8]) {
        self.parsed.remove(name);
    }
}

fn unnamed_parse(rest: &[u8], out: &mut BytesMut) {
    out.put_u8(b'P');
    put_length(out, 1 + rest.len());
    out.put_u8(0);
    out.extend_from_slice(rest);
}

/// Writes the length of a message whose body is this long. The driver has written it before, with
/// a name in it, so it fits.
pub(super) fn put_length(out: &mut BytesMut, body: usize) {
    out.put_u32(u32::try_from(body + 4).unwrap_or(u32::MAX));
}

/// A text up to its NUL, and what follows it.
pub(super) fn cstr(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    (&bytes[..end], bytes.get(end + 1..).unwrap_or_default())
}
