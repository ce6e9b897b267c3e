//! Scripts: what the server receives and what it sends, delivered cut in every possible way.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::rc::Rc;

use super::super::statements::StatementMode;
use super::driver::{Driver, Heard};
use super::frames::{Frames, words};
use super::line::{End, Line};
use super::random::Random;
use super::rest::Tasks;

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The client sends exactly this message.
    Takes(String),
    Sends(Vec<u8>),
    Ends(End),
}

/// What a server does, step by step.
#[derive(Clone, Debug, Default)]
pub(super) struct Script {
    mode: StatementMode,
    pub(super) steps: Vec<Step>,
}

/// How the server's bytes are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    Nowhere,
    /// Once, at this byte of all that the server sends.
    At(usize),
    Everywhere,
    Random(u64),
}

/// What came of a script.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Played {
    /// What each request was told, in the order in which the client names them.
    pub(super) answers: Vec<String>,
    /// Notices and notifications.
    pub(super) unasked: Vec<String>,
    /// How the connection ended, if it did.
    pub(super) ended: Option<Result<(), String>>,
    pub(super) violation: Option<String>,
    pub(super) parameter: Option<String>,
}

/// Enough room for the client never to wait for the server to read.
const ROOMY: usize = 1 << 30;

impl Script {
    pub(super) fn unnamed() -> Self {
        Self { mode: StatementMode::Unnamed, ..Self::default() }
    }

    /// The client sends these messages, no other.
    pub(super) fn takes<S: AsRef<str>>(mut self, lines: impl IntoIterator<Item = S>) -> Self {
        self.steps.extend(lines.into_iter().map(|line| Step::Takes(line.as_ref().to_owned())));
        self
    }

    /// The server sends these messages.
    pub(super) fn sends(mut self, text: &str) -> Self {
        let bytes = words(text);
        match self.steps.last_mut() {
            Some(Step::Sends(before)) => before.extend(bytes),
            _ => self.steps.push(Step::Sends(bytes)),
        }
        self
    }

    pub(super) fn ends(mut self, end: End) -> Self {
        self.steps.push(Step::Ends(end));
        self
    }

    /// The client prepares a statement under this name.
    pub(super) fn prepares(self, name: &str, sql: &str, answer: &str) -> Self {
        self.takes([&format!("Parse {name} {sql} []"), &format!("Describe S {name}"), "Sync"])
            .sends(&format!("1 {answer} Z"))
    }

    /// How many bytes the server sends.
    pub(super) fn bytes(&self) -> usize {
        let sent = self.steps.iter().map(|step| if let Step::Sends(bytes) = step { bytes.len() } else { 0 });
        sent.sum()
    }

    /// The script up to this byte of what the server sends.
    pub(super) fn up_to(&self, mut bytes: usize) -> Self {
        let mut steps = Vec::new();
        for step in &self.steps {
            match step {
                Step::Sends(sent) if sent.len() > bytes => {
                    steps.push(Step::Sends(sent[..bytes].to_vec()));
                    break;
                }
                Step::Sends(sent) => bytes -= sent.len(),
                _ => {}
            }
            steps.push(step.clone());
        }
        Self { mode: self.mode, steps }
    }

    /// Plays it in every way and expects the same of each.
    pub(super) fn expect(&self, expected: &[&str], client: impl AsyncFn(Rc<Driver>) -> Vec<String>) {
        let played = self.expect_alike(client);
        assert_eq!(played.answers, expected);
        assert_eq!((played.ended, played.violation), (None, None));
    }

    /// Plays it in every way and returns what came of it, which is the same each time.
    pub(super) fn expect_alike(&self, client: impl AsyncFn(Rc<Driver>) -> Vec<String>) -> Played {
        let played = self.play(Cut::Nowhere, ROOMY, &client);
        let once = (1..self.bytes()).map(|at| (Cut::At(at), ROOMY));
        let often = (0..12).map(|seed| (Cut::Random(seed), 1 + Random::new(seed).below(40)));
        let always = [(Cut::Everywhere, ROOMY), (Cut::Everywhere, 1), (Cut::Nowhere, 1), (Cut::Nowhere, 7)];
        for (cut, room) in once.chain(often).chain(always) {
            assert_eq!(self.play(cut, room, &client), played, "cut {cut:?}, with room for {room}");
        }
        played
    }

