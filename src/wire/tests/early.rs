//! Servers that answer before they have the whole request, which a long one gives them time for.

use std::rc::Rc;

use super::copy::{COPY, DATA, TYPED, TYPED_ANSWER, prepared as copy_prepared};
use super::driver::{BEGIN, BEGUN, Driver, context};
use super::play::{Cut, Script};
use super::prologue::{BOUND, prepared};

/// More than is copied behind a prologue at a time.
const LONG: usize = 20_000;

#[test]
fn an_error_may_come_before_the_rest_of_the_request_is_sent() {
    for sent in 1..BOUND.len() {
        let script = prepared()
            .takes(&BOUND[..sent])
            .sends("E:26000 N:early")
            .takes(&BOUND[sent..])
            .sends("Z")
            .takes(TYPED)
            .sends(TYPED_ANSWER);
        script.expect(&["error 26000", "rows 7"], async |driver| {
            let statement = driver.prepare("q $1").await;
            vec![driver.run_with(&statement, "x").await, driver.typed("q").await]
        });
    }
}

#[test]
fn a_prologue_may_fail_before_its_statement_is_sent() {
    let long = "x".repeat(LONG);
    let bind = format!("Bind - s0 [1] ({long}) [1]");
    for failing in ["E:25001", "3 1 2 C:BEGIN 3 1 2 E:22023"] {
        let script = prepared()
            .takes(BEGUN)
            .sends(failing)
            .takes([&*bind, "Execute - 0", "Sync"])
            .sends("ZE")
            .takes(TYPED)
            .sends(TYPED_ANSWER);
        let error = format!("error {}", failing.rsplit_once(':').unwrap().1);
        let client = async |driver: Rc<Driver>| {
            let statement = driver.prepare("q $1").await;
            let sent = driver.carry(&[BEGIN, context(&["acme"])], driver.run_with(&statement, &long)).await;
            vec![sent.answer().await, driver.typed("q").await]
        };
        for (cut, room) in [(Cut::Nowhere, 100), (Cut::Everywhere, 100), (Cut::Random(1), 9999)] {
            let played = script.play(cut, room, &client);
            assert_eq!(played.answers, [&*error, "rows 7"]);
            assert_eq!((played.ended, played.violation), (None, None));
        }
    }
}

#[test]
fn a_copy_may_begin_or_fail_before_the_sync_behind_it_is_sent() {
    let begins = |script: Script| script.sends("2 G").takes(["Sync"]).takes(DATA).sends("C:COPY_1 ZT");
    let refused = |script: Script| {
        script.sends("2 E:42501").takes(["Sync"]).sends("ZE").takes(["CopyFail", "Sync"]).sends("ZE")
    };
    let fails =
        |script: Script| script.sends("2 G E:42501").takes(["Sync"]).sends("ZE").takes(DATA).sends("ZE");
    let fails_as_it_reads =
        |script: Script| script.sends("2 G").takes(["Sync"]).sends("E:42501").takes(DATA).sends("ZE");
    let cases: [(&dyn Fn(Script) -> Script, &str); 4] = [
        (&begins, "copied 1"),
        (&refused, "error 42501"),
        (&fails, "error 42501"),
        (&fails_as_it_reads, "error 42501"),
    ];
    for (case, told) in cases {
        let script = case(copy_prepared().takes(&COPY[..2])).takes(TYPED).sends(TYPED_ANSWER);
        script.expect(&[told, "rows 7"], async |driver| {
            let statement = driver.prepare("copy").await;
            let copied = super::copy::copy_line(driver.copy_in(&statement).await).await;
            vec![copied, driver.typed("q").await]
        });
    }
}
