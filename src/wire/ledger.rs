//! What the server still owes, message by message in the order of the requests, and so what may
//! come next.
//!
//! The server answers the messages of the extended query protocol one by one and in order; see
//! [Message Flow](https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY).
//! Whatever does not fit the message that stands first is a violation, so no answer can come to be
//! taken for that of another request.

use std::collections::VecDeque;

use super::frame::{Header, name};
use super::violation::Violation;

/// A message that was sent and that the server answers, or that changes what it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message {
    Parse,
    Bind,
    /// Describe of a statement: its parameters and then its columns.
    DescribeStatement,
    /// Describe of a portal, or what is left of the other once the parameters have come.
    DescribeColumns,
    Execute,
    Close,
    Sync,
    /// A Sync that the server may have passed over, as part of the data of a copy, or may yet answer.
    SyncInDoubt,
    /// A Sync that is not sent, as the requests behind it belong to the same transaction. The stream answers it itself.
    NoSync,
    Query,
    /// The same once one of its commands is complete, so that it may end here.
    QueryAnswered,
    /// CopyDone or CopyFail. It has no answer of its own.
    CopyEnd,
    /// A request that the stream answers itself, once those before it are answered.
    Kept(u64),
    /// Nothing that is sent: what follows carries the prologue with this number.
    Carrier(u64),
}

/// Who sent a message, and so who gets its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    Driver,
    /// This layer, to make a message of the driver's do what it is meant to do.
    Wire,
    /// This layer, ahead of a statement: which part of the prologue, and the statement's name.
    Prologue(Part, &'static str),
}

/// Which part of a prologue a command is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Begin,
    Context,
}

/// How far the messages up to a Sync got before one of them failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Prologue(Part),
    /// The statement was parsed or bound, and nothing of it has run.
    Bind,
    Statement,
    /// All was run, and the commit that goes with the Sync failed.
    Commit,
}

/// What a message of the server's is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// An answer to the sender.
    To(Sender),
    /// ParseComplete, for the sender.
    Parsed(Sender),
    /// ParameterDescription.
    Parameters,
    /// RowDescription or NoData, for the sender. Rows of what it describes may follow in the same request.
    Columns { sender: Sender, rows_follow: bool },
    /// ReadyForQuery, for the sender.
    Ready(Sender),
    /// ErrorResponse to a request, which ends at the next ReadyForQuery. So many Parse messages of the
    /// driver's, and so many Describe messages, are not answered.
    Failed { stage: Stage, unparsed: usize, undescribed: usize },
    /// Nobody asked for it: a notice, a changed parameter, a notification, a farewell.
    Unasked,
}

/// What has become of a `COPY … FROM STDIN`. The driver sends two Syncs for one: the first right
/// behind Execute, which the server passes over once it reads data, the second behind the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Copying {
    #[default]
    No,
    /// The server takes data.
    Yes,
    /// The server has failed. If it had begun to read, it has passed over the first Sync; if a
    /// trigger failed ahead of the first row, it has not, and answers both.
    Failed,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    owed: VecDeque<(Message, Sender)>,
    copying: Copying,
    /// The number of the prologue that the request which stands first carries, if it does.
    carried: Option<u64>,
    /// Whether the server has failed the request that stands first.
    failed: bool,
    /// Whether the server has failed a request whose Sync is not sent yet. It answers nothing up to there.
    skipping: bool,
    /// How many requests have failed along with one ahead of them under the same Sync, and are to be told so behind it.
    along: usize,
    /// Whether the next Sync follows the end of a copy that never began, so that the driver, which
    /// has had its ReadyForQuery, waits for no second one.
    next_sync_is_ours: bool,
}

impl Ledger {
    /// Enters a message. Whether the server answers it.
    #[inline]
    pub(super) fn sent(&mut self, message: Message, sender: Sender) -> bool {
        if self.skipping && message != Message::Sync {
            self.along += usize::from(message == Message::NoSync);
            return false;
        }
        self.skipping = false;
        let ours = message == Message::Sync && std::mem::take(&mut self.next_sync_is_ours);
        self.owed.push_back((message, if ours { Sender::Wire } else { sender }));
        self.pass_copy_end();
        true
    }

