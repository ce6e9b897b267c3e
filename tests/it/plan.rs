//! Plans against a server: what they make, that they are complete, and that they can be taken back.

mod backup;
mod files;
mod locks;
pub(crate) mod owned;
mod periods;
mod problems;
mod refresh;
mod set_off;
pub(crate) mod types;
mod window;

use std::collections::BTreeSet;

use tenantry::catalog::{Catalog, live};
use tenantry::plan::{self, Plan, Step};
use tenantry::policy::manifest::Manifest;
use tenantry::{QualifiedName, migrate};
use tokio_postgres::Client;

use crate::policy::{A, Admin, B, admin, outcome, unique};
use crate::support::{expected, kept, version};

/// A database with an ERP in it, and a manifest for it.
pub(crate) struct Erp {
    pub(crate) admin: Admin,
    pub(crate) app: String,
    roles: Vec<String>,
    manifest: String,
    /// The server's.
    pub(crate) version: u32,
}

impl Erp {
    /// With roles that the plan has to make, but for `app` and `owner`.
    pub(crate) async fn new() -> Self {
        let names = ["owner", "app", "system", "migrator"].map(|role| (role, unique(role)));
        let fill = |text: &str| {
            names
                .iter()
                .fold(text.to_owned(), |text, (role, name)| text.replace(&format!("{{{role}}}"), name))
        };
        let admin = admin().await;
        let roles = fill("CREATE ROLE {owner}; CREATE ROLE {app} LOGIN;");
        admin.batch_execute(&(roles + &fill(include_str!("plan/erp.sql")))).await.unwrap();
        let version = version::of(&admin).await;
        let manifest = fill(&version::fit(include_str!("plan/tenantry.toml"), version));
        let roles = names.map(|(_, name)| name);
        Self { admin, app: roles[1].clone(), roles: roles.into(), manifest, version }
    }

    /// The catalog without the roles of other tests: they are the cluster's.
    pub(crate) async fn catalog(&mut self) -> Catalog {
        let mut catalog = live::load(&mut self.admin).await.unwrap();
        catalog.roles.retain(|name, _| {
            self.roles.iter().any(|own| own == name.as_str()) || name.as_str() == "postgres"
        });
        catalog.memberships.retain(|of| self.roles.iter().any(|own| own == of.member.as_str()));
        catalog
    }

    pub(crate) async fn plan(&mut self) -> Plan {
        let catalog = self.catalog().await;
        plan_for(&self.manifest, &catalog)
    }

    pub(crate) fn manifest(&self) -> &str {
        &self.manifest
    }

    /// A text with the names of this test's roles in their places.
    fn fill(&self, text: &str) -> String {
        let name = |name: &String| (format!("{{{}}}", name.split('_').next().unwrap()), name.clone());
        let names = self.roles.iter().map(name);
        names.fold(text.to_owned(), |text, (place, name)| text.replace(&place, &name))
    }

    /// Replaces something in the manifest.
    fn edit(&mut self, from: &str, to: &str) {
        assert!(self.manifest.contains(from), "{from}");
        self.manifest = self.manifest.replace(from, to);
    }

    async fn as_app(&self) -> Client {
        self.admin.login(&self.app).await
    }
}

pub(crate) fn plan_for(manifest: &str, catalog: &Catalog) -> Plan {
    let manifest = Manifest::parse(manifest).unwrap_or_else(|problems| panic!("{problems:#?}"));
    plan::plan(&manifest, catalog).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn titles(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|step| format!("{}: {}\n{}", step.object, step.what, step.up)).collect()
}

#[tokio::test]
async fn a_plan_that_was_applied_is_followed_by_an_empty_one() {
    let mut erp = Erp::new().await;
    let plan = erp.plan().await;
    assert!(!plan.is_empty());
    kept::apply(&mut erp.admin, &erp.app, &plan).await.unwrap_or_else(|error| panic!("{error:?}"));
    assert_eq!(titles(&erp.plan().await), Vec::<String>::new());
    // Policies of ours that no shape has any more are gone, and those of others stay.
    let catalog = erp.catalog().await;
    let branch = &catalog.relations[&QualifiedName::parse("erp.branch").unwrap()];
    let policies: Vec<&str> = branch.policies.keys().map(|name| name.as_str()).collect();
    assert!(policies.contains(&"mine") && !policies.contains(&"tenantry_old"), "{policies:?}");
}

