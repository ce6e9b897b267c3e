//! Whatever is asked, in whatever order, and whatever goes wrong: every request gets exactly one
//! answer, none gets another's, none succeeds whose prologue failed, and nobody hangs.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tokio_postgres::Statement;

use super::super::ledger::Part;
use super::super::statements::StatementMode;
use super::copy::copy_line;
use super::driver::{BEGIN, Command, Driver, Heard, Sent, context};
use super::faults::{Fault, Peer};
use super::line::{End, Line};
use super::model::code;
use super::random::Random;
use super::rest::Tasks;

/// What travels ahead of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ahead {
    Nothing,
    Context,
    RejectedContext,
    Block,
    BlockOfRejectedContext,
    BlockThatDoesNotBegin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// A statement that is not prepared, by its verb.
    Typed(&'static str),
    Prepared,
    Simple(&'static str),
    CopyIn,
    /// The same, dropped before it begins or before it ends.
    CopyAbandoned,
    CopyDropped,
    CopyOut,
    /// A Sync and nothing else.
    Check,
    /// A statement that is prepared and closed.
    PreparedAndClosed,
}

#[derive(Clone, Debug)]
struct Request {
    ahead: Ahead,
    what: What,
    /// What the caller is told, or `None` if nobody waits for it.
    told: Option<String>,
    /// Whether all that was asked before is waited for first.
    waits: bool,
}

#[derive(Debug)]
struct Case {
    mode: StatementMode,
    /// How the server takes the data of a copy.
    copy: &'static str,
    requests: Vec<Request>,
}

/// What the server will make of a request, as far as the requests behind it depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Block {
    None,
    Open(String),
    Failed,
}

impl Case {
    fn new(random: &mut Random, with_deferred: bool) -> Self {
        let mode = if random.once_in(3) { StatementMode::Unnamed } else { StatementMode::Named };
        let copy = ["copy in", "copy in", "copy refused", "copy trigger", "copy bad"][random.below(5)];
        let mut block = Block::None;
        let count = 1 + random.below(10);
        let requests = (0..count).map(|id| {
            let verbs = ["echo", "rows", "fail", "midway", "missing", "deferred"];
            let what = match random.below(16) {
                0..5 => What::Typed(verbs[random.below(if with_deferred { 6 } else { 5 })]),
                5..10 => What::Prepared,
                10 => What::Simple(["echo", "fail", "COMMIT"][random.below(3)]),
                11 => [What::CopyIn, What::CopyAbandoned, What::CopyDropped][random.below(3)],
                12 => What::CopyOut,
                13 => What::Check,
                14 => What::PreparedAndClosed,
                _ => What::Simple("COMMIT"),
            };
            let carries = !matches!(what, What::Simple(_) | What::Check | What::PreparedAndClosed);
            let ahead = match random.below(10) {
                _ if block != Block::None || !carries => Ahead::Nothing,
                0..3 => Ahead::Context,
                3 => Ahead::RejectedContext,
                4..7 => Ahead::Block,
                7 => Ahead::BlockOfRejectedContext,
                8 => Ahead::BlockThatDoesNotBegin,
                _ => Ahead::Nothing,
            };
            let told = tell(id, ahead, what, copy, &mut block);
            let copies = matches!(what, What::CopyIn | What::CopyDropped);
            let unheard = what == What::CopyAbandoned || (carries && !copies && random.once_in(8));
            let waits = random.once_in(3);
            Request { ahead, what, told: (!unheard).then_some(told), waits }
        });
        let requests = requests.collect();
        Self { mode, copy, requests }
    }
}

/// What the caller of a request is told by a server that follows the protocol.
fn tell(id: usize, ahead: Ahead, what: What, copy: &str, block: &mut Block) -> String {
    let rejected = format!("error {}", code('P', &id.to_string()));
    let tenant = match (ahead, &*block) {
        (Ahead::Nothing, Block::Open(tenant)) => tenant.clone(),
        (Ahead::Nothing, _) => String::new(),
        (Ahead::Context, _) => format!("t{id}"),
        (Ahead::Block, _) => {
            *block = Block::Open(format!("t{id}"));
            format!("t{id}")
        }
        (Ahead::BlockOfRejectedContext, _) => {
            *block = Block::Failed;
            return rejected;
        }
        (Ahead::RejectedContext | Ahead::BlockThatDoesNotBegin, _) => return rejected,
    };
    if what == What::Simple("COMMIT") {
        *block = Block::None;
        return "done".to_owned();
    }
    let own = format!("error {}", code('X', &id.to_string()));
    let row = format!("{id}@{tenant}");
    let told = match what {
        What::Check => "ready".to_owned(),
        _ if *block == Block::Failed => "error 25P02".to_owned(),
        What::Typed("rows") => format!("rows {row},{row},{row}"),
        What::Typed("deferred") if *block == Block::None => own,
        What::Typed("echo" | "deferred") | What::Prepared => format!("rows {row}"),
        What::Typed(_) | What::Simple("fail") => own,
        What::Simple(_) => "done".to_owned(),
        What::PreparedAndClosed => "prepared".to_owned(),
        What::CopyOut => format!("copied @{tenant}"),
        What::CopyIn | What::CopyAbandoned | What::CopyDropped => match copy {
            "copy refused" => "error 42501".to_owned(),
            _ if what == What::CopyAbandoned => "error 57014".to_owned(),
            _ if what == What::CopyDropped => {
                // Whoever drops it is told nothing, and it fails.
                if matches!(block, Block::Open(_)) {
                    *block = Block::Failed;
                }
                "dropped".to_owned()
            }
            "copy trigger" => "error P0001".to_owned(),
            "copy bad" => "error 22P02".to_owned(),
            _ => "copied 1".to_owned(),
        },
    };
    if told.starts_with("error") && matches!(block, Block::Open(_)) {
        *block = Block::Failed;
    }
    told
}