    /// Judges a message by its header.
    #[inline]
    pub(super) fn received(&mut self, header: Header) -> Result<Reply, Violation> {
        let tag = header.tag;
        self.check_length(header)?;
        if matches!(tag, b'A' | b'N' | b'S') {
            return Ok(Reply::Unasked);
        }
        self.resolve_doubt(tag);
        while let Some(&(Message::Carrier(number), _)) = self.owed.front() {
            self.carried = Some(number);
            self.pop();
        }
        let Some(&(message, sender)) = self.owed.front() else {
            // A server that shuts down says so to those who ask for nothing, too.
            return match tag {
                b'E' if self.skipping => {
                    Ok(Reply::Failed { stage: Stage::Statement, unparsed: 0, undescribed: 0 })
                }
                b'E' => Ok(Reply::Unasked),
                _ => Err(Violation::new("nothing, as no request is under way", name(tag))),
            };
        };
        let unexpected = || Err(Violation::new(expected(message), name(tag)));
        match (message, tag) {
            (_, b'E') => return Ok(self.fail()),
            (Message::Parse, b'1') => {
                self.pop();
                return Ok(Reply::Parsed(sender));
            }
            (Message::Sync | Message::SyncInDoubt | Message::QueryAnswered, b'Z') => {
                self.end_request();
                return Ok(Reply::Ready(sender));
            }
            (Message::DescribeStatement, b't') => {
                self.owed[0].0 = Message::DescribeColumns;
                return Ok(Reply::Parameters);
            }
            (Message::DescribeColumns, b'T' | b'n') => {
                self.pop();
                let rows_follow = matches!(self.owed.front(), Some((Message::Execute, Sender::Driver)));
                return Ok(Reply::Columns { sender, rows_follow });
            }
            (Message::Execute, b'C') if self.copying == Copying::Yes => self.end_copy()?,
            (Message::Execute, _) if self.copying == Copying::Yes => return unexpected(),
            (Message::Bind, b'2') | (Message::Close, b'3') | (Message::Execute, b'C') => self.pop(),
            (Message::Execute, b'D') => {}
            // A prologue gives rows at most. What answered with anything else did not run it.
            (Message::Execute, _) if matches!(sender, Sender::Prologue(..)) => return unexpected(),
            (Message::Execute, b'I' | b's') => self.pop(),
            (Message::Execute, b'G') => self.copying = Copying::Yes,
            (Message::Execute, b'H' | b'd' | b'c') => {}
            (Message::Query | Message::QueryAnswered, b'C' | b'I') => self.owed[0].0 = Message::QueryAnswered,
            (Message::Query | Message::QueryAnswered, b'T' | b'D' | b'G' | b'H' | b'd' | b'c') => {
                self.owed[0].0 = Message::Query;
            }
            _ => return unexpected(),
        }
        Ok(Reply::To(sender))
    }

    /// Whether rows may come next, for the driver.
    pub(super) fn awaits_rows(&self) -> bool {
        self.copying == Copying::No && matches!(self.owed.front(), Some((Message::Execute, Sender::Driver)))
    }

    /// The number of the prologue that the request under way carries, if it does.
    pub(super) fn carried(&self) -> Option<u64> {
        self.carried
    }

    /// The same, once the request has been answered to its end.
    pub(super) fn take_carried(&mut self) -> Option<u64> {
        self.carried.take()
    }

    /// The number of an answer that is due now and that the server does not send.
    pub(super) fn kept_is_due(&mut self) -> Option<u64> {
        let Some(&(Message::Kept(number), _)) = self.owed.front() else { return None };
        self.pop();
        Some(number)
    }

    /// Whether a request is at its end now to which the server says nothing, as its Sync was not sent.
    pub(super) fn no_sync_is_due(&mut self) -> bool {
        let due = matches!(self.owed.front(), Some((Message::NoSync, _)));
        if due {
            self.pop();
        }
        due
    }

    /// How many requests have failed along with the one that has just been answered.
    pub(super) fn take_along(&mut self) -> usize {
        std::mem::take(&mut self.along)
    }

    /// The messages whose length the protocol fixes.
    fn check_length(&self, header: Header) -> Result<(), Violation> {
        let fixed = match header.tag {
            b'1' | b'2' | b'3' | b'n' | b'I' | b's' | b'c' => 0,
            b'Z' => 1,
            _ => return Ok(()),
        };
        if header.body == fixed {
            return Ok(());
        }
        let expected =
            self.owed.front().map_or("a message of its own length", |(message, _)| expected(*message));
        Err(Violation::new(expected, format!("{} of {} bytes", name(header.tag), header.body + 4)))
    }

