//! Requests under one Sync: each gets its own answer, and none succeeds whose transaction has failed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::super::ledger::Part;
use super::super::statements::StatementMode;
use super::driver::{Driver, Heard, Sent, context};
use super::faults::{Fault, Peer};
use super::line::{End, Line};
use super::model::code;
use super::play::Script;
use super::random::Random;
use super::rest::Tasks;

const CONTEXT_ANEW: [&str; 4] =
    ["Close S context", "Parse context context $1 [25]", "Bind - context [] (acme) []", "Execute - 0"];
const CONTEXT: [&str; 2] = ["Bind - context [] (acme) []", "Execute - 0"];
const WITHOUT_SYNC: [&str; 2] = ["Bind - s0 [1] (x) [1]", "Execute - 0"];
const LAST: [&str; 3] = ["Bind - s0 [1] (x) [1]", "Execute - 0", "Sync"];
const BEGUN: &str = "3 1 2 D:acme C:SELECT_1";

fn three() -> Script {
    Script::default()
        .prepares("s0", "q $1", "t:25 T:x")
        .takes(CONTEXT_ANEW)
        .takes(WITHOUT_SYNC)
        .takes(WITHOUT_SYNC)
        .takes(LAST)
}

/// Three that are one, one by itself behind them, and where the three have failed.
async fn answers(driver: Rc<Driver>) -> Vec<String> {
    let statement = driver.prepare("q $1").await;
    let number = driver.arm(&[context(&["acme"])]);
    driver.link.join(number, 3);
    let mut sent = Vec::new();
    for _ in 0..3 {
        sent.push(driver.send(driver.run_with(&statement, "x")).await);
    }
    let mut answers = Vec::new();
    for sent in sent {
        answers.push(sent.answer().await);
    }
    answers.push(format!("{:?}", driver.link.failed_of(number)));
    answers.push(driver.simple("q").await);
    answers
}

#[test]
fn several_requests_are_one_transaction() {
    let script = three().sends(BEGUN).sends("2 D:7 C:SELECT_1 2 D:8 C:SELECT_1 2 D:9 C:SELECT_1 Z");
    let script = script.takes(["Query q"]).sends("C:Q Z");
    script.expect(&["rows 7", "rows 8", "rows 9", "None", "done"], answers);
}

/// Whoever fails, those behind it fail with it, and those ahead of it have been answered.
#[test]
fn what_follows_one_that_fails_fails_with_it() {
    let along = "error 25P02";
    for (said, told) in [
        ("2 D:7 C:SELECT_1 2 D:8 E:22012 Z", ["rows 7", "error 22012", along, "Some(Statement)"]),
        ("2 D:7 C:SELECT_1 E:42804 Z", ["rows 7", "error 42804", along, "Some(Bind)"]),
        ("2 E:22012 Z", ["error 22012", along, along, "Some(Statement)"]),
        (
            "2 D:7 C:SELECT_1 2 D:8 C:SELECT_1 2 E:22012 Z",
            ["rows 7", "rows 8", "error 22012", "Some(Statement)"],
        ),
        (
            "2 D:7 C:SELECT_1 2 D:8 C:SELECT_1 2 D:9 C:SELECT_1 E:23503 Z",
            ["rows 7", "rows 8", "error 23503", "Some(Commit)"],
        ),
    ] {
        let script = three().sends(BEGUN).sends(said).takes(["Query q"]).sends("C:Q Z");
        let expected: Vec<&str> = told.into_iter().chain(["done"]).collect();
        script.expect(&expected, answers);
    }
    let script = three().sends("3 1 2 E:22023 Z").takes(["Query q"]).sends("C:Q Z");
    let failed = format!("Some(Prologue({:?}))", Part::Context);
    script.expect(&["error 22023", along, along, &failed, "done"], answers);
}

