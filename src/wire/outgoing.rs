//! The driver's messages on their way to the server.

use bytes::{BufMut, BytesMut};

use super::frame::{HEADER, Header, Partial};
use super::ledger::{Ledger, Message, Sender};
use super::link::Link;
use super::prologue::Known;
use super::statements::{StatementMode, Statements, cstr, put_length};
use super::violation::Violation;

/// How much is copied at a time. A prologue travels in one packet with the statement behind it, for
/// which the two have to stand side by side; of a longer statement the rest is not copied.
const COPIED: usize = 16 * 1024;

/// Follows what the driver sends, and writes ahead of it or in place of it what has to be.
#[derive(Debug)]
pub(super) struct Outgoing {
    mode: StatementMode,
    header: Partial,
    under_way: Header,
    /// How many bytes of the message under way are still to come.
    left: usize,
    /// Whether the next message is the first of a request, which ends with a Sync or is a simple query.
    at_request: bool,
    /// Whether a message has passed by which the server runs something.
    runs: bool,
    /// The part of a message that has to be seen whole because a name stands in it.
    named: BytesMut,
    statements: Statements,
    known: Known,
}

impl Outgoing {
    pub(super) fn new(mode: StatementMode) -> Self {
        Self {
            mode,
            header: Partial::default(),
            under_way: Header { tag: 0, body: 0 },
            left: 0,
            at_request: true,
            runs: false,
            named: BytesMut::new(),
            statements: Statements::default(),
            known: Known::default(),
        }
    }

    #[cfg(test)]
    pub(super) fn buffered(&self) -> usize {
        self.named.capacity()
    }

    /// Whether what comes next must be written by [`rewrite`](Self::rewrite), because something may
    /// have to stand ahead of it. Otherwise the driver's bytes go to the server as they are, and
    /// [`follow`](Self::follow) hears of it.
    pub(super) fn rewrites(&self, link: &Link) -> bool {
        self.mode == StatementMode::Unnamed || link.is_armed()
    }

    /// Takes note of bytes that went to the server as they are.
    pub(super) fn follow(&mut self, mut bytes: &[u8], ledger: &mut Ledger) -> Result<(), Violation> {
        while !bytes.is_empty() {
            let taken = self.next(bytes, ledger)?;
            bytes = &bytes[taken..];
        }
        Ok(())
    }

    /// Writes what shall go to the server in place of the first bytes of `bytes`, and returns how
    /// many of them that covers.
    pub(super) fn rewrite(
        &mut self,
        bytes: &[u8],
        out: &mut BytesMut,
        ledger: &mut Ledger,
        link: &Link,
    ) -> Result<usize, Violation> {
        let bytes = &bytes[..bytes.len().min(COPIED)];
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            if self.at_request && self.header.is_empty() && self.left == 0 {
                self.open_request(rest[0], out, ledger, link)?;
            }
            at += if self.mode == StatementMode::Unnamed {
                self.next_unnamed(rest, out, ledger)?
            } else {
                let taken = self.next(rest, ledger)?;
                out.extend_from_slice(&rest[..taken]);
                taken
            };
        }
        Ok(at)
    }

    /// Writes the prologue, if one waits, ahead of the request that shall carry it.
    fn open_request(
        &mut self,
        tag: u8,
        out: &mut BytesMut,
        ledger: &mut Ledger,
        link: &Link,
    ) -> Result<(), Violation> {
        if !link.is_armed() {
            return Ok(());
        }
        match tag {
            b'P' | b'B' => {
                let known = &self.known;
                let written = link.take(|prologue| prologue.write(known, out, ledger)).unwrap_or(Ok(()));
                written.map_err(|error| Violation::new("a context that can be sent", error.to_string()))
            }
            // The driver itself closes statements that nobody holds any more, and asks whether the
            // server is there.
            b'C' | b'S' | b'X' => Ok(()),
            _ => Err(Violation::new("a statement to carry the context", "a request that cannot")),
        }
    }

    /// Follows one header or one part of a body. Returns how many bytes it took.
    fn next(&mut self, bytes: &[u8], ledger: &mut Ledger) -> Result<usize, Violation> {
        if self.left > 0 {
            let taken = self.left.min(bytes.len());
            self.take_body(bytes, taken, ledger);
            return Ok(taken);
        }
        let (taken, header) = self.header.read(bytes);
        if let Some(header) = header {
            self.begin(header?, ledger);
        }
        Ok(taken)
    }

    fn take_body(&mut self, bytes: &[u8], taken: usize, ledger: &mut Ledger) {
        let Header { tag, body } = self.under_way;
        if tag == b'D' && self.left == body {
            let what = if bytes[0] == b'S' { Message::DescribeStatement } else { Message::DescribeColumns };
            ledger.sent(what, Sender::Driver);
        }
        self.left -= taken;
        self.end_if_whole();
    }

    fn begin(&mut self, header: Header, ledger: &mut Ledger) {
        self.under_way = header;
        self.left = header.body;
        let message = match header.tag {
            b'P' => Some(Message::Parse),
            b'B' => Some(Message::Bind),
            b'E' => Some(Message::Execute),
            b'C' => Some(Message::Close),
            b'S' => Some(Message::Sync),
            b'Q' => Some(Message::Query),
            b'c' | b'f' => Some(Message::CopyEnd),
            // What a Describe describes is told by its body; the others are not answered.
            _ => None,
        };
        if let Some(message) = message {
            ledger.sent(message, Sender::Driver);
            self.runs |= matches!(message, Message::Execute | Message::Query);
        }
        self.end_if_whole();
    }

    /// Whether, since the last call, a message has passed by which the server runs something.
    pub(super) fn take_runs(&mut self) -> bool {
        std::mem::take(&mut self.runs)
    }

    fn end_if_whole(&mut self) {
        if self.left == 0 {
            self.at_request = matches!(self.under_way.tag, b'S' | b'Q');
        }
    }

    /// The server has taken a Parse.
    pub(super) fn parsed(&mut self, sender: Sender) {
        match sender {
            Sender::Driver => self.statements.confirm(),
            Sender::Wire => {}
            Sender::Prologue(_, name) => self.known.add(name),
        }
    }

    /// The server has failed a request, and with it this many Parse messages of the driver's.
    pub(super) fn failed(&mut self, in_prologue: bool, unparsed: usize) {
        self.statements.forget(unparsed);
        if in_prologue {
            self.known.forget();
        }
    }
}

