//! Connections that end, after every single byte.

use std::rc::Rc;

use super::driver::{BEGIN, BEGUN, Driver, context};
use super::frames::words;
use super::line::End;
use super::play::{Cut, Script};
use super::prologue::{BOUND, prepared};

/// A statement that carries its prologue, one behind it and a COMMIT, all in flight at once.
async fn three(driver: Rc<Driver>) -> Vec<String> {
    let statement = driver.prepare("q $1").await;
    let first = driver.carry(&[BEGIN, context(&["acme"])], driver.run_with(&statement, "x")).await;
    let second = driver.send(driver.run_with(&statement, "y")).await;
    let third = driver.send(driver.simple("COMMIT")).await;
    let answers = [first.answer().await, second.answer().await, third.answer().await];
    driver.rest().await;
    let late = driver.typed("q").await;
    answers.into_iter().chain([late]).collect()
}

fn script(answers: [&str; 3]) -> Script {
    prepared()
        .takes(BEGUN)
        .takes(BOUND)
        .takes(["Bind - s0 [1] (y) [1]", "Execute - 0", "Sync", "Query COMMIT"])
        .sends(&answers.join(" "))
}

/// The byte at which the error in an answer has come, if there is one.
fn end_of_error(start: usize, answers: &[&str; 3], answer: usize) -> usize {
    let Some((before, after)) = answers[answer].split_once("E:") else { return usize::MAX };
    let error = format!("{before}E:{}", &after[..5]);
    start + words(&answers[..answer].join(" ")).len() + words(&error).len()
}

/// Each answer that came whole is told, each other one is an error, and nobody waits for more.
#[test]
fn a_connection_that_ends_after_any_byte_leaves_nobody_waiting() {
    let cases = [
        (
            [
                "3 1 2 C:BEGIN 3 1 2 D:acme C:SELECT_1 2 D:7 C:SELECT_1 ZT",
                "2 D:8 C:SELECT_1 ZT",
                "C:COMMIT Z",
            ],
            ["rows 7", "rows 8", "done"],
        ),
        (
            ["3 1 2 C:BEGIN 3 1 2 E:22023 N:so_it_is ZE", "E:25P02 ZE", "C:ROLLBACK Z"],
            ["error 22023", "error 25P02", "done"],
        ),
        (
            ["3 1 2 C:BEGIN 3 1 2 D:acme C:SELECT_1 2 D:7 C:SELECT_1 ZT", "2 D:8 E:22012 ZE", "E:XX000 Z"],
            ["rows 7", "error 22012", "error XX000"],
        ),
    ];
    for (answers, told) in cases {
        let whole = script(answers);
        let start = prepared().bytes();
        let ends: Vec<usize> =
            (1..=3).map(|count| start + words(&answers[..count].join(" ")).len()).collect();
        assert_eq!(ends[2], whole.bytes());
        let errors: Vec<usize> = (0..3).map(|n| end_of_error(start, &answers, n)).collect();
        for end in [End::Eof, End::Reset] {
            for bytes in start..=whole.bytes() {
                for cut in [Cut::Nowhere, Cut::Everywhere, Cut::Random(bytes as u64)] {
                    let played = whole.up_to(bytes).ends(end).play(cut, 1 << 20, &three);
                    for (n, answer) in played.answers[..3].iter().enumerate() {
                        // An error that came ahead of the end is better than none. A reset may
                        // take it along.
                        let erred = bytes >= errors[n];
                        let partial = erred && (end == End::Eof || *answer == told[n]);
                        let expected = if bytes >= ends[n] || partial { told[n] } else { "closed" };
                        assert_eq!(answer, expected, "{end:?} after {bytes} bytes, {cut:?}");
                    }
                    assert_eq!(played.answers[3], "closed");
                    assert!(matches!(played.ended, Some(Err(_))));
                }
            }
        }
    }
}

/// A server that leaves while the client is still writing.
#[test]
fn a_connection_that_ends_while_the_client_writes_leaves_nobody_waiting() {
    for end in [End::Eof, End::Reset] {
        let all = [&BEGUN[..], &BOUND[..]].concat();
        for taken in 0..all.len() {
            let script = prepared().takes(&all[..taken]).ends(end);
            for room in [1, 5, 64] {
                let played = script.play(Cut::Nowhere, room, &three);
                assert_eq!(played.answers, ["closed"; 4]);
            }
        }
    }
}
