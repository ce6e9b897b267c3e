//! What is erased, and what is not.

use tenantry::transfer::Erasure;

use super::kept::filled;
use super::{A, B, Database, Out, Shop, schema};
use crate::tool::Tool;

/// The rows of every table, but for one tenant's.
async fn of_others(database: &Database) -> Vec<String> {
    let mut found = Vec::new();
    for table in [
        "company",
        "template",
        "staff",
        "manager",
        "invoice",
        "line",
        "event",
        "\"Odd \"\"one\"\"\"",
        "heap",
        "unit",
        "secret",
    ] {
        let sql = format!("SELECT t::text FROM {table} AS t WHERE strpos(t::text, '{A}') = 0 ORDER BY 1");
        found.extend(database.texts(&sql).await);
    }
    found
}

#[tokio::test]
async fn a_tenant_is_gone_and_the_others_are_as_before() {
    let shop = Shop::new();
    let database = filled(&shop).await;
    let before = of_others(&database).await;
    let mut client = database.admin.connect().await;
    let erasure = Erasure::new(&mut client, &database.manifest, &database.catalog, A, None).await.unwrap();
    let erasure = erasure.batch(300);
    let weighed = erasure.weigh().await.unwrap();
    assert_eq!(weighed.iter().map(|share| share.rows).sum::<u64>(), 3015);
    assert!(erasure.remains().await.unwrap().iter().any(|(table, ..)| table.plain() == "public.event"));
    let transactions = std::cell::Cell::new(0);
    let erased = erasure.erase(|share| {
        assert!(share.rows <= 300);
        transactions.set(transactions.get() + 1);
    });
    let erased = erased.await.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(
        erased.iter().map(|share| (&share.table, share.rows)).collect::<Vec<_>>(),
        weighed.iter().map(|share| (&share.table, share.rows)).collect::<Vec<_>>()
    );
    // 2,000 lines and 1,000 invoices by 300, and one for each of the seven others.
    assert_eq!(transactions.get(), 7 + 4 + 7);
    assert_eq!(erasure.remains().await.unwrap(), []);
    assert_eq!(of_others(&database).await, before);
    assert!(before.iter().any(|row| row.contains(B)));
}

#[tokio::test]
async fn what_was_erased_is_imported_as_it_was() {
    let shop = Shop::new();
    let database = filled(&shop).await;
    let (out, again) = (Out::new(), Out::new());
    database.export(A, &out).await.unwrap();
    let mut client = database.admin.connect().await;
    let erasure = Erasure::new(&mut client, &database.manifest, &database.catalog, A, None).await.unwrap();
    erasure.erase(|_| {}).await.unwrap_or_else(|error| panic!("{error:?}"));
    database.import(A, &out).await.unwrap_or_else(|error| panic!("{error:?}"));
    database.export(A, &again).await.unwrap();
    assert!(out.files() == again.files());
}

#[tokio::test]
async fn a_row_that_stays_and_refers_is_in_the_way_and_is_named() {
    let shop = Shop::new();
    let tables = format!(
        "{}CREATE TABLE audit (what text, tenant uuid, invoice bigint, CONSTRAINT of_invoice FOREIGN KEY (tenant, invoice) REFERENCES invoice);",
        schema::TABLES
    );
    let mut shop = shop;
    shop.manifest += "\"public.audit\" = { class = \"exempt\", reason = \"a test\" }\n";
    let database = shop.secured(&tables).await;
    let sql = schema::ROWS.replace("{tenant}", A).replace("{number}", "1");
    database.admin.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{error:?}"));
    database.admin.batch_execute(&format!("INSERT INTO audit VALUES ('x', '{A}', 5)")).await.unwrap();
    let mut client = database.admin.connect().await;
    let erasure = Erasure::new(&mut client, &database.manifest, &database.catalog, A, None).await.unwrap();
    let referring: Vec<String> =
        erasure.referring().iter().map(|(table, key, _)| format!("{table}.{key}")).collect();
    assert_eq!(referring, ["\"public\".\"audit\".\"of_invoice\""]);
    let error = erasure.erase(|_| {}).await.unwrap_err();
    assert_eq!(error.as_db_error().unwrap().constraint(), Some("of_invoice"));
    // It goes on where it was.
    database.admin.batch_execute("DELETE FROM audit").await.unwrap();
    erasure.erase(|_| {}).await.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(erasure.remains().await.unwrap(), []);
}

#[tokio::test]
async fn nothing_is_deleted_by_hand_before_somebody_says_yes() {
    let shop = Shop::new();
    let database = filled(&shop).await;
    let left = format!("INSERT INTO secret VALUES ('{A}', 1)");
    database.admin.batch_execute(&left).await.unwrap();
    let out = Out::new();
    out.0.write("tenantry.toml", &shop.manifest);
    let run = |args: &[&str]| {
        let args: Vec<&str> = ["tenant", "erase", A].iter().chain(args).copied().collect();
        Tool::at(&out.0).args(&args).env("DATABASE_URL", database.admin.url()).run()
    };
    run(&[]).said(2, &["--reason <TEXT>"]);
    let would = run(&["--reason", "a test"]);
    assert_eq!(would.code, 0, "{would:#?}");
    for said in [
        "Would be deleted in",
        "public.invoice",
        "nothing was deleted",
        "stays as it is: public.unit, public.secret",
    ] {
        assert!(would.out.contains(said), "{would:#?}");
    }
    assert_eq!(
        database.texts(&format!("SELECT count(*)::text FROM invoice WHERE tenant_id = '{A}'")).await,
        ["1000"]
    );

    let erased = run(&["--reason", "a test", "--yes", "--certificate", "done.json"]);
    // A table of class deny holds a row still, which is told.
    assert_eq!(erased.code, 1, "{erased:#?}");
    assert!(erased.out.contains("remains: 1 row in public.secret.tenant_id"), "{erased:#?}");
    let text = std::fs::read_to_string(out.0.path("done.json")).unwrap();
    let certificate: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&certificate["tenant"], &certificate["reason"]), (&A.into(), &"a test".into()));
    assert_eq!(certificate["remains"][0]["rows"], 1);
    run(&["--reason", "a test", "--yes", "--certificate", "done.json"])
        .said(2, &["done.json is there already"]);
    database.admin.batch_execute("DELETE FROM secret").await.unwrap();
    run(&["--reason", "a test", "--yes", "--certificate", "twice.json"])
        .said(2, &["no table has a row of that tenant's, so nothing was deleted"]);
    assert!(!out.0.path("twice.json").exists());
    let verified = run(&["--verify"]);
    assert_eq!(verified.code, 0, "{verified:#?}");
}