#[tokio::test]
async fn down_restores_exactly_what_was_there() {
    let mut erp = Erp::new().await;
    let before = erp.catalog().await;
    let plan = erp.plan().await;
    kept::apply(&mut erp.admin, &erp.app, &plan).await.unwrap();
    let between = erp.catalog().await;
    migrate::apply(&mut erp.admin, &plan.down().unwrap()).await.unwrap_or_else(|error| panic!("{error:?}"));
    same(&erp.catalog().await, &before);
    // Each step does something that the next ones do not, or the way back would not have been tried.
    kept::apply(&mut erp.admin, &erp.app, &plan).await.unwrap();
    same(&erp.catalog().await, &between);
}

/// Equal catalogs, or the first lines in which they differ.
fn same(found: &Catalog, expected: &Catalog) {
    let (found_text, expected_text) = (format!("{found:#?}"), format!("{expected:#?}"));
    for (number, (found, expected)) in found_text.lines().zip(expected_text.lines()).enumerate() {
        if found != expected {
            let around: Vec<&str> = expected_text.lines().skip(number.saturating_sub(40)).take(41).collect();
            panic!("line {number}: found {found}, expected {expected}, after\n{}", around.join("\n"));
        }
    }
    assert!(found == expected);
}

/// For people to read: the steps of a plan.
#[tokio::test]
async fn a_plan_reads_well() {
    let mut erp = Erp::new().await;
    let plan = erp.plan().await;
    let line = |step: &Step| format!("{:<22}{:<6}{}: {}\n", step.lock, step.work, step.object, step.what);
    // PostgreSQL 17 has one privilege more.
    let text = plan.steps.iter().map(line).collect::<String>().replace(", MAINTAIN", "");
    let of_anybody = |text: String, name: &String| {
        let role = name.split('_').next().unwrap();
        text.replace(name, &format!("erp_{role}"))
    };
    expected::compare_on(erp.version, "plan/expected/steps.txt", &erp.roles.iter().fold(text, of_anybody));
    let remarks: String =
        plan.remarks.iter().map(|remark| format!("{}: {}\n", remark.object, remark.what)).collect();
    expected::compare_on(erp.version, "plan/expected/remarks.txt", &remarks);
}

#[tokio::test]
async fn after_a_plan_each_tenant_has_its_own_rows() {
    let mut erp = Erp::new().await;
    let plan = erp.plan().await;
    kept::apply(&mut erp.admin, &erp.app, &plan).await.unwrap();
    let mut app = erp.as_app().await;
    // Before PostgreSQL 15 nobody reads a view over tenants' tables.
    let of_view = if erp.version < version::FIFTEEN { "42501" } else { "1" };
    for (sql, as_a, as_b) in [
        ("SELECT * FROM erp.invoice", "1", "1"),
        ("SELECT * FROM erp.invoice_line", "1", "1"),
        ("SELECT * FROM erp.open_number", of_view, of_view),
        ("SELECT * FROM erp.company", "2", "1"),
        ("SELECT * FROM erp.currency", "1", "1"),
        ("SELECT * FROM erp.secret", "42501", "42501"),
        ("SELECT * FROM erp.revenue", "42501", "42501"),
        ("SELECT * FROM erp.entry_2026_1", "42501", "42501"),
        ("TRUNCATE erp.invoice", "42501", "42501"),
        ("INSERT INTO erp.customer (name) VALUES ('three')", "1", "1"),
        ("INSERT INTO erp.contact (customer_id) VALUES (1)", "1", "23503"),
        (
            "INSERT INTO erp.invoice (customer_id, currency, issued_on) VALUES (2, 'EUR', '2026-01-01')",
            "23503",
            "1",
        ),
        ("INSERT INTO erp.invoice_line VALUES (2, 2, 1)", "42501", "1"),
        ("INSERT INTO erp.currency VALUES ('USD', 'Dollar')", "42501", "42501"),
        ("INSERT INTO erp.entry (day, id) VALUES ('2026-02-02', 1)", "1", "1"),
        ("DELETE FROM erp.contact", "42501", "42501"),
        // ON DELETE SET NULL leaves the tenant as it is.
        (
            "INSERT INTO erp.customer (id, name) VALUES (100, 'parent');
             INSERT INTO erp.customer (id, name, parent_id) VALUES (101, 'child', 100);
             DELETE FROM erp.customer WHERE id = 100",
            "1",
            "1",
        ),
    ] {
        let found = [outcome(&mut app, Some(A), sql).await, outcome(&mut app, Some(B), sql).await];
        assert_eq!(found, [as_a, as_b], "{sql}");
    }
    assert_eq!(outcome(&mut app, None, "SELECT * FROM erp.invoice").await, "TN001");
}

