//! A COPY that does not come to its end. The driver sends a second Sync for it then, and whether the
//! server answers one or both depends on how far it got.

use std::rc::Rc;

use super::copy::{BEGUN_ANSWER, COPY, DATA, TYPED, TYPED_ANSWER, copy_and_go_on, prepared};
use super::driver::{BEGIN, BEGUN, Driver, context};
use super::play::Script;

fn begun() -> Script {
    prepared().takes(BEGUN)
}

#[test]
fn the_second_answer_to_a_refused_copy_reaches_nobody() {
    // The server refuses it before or after the Sync behind it has come.
    for execute in [2, 3] {
        let script = begun()
            .takes(&COPY[..execute])
            .sends(BEGUN_ANSWER)
            .sends("2 E:42501")
            .takes(&COPY[execute..])
            .sends("ZE")
            .takes(["CopyFail", "Sync"])
            .sends("ZE")
            .takes(TYPED)
            .sends(TYPED_ANSWER);
        script.expect(&["error 42501", "rows 7"], copy_and_go_on);
    }
}

#[test]
fn data_that_are_refused_fail_the_copy() {
    let cases: [&dyn Fn(Script) -> Script; 3] = [
        // At once, once the data have ended, and once all of it has come.
        &|script| script.takes(&DATA[..1]).sends("E:22P02").takes(&DATA[1..]).sends("ZE"),
        &|script| script.takes(&DATA[..2]).sends("E:22P02").takes(&DATA[2..]).sends("ZE"),
        &|script| script.takes(DATA).sends("E:22P02 ZE"),
    ];
    for case in cases {
        let script = case(begun().takes(COPY).sends(BEGUN_ANSWER).sends("2 G"));
        script.takes(TYPED).sends(TYPED_ANSWER).expect(&["error 22P02", "rows 7"], copy_and_go_on);
    }
}

/// A trigger that fails ahead of the first row: the server has not passed over the first Sync.
#[test]
fn a_copy_that_fails_before_it_reads_is_answered_twice() {
    let cases: [&dyn Fn(Script) -> Script; 4] = [
        &|script| script.sends("E:P0001 ZE").takes(DATA).sends("ZE"),
        &|script| script.sends("E:P0001").takes(&DATA[..1]).sends("ZE").takes(&DATA[1..]).sends("ZE"),
        &|script| script.takes(&DATA[..2]).sends("E:P0001 ZE").takes(&DATA[2..]).sends("ZE"),
        &|script| script.takes(DATA).sends("E:P0001 ZE ZE"),
    ];
    for case in cases {
        let script = case(begun().takes(COPY).sends(BEGUN_ANSWER).sends("2 G"));
        script.takes(TYPED).sends(TYPED_ANSWER).expect(&["error P0001", "rows 7"], copy_and_go_on);
    }
}

/// What is asked right behind a copy that failed, of which nobody knows how often it is answered.
#[test]
fn whoever_asks_behind_a_failed_copy_gets_an_answer_of_ones_own() {
    for ready in ["ZE", "ZE ZE"] {
        for failing in ["E:55000 ZE", "C:ROLLBACK Z"] {
            let script = begun().takes(COPY).sends(BEGUN_ANSWER).sends("2 G").takes(["CopyFail", "Sync"]);
            let script = script
                .takes(["Sync", "Query next", "Sync"])
                .sends("E:57014")
                .sends(ready)
                .sends("ZE")
                .sends(failing)
                .sends("Z");
            script.expect(
                &["ready", if failing.starts_with('E') { "error 55000" } else { "done" }, "ready"],
                async |driver| {
                    let statement = driver.prepare("copy").await;
                    let sent = driver.carry(&[BEGIN, context(&["acme"])], driver.copy_in(&statement)).await;
                    drop(sent.answer().await.unwrap());
                    let checked = driver.send(check(&driver)).await;
                    let next = driver.send(driver.simple("next")).await;
                    let again = driver.send(check(&driver)).await;
                    vec![checked.answer().await, next.answer().await, again.answer().await]
                },
            );
        }
    }
}

async fn check(driver: &Driver) -> String {
    driver.client.check_connection().await.map_or_else(|error| error.to_string(), |()| "ready".to_owned())
}

#[test]
fn a_copy_that_is_abandoned_disturbs_nobody() {
    let abandon = async |driver: Rc<Driver>| {
        let statement = driver.prepare("copy").await;
        let sent = driver.carry(&[BEGIN, context(&["acme"])], driver.copy_in(&statement)).await;
        drop(sent);
        driver.rest().await;
        vec![driver.typed("q").await]
    };
    // It was accepted, it was refused, its prologue failed.
    for answer in ["2 G E:57014 ZE", "2 E:42501 ZE ZE", "E:53200 ZE ZE"] {
        let answer =
            if answer.starts_with('2') { format!("{BEGUN_ANSWER} {answer}") } else { answer.to_owned() };
        let script =
            begun().takes(COPY).takes(["CopyFail", "Sync"]).sends(&answer).takes(TYPED).sends(TYPED_ANSWER);
        script.expect(&["rows 7"], abandon);
    }
}

#[test]
fn a_copy_that_is_abandoned_once_it_began_disturbs_nobody() {
    let script = begun()
        .takes(COPY)
        .sends(BEGUN_ANSWER)
        .sends("2 G")
        .takes(["CopyFail", "Sync"])
        .sends("E:57014 ZE")
        .takes(TYPED)
        .sends(TYPED_ANSWER);
    script.expect(&["rows 7"], async |driver| {
        let statement = driver.prepare("copy").await;
        let sent = driver.carry(&[BEGIN, context(&["acme"])], driver.copy_in(&statement)).await;
        drop(sent.answer().await.unwrap());
        vec![driver.typed("q").await]
    });
}
