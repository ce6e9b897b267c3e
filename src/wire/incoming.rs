//! The server's messages on their way to the driver.

use bytes::BytesMut;

use super::frame::{HEADER, Header, Partial};
use super::ledger::{Ledger, Reply, Sender, Stage};
use super::link::Link;
use super::outgoing::Outgoing;
use super::statements::cstr;
use super::violation::Violation;

/// The longest error that waits for its ReadyForQuery. A longer one is passed on as it comes.
const LONGEST_HELD: usize = 1 << 20;

/// What becomes of the message under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Deliver,
    Withhold,
    /// Kept until the ReadyForQuery behind it, so that whoever hears of the failure finds the
    /// transaction ended and not about to end.
    Hold,
}

/// Takes out of what the server sends what the driver did not ask for, and judges the rest.
///
/// Bytes stay where they were read. Only around an error, and where a header is cut in two, some
/// are copied.
#[derive(Debug)]
pub(super) struct Incoming {
    header: Partial,
    fate: Fate,
    left: usize,
    /// Whether the server has let the driver in. Until then requests and answers take turns.
    started: bool,
    /// The start of the `BackendKeyData` under way, while there is one.
    key: Option<Vec<u8>>,
    /// An error, and what came behind it.
    held: BytesMut,
    /// Where in what is held the latest message begins.
    latest: usize,
    /// Whether an error is held.
    holding: bool,
    /// What goes to the driver ahead of anything that is read next.
    ready: BytesMut,
}

/// The piece that was read, and what of it is for the driver.
struct Piece<'a> {
    bytes: &'a mut [u8],
    /// How much has been looked at.
    read: usize,
    /// Where the latest run of bytes for the driver begins, which ends where was read to.
    run: usize,
    /// How much stands at the front for the driver, ahead of the run.
    kept: usize,
    /// Whether what is kept goes behind what is ready, because something of it came earlier.
    spills: bool,
}

impl Incoming {
    pub(super) fn new() -> Self {
        Self {
            header: Partial::default(),
            fate: Fate::Deliver,
            left: 0,
            started: false,
            key: None,
            held: BytesMut::new(),
            latest: 0,
            holding: false,
            ready: BytesMut::new(),
        }
    }

    /// Whether messages are followed: from the first ReadyForQuery on.
    pub(super) fn started(&self) -> bool {
        self.started
    }

    #[cfg(test)]
    pub(super) fn buffered(&self) -> usize {
        self.held.capacity() + self.ready.capacity()
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
        let spills = !self.held.is_empty() || !self.header.is_empty();
        let mut piece = Piece { bytes, read: 0, run: 0, kept: 0, spills };
        let mut sound = Ok(());
        while piece.read < piece.bytes.len() && sound.is_ok() {
            if self.left > 0 {
                self.take_body(&mut piece, link);
            } else {
                sound = self.take_header(&mut piece, ledger, outgoing, link);
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

    fn take_body(&mut self, piece: &mut Piece<'_>, link: &Link) {
        let taken = self.left.min(piece.bytes.len() - piece.read);
        if self.key.is_some() {
            self.take_key(&piece.bytes[piece.read..piece.read + taken], link);
        }
        self.left -= taken;
        self.pass(piece, taken);
        let whole = self.left == 0 && self.fate == Fate::Hold;
        if whole
            && (!self.holding || self.held.len() > LONGEST_HELD || says_farewell(&self.held[self.latest..]))
        {
            self.release(piece);
        }
    }

    /// Reads the process id, with which the body begins.
    fn take_key(&mut self, body: &[u8], link: &Link) {
        let Some(key) = &mut self.key else { return };
        key.extend_from_slice(body);
        if let Some(id) = key.first_chunk() {
            link.told_process_id(i32::from_be_bytes(*id));
            self.key = None;
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
        self.fate = self.fate_of(header, piece, ledger, outgoing, link)?;
        match self.fate {
            Fate::Deliver if !piece.spills => {
                piece.read += taken;
                return Ok(());
            }
            Fate::Deliver => self.ready.extend_from_slice(&header.bytes()),
            Fate::Hold => self.held.extend_from_slice(&header.bytes()),
            Fate::Withhold => {}
        }
        piece.withhold(taken);
        Ok(())
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
            self.key = (header.tag == b'K').then(Vec::new);
            return Ok(Fate::Deliver);
        }
        let fate = |sender| if sender == Sender::Driver { Fate::Deliver } else { Fate::Withhold };
        let reply = ledger.received(header)?;
        Ok(match reply {
            Reply::To(sender) => fate(sender),
            Reply::Parsed(sender) => {
                outgoing.parsed(sender);
                fate(sender)
            }
            Reply::Ready(Sender::Driver) if self.holding => {
                // Held with the others to its end, which lets all of them go.
                self.holding = false;
                Fate::Hold
            }
            Reply::Ready(sender) => {
                self.release(piece);
                fate(sender)
            }
            Reply::Failed { stage, unparsed } => {
                outgoing.failed(matches!(stage, Stage::Prologue(_)), unparsed);
                link.fail(stage);
                self.hold(header, piece)
            }
            Reply::Unasked if self.holding => self.hold(header, piece),
            Reply::Unasked => Fate::Deliver,
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
            Fate::Hold => self.held.extend_from_slice(bytes),
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

impl Piece<'_> {
    /// Leaves out the bytes that come next.
    fn withhold(&mut self, count: usize) {
        self.end_run();
        self.read += count;
        self.run = self.read;
    }

    /// Moves the run to the front.
    fn end_run(&mut self) {
        if self.kept != self.run {
            self.bytes.copy_within(self.run..self.read, self.kept);
        }
        self.kept += self.read - self.run;
        self.run = self.read;
    }

    fn put(&mut self, bytes: &[u8]) {
        self.end_run();
        self.bytes[self.kept..self.kept + bytes.len()].copy_from_slice(bytes);
        self.kept += bytes.len();
    }
}

/// Whether an error ends the connection, so that no ReadyForQuery follows it. The severity that is
/// not translated stands in field `V`, see
/// [Error and Notice Message Fields](https://www.postgresql.org/docs/current/protocol-error-fields.html).
fn says_farewell(message: &[u8]) -> bool {
    let mut fields = match message {
        [b'E', ..] => message.get(HEADER..).unwrap_or_default(),
        _ => return false,
    };
    while let [kind, rest @ ..] = fields {
        let (value, rest) = cstr(rest);
        if *kind == b'V' {
            return matches!(value, b"FATAL" | b"PANIC");
        }
        fields = rest;
    }
    false
}