/// Without names.
impl Outgoing {
    /// Rewrites one header or one part of a body. Returns how many bytes it took.
    fn next_unnamed(
        &mut self,
        bytes: &[u8],
        out: &mut BytesMut,
        ledger: &mut Ledger,
    ) -> Result<usize, Violation> {
        if self.left == 0 {
            let (taken, header) = self.header.read(bytes);
            if let Some(header) = header {
                let header = header?;
                self.under_way = header;
                self.left = header.body;
                if !names(header.tag) {
                    put_header(header.tag, header.body, out);
                    self.begin(header, ledger);
                }
            }
            return Ok(taken);
        }
        let taken = self.left.min(bytes.len());
        let bytes = &bytes[..taken];
        let Header { tag, body } = self.under_way;
        let reads_names = names(tag) && self.named.len() + self.left == body;
        if !reads_names {
            out.extend_from_slice(bytes);
            self.left -= taken;
            self.end_if_whole();
            return Ok(taken);
        }
        self.named.extend_from_slice(bytes);
        self.left -= taken;
        if self.left == 0 || (tag == b'B' && holds_names(&self.named)) {
            self.write_unnamed(out, ledger);
            self.named.clear();
            // From here on what was read and what is left no longer make up the body, so the rest
            // is passed on as it is.
            self.end_if_whole();
        }
        Ok(taken)
    }

    /// Writes the message whose names have been read.
    fn write_unnamed(&mut self, out: &mut BytesMut, ledger: &mut Ledger) {
        let named = self.named.split();
        let whole = named.len() + self.left;
        match self.under_way.tag {
            b'P' => {
                self.statements.parse(&named, out);
                if !ledger.sent(Message::Parse, Sender::Driver) {
                    self.statements.forget_last();
                }
            }
            b'B' => {
                let (portal, rest) = cstr(&named);
                let (statement, rest) = cstr(rest);
                if self.statements.parse_again(statement, out) {
                    ledger.sent(Message::Parse, Sender::Wire);
                }
                put_header(b'B', whole - statement.len(), out);
                out.extend_from_slice(portal);
                out.put_slice(&[0, 0]);
                out.extend_from_slice(rest);
                ledger.sent(Message::Bind, Sender::Driver);
            }
            // Describe and Close, of a statement or of a portal.
            tag => {
                let (kind, name) =
                    named.split_first().map_or((b'S', &[][..]), |(kind, rest)| (*kind, cstr(rest).0));
                let name = match (kind, tag) {
                    (b'S', b'C') => {
                        self.statements.close(name);
                        &[]
                    }
                    (b'S', _) => &[],
                    _ => name,
                };
                put_header(tag, 2 + name.len(), out);
                out.put_u8(kind);
                out.extend_from_slice(name);
                out.put_u8(0);
                let message = match (tag, kind) {
                    (b'C', _) => Message::Close,
                    (_, b'S') => Message::DescribeStatement,
                    _ => Message::DescribeColumns,
                };
                ledger.sent(message, Sender::Driver);
            }
        }
    }
}

/// Whether the portal's name and the statement's, with which a Bind begins, are there whole.
fn holds_names(bind: &[u8]) -> bool {
    bind.iter().filter(|byte| **byte == 0).nth(1).is_some()
}

/// Whether a name stands in a message of this type.
fn names(tag: u8) -> bool {
    matches!(tag, b'P' | b'B' | b'D' | b'C')
}

fn put_header(tag: u8, body: usize, out: &mut BytesMut) {
    out.reserve(HEADER);
    out.put_u8(tag);
    put_length(out, body);
}
