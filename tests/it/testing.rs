//! The throwaway servers and databases that all other tests stand on.

mod child;
mod docker;
mod lifetime;
mod recorder;
mod recovery;
mod url;

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};

use tenantry::testing::{self, Server, Template};

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

#[tokio::test]
async fn every_test_has_an_empty_database_of_its_own() -> Outcome {
    let server = testing::server().await?;
    let (one, two) = (server.database().await?, server.database().await?);
    assert_ne!(one.name(), two.name());
    assert!(one.name().starts_with(&format!("tenantry_test_{}_", std::process::id())), "{one:?}");
    one.connect().await?.batch_execute("create table t ()").await?;
    let found = two.connect().await?.query("select from pg_tables where tablename = 't'", &[]).await?;
    assert!(found.is_empty());
    Ok(())
}

#[tokio::test]
async fn the_server_says_where_it_was_found() -> Outcome {
    let server = testing::server().await?;
    let line = server.describe();
    assert!(line.starts_with("PostgreSQL ") && line.contains(&format!(":{} from ", server.port())), "{line}");
    assert!(!format!("{line} {server:?}").contains("password"));
    Ok(())
}

#[tokio::test]
async fn roles_log_in_with_their_own_password_only() -> Outcome {
    let database = testing::server().await?.database().await?;
    let role = format!("role_of_{}", database.name());
    let admin = database.connect().await?;
    admin.batch_execute(&format!("create role {role} login password 'p@ss/word'")).await?;
    let client = database.connect_as(&role, "p@ss/word").await?;
    let user: String = client.query_one("select session_user::text", &[]).await?.get(0);
    assert_eq!(user, role);
    assert!(database.connect_as(&role, "wrong").await.is_err());
    assert!(database.connect_as("postgres", "").await.is_err());
    let (client, connection) =
        tokio_postgres::connect(&database.url_as(&role, "p@ss/word"), tokio_postgres::NoTls).await?;
    let task = tokio::spawn(connection);
    let name: String = client.query_one("select current_database()::text", &[]).await?.get(0);
    assert_eq!(name, database.name());
    drop(client);
    task.await??;
    admin.batch_execute(&format!("drop role {role}")).await?;
    Ok(())
}

#[test]
fn the_server_outlives_the_runtime_that_started_it() {
    let use_it = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let database = testing::server().await.unwrap().database().await.unwrap();
            database.connect().await.unwrap().batch_execute("select 1").await.unwrap();
        });
    };
    for _ in 0..2 {
        std::thread::spawn(use_it).join().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_is_filled_once_and_cloned_in_parallel() -> Outcome {
    static FILLED: AtomicUsize = AtomicUsize::new(0);
    static TEMPLATE: Template = Template::new("parallel");

    let clones: Vec<_> = (0..8)
        .map(|number: i32| {
            tokio::spawn(async move {
                let server = testing::server().await?;
                let database = TEMPLATE
                    .clone_with(server, async |admin| {
                        FILLED.fetch_add(1, Ordering::SeqCst);
                        admin.batch_execute("create table t (n int); insert into t values (-1)").await?;
                        Ok(())
                    })
                    .await?;
                let client = database.connect().await?;
                client.execute("insert into t values ($1)", &[&number]).await?;
                let rows = client.query("select n from t order by n", &[]).await?;
                let numbers: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
                assert_eq!(numbers, [-1, number]);
                Ok::<_, Box<dyn Error + Send + Sync>>(database)
            })
        })
        .collect();
    for clone in clones {
        clone.await??;
    }
    assert_eq!(FILLED.load(Ordering::SeqCst), 1);
    Ok(())
}

#[tokio::test]
async fn a_template_that_cannot_be_filled_fails_for_everybody_and_says_why() -> Outcome {
    static TEMPLATE: Template = Template::new("broken");

    let server = testing::server().await?;
    for _ in 0..2 {
        let failed = TEMPLATE.clone_with(server, async |_| Err("the fixture is missing".into())).await;
        let error = failed.unwrap_err();
        assert_eq!(error.to_string(), "template \"broken\" could not be filled");
        assert_eq!(error.source().unwrap().to_string(), "the fixture is missing");
    }
    Ok(())
}

#[tokio::test]
async fn a_private_server_runs_with_its_own_settings_and_shows_its_log() -> Outcome {
    let server = Server::builder().setting("log_statement", "all").setting("max_connections", "20").start();
    let server = server.await?;
    let client = server.connect().await?;
    let row = client.query_one("select current_setting('max_connections') || current_setting('fsync')", &[]);
    assert_eq!(row.await?.get::<_, String>(0), "20off");
    client.batch_execute("select 'a value that the log shows'").await?;
    assert!(server.log().await?.contains("select 'a value that the log shows'"));
    Ok(())
}
