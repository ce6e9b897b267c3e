//! Materialized views, which read as their owner when they are refreshed.

use tenantry::catalog::{Catalog, live};
use tenantry::migrate;
use tenantry::policy::manifest::Manifest;
use tenantry::{Ident, QualifiedName, plan};

use super::{plan_for, same, titles};
use crate::policy::{A, Admin, B, admin, unique};
use crate::support::kept;

async fn catalog(admin: &mut Admin, roles: &[&str]) -> Catalog {
    let mut catalog = live::load(admin).await.unwrap();
    catalog.roles.retain(|name, _| roles.contains(&name.as_str()) || name.as_str() == "postgres");
    catalog.memberships.retain(|of| roles.contains(&of.member.as_str()));
    catalog
}

/// The table is under FORCE after the plan, and a refresh finds the rows of all tenants all the same.
#[tokio::test]
async fn a_plan_leaves_a_refresh_that_reads_all_rows() {
    let [owner, app, system] = ["owner", "app", "system"].map(unique);
    let roles = [owner.as_str(), app.as_str(), system.as_str()];
    let mut admin = admin().await;
    let sql = format!(
        "CREATE ROLE {owner}; CREATE ROLE {app} LOGIN; CREATE ROLE {system} LOGIN BYPASSRLS;
         CREATE TABLE invoice (tenant_id uuid NOT NULL, id int);
         INSERT INTO invoice VALUES ('{A}', 1), ('{B}', 2);
         CREATE MATERIALIZED VIEW revenue AS SELECT tenant_id, count(*) FROM invoice GROUP BY 1;
         ALTER TABLE invoice OWNER TO {owner}; ALTER MATERIALIZED VIEW revenue OWNER TO {owner};"
    );
    admin.batch_execute(&sql).await.unwrap();
    let manifest = format!(
        "[tenancy]\ntype = \"uuid\"\n[roles]\nowner = \"{owner}\"\napp = \"{app}\"\nsystem = \"{system}\"\n\
         [tables]\n\"public.revenue\" = {{ class = \"deny\" }}\n"
    );
    let before = catalog(&mut admin, &roles).await;
    let plan = plan_for(&manifest, &before);
    let up = plan.up().unwrap();
    kept::apply(&mut admin, &app, &plan).await.unwrap_or_else(|error| panic!("{error:?}\n{up}"));
    let after = catalog(&mut admin, &roles).await;
    let revenue = &after.relations[&QualifiedName::parse("public.revenue").unwrap()];
    assert_eq!(revenue.owner, Ident::new(system.as_str()).unwrap());
    assert_eq!(titles(&plan_for(&manifest, &after)), Vec::<String>::new());
    // The system role has not kept what it took to be given the view.
    let may = format!("SELECT has_schema_privilege('{system}', 'public', 'CREATE')");
    let public = "SELECT has_schema_privilege('public', 'public', 'CREATE')";
    let may: bool = admin.query_one(&may, &[]).await.unwrap().get(0);
    let public: bool = admin.query_one(public, &[]).await.unwrap().get(0);
    assert_eq!(may, public);

    admin
        .batch_execute(&format!("SET ROLE {system}; REFRESH MATERIALIZED VIEW revenue; RESET ROLE"))
        .await
        .unwrap();
    let rows = admin.query("SELECT FROM revenue", &[]).await.unwrap();
    assert_eq!(rows.len(), 2);

    let down = plan.down().unwrap();
    migrate::apply(&mut admin, &down).await.unwrap_or_else(|error| panic!("{error:?}\n{down}"));
    same(&catalog(&mut admin, &roles).await, &before);
    let select = format!("SET ROLE {owner}; SELECT FROM revenue; RESET ROLE");
    admin.batch_execute(&select).await.unwrap();
    // Where no role is let past the policies, it is said.
    let without = manifest.replace(&format!("system = \"{system}\"\n"), "");
    let plan = plan::plan(&Manifest::parse(&without).unwrap(), &before).unwrap();
    assert!(plan.remarks.iter().any(|remark| remark.object == "public.revenue"), "{:?}", plan.remarks);
}
