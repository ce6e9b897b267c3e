//! The server's messages on their way to the driver.

use bytes::BytesMut;

use super::frame::{HEADER, Header, Partial, name};
use super::kept::{Keeping, put_error};
use super::ledger::{Ledger, Reply, Sender, Stage};
use super::link::Link;
use super::outgoing::Outgoing;
use super::parameters::Parameters;
use super::piece::Piece;
use super::reading::Reading;
use super::statements::{Verdict, cstr};
use super::tally::Counter;
use super::violation::Violation;
use crate::error::Farewell;

/// The longest error that waits for its ReadyForQuery. A longer one is passed on as it comes.
const LONGEST_HELD: usize = 1 << 20;

/// Nobody who shares the connection is sent behind an answer with more bytes of rows.
const LONG: usize = 1 << 20;

/// What becomes of the message under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Deliver,
    Withhold,
    /// Kept until the ReadyForQuery behind it, so that whoever hears of the failure finds the
    /// transaction ended and not about to end.
    Hold,
    /// Kept until it is whole: an error that answers nothing, which a server says as it leaves.
    Hear,
    /// Read whole, because what stands in it decides what becomes of it.
    Read(Reading),
    /// Part of an answer that the driver cannot read yet.
    Keep,
}

/// Takes out of what the server sends what the driver did not ask for, and judges the rest.
///
/// Bytes stay where they were read. Only around an error, and where a header is cut in two, some
/// are copied.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) header: Partial,
    fate: Fate,
    pub(super) left: usize,
    /// Whether the server has let the driver in. Until then requests and answers take turns.
    started: bool,
    /// An error, and what came behind it.
    held: BytesMut,
    /// Where in what is held the latest message begins.
    latest: usize,
    /// How many bytes of rows the answer under way has had so far.
    pub(super) rows: usize,
    /// Whether an error is held.
    holding: bool,
    /// How many requests are to be told that they have failed along with one ahead of them.
    pub(super) along: usize,
    /// What goes to the driver ahead of anything that is read next.
    pub(super) ready: BytesMut,
    /// The message that is being read.
    pub(super) message: BytesMut,
    /// The answer under way, where the driver cannot read it yet.
    pub(super) keeping: Option<Keeping>,
    parameters: Parameters,
    counter: Counter,
}

impl Incoming {
    pub(super) fn new() -> Self {
        Self {
            header: Partial::default(),
            fate: Fate::Deliver,
            left: 0,
            started: false,
            held: BytesMut::new(),
            latest: 0,
            rows: 0,
            holding: false,
            along: 0,
            ready: BytesMut::new(),
            message: BytesMut::new(),
            keeping: None,
            parameters: Parameters::default(),
            counter: Counter::default(),
        }
    }

    /// Whether messages are followed: from the first ReadyForQuery on.
    pub(super) fn started(&self) -> bool {
        self.started
    }

    #[cfg(test)]
    pub(super) fn buffered(&self) -> usize {
        let keeping = self.keeping.as_ref().map_or(0, Keeping::buffered);
        self.held.capacity() + self.ready.capacity() + self.message.capacity() + keeping
    }

    /// What has to reach the driver before anything else is read.
    pub(super) fn ready(&mut self) -> &mut BytesMut {
        &mut self.ready
    }

    /// Sorts out what was read. What the driver gets stands at the front of `bytes` afterwards, as
    /// many bytes as are returned, or in [`ready`](Self::ready).
    ///
    /// With a violation comes how many bytes before it were sound.
    pub(super) fn sort(
        &mut self,
        bytes: &mut [u8],
        ledger: &mut Ledger,
        outgoing: &mut Outgoing,
        link: &Link,
    ) -> (usize, Result<(), Violation>) {
        let spills = !self.held.is_empty() || !self.header.is_empty() || !self.message.is_empty();
        let mut piece = Piece::new(bytes, spills);
        let mut sound = Ok(());
        while piece.read < piece.bytes.len() && sound.is_ok() {
            if self.left > 0 {
                self.take_body(&mut piece, outgoing, link);
            } else if self.pass_rows(&mut piece, ledger, link) {
                continue;
            } else {
                sound = self.take_header(&mut piece, ledger, outgoing, link);
            }
            if self.left == 0 && self.header.is_empty() {
                self.answer_along(&mut piece);
                self.answer_kept(&mut piece, ledger, link);
            }
        }
        piece.end_run();
        (piece.kept, sound)
    }

    /// The server has closed the connection: whatever was kept back goes to the driver.
    pub(super) fn end(&mut self) {
        self.ready.unsplit(self.held.split());
        self.holding = false;
        self.ready.extend_from_slice(self.header.take());
    }