/// The driver closes statements when it likes, and that ends nothing.
#[test]
fn a_statement_that_is_closed_in_between_ends_nothing() {
    let script = Script::default()
        .prepares("s0", "q $1", "t:25 T:x")
        .prepares("s1", "r", "t n")
        .takes(CONTEXT_ANEW)
        .takes(WITHOUT_SYNC)
        .takes(["Close S s1"])
        .takes(LAST)
        .sends(BEGUN)
        .sends("2 D:7 C:SELECT_1 3 2 D:8 C:SELECT_1 Z")
        .takes(CONTEXT)
        .takes(LAST)
        .sends("2 D:acme C:SELECT_1 2 D:9 C:SELECT_1 Z");
    script.expect(&["rows 7", "rows 8", "rows 9"], async |driver: Rc<Driver>| {
        let statement = driver.prepare("q $1").await;
        let other = driver.client.prepare("r").await.unwrap();
        let number = driver.arm(&[context(&["acme"])]);
        driver.link.join(number, 2);
        let first = driver.send(driver.run_with(&statement, "x")).await;
        drop(other);
        let second = driver.send(driver.run_with(&statement, "x")).await;
        let mut answers = vec![first.answer().await, second.answer().await];
        let alone = driver.carry(&[context(&["acme"])], driver.run_with(&statement, "x")).await;
        answers.push(alone.answer().await);
        answers
    });
}

/// An answer that the driver cannot read yet is kept, whichever of them it is to.
#[test]
fn answers_are_kept_one_by_one() {
    let typed = ["Parse - q []", "Bind - - [] () [1]", "Describe S -", "Execute - 0"];
    let script = Script::default()
        .takes(CONTEXT_ANEW)
        .takes(typed)
        .takes(typed)
        .takes(["Sync"])
        .sends(BEGUN)
        .sends("1 2 t T:x=16385 D:7 C:SELECT_1 1 2 t T:x D:8 C:SELECT_1 Z");
    script.expect(&["error TN900", "rows 8", "true"], async |driver: Rc<Driver>| {
        let number = driver.arm(&[context(&["acme"])]);
        driver.link.join(number, 2);
        let first = driver.send(driver.typed("q")).await;
        let second = driver.send(driver.typed("q")).await;
        vec![first.answer().await, second.answer().await, driver.link.keeps(1).to_string()]
    });
}

/// What is no statement could end the transaction in its midst.
#[test]
fn nothing_else_comes_between() {
    let script = Script::default().prepares("s0", "q $1", "t:25 T:x").takes(CONTEXT_ANEW).takes(WITHOUT_SYNC);
    let played = script.expect_alike(async |driver: Rc<Driver>| {
        let statement = driver.prepare("q $1").await;
        let number = driver.arm(&[context(&["acme"])]);
        driver.link.join(number, 2);
        let first = driver.send(driver.run_with(&statement, "x")).await;
        let second = driver.send(driver.simple("COMMIT")).await;
        driver.rest().await;
        vec![first.answer().await, second.answer().await]
    });
    assert!(
        played.answers.iter().all(|answer| answer != "done" && !answer.starts_with("rows")),
        "{played:?}"
    );
    let violation = "expected a statement of the same transaction";
    assert!(played.violation.as_ref().is_some_and(|found| found.contains(violation)), "{played:?}");
}

/// What a request runs, and what it is told.
struct Case {
    mode: StatementMode,
    prologue: bool,
    requests: Vec<Option<&'static str>>,
    told: Vec<String>,
}

impl Case {
    fn new(random: &mut Random, with_deferred: bool) -> Self {
        let verbs = ["echo", "rows", "echo", "rows", "fail", "midway", "missing", "deferred"];
        let mode = if random.once_in(3) { StatementMode::Unnamed } else { StatementMode::Named };
        let prologue = !random.once_in(6);
        let mut requests = Vec::new();
        for _ in 0..2 + random.below(5) {
            let verb = verbs[random.below(if with_deferred { 8 } else { 7 })];
            requests.push((!random.once_in(3)).then_some(verb));
        }
        let mut told = Vec::new();
        let mut failed = None;
        let mut deferred = None;
        for (id, request) in requests.iter().enumerate() {
            let own = format!("error {}", code('X', &id.to_string()));
            let row = format!("{id}@t");
            told.push(match (failed, request) {
                (Some(_), _) => "error 25P02".to_owned(),
                (None, _) if id == 0 && !prologue => format!("error {}", code('P', "bad0")),
                (None, Some("fail" | "midway" | "missing")) => own,
                (None, Some("rows")) => format!("rows {row},{row},{row}"),
                (None, _) => {
                    if *request == Some("deferred") {
                        deferred = Some(own);
                    }
                    format!("rows {row}")
                }
            });
            if told[id].starts_with("error") {
                failed.get_or_insert(id);
            }
        }
        if let (None, Some(error), Some(last)) = (failed, deferred, told.last_mut()) {
            *last = error;
        }
        Self { mode, prologue, requests, told }
    }
}