    /// Plays it once. Panics where the two sides no longer understand each other.
    pub(super) fn play<C>(&self, cut: Cut, room: usize, client: &C) -> Played
    where
        C: AsyncFn(Rc<Driver>) -> Vec<String>,
    {
        let (line, end) = Line::new(room);
        let heard = Rc::new(Heard::default());
        let slot = Rc::new(Cell::new(None));
        let answers = Rc::new(RefCell::new(None));
        let mut tasks = Tasks::default();
        tasks.add(Driver::run(end, self.mode, Rc::clone(&heard), Rc::clone(&slot)));
        line.send(&words("R K Z"));
        while tasks.settle() {
            line.take();
        }
        let driver: Rc<Driver> = Rc::new(slot.take().expect("the driver connects"));
        let program: Pin<Box<dyn Future<Output = Vec<String>>>> = Box::pin(client(Rc::clone(&driver)));
        let told = Rc::clone(&answers);
        tasks.add(async move {
            let answer = program.await;
            *told.borrow_mut() = Some(answer);
        });

        let mut server = Server { line, frames: Frames::default(), cutter: Cutter::new(cut) };
        let mut steps: VecDeque<Step> = self.steps.iter().cloned().collect();
        loop {
            let woken = tasks.settle();
            let heard_more = server.hear();
            match steps.front_mut() {
                Some(Step::Takes(expected)) => {
                    if let Some(line) = server.frames.next_line() {
                        assert_eq!(line, *expected, "the client's next message, with {cut:?}, room {room}");
                        steps.pop_front();
                        continue;
                    }
                }
                Some(Step::Sends(bytes)) => {
                    let count = server.cutter.next(bytes.len());
                    server.line.send(&bytes[..count]);
                    bytes.drain(..count);
                    if bytes.is_empty() {
                        steps.pop_front();
                    }
                    continue;
                }
                Some(Step::Ends(end)) => {
                    server.line.end(*end);
                    steps.pop_front();
                    continue;
                }
                None => {}
            }
            if !woken && !heard_more && !driver.rested() {
                break;
            }
        }
        if !server.line.is_closed() {
            assert_eq!(steps.len(), 0, "{cut:?}, room {room}: the server still waits: {:?}", steps.front());
            assert_eq!(server.frames.next_line(), None, "the client sends more, with {cut:?}, room {room}");
        }
        let answers = answers.borrow_mut().take();
        Played {
            answers: answers.unwrap_or_else(|| panic!("a request hangs, with {cut:?}, room {room}")),
            unasked: heard.unasked.take(),
            ended: heard.ended.take(),
            violation: driver.link.violation().map(ToString::to_string),
            parameter: heard.parameter.take(),
        }
    }
}

struct Server {
    line: Line,
    frames: Frames,
    cutter: Cutter,
}

impl Server {
    /// Reads what the client has sent. Whether there was anything.
    fn hear(&mut self) -> bool {
        let bytes = self.line.take();
        self.frames.put(&bytes);
        !bytes.is_empty()
    }
}

/// Cuts what is sent into pieces.
#[derive(Debug)]
pub(super) struct Cutter {
    cut: Cut,
    random: Random,
    sent: usize,
}

impl Cutter {
    pub(super) fn new(cut: Cut) -> Self {
        let seed = if let Cut::Random(seed) = cut { seed } else { 0 };
        Self { cut, random: Random::new(seed), sent: 0 }
    }

    /// The length of the next piece of what is to be sent.
    pub(super) fn next(&mut self, left: usize) -> usize {
        let count = match self.cut {
            Cut::At(at) if at > self.sent => left.min(at - self.sent),
            Cut::Nowhere | Cut::At(_) => left,
            Cut::Everywhere => left.min(1),
            Cut::Random(_) => left.min(1 + self.random.below(30)),
        };
        self.sent += count;
        count
    }
}
