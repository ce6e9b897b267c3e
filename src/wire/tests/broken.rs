//! Servers and poolers that break the protocol: the connection ends with an error that names what
//! was expected and what came, nobody hangs, and nobody is told what was meant for another.

use std::rc::Rc;

use super::copy::{BEGUN_ANSWER, TYPED, TYPED_ANSWER};
use super::driver::{BEGIN, BEGUN, Driver, context};
use super::play::Script;
use super::prologue::{BOUND, prepared};

/// A statement with its prologue, and one behind it.
async fn two(driver: Rc<Driver>) -> Vec<String> {
    let statement = driver.prepare("q $1").await;
    let first = driver.carry(&[BEGIN, context(&["acme"])], driver.run_with(&statement, "x")).await;
    let second = driver.send(driver.typed("q")).await;
    vec![first.answer().await, second.answer().await]
}

fn breaks(answer: &str, told: [&str; 2], expected: &str, found: &str) {
    let played = prepared().takes(BEGUN).takes(BOUND).takes(TYPED).sends(answer).expect_alike(two);
    assert_eq!(played.answers, told, "{answer}");
    let violation = format!("the server or a pooler broke the protocol: expected {expected}, got {found}");
    assert_eq!(played.violation.as_deref(), Some(&*violation), "{answer}");
    assert_eq!(played.ended, Some(Err(violation)), "{answer}");
}

#[test]
fn an_answer_without_its_end_ends_the_connection() {
    let both = ["closed", "closed"];
    let execute = "rows or CommandComplete";
    // CommandComplete is missing, of BEGIN, of the context and of the statement.
    breaks("3 1 2 3 1 2", both, execute, "CloseComplete");
    breaks("3 1 2 C:BEGIN 3 1 2 D:acme 2 D:7 C:SELECT_1 ZT", both, execute, "BindComplete");
    breaks(&format!("{BEGUN_ANSWER} 2 D:7 ZT"), both, execute, "ReadyForQuery");
    // ReadyForQuery is missing, and what comes belongs to the next request.
    breaks(&format!("{BEGUN_ANSWER} 2 D:7 C:SELECT_1 1"), both, "ReadyForQuery", "ParseComplete");
    breaks("E:22023 1 2", both, "ReadyForQuery", "ParseComplete");
    breaks(
        &format!("{BEGUN_ANSWER} 2 D:7 C:SELECT_1 ZT 1 2 t T:x D:8 C:SELECT_1 1"),
        ["rows 7", "closed"],
        "ReadyForQuery",
        "ParseComplete",
    );
}

#[test]
fn an_answer_that_nobody_asked_for_ends_the_connection() {
    let both = ["closed", "closed"];
    breaks("ZT", both, "CloseComplete", "ReadyForQuery");
    breaks("3 1 2 C:BEGIN ZT", both, "CloseComplete", "ReadyForQuery");
    breaks("3 1 2 C:BEGIN C:BEGIN", both, "CloseComplete", "CommandComplete");
    breaks(&format!("{BEGUN_ANSWER} ZT 2 D:7"), both, "BindComplete", "ReadyForQuery");
    breaks(&format!("{BEGUN_ANSWER} 2 D:7 C:SELECT_1 C:SELECT_1"), both, "ReadyForQuery", "CommandComplete");
    // An extra ReadyForQuery while the other request is in flight, and when none is.
    let first = format!("{BEGUN_ANSWER} 2 D:7 C:SELECT_1 ZT");
    breaks(&format!("{first} ZT"), ["rows 7", "closed"], "ParseComplete", "ReadyForQuery");
    let answered = ["rows 7", "rows 7"];
    let idle = "nothing, as no request is under way";
    breaks(&format!("{first} {TYPED_ANSWER} ZT"), answered, idle, "ReadyForQuery");
    breaks(&format!("{first} {TYPED_ANSWER} D:8"), answered, idle, "DataRow");
}