    fn pop(&mut self) {
        self.owed.pop_front();
        self.pass_copy_end();
    }

    fn end_request(&mut self) {
        self.owed.pop_front();
        self.failed = false;
        if self.copying == Copying::Failed && !matches!(self.owed.front(), Some((Message::CopyEnd, _))) {
            // This was the first Sync of a copy whose second is not sent yet, which it will answer.
            self.copying = Copying::No;
        }
        self.pass_copy_end();
    }

    /// A failed message takes those behind it along, up to the Sync.
    fn fail(&mut self) -> Reply {
        let stage = match self.owed.front() {
            // Whatever a server that has failed says ahead of its ReadyForQuery.
            _ if self.failed => Stage::Statement,
            Some((_, Sender::Prologue(part, _))) => Stage::Prologue(*part),
            Some((Message::Sync, _)) => Stage::Commit,
            Some((
                Message::Parse | Message::Bind | Message::DescribeStatement | Message::DescribeColumns,
                _,
            )) => Stage::Bind,
            _ => Stage::Statement,
        };
        self.failed = true;
        if self.copying == Copying::Yes {
            self.copying = Copying::Failed;
        }
        let (mut unparsed, mut undescribed) = (0, 0);
        while let Some(&(message, sender)) = self.owed.front() {
            match message {
                Message::Sync => return Reply::Failed { stage, unparsed, undescribed },
                Message::Query | Message::QueryAnswered => {
                    // All that is left of it is what a Sync leaves.
                    self.owed[0].0 = Message::Sync;
                    return Reply::Failed { stage, unparsed, undescribed };
                }
                Message::NoSync => self.along += 1,
                Message::Parse if sender == Sender::Driver => unparsed += 1,
                Message::DescribeStatement | Message::DescribeColumns => undescribed += 1,
                _ => {}
            }
            self.owed.pop_front();
        }
        self.skipping = true;
        Reply::Failed { stage, unparsed, undescribed }
    }

    /// The server has taken all data, and with them the first Sync.
    fn end_copy(&mut self) -> Result<(), Violation> {
        let end = self.owed.iter().position(|(message, _)| *message == Message::CopyEnd);
        let Some(end) = end else {
            return Err(Violation::new("nothing, as the data of the copy have not ended", name(b'C')));
        };
        self.owed.drain(..=end);
        self.copying = Copying::No;
        Ok(())
    }

    /// The end of a copy has come to be next, so the copy was refused or has failed. The server
    /// passes over what is left of it and answers the second Sync like any other.
    #[inline]
    fn pass_copy_end(&mut self) {
        while let Some((Message::CopyEnd, _)) = self.owed.front() {
            self.owed.pop_front();
            let failed = std::mem::take(&mut self.copying) == Copying::Failed;
            match self.owed.front_mut() {
                Some((message @ Message::Sync, sender)) => {
                    *sender = Sender::Wire;
                    if failed {
                        *message = Message::SyncInDoubt;
                    }
                }
                _ => self.next_sync_is_ours = true,
            }
        }
    }

    /// Finds out about a Sync in doubt by what comes in its place.
    fn resolve_doubt(&mut self, tag: u8) {
        let Some((Message::SyncInDoubt, _)) = self.owed.front() else { return };
        match self.owed.get(1) {
            // Whichever of the two is answered, there may be another ReadyForQuery and need not be.
            Some((Message::Sync, _)) if tag == b'Z' => self.owed.swap(0, 1),
            _ if tag == b'Z' => {}
            _ => self.pop(),
        }
    }
}

fn expected(message: Message) -> &'static str {
    match message {
        Message::Parse => "ParseComplete",
        Message::Bind => "BindComplete",
        Message::DescribeStatement => "ParameterDescription",
        Message::DescribeColumns => "RowDescription or NoData",
        Message::Execute => "rows or CommandComplete",
        Message::Close => "CloseComplete",
        Message::Sync | Message::SyncInDoubt => "ReadyForQuery",
        Message::NoSync => "nothing, as no Sync was sent",
        Message::Query | Message::QueryAnswered => "the answer to a simple query",
        Message::CopyEnd => "CommandComplete of the copy",
        Message::Kept(_) => "nothing, as the answer is there",
        Message::Carrier(_) => "the answer to a statement",
    }
}
