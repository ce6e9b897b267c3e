//! Requests whose statements are followed by their names: those that nobody else holds to what they were.

use bytes::{BufMut, BytesMut};

use super::frame::Header;
use super::kept;
use super::ledger::{Ledger, Message, Sender};
use super::link::Link;
use super::outgoing::{Checked, Outgoing, put_header};
use super::statements::{StatementMode, cstr};
use super::violation::Violation;

impl Outgoing {
    /// Rewrites one header or one part of a body. Returns how many bytes it took.
    pub(super) fn next_tracked(
        &mut self,
        bytes: &[u8],
        out: &mut BytesMut,
        ledger: &mut Ledger,
        link: &Link,
    ) -> Result<usize, Violation> {
        if self.left == 0 {
            let (taken, header) = self.header.read(bytes);
            if let Some(header) = header {
                let header = header?;
                self.under_way = header;
                self.left = header.body;
                if self.asks_for_kept.is_some() {
                    self.pass_over(ledger);
                } else if self.leave_out_sync(ledger) {
                    // Nothing of it is written.
                } else if !names(header.tag) {
                    put_header(header.tag, header.body, out);
                    self.begin(header, ledger);
                }
            }
            return Ok(taken);
        }
        let taken = self.left.min(bytes.len());
        let bytes = &bytes[..taken];
        if self.asks_for_kept.is_some() {
            self.left -= taken;
            self.pass_over(ledger);
            return Ok(taken);
        }
        let Header { tag, body } = self.under_way;
        let reads_names = names(tag) && self.named.len() + self.left == body;
        if !reads_names {
            out.extend_from_slice(bytes);
            self.left -= taken;
            self.end_tracked(out, ledger);
            return Ok(taken);
        }
        self.named.extend_from_slice(bytes);
        self.left -= taken;
        if self.left == 0 || (tag == b'B' && holds_names(&self.named)) {
            self.write_tracked(out, ledger, link);
            self.named.clear();
            // From here on what was read and what is left no longer make up the body, so the rest
            // is passed on as it is.
            self.end_tracked(out, ledger);
        }
        Ok(taken)
    }

    /// Writes what goes behind a message that is whole.
    fn end_tracked(&mut self, out: &mut BytesMut, ledger: &mut Ledger) {
        if self.left == 0
            && let Some(Checked { portal, columns }) = self.checked.take()
        {
            put_header(b'D', 2 + portal.len(), out);
            out.put_u8(b'P');
            out.extend_from_slice(&portal);
            out.put_u8(0);
            if ledger.sent(Message::DescribeColumns, Sender::Wire) {
                self.statements.await_check(columns);
            }
        }
        self.end_if_whole();
    }

    /// Leaves out a message of a request that the stream answers itself.
    fn pass_over(&mut self, ledger: &mut Ledger) {
        if self.left == 0
            && self.under_way.tag == b'S'
            && let Some(number) = self.asks_for_kept.take()
        {
            ledger.sent(Message::Kept(number), Sender::Driver);
        }
        self.end_if_whole();
    }

    /// Writes the message whose names have been read.
    fn write_tracked(&mut self, out: &mut BytesMut, ledger: &mut Ledger, link: &Link) {
        let named = self.named.split();
        let whole = named.len() + self.left;
        let unnamed = self.mode == StatementMode::Unnamed;
        match self.under_way.tag {
            b'P' => {
                let (name, rest) = cstr(&named);
                let asked = kept::asks_for(cstr(rest).0).filter(|number| link.kept().holds(*number));
                if name.is_empty() && asked.is_some() {
                    self.asks_for_kept = asked;
                    return;
                }
                self.statements.parse(&named, unnamed, out);
                if !ledger.sent(Message::Parse, Sender::Driver) {
                    self.statements.forget_last();
                }
            }
            b'B' => {
                let (portal, rest) = cstr(&named);
                let (statement, rest) = cstr(rest);
                if unnamed {
                    if self.statements.parse_again(statement, out) {
                        ledger.sent(Message::Parse, Sender::Wire);
                    }
                } else if self.statements.parse_typed(statement, out) {
                    ledger.sent(Message::Close, Sender::Wire);
                    ledger.sent(Message::Parse, Sender::Wire);
                }
                let columns = self.statements.columns(statement);
                self.checked = columns.map(|columns| Checked { portal: portal.into(), columns });
                let name = if unnamed { b"" } else { statement };
                put_header(b'B', whole - statement.len() + name.len(), out);
                out.extend_from_slice(portal);
                out.put_u8(0);
                out.extend_from_slice(name);
                out.put_u8(0);
                out.extend_from_slice(rest);
                ledger.sent(Message::Bind, Sender::Driver);
            }
            // Describe and Close, of a statement or of a portal.
            tag => {
                let (kind, name) =
                    named.split_first().map_or((b'S', &[][..]), |(kind, rest)| (*kind, cstr(rest).0));
                let message = match (tag, kind) {
                    (b'C', _) => Message::Close,
                    (_, b'S') => Message::DescribeStatement,
                    _ => Message::DescribeColumns,
                };
                let described = if kind == b'S' { name } else { &[] };
                if ledger.sent(message, Sender::Driver) && message != Message::Close {
                    self.statements.await_description(described);
                }
                if (tag, kind) == (b'C', b'S') {
                    self.statements.close(name);
                }
                let name = if unnamed && kind == b'S' { &[] } else { name };
                put_header(tag, 2 + name.len(), out);
                out.put_u8(kind);
                out.extend_from_slice(name);
                out.put_u8(0);
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
