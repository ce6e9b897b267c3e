//! What has been applied is taken back, and its line in the ledger with it.

use tenantry::migrate::{Down, Migrator, Report, Stopped, Why};

use super::Stand;

const FILES: &[(&str, &str)] = &[
    ("V1__a.sql", "create table a (x int);"),
    ("V1__a.down.sql", "drop table a;"),
    ("V2__touch.sql", super::TOUCH),
    ("V2__touch.down.sql", "-- tenantry: each-tenant\nupdate invoice set touched = touched - 1;"),
    ("V3__index.sql", "-- tenantry: no-transaction\ncreate index concurrently a_x on a (x);"),
    ("V3__index.down.sql", "-- tenantry: no-transaction\ndrop index concurrently a_x;"),
    ("V4__state.sql", "-- tenantry: system \"a new name\"\nupdate invoice set state = 'new';"),
    ("V4__state.down.sql", "-- tenantry: system \"the old name\"\nupdate invoice set state = 'open';"),
    ("V5__none.sql", "select 1;"),
];

fn migrator(stand: &Stand, files: &[(&str, &str)], down: Option<Down>) -> Migrator {
    let migrator = stand.migrator(files).audit(None);
    match down {
        Some(down) => migrator.down(down),
        None => migrator,
    }
}

async fn run(stand: &Stand, files: &[(&str, &str)], down: Option<Down>) -> Result<Report, Stopped> {
    stand.apply(&migrator(stand, files, down)).await
}

/// What somebody is told who cannot go that way.
async fn refused(stand: &Stand, files: &[(&str, &str)], down: Option<Down>) -> String {
    let stopped = run(stand, files, down).await.unwrap_err();
    assert!(matches!(stopped.why, Why::Failed(_)) && stopped.report.applied.is_empty(), "{stopped:?}");
    stopped.to_string()
}

async fn touched(stand: &Stand) -> (i64, i64) {
    (
        stand.one("select sum(touched) from invoice").await,
        stand.one("select count(*) from invoice where state = 'new'").await,
    )
}

#[tokio::test]
async fn the_last_is_taken_back_and_then_all_in_whatever_way_they_are_run() {
    let stand = Stand::new(3).await;
    let files = &FILES[..8];
    run(&stand, files, None).await.unwrap();
    assert_eq!(touched(&stand).await, (9, 9));
    let last = run(&stand, files, Some(Down::Last)).await.unwrap();
    assert_eq!((last.applied[0].name.as_str(), last.applied.len(), last.pending.len()), ("V4__state", 1, 0));
    assert_eq!(touched(&stand).await, (9, 0));
    assert_eq!(stand.applied().await, ["V1__a", "V2__touch", "V3__index"]);
    let rest = run(&stand, files, Some(Down::To(0))).await.unwrap();
    let names: Vec<&str> = rest.applied.iter().map(|of| of.name.as_str()).collect();
    assert_eq!(names, ["V3__index", "V2__touch", "V1__a"], "the highest first");
    assert_eq!(rest.applied[1].tenants, Some(3));
    assert_eq!(touched(&stand).await, (0, 0));
    assert!(stand.applied().await.is_empty());
    assert!(!stand.one::<bool>("select to_regclass('a') is not null").await);
    assert!(run(&stand, files, Some(Down::To(0))).await.unwrap().is_empty(), "there is nothing left");
    // And on again.
    assert_eq!(run(&stand, files, None).await.unwrap().applied.len(), 4);
    assert_eq!(touched(&stand).await, (9, 9));
}

#[tokio::test]
async fn it_goes_back_to_a_version_which_need_not_be_there() {
    let stand = Stand::new(1).await;
    let plain = [
        ("V1__a.sql", "create table a (x int);"),
        ("V5__b.sql", "create table b (x int);"),
        ("V5__b.down.sql", "drop table b;"),
        ("V7__c.sql", "create table c (x int);"),
        ("V7__c.down.sql", "drop table c;"),
    ];
    run(&stand, &plain, None).await.unwrap();
    let shown = migrator(&stand, &plain, Some(Down::To(3)));
    let script = shown.dry_run(super::connect(&stand.admin.url_as(&stand.migrator))).await.unwrap();
    let (c, b) = (script.find("drop table c;").unwrap(), script.find("drop table b;").unwrap());
    assert!(
        c < b && script.contains("DELETE FROM \"public\".\"refinery_schema_history\" WHERE version = 7"),
        "{script}"
    );
    assert_eq!(stand.applied().await.len(), 3, "it was only shown");
    let report = run(&stand, &plain, Some(Down::To(3))).await.unwrap();
    assert_eq!(report.applied.len(), 2);
    assert_eq!(stand.applied().await, ["V1__a"]);
}