struct Outcome {
    answers: Vec<String>,
    after: Option<String>,
    violation: Option<String>,
    befallen: Option<u8>,
    behind: Option<u8>,
}

fn run(case: &Case, fault: Fault, random: &mut Random) -> Outcome {
    let (line, end) = Line::new([1 << 20, 1, 1 + random.below(64)][random.below(3)]);
    let (heard, slot) = (Rc::new(Heard::default()), Rc::new(Cell::new(None)));
    let (answers, after) = (RefCell::new(Vec::new()), RefCell::new(None));
    let mut tasks = Tasks::default();
    tasks.add(Driver::run(end, case.mode, heard, Rc::clone(&slot)));
    let mut peer = Peer::new(line, case.mode, fault, random);
    peer.start();
    while tasks.settle() {
        peer.line.take();
    }
    let driver: Rc<Driver> = Rc::new(slot.take().unwrap());
    let (asking, told, last) = (Rc::clone(&driver), &answers, &after);
    tasks.add(async move {
        let Ok(echo) = asking.client.prepare("echo $1").await else { return };
        let tenant = [if case.prologue { "t" } else { "bad0" }];
        let number = asking.arm(&[context(&tenant)]);
        asking.link.join(number, case.requests.len());
        let mut sent: Vec<Sent<'_, String>> = Vec::new();
        for (id, request) in case.requests.iter().enumerate() {
            let (driver, echo) = (&asking, &echo);
            let ask = async move {
                match request {
                    Some(verb) => driver.typed(&format!("{verb} {id}")).await,
                    None => driver.run_with(echo, &id.to_string()).await,
                }
            };
            sent.push(asking.send(ask).await);
        }
        for sent in sent {
            let answer = sent.answer().await;
            told.borrow_mut().push(answer);
        }
        let answer = asking.simple("echo 99").await;
        *last.borrow_mut() = Some(answer);
    });
    while tasks.settle() | peer.work() || driver.rested() {}
    if fault != Fault::None {
        peer.line.end(End::Eof);
        while tasks.settle() | peer.work() || driver.rested() {}
    }
    drop(tasks);
    let violation = driver.link.violation().map(ToString::to_string);
    let (befallen, behind) = (peer.befallen, peer.behind);
    Outcome { answers: answers.into_inner(), after: after.into_inner(), violation, befallen, behind }
}

const CASES: u64 = 3_000;

#[test]
fn each_gets_its_own_answer_and_nobody_hangs() {
    for seed in 0..CASES {
        let random = &mut Random::new(seed ^ 0x701);
        let case = Case::new(random, true);
        let outcome = run(&case, Fault::None, random);
        assert_eq!(outcome.answers, case.told, "seed {seed}: {:?}, {:?}", case.mode, case.requests);
        assert_eq!((outcome.after.as_deref(), outcome.violation), (Some("done"), None), "seed {seed}");
    }
}

#[test]
fn whatever_breaks_each_answer_is_right_or_an_error() {
    let mut befallen = 0;
    for seed in 0..CASES {
        let random = &mut Random::new(seed ^ 0x70f);
        let case = Case::new(random, false);
        let fault = match random.below(5) {
            0 => Fault::Ends([End::Eof, End::Reset][random.below(2)]),
            1 => Fault::Fatal,
            2 => Fault::Dropped,
            3 => Fault::Doubled,
            _ => Fault::Altered(b"123CDEIZnstT"[random.below(12)]),
        };
        let outcome = run(&case, fault, random);
        befallen += u64::from(outcome.befallen.is_some());
        let looks_right = (outcome.befallen, outcome.behind) == (Some(b'Z'), Some(b'E'));
        for (answer, told) in outcome.answers.iter().zip(&case.told) {
            let success = answer.starts_with("rows");
            assert!(answer == told || !success || looks_right, "seed {seed}: {answer} for {told}, {fault:?}");
        }
    }
    assert!(befallen > CASES / 5, "{befallen}");
}