    /// Passes the rows on to the driver that stand whole next, as most messages of a long answer do. Whether there were any.
    fn pass_rows(&mut self, piece: &mut Piece<'_>, ledger: &Ledger, link: &Link) -> bool {
        let plain =
            !piece.spills && self.keeping.is_none() && self.header.is_empty() && !link.tally().is_on();
        if !plain || !self.started || !ledger.awaits_rows() {
            return false;
        }
        let from = piece.read;
        while let Some(body) = whole_row(&piece.bytes[piece.read..]) {
            piece.read += HEADER + body;
            self.rows += body;
        }
        if self.rows > LONG && piece.read > from {
            link.note_heavy(ledger.carried());
        }
        piece.read > from
    }

    fn take_body(&mut self, piece: &mut Piece<'_>, outgoing: &mut Outgoing, link: &Link) {
        let taken = self.left.min(piece.bytes.len() - piece.read);
        self.left -= taken;
        let bytes = &piece.bytes[piece.read..piece.read + taken];
        self.parameters.read(bytes);
        self.counter.read(bytes);
        if self.left == 0 && self.parameters.is_under_way() {
            if let Some(is_altered) = self.parameters.end(link.is_set_up()) {
                link.alter(is_altered);
            }
            link.note_writes(self.parameters.takes_writes());
        }
        self.pass(piece, taken);
        if self.left > 0 {
            return;
        }
        self.counter.end(link.tally());
        match self.fate {
            Fate::Hold | Fate::Hear => {
                let farewell = farewell(&self.held[self.latest..], self.fate == Fate::Hear);
                if !self.holding || self.held.len() > LONGEST_HELD || farewell.is_some() {
                    self.release(piece);
                }
                if let Some(farewell) = farewell {
                    link.say_farewell(farewell);
                }
            }
            Fate::Read(reading) => self.judge(reading, piece, outgoing, link),
            Fate::Deliver | Fate::Withhold | Fate::Keep => {}
        }
    }

    fn take_header(
        &mut self,
        piece: &mut Piece<'_>,
        ledger: &mut Ledger,
        outgoing: &mut Outgoing,
        link: &Link,
    ) -> Result<(), Violation> {
        let (taken, header) = self.header.read(&piece.bytes[piece.read..]);
        let Some(header) = header.transpose()? else {
            piece.withhold(taken);
            return Ok(());
        };
        self.left = header.body;
        self.parameters.begin(header);
        if header.tag == b'A' {
            link.notify();
        }
        self.fate = self.fate_of(header, piece, ledger, outgoing, link)?;
        if link.tally().is_on() && self.fate != Fate::Withhold {
            self.counter.begin(header, link.tally());
        }
        if matches!(self.fate, Fate::Read(_)) && !(1..=LONGEST_HELD).contains(&header.body) {
            let found = format!("{} of {} bytes", name(header.tag), header.body);
            return Err(Violation::new("a description of up to 1 MiB", found));
        }
        match self.fate {
            Fate::Deliver if !piece.spills => {
                piece.read += taken;
                return Ok(());
            }
            Fate::Deliver => self.ready.extend_from_slice(&header.bytes()),
            Fate::Hold | Fate::Hear => self.held.extend_from_slice(&header.bytes()),
            Fate::Read(_) => self.message.extend_from_slice(&header.bytes()),
            Fate::Keep => self.keep(&header.bytes()),
            Fate::Withhold => {}
        }
        piece.withhold(taken);
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) {
        if let Some(keeping) = &mut self.keeping {
            keeping.add(bytes);
        }
    }