#[tokio::test]
async fn what_somebody_takes_away_is_planned_again() {
    let mut erp = Erp::new().await;
    let plan = erp.plan().await;
    kept::apply(&mut erp.admin, &erp.app, &plan).await.unwrap();
    let of_view = match erp.version {
        ..version::FIFTEEN => ("GRANT SELECT ON erp.open_invoice TO {app}", "erp.open_invoice"),
        _ => ("ALTER VIEW erp.open_number RESET (security_invoker)", "erp.open_number"),
    };
    for (drift, object) in [
        ("ALTER TABLE erp.invoice NO FORCE ROW LEVEL SECURITY", "erp.invoice"),
        ("ALTER TABLE erp.invoice DISABLE ROW LEVEL SECURITY", "erp.invoice"),
        ("DROP POLICY tenantry_floor ON erp.invoice", "erp.invoice"),
        ("ALTER POLICY tenantry_tenant ON erp.invoice USING (true)", "erp.invoice"),
        ("ALTER POLICY tenantry_floor ON erp.invoice TO {app}", "erp.invoice"),
        ("COMMENT ON POLICY tenantry_floor ON erp.invoice IS 'tenantry: tenant, version 0'", "erp.invoice"),
        ("GRANT TRUNCATE ON erp.invoice TO {app}", "erp.invoice"),
        ("GRANT TRIGGER ON erp.invoice TO PUBLIC", "erp.invoice"),
        ("REVOKE SELECT ON erp.invoice FROM {app}", "erp.invoice"),
        ("GRANT SELECT ON erp.entry_rest TO {app}", "erp.entry_rest"),
        ("ALTER TABLE erp.entry_rest NO FORCE ROW LEVEL SECURITY", "erp.entry_rest"),
        ("ALTER TABLE erp.invoice ALTER tenant_id DROP DEFAULT", "erp.invoice"),
        ("ALTER TABLE erp.invoice ALTER tenant_id DROP NOT NULL", "erp.invoice"),
        (
            "DROP INDEX \"Odd schema\".a_name_of_sixty_three_bytes_which_is_the_longest_that_{hash}",
            "\"Odd schema\".a_name",
        ),
        of_view,
        ("ALTER TABLE erp.invoice OWNER TO CURRENT_USER", "erp.invoice"),
        ("REVOKE USAGE ON SEQUENCE erp.invoice_id_seq FROM {app}", "erp.invoice_id_seq"),
        ("REVOKE USAGE ON SCHEMA erp FROM {app}", "schema erp"),
        ("GRANT UPDATE ON tenantry.system_access TO {system}", "tenantry.system_access"),
        ("GRANT INSERT ON tenantry.system_access TO {system} WITH GRANT OPTION", "tenantry.system_access"),
        ("REVOKE ALL ON tenantry.system_access FROM {system}", "tenantry.system_access"),
        ("GRANT SELECT (reason) ON tenantry.system_access TO {app}", "tenantry.system_access"),
        ("GRANT TRUNCATE ON tenantry.system_access TO PUBLIC", "tenantry.system_access"),
        (
            "ALTER TABLE erp.contact DROP CONSTRAINT contact_customer_id_fkey;
             ALTER TABLE erp.contact ADD CONSTRAINT contact_customer_id_fkey
                 FOREIGN KEY (customer_id) REFERENCES erp.customer ON DELETE CASCADE",
            "erp.contact",
        ),
    ] {
        let index: String = erp
            .admin
            .query_one("SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = '\"Odd schema\".a_name_of_sixty_three_bytes_which_is_the_longest_that_is_kept_x'::regclass AND NOT indisunique", &[])
            .await
            .unwrap()
            .get(0);
        let drift = match drift.strip_prefix("DROP INDEX ") {
            Some(_) => format!("DROP INDEX {index}"),
            None => erp.fill(drift),
        };
        erp.admin.batch_execute(&drift).await.unwrap_or_else(|error| panic!("{drift}: {error:?}"));
        let before = erp.catalog().await;
        let plan = erp.plan().await;
        let objects: BTreeSet<&str> = plan.steps.iter().map(|step| step.object.as_str()).collect();
        assert!(objects.iter().any(|found| found.starts_with(object)), "{drift}: {objects:?}");
        kept::apply(&mut erp.admin, &erp.app, &plan)
            .await
            .unwrap_or_else(|error| panic!("{drift}: {error:?}"));
        migrate::apply(&mut erp.admin, &plan.down().unwrap()).await.unwrap();
        same(&erp.catalog().await, &before);
        kept::apply(&mut erp.admin, &erp.app, &plan).await.unwrap();
        assert_eq!(titles(&erp.plan().await), Vec::<String>::new(), "{drift}");
    }
}

