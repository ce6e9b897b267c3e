//! What rules say before and after.

use tenantry::migrate::{Migrations, Migrator, Why};
use tenantry::policy::manifest::Manifest;
use tenantry::rule::{Baseline, Severity};

use super::Stand;
use crate::support::version;

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

#[tokio::test]
async fn what_is_known_is_no_news_before_nor_after() {
    let stand = Stand::new(1).await;
    let files = [("V1__open.sql", "grant truncate on invoice to public;")];
    let gated = |known: &str| {
        let known = Baseline::parse(known).unwrap();
        stand.migrator(&files).lint(Some(Severity::Medium)).baseline(known)
    };
    let entry =
        |file: &str| format!("[[finding]]\nrule = \"truncate-granted\"\nobject = \"public.invoice\"\n{file}");
    let of_file = entry("file = \"V1__open.sql\"\n");
    assert!(matches!(stand.apply(&gated("")).await.unwrap_err().why, Why::Lint(_)));
    assert!(
        matches!(stand.apply(&gated(&entry(""))).await.unwrap_err().why, Why::Lint(_)),
        "that is of the database"
    );
    let both = of_file + &entry("");
    stand.apply(&gated(&both)).await.unwrap_or_else(|stopped| panic!("{stopped:?}"));
    assert_eq!(stand.applied().await.len(), 1);
}

/// A database whose tables stand in no file: what a file does to them is judged by what they are.
#[tokio::test]
async fn files_are_judged_on_the_database_that_is_there() {
    let stand = Stand::new(1).await;
    let gated =
        |text: &str| stand.migrator(&[("V1__first.sql", text)]).lint(Some(Severity::Info)).audit(None);
    for harmless in [
        "set lock_timeout = '1s'; alter table invoice add paid date;",
        "create index on invoice (tenant_id, state);",
        "comment on table invoice is 'what customers owe'; alter table note add at timestamptz;",
    ] {
        let sql = format!("-- tenantry: allow-file rls-ddl-lock \"for the test\"\n{harmless}");
        let run = stand.migrator(&[("V1__first.sql", &sql)]).lint(Some(Severity::Medium)).audit(None);
        let pending = run.dry_run(super::connect(&stand.admin.url_as(&stand.migrator))).await;
        pending.unwrap_or_else(|stopped| panic!("{harmless}: {stopped:?}"));
    }
    for (harmful, rule) in [
        ("alter table invoice disable row level security;", "rls-disabled-by-migration"),
        ("create table debt (tenant_id bigint not null, id bigint);", "rls-disabled"),
        ("grant truncate on invoice to public;", "truncate-granted"),
        ("create policy all_of_it on invoice using (true);", "using-true"),
    ] {
        let stopped = stand.apply(&gated(harmful)).await.unwrap_err();
        let Why::Lint(report) = &stopped.why else { panic!("{harmful}: {stopped:?}") };
        assert!(!report.of(rule).is_empty(), "{harmful}: {report:?}");
        assert!(report.findings.iter().all(|finding| finding.place.is_some()), "{report:?}");
    }
}

/// Who runs the files is known here, whatever the manifest says or leaves open: the owner, or a superuser who runs them as itself.
#[tokio::test]
async fn files_are_judged_as_whoever_runs_them() {
    let stand = Stand::new(1).await;
    let app = stand.role("app");
    let view = format!(
        "create view owed as select tenant_id, state from invoice; grant select on owed to \"{app}\";"
    );
    let lines = |report: &tenantry::rule::Report| -> Vec<String> {
        let of_view = report.findings.iter().filter(|finding| finding.rule.code == "view-definer");
        of_view.map(|finding| finding.severity.name().to_owned()).collect()
    };
    for said in
        ["", "[migrations]\nrole = \"postgres\"\n", "[migrations]\nrole = \"somebody\"\nbypass_rls = true\n"]
    {
        let manifest = stand.manifest.replace("[tables]", &format!("{said}[tables]"));
        let manifest = Manifest::parse(&manifest).unwrap();
        let files = Migrations::new([("V1__owed.sql", view.as_str())]).unwrap();
        let migrator = Migrator::new(manifest, files).lint(Some(Severity::Low)).audit(None);
        // Before PostgreSQL 15 no view reads with the rights of who asks.
        let bound = if version::of(&stand.admin).await < version::FIFTEEN { "high" } else { "low" };
        for (url, severity) in [(stand.admin.url_as(&stand.migrator), bound), (stand.admin.url(), "critical")]
        {
            let stopped = migrator.dry_run(super::connect(&url)).await.unwrap_err();
            let Why::Lint(report) = &stopped.why else { panic!("{stopped:?}") };
            assert_eq!(lines(report), [severity], "{said}");
        }
    }
}
