//! What the link keeps of a connection's end: the server's last words, and whether anything was
//! written that may have been run.

use std::rc::Rc;

use super::super::statements::StatementMode;
use super::driver::{BEGIN, BEGUN, Driver, context};
use super::frames::frame;
use super::line::End;
use super::memory::Stream;
use super::prologue::{BOUND, prepared};

fn last_words(driver: &Driver) -> String {
    driver.link.farewell().map(ToString::to_string).unwrap_or_default()
}

/// Nobody asks for anything as the server leaves, and in whichever pieces its words arrive.
#[test]
fn last_words_that_nobody_waits_for_are_kept() {
    for (words, told) in [("F:57P01", "FATAL: no"), ("E:08P01", "ERROR: no"), ("N:notice", "")] {
        let script = prepared().takes(BEGUN).takes(BOUND);
        let script = script.sends("3 1 2 C:BEGIN 3 1 2 D:acme C:SELECT_1 2 D:7 C:SELECT_1 ZT").sends(words);
        let played = script.ends(End::Eof).expect_alike(async |driver: Rc<Driver>| {
            let statement = driver.prepare("q $1").await;
            let sent = driver.carry(&[BEGIN, context(&["acme"])], driver.run_with(&statement, "x")).await;
            let first = sent.answer().await;
            driver.rest().await;
            driver.link.forget_written();
            let late = driver.typed("q").await;
            vec![first, late, last_words(&driver), driver.link.was_written().to_string()]
        });
        assert_eq!(played.answers, ["rows 7", "closed", told, "false"], "{words}");
    }
}

/// Those that answer a request are kept as well, and an error behind which the connection stays is none.
#[test]
fn last_words_that_answer_a_request_are_kept() {
    for (answer, told, last) in [
        ("F:57P01", "error 57P01", "FATAL: no"),
        ("E:57P01 Z", "error 57P01", ""),
        ("E:57P01 F:57P02", "error 57P01", "FATAL: no"),
    ] {
        let script = prepared().takes(["Query q"]).sends(answer);
        let played = script.ends(End::Eof).expect_alike(async |driver: Rc<Driver>| {
            driver.prepare("q $1").await;
            vec![driver.simple("q").await, last_words(&driver)]
        });
        assert_eq!(played.answers, [told, last], "{answer}");
    }
}

/// A statement is written once its Execute is, or its simple query; not with what leads up to it.
#[test]
fn what_runs_nothing_is_not_taken_for_written() {
    for mode in [StatementMode::Named, StatementMode::Unnamed] {
        let mut stream = Stream::started(mode);
        for (bytes, written) in [
            (frame(b'P', b"s\0q\0\0\0"), false),
            (frame(b'D', b"Ss\0"), false),
            (frame(b'S', b""), false),
            (frame(b'C', b"Ss\0"), false),
            (frame(b'B', b"\0s\0\0\0\0\0\0\0"), false),
            (frame(b'E', b"\0\0\0\0\0"), true),
            (frame(b'S', b""), false),
            (frame(b'Q', b"q\0"), true),
            (frame(b'X', b""), false),
        ] {
            stream.link.forget_written();
            stream.write(&bytes);
            assert_eq!(stream.link.was_written(), written, "{mode:?}: {}", char::from(bytes[0]));
        }
    }
}
