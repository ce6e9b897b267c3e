//! A statement with its prologue is one request with one answer, however the two end.

use std::rc::Rc;

use super::super::ledger::Part;
use super::super::ledger::Stage;
use super::driver::{BEGIN, Driver, context};
use super::play::Script;

const CONTEXT_ANEW: [&str; 4] =
    ["Close S context", "Parse context context $1 [25]", "Bind - context [] (acme) []", "Execute - 0"];
const CONTEXT: [&str; 2] = ["Bind - context [] (acme) []", "Execute - 0"];
const BEGIN_ANEW: [&str; 4] =
    ["Close S begin", "Parse begin BEGIN []", "Bind - begin [] () []", "Execute - 0"];
const BEGIN_AGAIN: [&str; 2] = ["Bind - begin [] () []", "Execute - 0"];

/// What the driver sends for `query_typed("q")`.
pub(super) const TYPED: [&str; 5] =
    ["Parse - q []", "Bind - - [] () [1]", "Describe S -", "Execute - 0", "Sync"];
/// What the driver sends for the prepared statement with one parameter.
pub(super) const BOUND: [&str; 3] = ["Bind - s0 [1] (x) [1]", "Execute - 0", "Sync"];

/// A statement of one parameter, a context that the server knows, and nothing under way.
pub(super) fn prepared() -> Script {
    Script::default().prepares("s0", "q $1", "t:25 T:x")
}

#[test]
fn a_statement_and_its_prologue_are_one_request() {
    let script = prepared()
        .takes(BEGIN_ANEW)
        .takes(CONTEXT_ANEW)
        .takes(BOUND)
        .sends("3 1 2 C:BEGIN 3 1 2 D:acme C:SELECT_1 2 D:7 D:8 C:SELECT_2 ZT");
    script.expect(&["rows 7,8", "None"], async |driver| {
        let statement = driver.prepare("q $1").await;
        let sent = driver.carry(&[BEGIN, context(&["acme"])], driver.run_with(&statement, "x")).await;
        vec![sent.answer().await, format!("{:?}", driver.link.failed())]
    });
}

#[test]
fn the_server_parses_a_prologue_once() {
    let script = Script::default()
        .takes(CONTEXT_ANEW)
        .takes(TYPED)
        .sends("3 1 2 D:acme C:SELECT_1 1 2 t T:x D:1 C:SELECT_1 Z")
        .takes(CONTEXT)
        .takes(TYPED)
        .sends("2 D:acme C:SELECT_1 1 2 t T:x D:2 C:SELECT_1 Z");
    script.expect(&["rows 1", "rows 2"], async |driver| {
        let mut answers = Vec::new();
        for _ in 0..2 {
            let sent = driver.carry(&[context(&["acme"])], driver.typed("q")).await;
            answers.push(sent.answer().await);
        }
        answers
    });
}

/// Where a prologue fails, and the error that the statement gets for it.
#[test]
fn an_error_of_the_prologue_is_the_error_of_its_statement() {
    let cases = [
        // The context is rejected; it is not allowed; there is no memory for it; it took too long.
        ("3 1 2 C:BEGIN 3 1 2 E:22023 Z", "error 22023", Part::Context),
        ("3 1 2 C:BEGIN 3 1 E:42501 Z", "error 42501", Part::Context),
        ("3 1 2 C:BEGIN 3 E:53200 Z", "error 53200", Part::Context),
        ("3 1 2 C:BEGIN 3 1 2 D:acme E:57014 Z", "error 57014", Part::Context),
        ("3 1 2 C:BEGIN E:25006 Z", "error 25006", Part::Context),
        ("3 1 2 E:25001 Z", "error 25001", Part::Begin),
        ("3 1 E:53200 Z", "error 53200", Part::Begin),
        ("3 E:26000 Z", "error 26000", Part::Begin),
        ("E:57014 Z", "error 57014", Part::Begin),
    ];
    for (answer, error, part) in cases {
        // What was known of the statements is not known any more, and all is parsed anew.
        let script = prepared()
            .takes(BEGIN_ANEW)
            .takes(CONTEXT_ANEW)
            .takes(BOUND)
            .sends(answer)
            .takes(BEGIN_ANEW)
            .takes(CONTEXT_ANEW)
            .takes(BOUND)
            .sends("3 1 2 C:BEGIN 3 1 2 D:acme C:SELECT_1 2 D:7 C:SELECT_1 ZT");
        let failed = format!("{:?}", Some(Stage::Prologue(part)));
        script.expect(&[error, &failed, "rows 7", "None"], answers_of_two);
    }
}

#[test]
fn an_error_of_the_statement_leaves_the_prologue_known() {
    for answer in ["2 E:22012 Z", "2 D:7 E:22012 Z", "E:08P01 Z"] {
        let script = prepared()
            .takes(BEGIN_ANEW)
            .takes(CONTEXT_ANEW)
            .takes(BOUND)
            .sends("3 1 2 C:BEGIN 3 1 2 D:acme C:SELECT_1")
            .sends(answer)
            .takes(BEGIN_AGAIN)
            .takes(CONTEXT)
            .takes(BOUND)
            .sends("2 C:BEGIN 2 D:acme C:SELECT_1 2 D:7 C:SELECT_1 ZT");
        let error = format!("error {}", if answer.starts_with('E') { "08P01" } else { "22012" });
        let stage = if answer.starts_with('E') { "Some(Bind)" } else { "Some(Statement)" };
        script.expect(&[&error, stage, "rows 7", "None"], answers_of_two);
    }
}

