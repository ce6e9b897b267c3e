//! On a server that outlives the tests, their databases do not.

use std::time::Duration;

use tenantry::testing::Server;

use super::Outcome;
use super::child::{Process, kill};

#[tokio::test]
async fn databases_on_a_server_given_by_a_url_are_removed() -> Outcome {
    let server = Server::builder().start_local().await?;
    let admin = server.connect().await?;
    let url = server.url();
    let variables = [("TENANTRY_TEST_SERVER", "url"), ("TENANTRY_TEST_DATABASE_URL", url.as_str())];
    let start = || Process::start("wait", &variables);
    let answer = |process: &mut Process| {
        let answer = process.answer();
        let lines: Vec<&str> = answer.lines().collect();
        assert!(lines[2].ends_with("from TENANTRY_TEST_DATABASE_URL"), "{answer}");
        lines[1].to_owned()
    };

    let mut first = start();
    let of_the_first = answer(&mut first);
    let mut second = start();
    let of_the_second = answer(&mut second);
    let databases = async || {
        let rows = admin.query("select datname::text from pg_database", &[]).await?;
        Ok::<Vec<String>, tokio_postgres::Error>(rows.iter().map(|row| row.get(0)).collect())
    };
    assert!(databases().await?.contains(&of_the_first), "the second removed what the first still uses");

    // Killed, the first cannot remove its database. The server notices at some point that it is gone.
    assert!(kill("-9", &first.pid().to_string()));
    first.wait();
    for attempt in 1.. {
        let mut next = start();
        answer(&mut next);
        let left = databases().await?;
        assert!(left.contains(&of_the_second), "{left:?}");
        if !left.contains(&of_the_first) {
            break;
        }
        assert!(attempt < 10, "{of_the_first} was never removed: {left:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(())
}

#[tokio::test]
async fn a_dropped_database_goes_while_the_process_runs_on() -> Outcome {
    let server = Server::builder().start_local().await?;
    let admin = server.connect().await?;
    let url = server.url();
    let variables = [("TENANTRY_TEST_SERVER", "url"), ("TENANTRY_TEST_DATABASE_URL", url.as_str())];
    let mut process = Process::start("drop", &variables);
    let answer = process.answer();
    let name = answer.lines().nth(1).unwrap().to_owned();
    for attempt in 1.. {
        let rows = admin.query("select from pg_database where datname = $1", &[&name]).await?;
        if rows.is_empty() {
            break;
        }
        assert!(attempt < 500, "{name} was not removed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
