//! What rules say before and after.

use tenantry::migrate::{Migrations, Migrator, Why};
use tenantry::policy::manifest::Manifest;
use tenantry::rule::Severity;

use super::Stand;

const INIT: &str = "create table t (tenant_id bigint not null, id bigint primary key);";

#[tokio::test]
async fn files_are_looked_at_before_they_are_run() {
    let stand = Stand::new(1).await;
    let manifest = Manifest::parse(&stand.manifest).unwrap();
    let migrator = |text: &str| {
        Migrator::new(manifest.clone(), Migrations::new([("V1__init.sql", text)]).unwrap()).audit(None)
    };
    let stopped = stand.apply(&migrator(INIT)).await.unwrap_err();
    let Why::Lint(report) = &stopped.why else { panic!("{stopped:?}") };
    assert!(!report.of("rls-disabled").is_empty());
    assert!(stand.one::<bool>("select to_regclass('t') is null").await);
    // Said in the file, it may be so.
    let allowed =
        format!("-- tenantry: allow-file rls-disabled, tenant-index-missing \"for the test\"\n{INIT}");
    stand.apply(&migrator(&allowed)).await.unwrap_or_else(|stopped| panic!("{stopped:?}"));
}

#[tokio::test]
async fn what_is_applied_already_is_not_looked_at() {
    let stand = Stand::new(1).await;
    stand.apply(&stand.migrator(&[("V1__init.sql", INIT)]).audit(None)).await.unwrap();
    let files = [("V1__init.sql", INIT), ("V2__note.sql", "create table if not exists t (id int);")];
    stand.apply(&stand.migrator(&files).lint(Some(Severity::Medium)).audit(None)).await.unwrap();
}

#[tokio::test]
async fn the_database_is_looked_at_for_what_is_new() {
    let stand = Stand::new(1).await;
    stand.admin.batch_execute("grant truncate on company to public").await.unwrap();
    let note = [("V1__note.sql", "insert into note values ('x')")];
    stand.run(&note).await.unwrap_or_else(|stopped| panic!("what was there before is no news: {stopped:?}"));
    let files = [note[0], ("V2__open.sql", "grant truncate on invoice to public;")];
    let stopped = stand.run(&files).await.unwrap_err();
    let Why::Audit(report) = &stopped.why else { panic!("{stopped:?}") };
    let found: Vec<String> =
        report.findings.iter().map(|of| format!("{} {}", of.rule.code, of.object)).collect();
    assert!(found.iter().all(|of| of.contains("invoice")) && !found.is_empty(), "{found:?}");
    assert_eq!(stand.applied().await.len(), 2, "it is applied all the same");
}
