//! Servers in Docker. This part needs an image, which `TENANTRY_TEST_IMAGE` names: either
//! `tenantry-postgres:local` from tests/docker/build-image.sh or one from a registry. Without the
//! variable it has nothing to run on; where Docker is forced, that is a failure.

use std::env;
use std::process::Command;

use tenantry::testing::Server;

use super::Outcome;
use super::child::{Process, eventually, kill};

/// Whether there is an image to test with.
fn has_image() -> bool {
    if env::var("TENANTRY_TEST_IMAGE").is_ok_and(|image| !image.is_empty()) {
        return true;
    }
    let forced = env::var("TENANTRY_TEST_SERVER").is_ok_and(|kind| kind == "docker");
    assert!(!forced, "TENANTRY_TEST_SERVER is docker; set TENANTRY_TEST_IMAGE to the image to test with");
    false
}

fn containers(prefix: &str) -> String {
    let filter = format!("name={prefix}");
    let listed = Command::new("docker").args(["ps", "-a", "-q", "--filter", &filter]).output().unwrap();
    String::from_utf8(listed.stdout).unwrap()
}

#[tokio::test]
async fn a_container_serves_databases() -> Outcome {
    if !has_image() {
        return Ok(());
    }
    let mut server = Server::builder().setting("log_statement", "all").start_docker().await?;
    assert!(server.describe().contains(" from Docker image "), "{server}");
    let database = server.database().await?;
    database.connect().await?.batch_execute("create table seen_in_the_log ()").await?;
    assert!(server.log().await?.contains("seen_in_the_log"));
    let refused = server.stop().await.unwrap_err().to_string();
    assert_eq!(refused, "only a local server can be stopped and started; use start_local");
    Ok(())
}

#[tokio::test]
async fn a_second_container_starts_after_the_first_is_gone() -> Outcome {
    if !has_image() {
        return Ok(());
    }
    for _ in 0..2 {
        let server = Server::builder().start_docker().await?;
        server.database().await?.connect().await?.batch_execute("select 1").await?;
    }
    Ok(())
}

/// Lets a child have a container, makes the child end, and sees that the container goes.
fn ends(action: &str, end: impl FnOnce(u32)) {
    if !has_image() {
        return;
    }
    let mut process = Process::start(action, &[("TENANTRY_TEST_SERVER", "docker")]);
    let answer = process.answer();
    assert!(answer.contains(" from Docker image "), "{answer}");
    let pid = process.pid();
    end(pid);
    process.wait();
    eventually("the container goes", || containers(&format!("tenantry-test-{pid}-")).is_empty());
}

#[test]
fn a_container_goes_after_a_normal_exit() {
    ends("exit", |_| {});
}

#[test]
fn a_container_goes_after_a_panic() {
    ends("panic", |_| {});
}

#[test]
fn a_container_goes_after_ctrl_c() {
    ends("wait", |pid| assert!(kill("-INT", &format!("-{pid}"))));
}

#[test]
fn a_container_goes_after_kill_9() {
    ends("wait", |pid| assert!(kill("-9", &pid.to_string())));
}

#[test]
fn a_container_goes_when_its_start_is_cut_short() {
    if !has_image() {
        return;
    }
    let mut process = Process::start("wait", &[("TENANTRY_TEST_SERVER", "docker")]);
    let prefix = format!("tenantry-test-{}-", process.pid());
    eventually("the container exists", || !containers(&prefix).is_empty());
    assert!(kill("-9", &process.pid().to_string()));
    process.wait();
    eventually("the container goes", || containers(&prefix).is_empty());
}
