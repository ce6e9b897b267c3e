//! What a server says unasked, at every place where it may say it.

use std::rc::Rc;

use super::driver::{BEGIN, BEGUN, Driver, context};
use super::line::End;
use super::play::Script;
use super::prologue::{BOUND, prepared};

/// What a server says to a statement with its prologue, and what the statement's caller is told.
const ANSWERS: [(&str, &str); 4] = [
    ("3 1 2 C:BEGIN 3 1 2 D:acme C:SELECT_1 2 D:7 D:8 C:SELECT_2 ZT", "rows 7,8"),
    ("3 1 2 C:BEGIN 3 1 2 D:acme C:SELECT_1 2 D:7 E:22012 ZE", "error 22012"),
    ("3 1 2 C:BEGIN 3 1 2 E:22023 ZE", "error 22023"),
    ("3 1 2 C:BEGIN 3 1 2 D:acme C:SELECT_1 2 D:7 D:8 C:SELECT_2 E:23503 Z", "error 23503"),
];

/// The script with more words at this place of the answer.
fn script(answer: &str, more: &str, at: usize) -> Script {
    let mut words: Vec<&str> = answer.split(' ').collect();
    words.insert(at, more);
    prepared().takes(BEGUN).takes(BOUND).sends(&words.join(" "))
}

async fn one(driver: Rc<Driver>) -> Vec<String> {
    let statement = driver.prepare("q $1").await;
    let sent = driver.carry(&[BEGIN, context(&["acme"])], driver.run_with(&statement, "x")).await;
    vec![sent.answer().await]
}

async fn two(driver: Rc<Driver>) -> Vec<String> {
    let statement = driver.prepare("q $1").await;
    let sent = driver.carry(&[BEGIN, context(&["acme"])], driver.run_with(&statement, "x")).await;
    let first = sent.answer().await;
    driver.rest().await;
    vec![first, driver.typed("q").await]
}

#[test]
fn what_is_said_unasked_reaches_the_driver_once_and_changes_no_answer() {
    for (answer, told) in ANSWERS {
        for at in 0..=answer.split(' ').count() {
            let played = script(answer, "N:notice S:p=v A:payload N:again", at).expect_alike(one);
            assert_eq!(played.answers, [told], "{answer}, at {at}");
            assert_eq!(played.unasked, ["notice", "payload", "again"], "{answer}, at {at}");
            assert_eq!(played.parameter.as_deref(), Some("v"));
            assert_eq!((played.ended, played.violation), (None, None));
        }
    }
}

#[test]
fn a_farewell_at_any_place_is_told_to_whoever_waits() {
    for (answer, told) in ANSWERS {
        let words: Vec<&str> = answer.split(' ').collect();
        for at in 0..=words.len() {
            // It is followed by nothing, or the connection would end with the answer.
            let cut = prepared().takes(BEGUN).takes(BOUND).sends(&words[..at].join(" ")).sends("F:57P01");
            let played = cut.ends(End::Eof).expect_alike(two);
            let erred = words[..at].iter().any(|word| word.starts_with("E:"));
            let first = if at == words.len() || erred { told } else { "error 57P01" };
            assert_eq!(played.answers, [first, "closed"], "{answer}, at {at}");
            assert!(matches!(played.ended, Some(Err(_))), "{:?}", played.ended);
            assert_eq!(played.violation, None);
        }
    }
}

/// Nothing follows a farewell for which it would have to wait, even where the line stays open.
#[test]
fn a_farewell_is_told_at_once() {
    for (answer, told) in ANSWERS {
        let words: Vec<&str> = answer.split(' ').collect();
        for at in 0..words.len() {
            let cut = prepared().takes(BEGUN).takes(BOUND).sends(&words[..at].join(" ")).sends("F:57P01");
            let played = cut.expect_alike(one);
            let erred = words[..at].iter().any(|word| word.starts_with("E:"));
            assert_eq!(played.answers, [if erred { told } else { "error 57P01" }], "{answer}, at {at}");
        }
    }
}