struct Prepared {
    echo: Statement,
    copy: Statement,
    copy_out: Statement,
}

async fn ask(driver: &Driver, prepared: &Prepared, id: usize, what: What) -> String {
    match what {
        What::Typed(verb) => driver.typed(&format!("{verb} {id}")).await,
        What::Prepared => driver.run_with(&prepared.echo, &id.to_string()).await,
        What::Simple("COMMIT") => driver.simple("COMMIT").await,
        What::Simple(verb) => driver.simple(&format!("{verb} {id}")).await,
        What::CopyIn | What::CopyAbandoned => copy_line(driver.copy_in(&prepared.copy).await).await,
        What::CopyDropped => match driver.copy_in(&prepared.copy).await {
            Ok(_) => "dropped".to_owned(),
            Err(error) => error,
        },
        What::CopyOut => driver.copy_out(&prepared.copy_out).await,
        What::Check => match driver.client.check_connection().await {
            Ok(()) => "ready".to_owned(),
            Err(error) => super::driver::failed(&error),
        },
        What::PreparedAndClosed => match driver.client.prepare("echo 0").await {
            Ok(_) => "prepared".to_owned(),
            Err(error) => super::driver::failed(&error),
        },
    }
}

/// Asks all of it, and gathers the answers by the number of their request.
async fn ask_all(driver: Rc<Driver>, case: &Case, answers: &RefCell<Vec<(usize, String)>>) {
    let client = &driver.client;
    let (echo, copy, copy_out) =
        (client.prepare("echo $1").await, client.prepare(case.copy).await, client.prepare("copy out").await);
    let (Ok(echo), Ok(copy), Ok(copy_out)) = (echo, copy, copy_out) else { return };
    let prepared = Prepared { echo, copy, copy_out };
    let mut waiting: Vec<(usize, Sent<'_, String>)> = Vec::new();
    let mut follows = false;
    for (id, request) in case.requests.iter().enumerate() {
        let asked = ask(&driver, &prepared, id, request.what);
        let (tenant, bad) = (format!("t{id}"), format!("bad{id}"));
        let (good, rejected, begin_not) = ([&*tenant], [&*bad], format!("BEGIN {bad}"));
        let prologue: &[Command<'_>] = match request.ahead {
            Ahead::Nothing => &[],
            Ahead::Context => &[context(&good)],
            Ahead::RejectedContext => &[context(&rejected)],
            Ahead::Block => &[BEGIN, context(&good)],
            Ahead::BlockOfRejectedContext => &[BEGIN, context(&rejected)],
            Ahead::BlockThatDoesNotBegin => &[(Part::Begin, "", &begin_not, &[]), context(&good)],
        };
        let sent = if prologue.is_empty() {
            follows = false;
            driver.send(asked).await
        } else {
            // What is complete in itself may follow others of its kind before they are answered.
            let is_complete = matches!(request.ahead, Ahead::Context | Ahead::RejectedContext)
                && matches!(request.what, What::Typed(_) | What::Prepared);
            if !(follows && is_complete) {
                driver.rest().await;
            }
            follows = is_complete;
            let number = driver.arm(prologue);
            let sent = driver.send(asked).await;
            if matches!(sent, Sent::Answered(_)) {
                // The connection is gone, and nothing was sent.
                driver.link.disarm(number);
            }
            sent
        };
        if request.told.is_some() {
            waiting.push((id, sent));
        }
        // A copy is under way as long as its caller feeds it, and nothing overtakes it.
        if request.waits || matches!(request.what, What::CopyIn | What::CopyDropped | What::PreparedAndClosed)
        {
            for (id, sent) in waiting.drain(..) {
                let answer = sent.answer().await;
                answers.borrow_mut().push((id, answer));
            }
        }
    }
    for (id, sent) in waiting {
        let answer = sent.answer().await;
        answers.borrow_mut().push((id, answer));
    }
}

#[derive(Debug)]
struct Outcome {
    answers: Vec<(usize, String)>,
    /// Whether the connection had ended by itself when all came to rest.
    ended: bool,
    violation: Option<String>,
    befallen: Option<u8>,
    behind: Option<u8>,
}

fn run(case: &Case, fault: Fault, random: &mut Random) -> Outcome {
    let room = [1 << 20, 1, 1 + random.below(64)][random.below(3)];
    let (line, end) = Line::new(room);
    let (heard, slot) = (Rc::new(Heard::default()), Rc::new(Cell::new(None)));
    let (answers, done) = (RefCell::default(), Cell::new(false));
    let mut tasks = Tasks::default();
    tasks.add(Driver::run(end, case.mode, Rc::clone(&heard), Rc::clone(&slot)));
    let mut peer = Peer::new(line, case.mode, fault, random);
    peer.start();
    while tasks.settle() {
        peer.line.take();
    }
    let driver: Rc<Driver> = Rc::new(slot.take().unwrap());
    let (asking, told, is_done) = (Rc::clone(&driver), &answers, &done);
    tasks.add(async move {
        ask_all(asking, case, told).await;
        is_done.set(true);
    });
    while tasks.settle() | peer.work() || driver.rested() {}
    let ended = heard.ended.borrow().is_some();
    // Whoever waits for what a fault has taken away waits until the connection ends.
    assert!(done.get() || fault != Fault::None, "a request hangs: {case:?}");
    if !done.get() {
        peer.line.end(End::Eof);
        while tasks.settle() | peer.work() || driver.rested() {}
        assert!(done.get(), "a request hangs when the connection has ended: {case:?}, {fault:?}");
    }
    drop(tasks);
    Outcome {
        answers: answers.into_inner(),
        ended,
        violation: driver.link.violation().map(ToString::to_string),
        befallen: peer.befallen,
        behind: peer.behind,
    }
}

const CASES: u64 = 4_000;

#[test]
fn every_request_gets_its_own_answer() {
    for seed in 0..CASES {
        let random = &mut Random::new(seed);
        let case = Case::new(random, true);
        let outcome = run(&case, Fault::None, random);
        let told = case.requests.iter().enumerate();
        let told: Vec<_> = told.filter_map(|(id, request)| Some((id, request.told.clone()?))).collect();
        assert_eq!(outcome.answers, told, "seed {seed}: {case:?}");
        assert_eq!((outcome.ended, outcome.violation), (false, None), "seed {seed}: {case:?}");
    }
}

#[test]
fn whatever_breaks_every_answer_is_right_or_an_error() {
    let (mut befallen, mut violated) = (0, 0);
    for seed in 0..CASES {
        let random = &mut Random::new(seed ^ 0xfa17);
        let case = Case::new(random, false);
        let fault = match random.below(6) {
            0 => Fault::Ends([End::Eof, End::Reset][random.below(2)]),
            1 => Fault::Fatal,
            2 => Fault::Dropped,
            3 => Fault::Doubled,
            _ => {
                let tags = b"123ACcDdEGHIKnNRSstTVvWZ\0\xff";
                Fault::Altered(tags[random.below(tags.len())])
            }
        };
        let outcome = run(&case, fault, random);
        for (id, answer) in &outcome.answers {
            let request = &case.requests[*id];
            let success = ["rows", "done", "copied", "ready", "dropped", "prepared"]
                .iter()
                .any(|word| answer.starts_with(word));
            let right = request.told.as_deref() == Some(answer);
            // An error whose ReadyForQuery is missing ahead of it looks like that of a failed commit.
            let looks_right = (outcome.befallen, outcome.behind) == (Some(b'Z'), Some(b'E'));
            assert!(
                right || !success || looks_right,
                "seed {seed}: {id} is told {answer}, {fault:?}, {case:?}"
            );
        }
        let Some(tag) = outcome.befallen else {
            assert_eq!((outcome.ended, outcome.violation), (false, None), "seed {seed}: {case:?}");
            continue;
        };
        befallen += 1;
        violated += u32::from(outcome.violation.is_some());
        let copies = |what| matches!(what, What::CopyIn | What::CopyAbandoned | What::CopyDropped);
        let visible = match fault {
            Fault::Ends(_) | Fault::Fatal => true,
            Fault::Doubled if tag == b'Z' => !case.requests.iter().any(|request| copies(request.what)),
            Fault::Doubled => b"123t".contains(&tag),
            _ => false,
        };
        assert!(!visible || outcome.ended, "seed {seed}: {fault:?} of {} goes unseen", char::from(tag));
    }
    // The faults happen where they are seen, too.
    assert!(befallen > CASES / 4 && violated > 500, "{befallen} befallen, {violated} violated");
}