    fn fate_of(
        &mut self,
        header: Header,
        piece: &mut Piece<'_>,
        ledger: &mut Ledger,
        outgoing: &mut Outgoing,
        link: &Link,
    ) -> Result<Fate, Violation> {
        if !self.started {
            self.started = header.tag == b'Z';
            return Ok(if header.tag == b'K' { Fate::Read(Reading::Key) } else { Fate::Deliver });
        }
        let keeps = self.keeping.is_some();
        let fate = |sender| match sender {
            Sender::Driver if keeps => Fate::Keep,
            Sender::Driver => Fate::Deliver,
            Sender::Wire | Sender::Prologue(..) => Fate::Withhold,
        };
        let reply = ledger.received(header)?;
        match header.tag {
            b'Z' => {
                self.rows = 0;
                self.along = ledger.take_along();
                if matches!(reply, Reply::Ready(Sender::Driver))
                    && let Some(number) = ledger.take_carried()
                {
                    link.answer(number);
                }
            }
            b'D' => {
                self.rows += header.body;
                if self.rows > LONG {
                    link.note_heavy(ledger.carried());
                }
            }
            _ => {}
        }
        Ok(match reply {
            Reply::To(sender) => fate(sender),
            Reply::Parameters if outgoing.statements.reads_description() => Fate::Read(Reading::Parameters),
            Reply::Columns { sender, rows_follow } => {
                if header.tag == b'T' && (rows_follow || outgoing.statements.reads_description()) {
                    return Ok(Fate::Read(Reading::Columns { sender, rows_follow }));
                }
                // NoData has no body to be read, and is itself what is to be known.
                if outgoing.statements.describe_columns(|| None) == Verdict::Different {
                    self.keeping = Some(Keeping::new(Vec::new()));
                    self.keep(&header.bytes());
                    return Ok(Fate::Withhold);
                }
                fate(sender)
            }
            Reply::Parsed(sender) => {
                outgoing.parsed(sender);
                fate(sender)
            }
            Reply::Ready(Sender::Driver) if self.holding => {
                // Held with the others to its end, which lets all of them go. What was kept of an answer
                // that ends with an error is of no use.
                self.holding = false;
                self.keeping = None;
                Fate::Hold
            }
            Reply::Ready(sender) => {
                self.release(piece);
                if sender == Sender::Driver
                    && let Some(keeping) = self.keeping.take()
                {
                    piece.spill();
                    put_error(keeping.end(link.kept()), &mut self.ready);
                    return Ok(Fate::Deliver);
                }
                fate(sender)
            }
            Reply::Failed { stage, unparsed, undescribed } => {
                outgoing.failed(matches!(stage, Stage::Prologue(_)), unparsed, undescribed);
                link.fail(ledger.carried(), stage);
                self.hold(header, piece)
            }
            Reply::Unasked if self.holding => self.hold(header, piece),
            Reply::Unasked if header.tag == b'E' && header.body <= LONGEST_HELD => {
                self.latest = self.held.len();
                Fate::Hear
            }
            Reply::Parameters | Reply::Unasked => Fate::Deliver,
        })
    }

    fn hold(&mut self, header: Header, piece: &mut Piece<'_>) -> Fate {
        self.holding = header.body <= LONGEST_HELD;
        if self.holding {
            self.latest = self.held.len();
            return Fate::Hold;
        }
        self.release(piece);
        Fate::Deliver
    }

    /// Passes on bytes of the message under way.
    fn pass(&mut self, piece: &mut Piece<'_>, count: usize) {
        let bytes = &piece.bytes[piece.read..piece.read + count];
        match self.fate {
            Fate::Deliver if !piece.spills => {
                piece.read += count;
                return;
            }
            Fate::Deliver => self.ready.extend_from_slice(bytes),
            Fate::Hold | Fate::Hear => self.held.extend_from_slice(bytes),
            Fate::Read(_) => self.message.extend_from_slice(bytes),
            Fate::Keep => self.keeping.iter_mut().for_each(|keeping| keeping.add(bytes)),
            Fate::Withhold => {}
        }
        piece.withhold(count);
    }

    /// Lets go what is held.
    fn release(&mut self, piece: &mut Piece<'_>) {
        self.holding = false;
        if piece.spills {
            self.ready.extend_from_slice(&self.held);
        } else {
            // All of it was read from this piece, so there is room for it.
            piece.put(&self.held);
        }
        self.held.clear();
    }
}

/// How long the body of the row is that these bytes begin with, if they hold all of it.
#[inline]
fn whole_row(bytes: &[u8]) -> Option<usize> {
    let (header, rest) = bytes.split_first_chunk()?;
    let header = Header::parse(*header).ok()?;
    (header.tag == b'D' && header.body <= rest.len()).then_some(header.body)
}

/// What an error says by which the server ends the connection, so that no ReadyForQuery follows it. One
/// that is `unasked` for always is such an error. The severity that is not translated stands in
/// field `V`, which poolers' own errors lack; see
/// [Error and Notice Message Fields](https://www.postgresql.org/docs/current/protocol-error-fields.html).
fn farewell(message: &[u8], unasked: bool) -> Option<Farewell> {
    let mut fields = match message {
        [b'E', ..] => message.get(HEADER..)?,
        _ => return None,
    };
    let [mut severity, mut code, mut text] = [&b""[..]; 3];
    while let [kind, rest @ ..] = fields {
        let (value, rest) = cstr(rest);
        match kind {
            b'V' => severity = value,
            b'S' if severity.is_empty() => severity = value,
            b'C' => code = value,
            b'M' => text = value,
            _ => {}
        }
        fields = rest;
    }
    (unasked || matches!(severity, b"FATAL" | b"PANIC")).then(|| Farewell::new(severity, code, text))
}