/// A deferred constraint is checked after the statement has said that it is complete.
#[test]
fn a_commit_that_fails_at_the_sync_is_the_error_of_its_statement() {
    let script = prepared()
        .takes(BEGIN_ANEW)
        .takes(CONTEXT_ANEW)
        .takes(BOUND)
        .sends("3 1 2 C:BEGIN 3 1 2 D:acme C:SELECT_1 2 C:INSERT_0_1 E:23503 Z")
        .takes(BEGIN_AGAIN)
        .takes(CONTEXT)
        .takes(BOUND)
        .sends("2 C:BEGIN 2 D:acme C:SELECT_1 2 D:7 C:SELECT_1 ZT");
    script.expect(&["error 23503", "Some(Commit)", "rows 7", "None"], answers_of_two);
}

async fn answers_of_two(driver: Rc<Driver>) -> Vec<String> {
    let statement = driver.prepare("q $1").await;
    let mut answers = Vec::new();
    for _ in 0..2 {
        let sent = driver.carry(&[BEGIN, context(&["acme"])], driver.run_with(&statement, "x")).await;
        answers.push(sent.answer().await);
        answers.push(format!("{:?}", driver.link.failed()));
    }
    answers
}

/// Whoever hears of a failure finds the transaction ended.
#[test]
fn an_error_is_told_only_when_the_server_is_ready_again() {
    let script = Script::default()
        .takes(CONTEXT_ANEW)
        .takes(TYPED)
        .sends("3 1 2 E:22023 N:while_it_cleans_up")
        .takes(["Query while the error is held"])
        .sends("Z C:DONE Z");
    script.expect(&["waits", "done", "error 22023"], async |driver| {
        let mut failing = driver.carry(&[context(&["acme"])], driver.typed("q")).await;
        driver.rest().await;
        let early = if failing.is_answered().await { "is told" } else { "waits" };
        let other = driver.send(driver.simple("while the error is held")).await;
        vec![early.to_owned(), other.answer().await, failing.answer().await]
    });
}

#[test]
fn the_answers_of_two_prologues_in_flight_stay_apart() {
    let cases = [
        (
            "2 C:SELECT_1 1 2 t T:x D:1 C:SELECT_1 Z",
            "2 C:SELECT_1 1 2 t T:x D:2 C:SELECT_1 Z",
            ["rows 1", "rows 2"],
        ),
        ("2 E:22023 Z", "2 C:SELECT_1 1 2 t T:x D:2 C:SELECT_1 Z", ["error 22023", "rows 2"]),
        ("2 C:SELECT_1 1 2 t T:x D:1 C:SELECT_1 Z", "E:42501 Z", ["rows 1", "error 42501"]),
        ("2 C:SELECT_1 1 2 t T:x D:1 E:22012 Z", "2 C:SELECT_1 E:42601 Z", ["error 22012", "error 42601"]),
    ];
    for (first, second, answers) in cases {
        let script = Script::default()
            .takes(CONTEXT_ANEW)
            .takes(TYPED)
            .takes(CONTEXT_ANEW)
            .takes(TYPED)
            .sends("3 1")
            .sends(first)
            .sends("3 1")
            .sends(second);
        script.expect(&answers, async |driver| {
            let first = driver.carry(&[context(&["acme"])], driver.typed("q")).await;
            driver.rest().await;
            let second = driver.carry(&[context(&["acme"])], driver.typed("q")).await;
            vec![first.answer().await, second.answer().await]
        });
    }
}

/// The driver closes statements whenever their last holder lets go of them.
#[test]
fn a_close_ahead_of_the_statement_carries_nothing() {
    let script = prepared()
        .takes(["Close S s0", "Sync"])
        .takes(CONTEXT_ANEW)
        .takes(TYPED)
        .sends("3 Z 3 1 2 D:acme C:SELECT_1 1 2 t T:x D:7 C:SELECT_1 Z");
    script.expect(&["rows 7"], async |driver| {
        drop(driver.client.prepare("q $1").await.unwrap());
        let sent = driver.carry(&[context(&["acme"])], driver.typed("q")).await;
        vec![sent.answer().await]
    });
}

#[test]
fn a_prologue_travels_with_one_request_and_not_with_those_behind_it() {
    let script = prepared()
        .takes(BEGIN_ANEW)
        .takes(CONTEXT_ANEW)
        .takes(BOUND)
        .takes(TYPED)
        .takes(["Query COMMIT"])
        .sends("3 1 2 C:BEGIN 3 1 2 D:acme C:SELECT_1 2 D:7 C:SELECT_1 ZT")
        .sends("1 2 t T:x D:8 C:SELECT_1 ZT C:COMMIT Z");
    script.expect(&["rows 7", "rows 8", "done"], async |driver| {
        let statement = driver.prepare("q $1").await;
        let first = driver.carry(&[BEGIN, context(&["acme"])], driver.run_with(&statement, "x")).await;
        let second = driver.send(driver.typed("q")).await;
        let third = driver.send(driver.simple("COMMIT")).await;
        vec![first.answer().await, second.answer().await, third.answer().await]
    });
}

#[test]
fn a_statement_that_the_driver_refuses_sends_nothing() {
    let script =
        prepared().takes(CONTEXT_ANEW).takes(BOUND).sends("3 1 2 D:acme C:SELECT_1 2 D:7 C:SELECT_1 Z");
    script.expect(&["error serializing parameter 0", "rows 7"], async |driver| {
        let statement = driver.prepare("q $1").await;
        let prologue = [context(&["acme"])];
        let refused = driver.client.query(&statement, &[&1_i32]);
        let refused = super::driver::told(driver.carry(&prologue, refused).await.answer().await);
        let sent = driver.carry(&prologue, driver.run_with(&statement, "x")).await;
        vec![refused, sent.answer().await]
    });
}
