//! Manifests that the database contradicts.

use tenantry::catalog::Catalog;
use tenantry::plan;
use tenantry::policy::manifest::Manifest;

use super::Erp;
use crate::support::kept;
use crate::support::version::FIFTEEN;

/// What has to be settled, one line each, without the numbers of lines.
fn problems(manifest: &str, catalog: &Catalog) -> Vec<String> {
    let manifest = Manifest::parse(manifest).unwrap_or_else(|problems| panic!("{problems:#?}"));
    match plan::plan(&manifest, catalog) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.into_iter().map(|problem| problem.what).collect(),
    }
}

#[tokio::test]
async fn a_manifest_that_the_database_contradicts_plans_nothing() {
    let mut erp = Erp::new().await;
    let catalog = erp.catalog().await;
    for (from, to, said) in [
        (
            "\"erp.currency\" =",
            "\"erp.curency\" =",
            &[
                "erp.currency has no column tenant_id and no class; \
                 class it child, shared, deny or exempt, or tenant and let tenantry adopt add the column",
                "erp.curency is not in the database; did you mean erp.currency?",
            ][..],
        ),
        (
            "\"erp.secret\" = { class = \"deny\" }\n",
            "",
            &["erp.secret has no column tenant_id and no class; \
               class it child, shared, deny or exempt, or tenant and let tenantry adopt add the column"],
        ),
        (
            "\"erp.secret\" = { class = \"deny\" }",
            "\"erp.secret\" = { class = \"tenant\" }",
            &[
                "erp.secret has no column tenant_id; add it (tenantry adopt does, while services go on), or choose another class",
            ],
        ),
        (
            "\"erp.contact\" = { class = \"tenant\"",
            "\"erp.contact\" = { class = \"tenant\", column = \"tenantid\"",
            &["erp.contact has no column tenantid; did you mean tenant_id?"],
        ),
        (
            "\"erp.contact\" = { class = \"tenant\"",
            "\"erp.contact\" = { class = \"tenant\", column = \"id\"",
            &["column id of erp.contact is of type bigint; expected uuid, as type of [tenancy] says"],
        ),
        (
            "via = \"invoice\"",
            "via = \"customer\"",
            &["erp.invoice_line has no foreign key to customer; \
               its foreign keys: erp.invoice (invoice_line_invoice_id_fkey)"],
        ),
        (
            "\"erp.secret\" = { class = \"deny\" }",
            "\"erp.secret\" = { class = \"deny\" }\n\"erp.customer\" = { class = \"child\", via = \"customer_parent_id_fkey\" }",
            &["child erp.customer leads in a circle, by way of erp.customer; \
               choose another via, or another class"],
        ),
        (
            "\"erp.secret\" = { class = \"deny\" }",
            "\"erp.secret\" = { class = \"deny\" }\n\"erp.invoice\" = { class = \"child\", via = \"currency\" }",
            &[
                "child erp.invoice leads to erp.currency, whose rows belong to no tenant; \
                 choose another via, or another class",
                "child erp.invoice_line leads to erp.currency, whose rows belong to no tenant; \
                 choose another via, or another class",
                "child erp.line_note leads to erp.currency, whose rows belong to no tenant; \
                 choose another via, or another class",
            ],
        ),
        (
            "\"erp.secret\" = { class = \"deny\" }",
            "\"erp.secret\" = { class = \"deny\" }\n\"erp.entry_rest\" = { class = \"tenant\" }",
            &["erp.entry_rest is a partition and goes with erp.entry; take the entry out"],
        ),
        (
            "\"erp.revenue\" = { class = \"deny\" }\n",
            "",
            &["erp.revenue is a materialized view over erp.invoice, which takes no policy; \
               class it deny or exempt"],
        ),
        (
            "\"erp.revenue\" = { class = \"deny\" }",
            "\"erp.revenue\" = { class = \"tenant\" }",
            &["erp.revenue is a materialized view; class tenant is for tables; use deny or exempt"],
        ),
        (
            "include = [\"erp\",",
            "include = [\"erp\", \"sales\",",
            &["schema sales is not in the database; take it out of include"],
        ),
        (
            "table = \"erp.company\"",
            "table = \"erp.companies\"",
            &["[tree] erp.companies is not in the database; did you mean erp.company?"],
        ),
    ] {
        let manifest = erp.manifest.replace(from, to);
        assert_ne!(manifest, erp.manifest, "{from}");
        assert_eq!(problems(&manifest, &catalog), said, "{to}");
    }
}

/// Before PostgreSQL 15 a view asks its owner's policies, so somebody has to say what it is for.
#[tokio::test]
async fn a_view_over_tenants_tables_has_to_be_classed_before_15() {
    let mut erp = Erp::new().await;
    let catalog = erp.catalog().await;
    let of_view = |line: &&str| line.starts_with("\"erp.open_");
    let manifest: Vec<&str> = erp.manifest.lines().filter(|line| !of_view(line)).collect();
    let said = |view| {
        format!(
            "view {view} reads with its owner's rights before PostgreSQL 15; class it deny or exempt, or upgrade"
        )
    };
    let said = match erp.version {
        ..FIFTEEN => ["erp.open_invoice", "erp.open_number"].map(said).to_vec(),
        _ => Vec::new(),
    };
    assert_eq!(problems(&manifest.join("\n"), &catalog), said);
    assert_eq!(problems(&erp.manifest, &catalog), Vec::<String>::new());
}

#[tokio::test]
async fn a_role_that_policies_would_not_bind_is_named() {
    let mut erp = Erp::new().await;
    let (owner, app) = (erp.roles[0].clone(), erp.app.clone());
    for (make, said, unmake) in [
        (
            format!("ALTER ROLE {app} SUPERUSER"),
            format!("role {app} is a superuser; policies would not bind it"),
            format!("ALTER ROLE {app} NOSUPERUSER"),
        ),
        (
            format!("ALTER ROLE {app} BYPASSRLS"),
            format!("role {app} has BYPASSRLS; policies would not bind it"),
            format!("ALTER ROLE {app} NOBYPASSRLS"),
        ),
        (
            format!("ALTER ROLE {app} REPLICATION"),
            format!("role {app} has REPLICATION, which reads every row; policies would not bind it"),
            format!("ALTER ROLE {app} NOREPLICATION"),
        ),
        (
            format!("GRANT {owner} TO {app}"),
            format!(
                "role {app} is a member of {owner}, which owns the tables and can drop their policies; \
                 revoke the membership"
            ),
            format!("REVOKE {owner} FROM {app}"),
        ),
    ] {
        erp.admin.batch_execute(&make).await.unwrap();
        let catalog = erp.catalog().await;
        assert_eq!(problems(&erp.manifest, &catalog), [said]);
        erp.admin.batch_execute(&unmake).await.unwrap();
    }
    let catalog = erp.catalog().await;
    assert_eq!(problems(&erp.manifest, &catalog), Vec::<String>::new());
}

#[tokio::test]
async fn functions_that_policies_depend_on_keep_their_meaning() {
    let mut erp = Erp::new().await;
    let plan = erp.plan().await;
    kept::apply(&mut erp.admin, &erp.app, &plan).await.unwrap();
    let catalog = erp.catalog().await;
    let manifest = erp.manifest.replace("type = \"uuid\"", "type = \"uuid\"\nsetting = \"erp.company\"");
    assert_eq!(
        problems(&manifest, &catalog),
        ["function tenantry.tenant_id() reads another setting than erp.company; \
          keep the tenancy as it was, or name another support_schema"]
    );
}
