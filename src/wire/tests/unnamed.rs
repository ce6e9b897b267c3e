//! Statements without names: what the server sees of what the driver prepares.

use std::rc::Rc;

use super::super::statements::Statements;
use super::driver::{Driver, context};
use super::play::{Cut, Script};

const CONTEXT: [&str; 3] = ["Parse - context $1 [25]", "Bind - - [] (acme) []", "Execute - 0"];
const CONTEXT_ANSWER: &str = "1 2 D:acme C:SELECT_1";
const RUN: [&str; 5] = ["Parse - q $1 [25]", "Bind - - [1] (x) [1]", "Describe P -", "Execute - 0", "Sync"];

fn prepared() -> Script {
    Script::unnamed().takes(["Parse - q $1 []", "Describe S -", "Sync"]).sends("1 t:25 T:x Z")
}

async fn run(driver: Rc<Driver>) -> Vec<String> {
    let statement = driver.prepare("q $1").await;
    let first = driver.run_with(&statement, "x").await;
    let sent = driver.carry(&[context(&["acme"])], driver.run_with(&statement, "x")).await;
    let second = sent.answer().await;
    drop(driver.client.prepare("p").await);
    vec![first, second, driver.typed_with("t $1", "y").await]
}

#[test]
fn a_statement_is_parsed_each_time_it_runs() {
    let script = prepared()
        .takes(RUN)
        .sends("1 2 T:x D:7 C:SELECT_1 Z")
        .takes(CONTEXT)
        .takes(RUN)
        .sends(CONTEXT_ANSWER)
        .sends("1 2 T:x D:8 C:SELECT_1 Z")
        .takes(["Parse - p []", "Describe S -", "Sync"])
        .sends("1 t n Z")
        .takes(["Close S -", "Sync"])
        .takes(["Parse - t $1 [25]", "Bind - - [1] (y) [1]", "Describe S -", "Execute - 0", "Sync"])
        .sends("3 Z 1 2 t:25 T:x D:9 C:SELECT_1 Z");
    script.expect(&["rows 7", "rows 8", "rows 9"], run);
}

#[test]
fn an_error_in_the_parse_that_is_added_is_the_error_of_its_statement() {
    for (answer, told) in [("E:42P01 Z", "error 42P01"), ("1 E:08P01 Z", "error 08P01")] {
        let script = prepared()
            .takes(RUN)
            .sends(answer)
            .takes(CONTEXT)
            .takes(RUN)
            .sends(CONTEXT_ANSWER)
            .sends(answer)
            .takes(["Parse - p []", "Describe S -", "Sync"])
            .sends("E:42601 Z")
            .takes(["Parse - t $1 [25]", "Bind - - [1] (y) [1]", "Describe S -", "Execute - 0", "Sync"])
            .sends("1 2 t:25 T:x D:9 C:SELECT_1 Z");
        script.expect(&[told, told, "rows 9"], run);
    }
}

#[test]
fn a_prologue_that_fails_takes_the_statement_along() {
    let script = prepared()
        .takes(CONTEXT)
        .takes(RUN)
        .sends("1 2 E:22023 Z")
        .takes(CONTEXT)
        .takes(RUN)
        .sends(CONTEXT_ANSWER)
        .sends("1 2 T:x D:8 C:SELECT_1 Z");
    script.expect(&["error 22023", "rows 8"], async |driver| {
        let statement = driver.prepare("q $1").await;
        let mut answers = Vec::new();
        for _ in 0..2 {
            let sent = driver.carry(&[context(&["acme"])], driver.run_with(&statement, "x")).await;
            answers.push(sent.answer().await);
        }
        answers
    });
}

/// What is behind the names streams through, however long it is and however it is cut.
#[test]
fn a_long_parameter_arrives_whole() {
    for (length, cuts) in [(3_000, &[1, 3, 1000][..]), (1 << 20, &[4096, 1 << 16, 1 << 22])] {
        let long = "x".repeat(length);
        let bind = format!("Bind - - [1] ({long}) [1]");
        let script = prepared()
            .takes(CONTEXT)
            .takes(["Parse - q $1 [25]", &bind, "Describe P -", "Execute - 0", "Sync"])
            .sends(CONTEXT_ANSWER)
            .sends("1 2 T:x D:7 C:SELECT_1 Z");
        for room in cuts {
            let played = script.play(Cut::Nowhere, *room, &async |driver: Rc<Driver>| {
                let statement = driver.prepare("q $1").await;
                let sent = driver.carry(&[context(&["acme"])], driver.run_with(&statement, &long)).await;
                vec![sent.answer().await]
            });
            assert_eq!(played.answers, ["rows 7"]);
        }
    }
}

#[test]
fn nothing_is_remembered_of_what_is_closed_or_was_never_parsed() {
    let mut statements = Statements::default();
    let mut out = bytes::BytesMut::new();
    for n in 0..1000 {
        let body = format!("s{n}\0select {n}\0\0\0");
        let name = format!("s{n}");
        statements.parse(body.as_bytes(), true, &mut out);
        match n % 3 {
            0 => {
                statements.confirm();
                assert!(statements.parse_again(name.as_bytes(), &mut out));
                statements.close(name.as_bytes());
            }
            1 => statements.forget(1),
            _ => statements.forget_last(),
        }
        // Those without a name are not kept at all.
        statements.parse(b"\0select 1\0\0\0", true, &mut out);
        statements.confirm();
        assert!(!statements.parse_again(name.as_bytes(), &mut out));
        assert_eq!(statements.remembered(), 0);
        out.clear();
    }
}

/// An error that comes while a Parse is still being written keeps the statement from being known.
#[test]
fn a_parse_that_the_server_skips_is_not_remembered() {
    let long = "p ".repeat(15_000);
    let parse = format!("Parse - {long} []");
    let script = Script::unnamed()
        .takes(["Parse - context $1 [25]"])
        .sends("E:53200")
        .takes(["Bind - - [] (acme) []", "Execute - 0"])
        .takes([&*parse, "Bind - - [] () [1]", "Describe S -", "Execute - 0", "Sync"])
        .sends("Z")
        .takes(["Parse - q []", "Describe S -", "Sync"])
        .sends("E:42601 Z");
    let played = script.play(Cut::Nowhere, 100, &async |driver: Rc<Driver>| {
        let sent = driver.carry(&[context(&["acme"])], driver.typed(&long)).await;
        let first = sent.answer().await;
        vec![first, super::driver::failed(&driver.client.prepare("q").await.unwrap_err())]
    });
    assert_eq!(played.answers, ["error 53200", "error 42601"]);
    assert_eq!(played.ended, None);
}
