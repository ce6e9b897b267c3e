//! What the server still owes, message by message in the order of the requests, and so what may
//! come next.
//!
//! The server answers the messages of the extended query protocol one by one and in order; see
//! [Message Flow](https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY).
//! Whatever does not fit the message that stands first is a violation, so no answer can come to be
//! taken for that of another request.

use std::collections::VecDeque;

use super::frame::{Header, name};
use super::prologue::Part;
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
    Query,
    /// CopyDone or CopyFail. It has no answer of its own.
    CopyEnd,
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

/// How far the messages up to a Sync got before one of them failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Prologue(Part),
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
    /// ReadyForQuery, for the sender.
    Ready(Sender),
    /// ErrorResponse to a request, which ends at the next ReadyForQuery.
    Failed { stage: Stage, unparsed: usize },
    /// Nobody asked for it: a notice, a changed parameter, a notification, a farewell.
    Unasked,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    owed: VecDeque<(Message, Sender)>,
    /// Whether the server takes the data of a `COPY … FROM STDIN`.
    copying: bool,
    /// Whether the next Sync follows the end of a copy that never began, so that the driver, which
    /// has had its ReadyForQuery, waits for no second one.
    next_sync_is_ours: bool,
}

impl Ledger {
    pub(super) fn sent(&mut self, message: Message, sender: Sender) {
        let ours = message == Message::Sync && std::mem::take(&mut self.next_sync_is_ours);
        self.owed.push_back((message, if ours { Sender::Wire } else { sender }));
        self.pass_copy_end();
    }

    /// Judges a message by its header.
    pub(super) fn received(&mut self, header: Header) -> Result<Reply, Violation> {
        let tag = header.tag;
        self.check_length(header)?;
        if matches!(tag, b'A' | b'N' | b'S') {
            return Ok(Reply::Unasked);
        }
        let Some(&(message, sender)) = self.owed.front() else {
            // A server that shuts down says so to those who ask for nothing, too. During a copy it
            // may also say what it thinks of the data.
            return match tag {
                b'E' if self.copying => Ok(self.fail()),
                b'E' => Ok(Reply::Unasked),
                _ => Err(Violation::new("nothing, as no request is under way", name(tag))),
            };
        };
        let answered = match (message, tag) {
            (_, b'E') => return Ok(self.fail()),
            (Message::Parse, b'1') => {
                self.pop();
                return Ok(Reply::Parsed(sender));
            }
            (Message::Sync | Message::Query, b'Z') => {
                self.pop();
                return Ok(Reply::Ready(sender));
            }
            (Message::DescribeStatement, b't') => {
                self.owed[0].0 = Message::DescribeColumns;
                false
            }
            (Message::Bind, b'2')
            | (Message::Close, b'3')
            | (Message::DescribeColumns, b'T' | b'n')
            | (Message::Execute, b'C' | b'I' | b's') => true,
            (Message::Execute | Message::Query, b'G') => {
                self.begin_copy();
                false
            }
            (Message::Execute | Message::Query, b'D' | b'H' | b'd' | b'c')
            | (Message::Query, b'T' | b'C' | b'I') => false,
            _ => return Err(Violation::new(expected(message), name(tag))),
        };
        if answered {
            self.pop();
        }
        Ok(Reply::To(sender))
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

    /// A failed message takes those behind it along, up to the Sync.
    fn fail(&mut self) -> Reply {
        let stage = match self.owed.front() {
            Some((_, Sender::Prologue(part, _))) => Stage::Prologue(*part),
            Some((Message::Sync, _)) => Stage::Commit,
            _ => Stage::Statement,
        };
        let mut unparsed = 0;
        while let Some(&(message, sender)) = self.owed.front() {
            match message {
                Message::Sync => break,
                Message::Query => {
                    // All that is left of it is what a Sync leaves.
                    self.owed[0].0 = Message::Sync;
                    break;
                }
                Message::Parse if sender == Sender::Driver => unparsed += 1,
                Message::CopyEnd => self.copying = false,
                _ => {}
            }
            self.owed.pop_front();
        }
        Reply::Failed { stage, unparsed }
    }

    /// From now on the server takes data and, until that ends, passes over every Sync.
    fn begin_copy(&mut self) {
        self.copying = true;
        while let Some((Message::Sync, _)) = self.owed.get(1) {
            self.owed.remove(1);
        }
    }

    /// The end of a copy has come to be next. The server passes over one that ends nothing, because
    /// the copy was refused, and answers the Sync behind it all the same.
    fn pass_copy_end(&mut self) {
        while let Some((Message::CopyEnd, _)) = self.owed.front() {
            self.owed.pop_front();
            if std::mem::take(&mut self.copying) {
                continue;
            }
            match self.owed.front_mut() {
                Some((Message::Sync, sender)) => *sender = Sender::Wire,
                _ => self.next_sync_is_ours = true,
            }
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
        Message::Sync => "ReadyForQuery",
        Message::Query => "the answer to a simple query",
        Message::CopyEnd => "CommandComplete of the copy",
    }
}
