//! The ledger is refinery's: either goes on where the other has stopped.

use refinery_core::{Migration, Runner};

use super::Stand;

const FILES: [(&str, &str); 3] = [
    ("V1__a.sql", "create table a (x int);"),
    ("V2__b.sql", "create table b (x int);"),
    ("V3__c.sql", "create table c (x int);"),
];

fn refinery(files: &[(&str, &str)]) -> Runner {
    let of = |(name, text): &(&str, &str)| Migration::unapplied(name.trim_end_matches(".sql"), text).unwrap();
    Runner::new(&files.iter().map(of).collect::<Vec<_>>())
}

#[tokio::test]
async fn we_go_on_where_refinery_has_stopped() {
    let mut stand = Stand::new(1).await;
    refinery(&FILES[..2]).run_async(&mut *stand.admin).await.unwrap();
    let report = stand.apply(&stand.migrator(&FILES).audit(None)).await;
    // The table is the superuser's, who has made it.
    assert!(report.unwrap_err().to_string().contains("insufficient privilege"));
    let migrator = stand.migrator(&FILES).audit(None);
    let report = migrator.run(super::connect(&stand.admin.url())).await.unwrap();
    assert_eq!(report.applied.len(), 1);
    assert_eq!(stand.applied().await, ["V1__a", "V2__b", "V3__c"]);
}

#[tokio::test]
async fn refinery_goes_on_where_we_have_stopped() {
    let mut stand = Stand::new(1).await;
    // This build's refinery has the wide versions, and reads no others.
    stand
        .admin
        .batch_execute(
            "create table refinery_schema_history (version int8 primary key, name varchar(255), applied_on varchar(255),
             checksum varchar(255))",
        )
        .await
        .unwrap();
    let migrator = stand.migrator(&FILES[..2]).audit(None);
    migrator.run(super::connect(&stand.admin.url())).await.unwrap();
    let report = refinery(&FILES).run_async(&mut *stand.admin).await.unwrap();
    assert_eq!(report.applied_migrations().len(), 1);
    assert_eq!(stand.applied().await, ["V1__a", "V2__b", "V3__c"]);
}

#[tokio::test]
async fn a_ledger_of_narrow_versions_has_checksums_of_its_own() {
    let stand = Stand::new(1).await;
    let migrator = |files| stand.migrator(files).audit(None);
    stand.apply(&migrator(&FILES[..2])).await.unwrap();
    let width = "select format_type(atttypid, -1) from pg_attribute where attrelid = 'refinery_schema_history'::regclass and attname = 'version'";
    assert_eq!(stand.one::<String>(width).await, "integer", "as refinery makes it");
    assert_eq!(stand.apply(&migrator(&FILES)).await.unwrap().applied.len(), 1);
    // As refinery 0.10.1 without int8-versions has computed it.
    let first: String = stand.one("select checksum from refinery_schema_history where version = 1").await;
    assert_eq!(first, NARROW);
    let changed = [("V1__a.sql", "create table a (x bigint);"), FILES[1], FILES[2]];
    let stopped = stand.apply(&migrator(&changed)).await.unwrap_err();
    assert!(stopped.to_string().contains("V1__a is not what was applied as V1__a"), "{stopped}");
}

const NARROW: &str = "3786842244775006717";

#[tokio::test]
async fn a_version_that_is_a_time_makes_a_wide_ledger() {
    let stand = Stand::new(1).await;
    let files = [("V20260101120000__a.sql", "create table a (x int);")];
    stand.apply(&stand.migrator(&files).audit(None)).await.unwrap();
    assert_eq!(stand.applied().await, ["V20260101120000__a"]);
    assert!(stand.apply(&stand.migrator(&files)).await.unwrap().is_empty());
}

#[tokio::test]
async fn another_table_can_be_the_ledger() {
    let stand = Stand::new(1).await;
    let migrator = stand.migrator(&FILES[..1]).ledger("public.Our history").audit(None);
    stand.apply(&migrator).await.unwrap();
    assert_eq!(stand.one::<i64>("select count(*) from \"Our history\"").await, 1);
    assert!(stand.apply(&migrator).await.unwrap().is_empty());
    stand.admin.batch_execute("create table odd (version text)").await.unwrap();
    let stopped = stand.apply(&stand.migrator(&FILES).ledger("odd")).await.unwrap_err();
    assert!(stopped.to_string().contains("version is of type text; expected integer or bigint"), "{stopped}");
}
