//! The tool and the server end in the middle, and it is run again.

use std::time::Duration;

use tenantry::testing::Server;
use tokio_postgres::Client;

use super::{Stand, prepare};
use crate::support::eventually;
use crate::support::random::Random;
use crate::tool::{Folder, Tool};

const COMPANIES: i64 = 60;

/// Each of them does something that shows if it is done twice, or not at all.
const FILES: [(&str, &str); 4] = [
    ("V1__init.sql", "create table made (x int); insert into made values (1);"),
    (
        "V2__each.sql",
        "-- tenantry: each-tenant
        update invoice set touched = touched + 1;
        insert into note select current_setting('app.tenant_id');
        select pg_sleep(0.01);",
    ),
    (
        "V3__index.sql",
        "-- tenantry: no-transaction
        create unique index concurrently if not exists made_x on made (x);
        create index concurrently if not exists invoice_state on invoice (tenant_id, state);",
    ),
    ("V4__system.sql", "-- tenantry: system \"x\"\nupdate invoice set touched = touched + 10;"),
];

fn folder(manifest: &str) -> Folder {
    let folder = Folder::new();
    folder.write("tenantry.toml", manifest);
    std::fs::create_dir(folder.path("migrations")).unwrap();
    for (name, text) in FILES {
        folder.write(&format!("migrations/{name}"), text);
    }
    folder
}

fn tool(folder: &Folder, url: &str) -> Tool {
    Tool::at(folder)
        .args(&["migrate", "--lint", "never", "--audit", "never", "--wait", "60s"])
        .env("DATABASE_URL", url)
}

/// Everything is done, and nothing is done twice.
async fn is_whole(admin: &Client) {
    let one = async |sql: &str| -> i64 { admin.query_one(sql, &[]).await.unwrap().get(0) };
    let companies = COMPANIES;
    assert_eq!(one("select count(*) from invoice where touched <> 11").await, 0);
    assert_eq!(one("select count(*) from note").await, companies);
    assert_eq!(one("select count(distinct line) from note").await, companies);
    assert_eq!(one("select count(*) from made").await, 1);
    assert_eq!(one("select count(*) from refinery_schema_history").await, 4);
    let indexes = "select count(*) from pg_index where indrelid in ('made'::regclass, 'invoice'::regclass) and not indisvalid";
    assert_eq!(one(indexes).await, 0);
    let names = "select count(*) from pg_class where relname in ('made_x', 'invoice_state')";
    assert_eq!(one(names).await, 2);
    let progress = "select (select count(*) from tenantry_migration_tenant) + (select count(*) from tenantry_migration_statement)";
    assert_eq!(one(progress).await, 0);
}

#[tokio::test]
async fn a_tool_that_is_killed_anywhere_goes_on_when_it_is_run_again() {
    let mut random = Random::new(0x6d69_6772);
    let mut killed = 0;
    for _ in 0..6 {
        let stand = Stand::new(COMPANIES).await;
        let folder = folder(&stand.manifest);
        let url = stand.admin.url_as(&stand.migrator);
        // A few times in a row, each at another moment.
        for _ in 0..6 {
            let mut child = tool(&folder, &url).start();
            tokio::time::sleep(Duration::from_millis(20 + random.below(200))).await;
            killed += i32::from(child.try_wait().unwrap().is_none());
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let run = tool(&folder, &url).run();
        assert_eq!(run.code, 0, "{run:#?}");
        is_whole(&stand.admin).await;
    }
    assert!(killed > 10, "{killed} were killed in the middle");
}

/// What makes the tool wait in the middle of each migration, and what the server shows then.
const BARRIERS: [(&str, &str); 3] = [
    ("lock table note in share mode", "insert into note%"),
    ("insert into made values (2)", "create unique index concurrently%"),
    ("select from invoice where tenant_id = 7 for update", "update invoice%"),
];

#[tokio::test]
async fn a_tool_that_is_killed_in_the_middle_of_each_migration_goes_on_too() {
    let stand = Stand::new(COMPANIES).await;
    let folder = folder(&stand.manifest);
    let url = stand.admin.url_as(&stand.migrator);
    let mut holder = stand.admin.connect().await;
    for (barrier, statement) in BARRIERS {
        let held = holder.transaction().await.unwrap();
        held.batch_execute(barrier).await.unwrap();
        let mut child = tool(&folder, &url).args(&["--lock-timeout", "60s", "--jobs", "1"]).start();
        let waiting =
            "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query ilike $1
                       and datname = current_database())";
        eventually(statement, || async {
            stand.admin.query_one(waiting, &[&statement]).await.unwrap().get(0)
        })
        .await;
        child.kill().unwrap();
        child.wait().unwrap();
        // The server notices by itself, with the lock still held.
        let left = "select count(*) from pg_stat_activity where usename = $1";
        eventually("the session of the tool ends", || async {
            stand.admin.query_one(left, &[&stand.migrator]).await.unwrap().get::<_, i64>(0) == 0
        })
        .await;
        held.rollback().await.unwrap();
    }
    let run = tool(&folder, &url).run();
    assert_eq!(run.code, 0, "{run:#?}");
    is_whole(&stand.admin).await;
}

#[tokio::test]
async fn a_server_that_crashes_in_the_middle_is_gone_on_with() {
    let mut server = Server::builder().start_local().await.unwrap();
    let mut random = Random::new(0x6372_6173);
    let database = server.database().await.unwrap();
    let mut admin = database.connect().await.unwrap();
    let manifest = prepare(&mut admin, COMPANIES).await;
    // The servers of tests do not wait for their disk, so a crash may take the last commits along.
    admin.batch_execute("checkpoint").await.unwrap();
    let folder = folder(&manifest);
    for _ in 0..4 {
        let child = tool(&folder, &database.url()).start();
        tokio::time::sleep(Duration::from_millis(60 + random.below(200))).await;
        server.restart().await.unwrap();
        let ended = child.wait_with_output().unwrap();
        assert!(matches!(ended.status.code(), Some(0 | 3)), "{ended:?}");
    }
    let run = tool(&folder, &database.url()).run();
    assert_eq!(run.code, 0, "{run:#?}");
    is_whole(&database.connect().await.unwrap()).await;
}
