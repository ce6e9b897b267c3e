//! The driver's messages on their way to the server.

use bytes::{BufMut, BytesMut};

use super::description::Columns;
use super::flight::Taken;
use super::frame::{HEADER, Header, Partial};
use super::joined::Joined;
use super::ledger::{Ledger, Message, Sender};
use super::link::Link;
use super::prologue::Known;
use super::statements::{StatementMode, Statements, put_length};
use super::violation::Violation;

/// How much is copied at a time. A prologue travels in one packet with the statement behind it, for
/// which the two have to stand side by side; of a longer statement the rest is not copied.
const COPIED: usize = 16 * 1024;

/// Nobody who shares the connection is sent behind a longer message.
const LONG: usize = 64 * 1024;

/// Follows what the driver sends, and writes ahead of it or in place of it what has to be.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) mode: StatementMode,
    pub(super) header: Partial,
    pub(super) under_way: Header,
    /// How many bytes of the message under way are still to come.
    pub(super) left: usize,
    /// Whether the next message is the first of a request, which ends with a Sync or is a simple query.
    at_request: bool,
    /// Whether the statements of the request under way are followed by their names.
    tracks: bool,
    /// Whether a message has passed by which the server runs something.
    runs: bool,
    /// The number of the prologue that the request under way carries, or that one carries which it is one with.
    carries: Option<u64>,
    /// The requests that are one.
    joined: Joined,
    /// The same of the last one by which the server runs something.
    ran: Option<u64>,
    /// The part of a message that has to be seen whole because a name stands in it.
    pub(super) named: BytesMut,
    /// The portal that the Bind under way makes, whose columns are asked for behind it.
    pub(super) checked: Option<Checked>,
    /// The number of the answer that the request under way asks for, none of which goes to the server.
    pub(super) asks_for_kept: Option<u64>,
    pub(super) statements: Statements,
    known: Known,
}

/// A portal, and the columns that the driver decodes its rows by.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) portal: Box<[u8]>,
    pub(super) columns: Columns,
}

impl Outgoing {
    pub(super) fn new(mode: StatementMode) -> Self {
        Self {
            mode,
            header: Partial::default(),
            under_way: Header { tag: 0, body: 0 },
            left: 0,
            at_request: true,
            tracks: false,
            runs: false,
            carries: None,
            joined: Joined::default(),
            ran: None,
            named: BytesMut::new(),
            checked: None,
            asks_for_kept: None,
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
        self.tracks || self.must_track(link) || link.is_armed() || self.joined.is_open()
    }

    /// Whether statements have to be followed by their names: where nobody else holds them to what they
    /// were, and where a request may be one for an answer that is kept.
    fn must_track(&self, link: &Link) -> bool {
        self.mode == StatementMode::Unnamed || !link.is_direct() || link.kept().any()
    }

    fn is_between_requests(&self) -> bool {
        self.at_request && self.header.is_empty() && self.left == 0
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
            if self.is_between_requests() {
                self.carries = self.joined.next(rest[0])?;
                self.open_request(rest[0], out, ledger, link)?;
                // A Sync that is to be left out has to be seen ahead of its being written.
                self.tracks = self.must_track(link) || self.joined.is_open();
            }
            at += if self.tracks {
                self.next_tracked(rest, out, ledger, link)?
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
                let carrier = link.take(|prologue, number| {
                    ledger.sent(Message::Carrier(number), Sender::Wire);
                    prologue.write(known, out, ledger)
                });
                let Some(Taken { number, joined, written }) = carrier else { return Ok(()) };
                self.carries = Some(number);
                self.joined = Joined::new(number, joined);
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
            if ledger.sent(what, Sender::Driver) {
                self.statements.await_description(&[]);
            }
        }
        self.left -= taken;
        self.end_if_whole();
    }

    pub(super) fn begin(&mut self, header: Header, ledger: &mut Ledger) {
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
            // Of those that are one, nothing takes effect before the last of them was sent.
            if message == Message::Sync {
                self.joined.end_request();
            } else if matches!(message, Message::Execute | Message::Query) && !self.joined.leaves_out_sync() {
                self.runs = true;
                self.ran = self.carries;
            }
        }
        self.end_if_whole();
    }

    /// Tells the link whether a long message is under way and if, since the last call, one has passed by which the server
    /// runs something.
    pub(super) fn tell(&mut self, link: &Link) {
        if self.under_way.body > LONG && self.left > 0 {
            link.note_heavy(self.carries);
        }
        if std::mem::take(&mut self.runs) {
            link.note_written(self.ran);
        }
    }

    /// Leaves the Sync of a request out which the next one is one with. Whether it does.
    pub(super) fn leave_out_sync(&mut self, ledger: &mut Ledger) -> bool {
        let left_out = self.under_way.tag == b'S' && self.joined.leaves_out_sync();
        if left_out {
            self.joined.end_request();
            ledger.sent(Message::NoSync, Sender::Driver);
            self.end_if_whole();
        }
        left_out
    }

    pub(super) fn end_if_whole(&mut self) {
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

    /// The server has failed a request, and with it this many Parse messages of the driver's and this
    /// many Describe messages.
    pub(super) fn failed(&mut self, in_prologue: bool, unparsed: usize, undescribed: usize) {
        self.statements.forget(unparsed);
        self.statements.forget_descriptions(undescribed);
        if in_prologue {
            self.known.forget();
        }
    }
}

pub(super) fn put_header(tag: u8, body: usize, out: &mut BytesMut) {
    out.reserve(HEADER);
    out.put_u8(tag);
    put_length(out, body);
}
