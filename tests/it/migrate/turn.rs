//! Several that deploy at once, and others that hold what is to be changed.

use std::time::Duration;

use futures_util::future::join_all;
use tenantry::migrate::{Event, Patience, Why};

use super::{Stand, connect};
use crate::support::eventually;

#[tokio::test]
async fn ten_that_deploy_at_once_apply_everything_once() {
    let stand = Stand::new(6).await;
    let files = [
        ("V1__a.sql", "create table a (x int); insert into a values (1);"),
        ("V2__touch.sql", super::TOUCH),
        (
            "V3__index.sql",
            "-- tenantry: no-transaction\ncreate index concurrently a_x on a (x);\ninsert into a values (2);",
        ),
        ("V4__note.sql", "insert into note values ('once');"),
    ];
    let migrator = stand.migrator(&files).audit(None);
    let url = stand.admin.url_as(&stand.migrator);
    let runs = join_all((0..10).map(|_| {
        let migrator = migrator.clone();
        let connect = connect(&url);
        async move { migrator.run(connect).await.unwrap_or_else(|stopped| panic!("{stopped:?}")) }
    }));
    let applied: Vec<usize> = runs.await.iter().map(|report| report.applied.len()).collect();
    assert_eq!(applied.iter().sum::<usize>(), 4, "{applied:?}");
    assert_eq!(stand.one::<i64>("select count(*) from invoice where touched = 1").await, 18);
    assert_eq!(stand.one::<i64>("select count(*) from note").await, 1);
    assert_eq!(stand.one::<i64>("select count(*) from a").await, 2);
    assert_eq!(stand.applied().await.len(), 4);
}

#[tokio::test]
async fn whoever_waits_too_long_for_its_turn_says_so() {
    let stand = Stand::new(1).await;
    let other = stand.admin.connect().await;
    let what = "tenantry migrate \"public\".\"refinery_schema_history\"";
    other.query("select pg_advisory_lock(hashtextextended($1, 0))", &[&what]).await.unwrap();
    let migrator = stand.migrator(&[("V1__a.sql", "select 1")]).wait(Duration::from_millis(400));
    let waits = std::sync::atomic::AtomicU32::new(0);
    let watch = |event: &Event<'_>| {
        if matches!(event, Event::Waiting { .. }) {
            waits.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    };
    let stopped = migrator.run_watched(connect(&stand.admin.url()), watch).await.unwrap_err();
    assert!(stopped.to_string().contains("has been at work for 400ms, as process "), "{stopped}");
    assert!(waits.into_inner() > 0);
}

#[tokio::test]
async fn a_lock_that_is_held_is_tried_for_again_and_others_get_through_meanwhile() {
    let stand = Stand::new(1).await;
    let mut holder = stand.admin.connect().await;
    let held = holder.transaction().await.unwrap();
    held.batch_execute("lock table note in access share mode").await.unwrap();
    let patience = Patience::default().lock_timeout(Duration::from_millis(50)).attempts(50);
    let migrator = stand.migrator(&[("V1__a.sql", "create table made (); alter table note add a int;")]);
    let migrator = migrator.patience(patience).audit(None);
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let url = stand.admin.url_as(&stand.migrator);
    let run = tokio::spawn(async move {
        let watch = |event: &Event<'_>| {
            if let Event::Retrying { attempt, .. } = event {
                told.send(*attempt).unwrap();
            }
        };
        migrator.run_watched(connect(&url), watch).await
    });
    assert_eq!(heard.recv().await, Some(2));
    assert_eq!(heard.recv().await, Some(3));
    // Nothing of it holds on to anything between two attempts.
    stand.admin.batch_execute("insert into note values ('meanwhile')").await.unwrap();
    held.rollback().await.unwrap();
    assert_eq!(run.await.unwrap().unwrap().applied.len(), 1);
    assert_eq!(stand.applied().await, ["V1__a"]);
}

