//! What may go wrong between a model server and the stream.

use super::super::statements::StatementMode;
use super::frames::words;
use super::line::{End, Line};
use super::model::Model;
use super::play::{Cut, Cutter};
use super::random::Random;

/// What becomes of one of the server's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// The connection ends ahead of it.
    Ends(End),
    /// The server shuts down ahead of it.
    Fatal,
    Dropped,
    Doubled,
    /// It is of another type.
    Altered(u8),
}

/// A model server at its end of the line.
pub(super) struct Peer {
    pub(super) line: Line,
    model: Model,
    /// Messages that are not sent yet.
    queue: Vec<u8>,
    cutter: Cutter,
    random: Random,
    fault: Fault,
    /// How many messages come ahead of the fault.
    until_fault: usize,
    /// The type of the message that the fault befell.
    pub(super) befallen: Option<u8>,
    /// The type of the one behind it.
    pub(super) behind: Option<u8>,
    ended: Option<End>,
}

impl Peer {
    pub(super) fn new(line: Line, mode: StatementMode, fault: Fault, random: &mut Random) -> Self {
        let seed = random.below(1 << 30) as u64;
        Self {
            line,
            model: Model::new(mode),
            queue: Vec::new(),
            cutter: Cutter::new(if random.once_in(3) { Cut::Nowhere } else { Cut::Random(seed) }),
            random: Random::new(seed),
            fault,
            until_fault: random.below(60),
            befallen: None,
            behind: None,
            ended: None,
        }
    }

    /// Does a part of what there is to do. Whether there was anything.
    pub(super) fn work(&mut self) -> bool {
        let heard = self.line.take();
        self.model.hear(&heard);
        if self.ended.is_none() && !(self.queue.len() > 200 || self.random.once_in(3)) {
            // Sometimes what was said waits for what comes next, and sometimes it does not.
            if let Some(messages) = self.model.answer() {
                self.say_all(messages);
                return true;
            }
        }
        if !self.queue.is_empty() {
            let count = self.cutter.next(self.queue.len());
            self.line.send(&self.queue[..count]);
            self.queue.drain(..count);
            if let (true, Some(end)) = (self.queue.is_empty(), self.ended) {
                self.line.end(end);
            }
            return true;
        }
        let Some(messages) = self.model.answer().filter(|_| self.ended.is_none()) else {
            return !heard.is_empty();
        };
        self.say_all(messages);
        true
    }

    fn say_all(&mut self, messages: Vec<Vec<u8>>) {
        for message in messages {
            self.say(message);
        }
    }

    fn say(&mut self, mut message: Vec<u8>) {
        if self.ended.is_some() {
            return;
        }
        if self.random.once_in(12) {
            let unasked = ["N:notice", "S:p=v", "A:payload"][self.random.below(3)];
            self.queue.extend(words(unasked));
        }
        if self.befallen.is_some() {
            self.behind.get_or_insert(message[0]);
        }
        if self.fault != Fault::None && self.until_fault == 0 && self.can_befall(message[0]) {
            self.befallen = Some(message[0]);
            match std::mem::replace(&mut self.fault, Fault::None) {
                Fault::None => {}
                Fault::Ends(end) => return self.end(end),
                Fault::Fatal => {
                    self.queue.extend(words("F:57P01"));
                    return self.end(End::Eof);
                }
                Fault::Dropped => return,
                Fault::Doubled => self.queue.extend(&message),
                Fault::Altered(tag) => message[0] = tag,
            }
        }
        self.until_fault = self.until_fault.saturating_sub(1);
        self.queue.extend(message);
    }

    fn end(&mut self, end: End) {
        self.ended = Some(end);
        if self.queue.is_empty() {
            self.line.end(end);
        }
    }

    /// Nobody can tell a row more or less, nor that an error was meant to be a success.
    fn can_befall(&self, tag: u8) -> bool {
        match self.fault {
            Fault::Dropped | Fault::Doubled => !b"DdNSA".contains(&tag),
            Fault::Altered(to) => {
                tag != to && !b"DdNSA".contains(&tag) && !(tag == b'E' && b"CIs".contains(&to))
            }
            _ => true,
        }
    }

    /// Lets the client in.
    pub(super) fn start(&self) {
        self.line.send(&words("R K Z"));
    }
}