#[tokio::test]
async fn later_plans_need_no_superuser() {
    let mut erp = Erp::new().await;
    let plan = erp.plan().await;
    kept::apply(&mut erp.admin, &erp.app, &plan).await.unwrap();
    let new = erp.fill(
        "SET ROLE {owner};
         CREATE TABLE erp.payment (
             tenant_id uuid,
             id bigserial PRIMARY KEY,
             contact_id bigint REFERENCES erp.contact,
             refunds bigint REFERENCES erp.payment
         );
         INSERT INTO erp.payment (tenant_id) VALUES ('00000000-0000-0000-0000-00000000000a');
         CREATE VIEW erp.refund AS SELECT * FROM erp.payment WHERE refunds IS NOT NULL; -- from PostgreSQL 15
         RESET ROLE",
    );
    erp.admin.batch_execute(&version::fit(&new, erp.version)).await.unwrap();
    let plan = erp.plan().await;
    let forced = plan.steps.iter().filter(|step| step.what.contains("the owner sees all rows")).count();
    assert_eq!(forced, 1, "of the new foreign keys one refers to a table that is under FORCE");
    let before = erp.catalog().await;
    erp.admin.batch_execute(&erp.fill("SET ROLE {migrator}")).await.unwrap();
    kept::apply(&mut erp.admin, &erp.app, &plan).await.unwrap_or_else(|error| panic!("{error:?}"));
    for script in [plan.down(), plan.up()] {
        migrate::apply(&mut erp.admin, &script.unwrap()).await.unwrap_or_else(|error| panic!("{error:?}"));
    }
    assert_eq!(titles(&erp.plan().await), Vec::<String>::new());
    migrate::apply(&mut erp.admin, &plan.down().unwrap()).await.unwrap();
    erp.admin.batch_execute("RESET ROLE").await.unwrap();
    same(&erp.catalog().await, &before);
}

/// Under FORCE the server would check those rows alone that the owner sees, which are none, and find any key valid.
#[tokio::test]
async fn a_reference_that_crosses_is_found() {
    let mut erp = Erp::new().await;
    let plan = erp.plan().await;
    kept::apply(&mut erp.admin, &erp.app, &plan).await.unwrap();
    let crossing = erp.fill(
        "INSERT INTO erp.contact (tenant_id, id, customer_id) VALUES ('00000000-0000-0000-0000-00000000000b', 7, 2);
         CREATE TABLE erp.payment (tenant_id uuid NOT NULL, contact_id bigint REFERENCES erp.contact);
         ALTER TABLE erp.payment OWNER TO {owner};
         INSERT INTO erp.payment VALUES ('00000000-0000-0000-0000-00000000000a', 7)",
    );
    erp.admin.batch_execute(&crossing).await.unwrap();
    let before = erp.catalog().await;
    let up = erp.plan().await.up().unwrap();
    erp.admin.batch_execute(&erp.fill("SET ROLE {migrator}")).await.unwrap();
    let error = migrate::apply(&mut erp.admin, &up).await.unwrap_err();
    erp.admin.batch_execute("RESET ROLE").await.unwrap();
    assert_eq!(error.code().unwrap().code(), "23503", "{error}");
    assert!(error.to_string().starts_with("erp.payment: foreign key payment_contact_id_fkey"), "{error}");
    same(&erp.catalog().await, &before);
}

#[tokio::test]
async fn a_table_can_change_its_class() {
    let mut erp = Erp::new().await;
    let plan = erp.plan().await;
    kept::apply(&mut erp.admin, &erp.app, &plan).await.unwrap();
    let line = "\"erp.unit\" = { class = \"shared\" }";
    let mut now = line.to_owned();
    for next in [
        "\"erp.unit\" = { class = \"deny\" }",
        "\"erp.unit\" = { class = \"tree\" }",
        "\"erp.unit\" = { class = \"membership\" }",
        "\"erp.unit\" = { class = \"tenant\" }",
        "\"erp.unit\" = { class = \"tenant\", direct = true }",
        line,
    ] {
        erp.edit(&now, next);
        next.clone_into(&mut now);
        let before = erp.catalog().await;
        let plan = erp.plan().await;
        assert!(!plan.is_empty(), "{next}");
        kept::apply(&mut erp.admin, &erp.app, &plan)
            .await
            .unwrap_or_else(|error| panic!("{next}: {error:?}"));
        for script in [plan.down(), plan.up()] {
            migrate::apply(&mut erp.admin, &script.unwrap())
                .await
                .unwrap_or_else(|error| panic!("{next}: {error:?}"));
        }
        assert_eq!(titles(&erp.plan().await), Vec::<String>::new(), "{next}");
        migrate::apply(&mut erp.admin, &plan.down().unwrap()).await.unwrap();
        same(&erp.catalog().await, &before);
        kept::apply(&mut erp.admin, &erp.app, &plan).await.unwrap();
    }
}
