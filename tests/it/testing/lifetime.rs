//! A throwaway server never outlives the process that started it, however that process ends.

use std::path::Path;
use std::process::ExitStatus;

use tenantry::testing::Server;

use super::Outcome;
use super::child::{Process, eventually, is_alive, kill};

const LOCAL: &[(&str, &str)] = &[("TENANTRY_TEST_SERVER", "local")];

/// Lets the child have its server, makes it end, and sees that nothing is left.
fn ends(action: &str, end: impl FnOnce(u32)) -> ExitStatus {
    let mut process = Process::start(action, LOCAL);
    let answer = process.answer();
    let postmaster: u32 = answer.lines().next().unwrap().parse().expect(&answer);
    assert!(postmaster != 0, "{answer}");
    end(process.pid());
    let status = process.wait();
    eventually("the postmaster goes", || !is_alive(postmaster));
    process.expect_nothing_left();
    status
}

#[test]
fn after_a_normal_exit() {
    assert!(ends("exit", |_| {}).success());
}

#[test]
fn after_a_panic() {
    assert!(!ends("panic", |_| {}).success());
}

/// Ctrl-C reaches every process of the terminal's foreground group.
#[test]
fn after_ctrl_c() {
    assert!(!ends("wait", |pid| assert!(kill("-INT", &format!("-{pid}")))).success());
}

#[test]
fn after_kill_9() {
    assert!(!ends("wait", |pid| assert!(kill("-9", &pid.to_string()))).success());
}

/// The process is killed as soon as the server has come as far as a file shows.
fn killed_when(sign: &str) {
    let mut process = Process::start("wait", LOCAL);
    eventually("the server comes so far", || {
        process.server_folder().is_some_and(|folder| folder.join(sign).exists())
    });
    assert!(kill("-9", &process.pid().to_string()));
    process.wait();
    process.expect_nothing_left();
}

#[test]
fn after_kill_9_before_initdb() {
    killed_when("");
}

#[test]
fn after_kill_9_during_initdb() {
    killed_when("data/base");
}

#[test]
fn after_kill_9_while_the_server_starts() {
    killed_when("data/postmaster.opts");
}

#[test]
fn after_the_server_was_killed_first() {
    let mut process = Process::start("wait", LOCAL);
    let answer = process.answer();
    assert!(kill("-9", answer.lines().next().unwrap()));
    assert!(kill("-9", &process.pid().to_string()));
    process.wait();
    process.expect_nothing_left();
}

#[tokio::test]
async fn a_private_server_ends_when_it_is_dropped() -> Outcome {
    let server = Server::builder().start_local().await?;
    let row = server.connect().await?.query_one("select current_setting('data_directory')", &[]).await?;
    let (folder, pid): (String, _) = (row.get(0), server.pid().expect("a local server has a process"));
    assert!(is_alive(pid) && Path::new(&folder).exists());
    drop(server);
    eventually("the postmaster goes", || !is_alive(pid));
    eventually("the folder goes", || !Path::new(&folder).parent().unwrap().exists());
    Ok(())
}