#[tokio::test]
async fn where_a_reader_and_a_migration_wait_for_each_other_the_migration_gives_way() {
    let stand = Stand::new(1).await;
    let gate = stand.admin.connect().await;
    gate.batch_execute("select pg_advisory_lock(1)").await.unwrap();
    let mut reader = stand.admin.connect().await;
    // Whoever has waited for so long first finds the deadlock, and loses it.
    let later = "do $$ begin execute format('alter database %I set deadlock_timeout = 60000', current_database()); end $$";
    stand.admin.batch_execute(later).await.unwrap();
    reader.batch_execute("set deadlock_timeout = '1900 ms'").await.unwrap();
    let read = reader.transaction().await.unwrap();
    read.batch_execute("lock table invoice in access share mode").await.unwrap();
    let sql = "alter table note add a int; select pg_advisory_xact_lock(1); alter table invoice add b int;";
    let migrator = stand.migrator(&[("V1__a.sql", sql)]).audit(None);
    let url = stand.admin.url_as(&stand.migrator);
    let run = tokio::spawn(async move { migrator.run(connect(&url)).await });
    let waits = |what: &'static str| {
        let sql = format!(
            "select exists (select from pg_locks where not granted and {what} and database = (
                           select oid from pg_database where datname = current_database()))"
        );
        let stand = &stand;
        eventually(what, move || {
            let sql = sql.clone();
            async move { stand.one(&sql).await }
        })
    };
    waits("locktype = 'advisory' and objid = 1").await;
    let reads = read.batch_execute("lock table note in access share mode");
    let opens = async {
        waits("locktype = 'relation' and mode = 'AccessShareLock'").await;
        gate.batch_execute("select pg_advisory_unlock(1)").await.unwrap();
    };
    let (reads, ()) = tokio::join!(reads, opens);
    reads.unwrap();
    read.commit().await.unwrap();
    run.await.unwrap().unwrap_or_else(|stopped| panic!("{stopped:?}"));
}

#[tokio::test]
async fn an_index_that_is_built_concurrently_outlasts_whoever_is_in_the_middle_of_something() {
    let stand = Stand::new(1).await;
    let mut writer = stand.admin.connect().await;
    let open = writer.transaction().await.unwrap();
    open.batch_execute("insert into note values ('open')").await.unwrap();
    let patience = Patience::default().lock_timeout(Duration::from_millis(50)).attempts(1);
    let sql = "-- tenantry: no-transaction\ncreate index concurrently note_line on note (line);";
    let migrator = stand.migrator(&[("V1__a.sql", sql)]).patience(patience).audit(None);
    let url = stand.admin.url_as(&stand.migrator);
    let run = tokio::spawn(async move { migrator.run(connect(&url)).await });
    let waiting = "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query ilike 'create index%'
                   and now() - query_start > interval '200 ms' and datname = current_database())";
    eventually("the index waits", || async { stand.one(waiting).await }).await;
    // Nobody waits behind it.
    stand.admin.batch_execute("insert into note values ('meanwhile')").await.unwrap();
    open.commit().await.unwrap();
    run.await.unwrap().unwrap_or_else(|stopped| panic!("{stopped:?}"));
    assert!(
        stand.one::<bool>("select indisvalid from pg_index where indexrelid = 'note_line'::regclass").await
    );
}

#[tokio::test]
async fn what_meets_anothers_change_of_the_same_function_comes_again() {
    let stand = Stand::new(1).await;
    let sql = |value: i32| {
        format!("create or replace function f() returns integer language sql as 'select {value}'")
    };
    stand.admin.batch_execute(&sql(1)).await.unwrap();
    let mut other = stand.admin.connect().await;
    let change = other.transaction().await.unwrap();
    change.batch_execute(&sql(2)).await.unwrap();
    let migrator = stand.migrator(&[("V1__a.sql", &sql(3))]).audit(None);
    let url = stand.admin.url();
    let run = tokio::spawn(async move { migrator.run(connect(&url)).await });
    let waiting = "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query ilike '%select 3%'
                   and datname = current_database())";
    eventually("the migration waits", || async { stand.one(waiting).await }).await;
    change.commit().await.unwrap();
    run.await.unwrap().unwrap_or_else(|stopped| panic!("{stopped:?}"));
    assert_eq!(stand.one::<i32>("select f()").await, 3);
}

#[tokio::test]
async fn patience_ends() {
    let stand = Stand::new(1).await;
    let mut holder = stand.admin.connect().await;
    let held = holder.transaction().await.unwrap();
    held.batch_execute("lock table note in access share mode").await.unwrap();
    let patience = Patience::default().lock_timeout(Duration::from_millis(20)).attempts(2);
    let migrator = stand.migrator(&[("V1__a.sql", "create table made (); alter table note add a int;")]);
    let stopped = stand.apply(&migrator.patience(patience)).await.unwrap_err();
    let Why::Migration { error, .. } = &stopped.why else { panic!("{stopped:?}") };
    assert_eq!(error.code().unwrap().code(), "55P03");
    assert!(stand.one::<bool>("select to_regclass('made') is null").await);
    held.rollback().await.unwrap();
}

#[tokio::test]
async fn a_statement_that_takes_too_long_ends() {
    let stand = Stand::new(1).await;
    for mode in ["", "-- tenantry: no-transaction\n"] {
        let sql = format!("{mode}select pg_sleep(60)");
        let migrator = stand.migrator(&[("V1__a.sql", &sql)]).statement_timeout(Duration::from_millis(50));
        let stopped = stand.apply(&migrator).await.unwrap_err();
        let Why::Migration { error, .. } = &stopped.why else { panic!("{stopped:?}") };
        assert!(error.is_canceled(), "{stopped}");
    }
}
