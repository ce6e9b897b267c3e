//! What is prepared anew behind the driver's back: by this layer, or by a pooler.

use std::rc::Rc;

use super::super::kept;
use super::driver::{Driver, context};
use super::play::Script;

/// A type that the driver does not know.
const MOOD: u32 = 16_385;

const RUN: [&str; 5] = ["Parse - q $1 [25]", "Bind - - [1] (x) [1]", "Describe P -", "Execute - 0", "Sync"];

fn prepared() -> Script {
    Script::unnamed().takes(["Parse - q $1 []", "Describe S -", "Sync"]).sends("1 t:25 T:x Z")
}

/// Runs a statement, and asks for its rows where they are kept.
async fn run(driver: &Driver, types: &[u32]) -> String {
    let statement = driver.prepare("q $1").await;
    let told = driver.run_with(&statement, "x").await;
    if told != format!("error {}", kept::STATE) {
        return told;
    }
    assert_eq!(driver.link.unknown_types(1).as_deref(), Some(types));
    driver.typed(&kept::request(1)).await
}

/// Rows that the driver would decode by other columns do not reach it before it knows better.
#[test]
fn rows_of_other_columns_are_kept_and_read_by_their_own() {
    let rows = "D:7 D:8 C:SELECT_2";
    for described in ["T:y", "T:x=19"] {
        let script = prepared().takes(RUN).sends(&format!("1 2 {described} {rows} Z"));
        script.expect(&["rows 7,8"], async |driver: Rc<Driver>| vec![run(&driver, &[]).await]);
    }
    let script = prepared().takes(RUN).sends(&format!("1 2 T:x {rows} Z"));
    script.expect(&["rows 7,8"], async |driver: Rc<Driver>| {
        let statement = driver.prepare("q $1").await;
        vec![driver.run_with(&statement, "x").await]
    });
}

#[test]
fn a_statement_that_returns_no_rows_any_more_is_kept_too() {
    let script = prepared().takes(RUN).sends("1 2 n C:UPDATE_3 Z");
    script.expect(&["rows "], async |driver: Rc<Driver>| vec![run(&driver, &[]).await]);
}

/// What the server says of its own failure counts, not that the columns were others.
#[test]
fn an_error_behind_other_columns_is_the_error_of_the_statement() {
    for answer in ["1 2 T:y E:23505 Z", "1 2 T:y D:7 E:23505 Z", "1 2 T:y D:7 C:SELECT_1 E:23505 Z"] {
        let script = prepared().takes(RUN).sends(answer);
        script.expect(&["error 23505"], async |driver: Rc<Driver>| {
            let told = run(&driver, &[]).await;
            assert_eq!(driver.link.unknown_types(1), None);
            vec![told]
        });
    }
}

/// The driver would ask for the type behind rows that nobody reads.
#[test]
fn rows_of_a_type_that_the_driver_does_not_know_are_kept() {
    let typed = ["Parse - t []", "Bind - - [] () [1]", "Describe S -", "Execute - 0", "Sync"];
    let script = Script::default().takes(typed).sends(&format!("1 2 t T:x={MOOD} D:7 C:SELECT_1 Z"));
    let kept = format!("error {}", kept::STATE);
    script.expect(&[&kept, "[16385]"], async |driver: Rc<Driver>| {
        let told = driver.typed("t").await;
        vec![told, format!("{:?}", driver.link.unknown_types(1).unwrap())]
    });
}

/// An answer that is kept comes where its request stands among those that are under way.
#[test]
fn an_answer_that_is_kept_comes_in_its_turn() {
    let simple = |sql: &str| format!("Query {sql}");
    let script = prepared()
        .takes(RUN)
        .sends("1 2 T:y D:7 C:SELECT_1 Z")
        .takes([simple("a"), simple("b")])
        .sends("C:A Z C:B Z");
    script.expect(&["done", "rows 7", "done"], async |driver: Rc<Driver>| {
        let statement = driver.prepare("q $1").await;
        driver.run_with(&statement, "x").await;
        let before = driver.send(driver.simple("a")).await;
        let text = kept::request(1);
        let kept = driver.send(driver.typed(&text)).await;
        let behind = driver.send(driver.simple("b")).await;
        vec![before.answer().await, kept.answer().await, behind.answer().await]
    });
}

#[test]
fn what_nobody_has_asked_for_is_dropped_with_the_next_unit_of_work() {
    let script = prepared()
        .takes(RUN)
        .sends("1 2 T:y D:7 C:SELECT_1 Z")
        .takes(["Parse - context $1 [25]", "Bind - - [] (acme) []", "Execute - 0"])
        .takes(RUN)
        .sends("1 2 C:SELECT_0 1 2 T:x D:8 C:SELECT_1 Z");
    script.expect(&["rows 8"], async |driver: Rc<Driver>| {
        let statement = driver.prepare("q $1").await;
        driver.run_with(&statement, "x").await;
        let sent = driver.carry(&[context(&["acme"])], driver.run_with(&statement, "x")).await;
        assert_eq!(driver.link.unknown_types(1), None);
        vec![sent.answer().await]
    });
}

/// A pooler that keeps names keeps the text that was parsed under them, and prepares it anew elsewhere.
#[test]
fn behind_a_pooler_a_named_statement_is_parsed_with_its_types_before_it_runs() {
    let run = ["Bind - s0 [1] (x) [1]", "Describe P -", "Execute - 0", "Sync"];
    let script = Script::default()
        .prepares("s0", "q $1", "t:25 T:x")
        .takes(["Close S s0", "Parse s0 q $1 [25]"])
        .takes(run)
        .sends("3 1 2 T:x D:7 C:SELECT_1 Z")
        .takes(run)
        .sends("2 T:x D:8 C:SELECT_1 Z");
    script.expect(&["rows 7", "rows 8"], async |driver: Rc<Driver>| {
        driver.link.served_by(4711);
        let statement = driver.prepare("q $1").await;
        vec![driver.run_with(&statement, "x").await, driver.run_with(&statement, "x").await]
    });
}

#[test]
fn a_statement_without_parameters_is_parsed_once_behind_a_pooler() {
    let script = Script::default()
        .prepares("s0", "q", "t T:x")
        .takes(["Bind - s0 [] () [1]", "Describe P -", "Execute - 0", "Sync"])
        .sends("2 T:x D:7 C:SELECT_1 Z");
    script.expect(&["rows 7"], async |driver: Rc<Driver>| {
        driver.link.served_by(4711);
        let statement = driver.prepare("q").await;
        vec![super::driver::told(driver.client.query(&statement, &[]).await)]
    });
}
