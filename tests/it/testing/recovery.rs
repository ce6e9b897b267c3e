//! A private server can be taken down and brought back, and an error tells what went wrong.

use tenantry::testing::Server;

use super::Outcome;
use super::child::{Process, eventually, is_alive, kill};

#[tokio::test]
async fn a_stopped_server_comes_back_with_its_port_and_its_data() -> Outcome {
    let mut server = Server::builder().start_local().await?;
    let database = server.database().await?;
    let client = database.connect().await?;
    client.batch_execute("create table t (n int); insert into t values (7)").await?;
    let (port, pid) = (server.port(), server.pid().expect("it runs"));
    // A checkpoint, because the server does not sync and an immediate stop writes nothing.
    client.batch_execute("checkpoint").await?;

    server.stop().await?;
    assert!(!is_alive(pid) && server.pid().is_none());
    eventually("the client notices", || client.is_closed());
    assert!(database.connect().await.is_err());
    server.stop().await?;

    server.start().await?;
    assert_eq!(server.port(), port);
    let number: i32 = database.connect().await?.query_one("select n from t", &[]).await?.get(0);
    assert_eq!(number, 7);

    let before = server.pid();
    server.start().await?;
    assert_eq!(server.pid(), before);
    server.restart().await?;
    assert_ne!(server.pid(), before);
    database.connect().await?.query_one("select n from t", &[]).await?;
    Ok(())
}

/// A crash of one process makes the server restart by itself; the server is still ours afterwards.
#[tokio::test]
async fn a_server_that_recovered_from_a_crash_can_still_be_stopped() -> Outcome {
    let mut server = Server::builder().start_local().await?;
    let client = server.connect().await?;
    let backend: i32 = client.query_one("select pg_backend_pid()", &[]).await?.get(0);
    assert!(kill("-9", &backend.to_string()));
    eventually("the client notices", || {
        std::thread::yield_now();
        !is_alive(backend.cast_unsigned())
    });
    server.stop().await?;
    server.start().await?;
    server.connect().await?.batch_execute("select 1").await?;
    Ok(())
}

#[tokio::test]
async fn a_server_that_does_not_start_shows_the_end_of_its_log() {
    let failed = Server::builder().setting("shared_buffers", "nonsense").start_local().await;
    let error = failed.unwrap_err().to_string();
    assert!(error.starts_with("the server did not start; its log ends: "), "{error}");
    assert!(error.contains("invalid value for parameter \"shared_buffers\": \"nonsense\""), "{error}");
    assert_eq!(error.lines().count(), 1);
}

#[test]
fn a_server_that_cannot_be_had_is_an_error_with_the_ways_out() {
    let error = |variables: &[(&str, &str)]| Process::start("exit", variables).answer();
    let no_url = [("TENANTRY_TEST_SERVER", "url"), ("TENANTRY_TEST_DATABASE_URL", "")];
    let line = error(&no_url);
    assert!(
        line.starts_with("no PostgreSQL server for the tests: TENANTRY_TEST_DATABASE_URL is not set; do")
    );
    assert!(line.contains("`export TENANTRY_TEST_DATABASE_URL=postgresql://"), "{line}");
    assert_eq!(line.matches('`').count(), 6, "three commands are named: {line}");
    assert_eq!(
        error(&[("TENANTRY_TEST_SERVER", "podman")]),
        "TENANTRY_TEST_SERVER is \"podman\"; expected url, local or docker"
    );
    let line = error(&[("TENANTRY_TEST_SERVER", "local"), ("TENANTRY_PG_BIN", "/nowhere")]);
    assert!(line.starts_with("TENANTRY_PG_BIN is \"/nowhere\"; expected a folder with initdb"), "{line}");
}
