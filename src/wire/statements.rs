//! What the driver has prepared, where nobody on the other side holds it to what it was.
//!
//! A PostgreSQL backend keeps the types of a named statement's parameters for good, and refuses to run
//! one whose columns have changed. A pooler that hands each transaction to another backend prepares the
//! same text there anew, and so does this layer for poolers that do not keep names apart: each Parse is
//! sent on without its name and remembered, and sent again ahead of each Bind that means it. There the
//! text is parsed with the types that the driver has learnt, so that the server casts what the driver
//! encodes by them, and each execution's columns are held against those that the driver decodes by.

use std::collections::{HashMap, VecDeque};

use bytes::{BufMut, BytesMut};

use super::description::Columns;

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

/// What the driver has prepared, by the names that it gave.
#[derive(Debug, Default)]
pub(super) struct Statements {
    parsed: HashMap<Box<[u8]>, Parsed>,
    /// The names of Parse messages that are not answered yet.
    unconfirmed: VecDeque<Box<[u8]>>,
    /// What the descriptions are for that are to come.
    awaited: VecDeque<Awaited>,
}

#[derive(Debug)]
struct Parsed {
    /// What follows the name in a Parse: the text, and the types of its parameters.
    rest: Box<[u8]>,
    /// What its rows are made of, once that is known.
    columns: Option<Columns>,
    /// Whether it was parsed under its name before the types of its parameters were known.
    untyped: bool,
}

/// What a description is for.
#[derive(Debug)]
enum Awaited {
    /// The driver alone.
    Driver,
    /// The statement of this name too, which the driver prepares.
    Statement(Box<[u8]>),
    /// To be held against what the driver has learnt.
    Check(Columns),
}

/// What has to be done about the columns that the server describes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They are the driver's to read.
    Driver,
    /// They are what the driver has learnt.
    Same,
    /// The driver would decode the rows by other columns.
    Different,
}

impl Statements {
    /// Reads the body of a Parse, and writes the same: under no name, if that is asked for.
    pub(super) fn parse(&mut self, body: &[u8], unnamed: bool, out: &mut BytesMut) {
        let (name, rest) = cstr(body);
        if !name.is_empty() {
            let parsed = Parsed { rest: rest.into(), columns: None, untyped: false };
            self.parsed.insert(name.into(), parsed);
        }
        self.unconfirmed.push_back(name.into());
        put_parse(if unnamed { b"" } else { name }, rest, out);
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

    /// Writes the Parse of a statement without its name, if it is one that was prepared by name.
    pub(super) fn parse_again(&self, name: &[u8], out: &mut BytesMut) -> bool {
        let parsed = self.parsed.get(name);
        if let Some(Parsed { rest, .. }) = parsed {
            put_parse(b"", rest, out);
        }
        parsed.is_some()
    }

    /// Closes a statement and parses it again under its name, with the types of its parameters, if it was
    /// parsed without. A pooler has that text from then on.
    pub(super) fn parse_typed(&mut self, name: &[u8], out: &mut BytesMut) -> bool {
        let Some(parsed) = self.parsed.get_mut(name) else { return false };
        let untyped = std::mem::take(&mut parsed.untyped);
        if untyped {
            out.put_u8(b'C');
            put_length(out, name.len() + 2);
            out.put_u8(b'S');
            out.put_slice(name);
            out.put_u8(0);
            put_parse(name, &parsed.rest, out);
        }
        untyped
    }

    /// The columns that the driver decodes a statement's rows by, if it has learnt them.
    pub(super) fn columns(&self, name: &[u8]) -> Option<Columns> {
        self.parsed.get(name)?.columns.clone()
    }

    /// A description is to come for the driver: of the statement with this name, or of another.
    pub(super) fn await_description(&mut self, name: &[u8]) {
        let known = self.parsed.contains_key(name);
        self.awaited.push_back(if known { Awaited::Statement(name.into()) } else { Awaited::Driver });
    }

    /// A description is to come that is held against these columns.
    pub(super) fn await_check(&mut self, columns: Columns) {
        self.awaited.push_back(Awaited::Check(columns));
    }

    /// Whether the description that comes next has to be read here.
    pub(super) fn reads_description(&self) -> bool {
        matches!(self.awaited.front(), Some(Awaited::Statement(_) | Awaited::Check(_)))
    }

    /// The server has described the parameters of a statement: the body of a ParameterDescription, which
    /// is what ends a Parse, too.
    pub(super) fn describe_parameters(&mut self, body: &[u8]) {
        let Some(Awaited::Statement(name)) = self.awaited.front() else { return };
        let Some(parsed) = self.parsed.get_mut(name) else { return };
        let (text, types) = cstr(&parsed.rest);
        parsed.untyped = types != body;
        parsed.rest = [text, &[0], body].concat().into();
    }

    /// The server has described the columns of a statement or portal.
    pub(super) fn describe_columns(&mut self, described: impl FnOnce() -> Columns) -> Verdict {
        match self.awaited.pop_front() {
            Some(Awaited::Statement(name)) => {
                if let Some(parsed) = self.parsed.get_mut(&name) {
                    parsed.columns = Some(described());
                }
                Verdict::Driver
            }
            Some(Awaited::Check(columns)) if described() == columns => Verdict::Same,
            Some(Awaited::Check(_)) => Verdict::Different,
            Some(Awaited::Driver) | None => Verdict::Driver,
        }
    }

    /// The next `count` descriptions do not come.
    pub(super) fn forget_descriptions(&mut self, count: usize) {
        self.awaited.drain(..count.min(self.awaited.len()));
    }

    /// How many statements, unanswered Parse messages and awaited descriptions are kept.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.parsed.len() + self.unconfirmed.len() + self.awaited.len()
    }

    pub(super) fn close(&mut self, name: &[u8]) {
        self.parsed.remove(name);
    }
}

fn put_parse(name: &[u8], rest: &[u8], out: &mut BytesMut) {
    out.put_u8(b'P');
    put_length(out, name.len() + 1 + rest.len());
    out.extend_from_slice(name);
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
