//! `tenantry tenant`, as people run it.

use super::{A, Out, Shop, schema};
use crate::tool::{Run, Tool};

#[tokio::test]
async fn a_tenant_is_exported_and_imported_by_hand() {
    let shop = Shop::new();
    let (from, into) = (shop.database().await, shop.database().await);
    let sql = schema::ROWS.replace("{tenant}", A).replace("{number}", "1");
    from.admin.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{error:?}"));
    let out = Out::new();
    out.0.write("tenantry.toml", &shop.manifest);
    let run = |url: &str, args: &[&str]| -> Run {
        let args: Vec<&str> = ["tenant"].iter().chain(args).copied().collect();
        Tool::at(&out.0).args(&args).env("DATABASE_URL", url).run()
    };
    let exported = run(&from.admin.url(), &["export", A, "--out", "tenant", "--jobs", "3"]);
    exported.said(0, &["1 table of class deny, and not exported"]);
    for said in ["Exported from", "public.invoice", "1000", "3015 rows of 9 tables"] {
        assert!(exported.out.contains(said), "{exported:#?}");
    }
    // Nothing of it tells of the tenant but the description.
    assert!(!exported.out.contains(A) && !exported.err.contains(A), "{exported:#?}");
    run(&from.admin.url(), &["export", A, "--out", "tenant"]).said(2, &["tenant holds an archive already"]);
    run(&into.admin.url(), &["import", "nowhere"]).said(2, &["nowhere holds no archive"]);
    run(&from.admin.url(), &["import", "tenant"]).said(2, &["already; nothing was written"]);

    let imported = run(&into.admin.url(), &["import", "tenant", "--format", "json"]);
    assert_eq!(imported.code, 0, "{imported:#?}");
    let rows = imported.json()["tables"].as_array().unwrap().clone();
    let rows: u64 = rows.iter().map(|table| table["rows"].as_u64().unwrap()).sum();
    assert_eq!(rows, 3015);
    let twice = run(&into.admin.url(), &["import", "tenant"]);
    twice.said(2, &["already; nothing was written"]);
}