/// A prologue is one that ran, or one that failed.
#[test]
fn a_prologue_that_is_answered_otherwise_ends_the_connection() {
    for (word, name) in [
        ("I", "EmptyQueryResponse"),
        ("s", "PortalSuspended"),
        ("G", "CopyInResponse"),
        ("H", "CopyOutResponse"),
        ("d:x", "CopyData"),
        ("c", "CopyDone"),
    ] {
        breaks(
            &format!("3 1 2 C:BEGIN 3 1 2 {word} 2 D:7 C:SELECT_1 ZT"),
            ["closed", "closed"],
            "rows or CommandComplete",
            name,
        );
    }
}

#[test]
fn a_message_that_is_none_ends_the_connection() {
    let both = ["closed", "closed"];
    let expected = "rows or CommandComplete";
    // An unknown type, and one of another protocol.
    breaks(&format!("{BEGUN_ANSWER} 2 x:7900000004"), both, expected, "a message of the unknown type 0x79");
    breaks(&format!("{BEGUN_ANSWER} 2 x:5700000007000000"), both, expected, "CopyBothResponse");
    breaks(&format!("{BEGUN_ANSWER} 2 x:520000000800000000"), both, expected, "an authentication request");
    // Lengths that cannot be.
    let length = "a message of 4 bytes to 1 GiB";
    breaks(&format!("{BEGUN_ANSWER} 2 x:4400000003"), both, length, "DataRow that announces 3 bytes");
    breaks(&format!("{BEGUN_ANSWER} 2 x:4400000000"), both, length, "DataRow that announces 0 bytes");
    breaks(
        &format!("{BEGUN_ANSWER} 2 x:44ffffffff"),
        both,
        length,
        "DataRow that announces 4294967295 bytes",
    );
    breaks(&format!("{BEGUN_ANSWER} x:320000000500"), both, "BindComplete", "BindComplete of 5 bytes");
    let ready = "ReadyForQuery of 6 bytes";
    breaks(&format!("{BEGUN_ANSWER} 2 C:SELECT_0 x:5a000000064949"), both, "ReadyForQuery", ready);
    breaks(
        &format!("{BEGUN_ANSWER} 2 C:SELECT_0 x:5a00000004"),
        both,
        "ReadyForQuery",
        "ReadyForQuery of 4 bytes",
    );
}

/// Longer than it announces: what is left over is read as a message, and is none. Shorter: it takes
/// of what follows, and nothing is left to follow it.
#[test]
fn a_message_that_is_not_as_long_as_it_says_ends_the_connection() {
    // A CommandComplete and four bytes more.
    breaks(
        &format!("{BEGUN_ANSWER} 2 x:430000000d53454c45435420300000000000 ZT"),
        ["closed", "closed"],
        "ReadyForQuery",
        "a message of the unknown type 0x00",
    );
}

/// Whatever stands in for CommandComplete, a simple query does not end without it.
#[test]
fn a_simple_query_ends_with_a_command() {
    for answer in ["Z", "T:x D:1 Z", "C:SET T:x D:1 Z"] {
        let script = Script::default().takes(["Query COMMIT"]).sends(answer);
        let played = script.expect_alike(async |driver| vec![driver.simple("COMMIT").await]);
        assert_eq!(played.answers, ["closed"], "{answer}");
        assert!(played.violation.is_some());
    }
    for answer in ["C:SET C:SET Z", "I Z", "T:x D:1 C:SELECT_1 Z"] {
        let script = Script::default().takes(["Query COMMIT"]).sends(answer);
        script.expect(&["done"], async |driver| vec![driver.simple("COMMIT").await]);
    }
}

/// A request that cannot carry the prologue which waits must not run without it.
#[test]
fn nothing_runs_in_place_of_the_statement_that_carries_the_context() {
    let script = Script::default();
    let played = script.expect_alike(async |driver| {
        driver.arm(&[context(&["acme"])]);
        vec![driver.simple("q").await]
    });
    assert_eq!(played.answers, ["closed"]);
    let violation = played.violation.unwrap();
    assert!(violation.ends_with("expected a statement to carry the context, got a request that cannot"));
}