#[tokio::test]
async fn a_file_that_fails_stays_applied() {
    let stand = Stand::new(1).await;
    let files = [("V1__a.sql", "create table a (x int);"), ("V1__a.down.sql", "drop table a; select 1 / 0;")];
    run(&stand, &files, None).await.unwrap();
    let stopped = run(&stand, &files, Some(Down::Last)).await.unwrap_err();
    assert!(
        matches!(stopped.why, Why::Migration { .. }) && stopped.report.pending == ["V1__a"],
        "{stopped:?}"
    );
    assert_eq!(stand.applied().await, ["V1__a"]);
    assert!(stand.one::<bool>("select to_regclass('a') is not null").await);
}

#[tokio::test]
async fn what_has_no_way_back_is_not_begun() {
    let stand = Stand::new(1).await;
    run(&stand, FILES, None).await.unwrap();
    let all = Some(Down::To(0));
    let why = refused(&stand, FILES, all).await;
    assert!(
        why.contains("V5__none has no file that takes it back; expected V5__none.down.sql beside it"),
        "{why}"
    );
    let why = refused(&stand, &FILES[..8], all).await;
    assert!(why.contains("V5__none has been applied, and its file is gone; restore it"), "{why}");
    let changed: Vec<_> = FILES
        .iter()
        .map(|(name, sql)| (*name, if *name == "V5__none.sql" { "select 2;" } else { *sql }))
        .collect();
    let why = refused(&stand, &changed, all).await;
    assert!(why.contains("V5__none is not what was applied as V5__none"), "{why}");
    assert_eq!(stand.applied().await.len(), 5);
}

#[tokio::test]
async fn what_would_reach_no_row_is_refused_on_the_way_back_too() {
    let stand = Stand::new(1).await;
    let files = [("V1__a.sql", "select 1;"), ("V1__a.down.sql", "update invoice set touched = 0;")];
    run(&stand, &files, None).await.unwrap();
    let stopped = run(&stand, &files, Some(Down::Last)).await.unwrap_err();
    let Why::Refused(refusals) = &stopped.why else { panic!("{stopped:?}") };
    assert_eq!(refusals[0].place.file, "V1__a.down.sql");
}

#[tokio::test]
async fn nobody_turns_around_in_the_middle() {
    let stand = Stand::new(3).await;
    let divide =
        |by: &str| format!("-- tenantry: each-tenant\nupdate invoice set touched = touched + 1 / ({by});");
    let (on, back) = (divide("tenant_id - tenant_id + 1"), divide("tenant_id - 2"));
    let files = [("V1__a.sql", on.as_str()), ("V1__a.down.sql", back.as_str())];
    run(&stand, &files, None).await.unwrap();
    let stopped = run(&stand, &files, Some(Down::Last)).await.unwrap_err();
    assert!(matches!(stopped.why, Why::Tenants { done: 2, of: 3, .. }), "{stopped:?}");
    let further = [&files[..], &[("V2__b.sql", "select 1;")]].concat();
    let why = refused(&stand, &further, None).await;
    assert!(why.contains("version 1 is half taken back; take it back to its end first (--down)"), "{why}");
    // What stood in the way goes, and the others are not touched again.
    stand
        .admin
        .batch_execute("delete from invoice where tenant_id = 2; delete from company where tenant_id = 2")
        .await
        .unwrap();
    assert_eq!(run(&stand, &files, Some(Down::Last)).await.unwrap().applied.len(), 1);
    assert_eq!(stand.one::<i64>("select count(*) from tenantry_migration_tenant").await, 0);
    // The other way round.
    run(&stand, &[("V1__a.sql", "select 1;"), ("V1__a.down.sql", "select 1;")], None).await.unwrap();
    let half = [
        ("V1__a.sql", "select 1;"),
        ("V1__a.down.sql", "select 1;"),
        ("V2__b.sql", "-- tenantry: no-transaction\nselect 1;\nselect 1 / 0;"),
    ];
    run(&stand, &half, None).await.unwrap_err();
    let why = refused(&stand, &half, Some(Down::Last)).await;
    assert!(why.contains("version 2 is half applied; apply it to its end first, without --down"), "{why}");
}
