//! COPY, as the statement that carries a prologue and right behind one.

use std::pin::Pin;
use std::rc::Rc;

use bytes::Bytes;
use futures_util::SinkExt;
use tokio_postgres::CopyInSink;

use super::driver::{BEGIN, BEGUN, Driver, context};
use super::play::Script;

pub(super) const BEGUN_ANSWER: &str = "3 1 2 C:BEGIN 3 1 2 D:acme C:SELECT_1";
pub(super) const DATA: [&str; 3] = ["CopyData line", "CopyDone", "Sync"];
pub(super) const COPY: [&str; 3] = ["Bind - s0 [] () [1]", "Execute - 0", "Sync"];
/// What the driver sends for `query_typed("q")`, and an answer to it.
pub(super) const TYPED: [&str; 5] =
    ["Parse - q []", "Bind - - [] () [1]", "Describe S -", "Execute - 0", "Sync"];
pub(super) const TYPED_ANSWER: &str = "1 2 t T:x D:7 C:SELECT_1 ZT";

/// A COPY is prepared, and nothing is under way.
pub(super) fn prepared() -> Script {
    Script::default().prepares("s0", "copy", "t n")
}

/// Sends a line, ends the data and tells what came of it.
pub(super) async fn copy_line(sink: Result<Pin<Box<CopyInSink<Bytes>>>, String>) -> String {
    let mut sink = match sink {
        Ok(sink) => sink,
        Err(error) => return error,
    };
    let sent = sink.send(Bytes::from_static(b"line")).await;
    let finished = sink.as_mut().finish().await;
    match sent.and(finished) {
        Ok(count) => format!("copied {count}"),
        Err(error) => super::driver::failed(&error),
    }
}

/// Copies a line with BEGIN and context ahead of it, and runs a statement behind it.
pub(super) async fn copy_and_go_on(driver: Rc<Driver>) -> Vec<String> {
    let statement = driver.prepare("copy").await;
    let sent = driver.carry(&[BEGIN, context(&["acme"])], driver.copy_in(&statement)).await;
    let copied = copy_line(sent.answer().await).await;
    vec![copied, driver.typed("q").await]
}

#[test]
fn a_copy_carries_a_prologue() {
    // The server may be at Execute before the Sync behind it is there.
    for execute in [2, 3] {
        let script = prepared()
            .takes(BEGUN)
            .takes(&COPY[..execute])
            .sends(BEGUN_ANSWER)
            .sends("2 G")
            .takes(&COPY[execute..])
            .takes(["CopyData line", "CopyDone", "Sync"])
            .sends("C:COPY_1 ZT")
            .takes(TYPED)
            .sends(TYPED_ANSWER);
        script.expect(&["copied 1", "rows 7"], copy_and_go_on);
    }
}

#[test]
fn a_copy_whose_prologue_fails_copies_nothing() {
    for answer in ["E:25001 Z", "3 1 2 C:BEGIN 3 1 2 E:22023 ZE", "3 1 2 C:BEGIN 3 1 2 D:acme E:57014 ZE"] {
        let script = prepared()
            .takes(BEGUN)
            .takes(COPY)
            .sends(answer)
            .takes(["CopyFail", "Sync"])
            .sends("ZE")
            .takes(TYPED)
            .sends("E:25P02 ZE");
        let error = format!("error {}", answer.split_once("E:").unwrap().1.split_once(' ').unwrap().0);
        script.expect(&[&error, "error 25P02"], copy_and_go_on);
    }
}

#[test]
fn a_copy_follows_a_statement_that_carries_a_prologue() {
    let script = prepared()
        .takes(BEGUN)
        .takes(TYPED)
        .takes(COPY)
        .sends(BEGUN_ANSWER)
        .sends(TYPED_ANSWER)
        .sends("2 G")
        .takes(["CopyDone", "Sync"])
        .sends("C:COPY_0 ZT")
        .takes(["Query COMMIT"])
        .sends("C:COMMIT Z");
    script.expect(&["rows 7", "copied 0", "done"], async |driver| {
        let statement = driver.prepare("copy").await;
        let first = driver.carry(&[BEGIN, context(&["acme"])], driver.typed("q")).await;
        let copying = driver.send(driver.copy_in(&statement)).await;
        let first = first.answer().await;
        let finished = copying.answer().await.unwrap().as_mut().finish().await.unwrap();
        vec![first, format!("copied {finished}"), driver.simple("COMMIT").await]
    });
}

#[test]
fn a_copy_out_carries_a_prologue() {
    let cases = [
        ("2 H d:ab d:cd c C:COPY_2 ZT", "copied abcd"),
        ("2 H d:ab E:57014 ZE", "error 57014"),
        ("2 E:42501 ZE", "error 42501"),
        ("2 C:COPY_0 ZT", "unexpected message from server"),
    ];
    for (answer, told) in cases {
        let script = prepared()
            .takes(BEGUN)
            .takes(COPY)
            .sends(BEGUN_ANSWER)
            .sends(answer)
            .takes(TYPED)
            .sends(TYPED_ANSWER);
        script.expect(&[told, "rows 7"], async |driver| {
            let statement = driver.prepare("copy").await;
            let sent = driver.carry(&[BEGIN, context(&["acme"])], driver.copy_out(&statement)).await;
            vec![sent.answer().await, driver.typed("q").await]
        });
    }
}

/// Only `copy_in` sends the data that the server waits for then. PostgreSQL ends the connection
/// when another request comes in their place.
#[test]
fn a_copy_that_is_run_as_something_else_hangs_nobody() {
    let script = prepared()
        .takes(BEGUN)
        .takes(COPY)
        .sends(BEGUN_ANSWER)
        .sends("2 G")
        .takes(TYPED)
        .sends("E:08P01 F:08P01")
        .ends(super::line::End::Eof);
    let played = script.expect_alike(async |driver| {
        let statement = driver.prepare("copy").await;
        let copy = driver.client.query(&statement, &[]);
        let sent = driver.carry(&[BEGIN, context(&["acme"])], copy).await;
        vec![super::driver::told(sent.answer().await), driver.typed("q").await]
    });
    assert_eq!(played.answers, ["unexpected message from server", "closed"]);
    assert!(played.ended.is_some());

    let script = Script::default().takes(["Query copy"]).sends("G").takes(["Query next"]);
    let script = script.sends("E:08P01 F:08P01").ends(super::line::End::Eof);
    let played =
        script.expect_alike(async |driver| vec![driver.simple("copy").await, driver.simple("next").await]);
    assert_eq!(played.answers, ["unexpected message from server", "closed"]);
}
