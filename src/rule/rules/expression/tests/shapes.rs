//! What this crate writes itself is not found fault with.

use crate::catalog::replay::Source;
use crate::ident::QualifiedName;
use crate::policy::manifest::Manifest;
use crate::policy::{Bootstrap, Child, Membership, Missing, Roles, Shape, Tenancy, TenantColumn, Tree};
use crate::rule::rules::expression::RULES;
use crate::rule::{Severity, lint};
use crate::tenant::TenantType;

const TABLES: &str = "
CREATE ROLE erp_owner; CREATE ROLE erp_app LOGIN; CREATE ROLE erp_system LOGIN BYPASSRLS;
SET ROLE erp_owner;
CREATE SCHEMA erp;
CREATE TABLE erp.company (id TYPE PRIMARY KEY, parent_id TYPE);
CREATE TABLE erp.membership (user_id TYPE NOT NULL, tenant_id TYPE NOT NULL, PRIMARY KEY (user_id, tenant_id));
CREATE TABLE erp.invoice (id bigint PRIMARY KEY, tenant_id TYPE NOT NULL);
CREATE TABLE erp.direct (id bigint PRIMARY KEY, tenant_id TYPE NOT NULL);
CREATE TABLE erp.invoice_line (id bigint PRIMARY KEY, invoice_id bigint NOT NULL REFERENCES erp.invoice);
CREATE TABLE erp.line_tax (id bigint PRIMARY KEY, line_id bigint NOT NULL REFERENCES erp.invoice_line);
CREATE TABLE erp.product (id bigint PRIMARY KEY, tenant_id TYPE);
CREATE TABLE erp.document (id bigint PRIMARY KEY, tenant_id TYPE NOT NULL);
CREATE TABLE erp.budget (id bigint PRIMARY KEY, tenant_id TYPE NOT NULL);
CREATE TABLE erp.currency (code text PRIMARY KEY);
CREATE TABLE erp.secret (id bigint PRIMARY KEY, tenant_id TYPE NOT NULL);
";

const MANIFEST: &str = r#"[tenancy]
type = "TYPE"
missing = "MISSING"

[roles]
owner = "erp_owner"
app = "erp_app"
system = "erp_system"

[schemas]
include = ["erp"]

[tree]
table = "erp.company"

[membership]
table = "erp.membership"

[tables]
"erp.company" = { class = "tree", column = "id" }
"erp.membership" = { class = "membership" }
"erp.direct" = { class = "tenant", direct = true }
"erp.invoice_line" = { class = "child", via = "invoice" }
"erp.line_tax" = { class = "child", via = "invoice_line" }
"erp.product" = { class = "shared" }
"erp.document" = { class = "membership" }
"erp.budget" = { class = "tree" }
"erp.currency" = { class = "shared" }
"erp.secret" = { class = "deny" }
"#;

fn script(tenancy: &Tenancy, roles: &Roles) -> String {
    let column = TenantColumn::default;
    let line = Child::new(["invoice_id"], "erp.invoice", ["id"]).unwrap();
    let shapes = [
        ("erp.company", Shape::Tree(TenantColumn::named("id").unwrap())),
        ("erp.membership", Shape::Members),
        ("erp.invoice", Shape::Tenant(column())),
        ("erp.direct", Shape::Tenant(column().direct())),
        ("erp.invoice_line", Shape::Child(line.tenant(column()))),
        ("erp.line_tax", Shape::Child(Child::new(["line_id"], "erp.invoice_line", ["id"]).unwrap())),
        ("erp.product", Shape::SharedRows(column())),
        ("erp.document", Shape::Membership(column())),
        ("erp.budget", Shape::Tree(column())),
        ("erp.currency", Shape::Shared),
        ("erp.secret", Shape::Deny),
    ];
    let scripts = shapes.map(|(table, shape)| {
        let table = QualifiedName::parse(table).unwrap();
        shape.script(&table, tenancy, roles).unwrap().to_string()
    });
    scripts.join("\n")
}

#[test]
fn what_this_crate_writes_is_not_found_fault_with() {
    let roles = Roles::new("erp_owner", "erp_app").unwrap().system("erp_system").unwrap();
    for tenant_type in [TenantType::Uuid, TenantType::Bigint, TenantType::Text] {
        for (missing, word) in [(Missing::Error, "error"), (Missing::Empty, "empty")] {
            let tenancy = Tenancy::new(tenant_type)
                .missing(missing)
                .tree(Tree::new("erp.company", "id", "parent_id").unwrap())
                .membership(Membership::new("erp.membership", "user_id", "tenant_id", tenant_type).unwrap());
            let tables = TABLES.replace("TYPE", tenant_type.sql());
            let bootstrap = Bootstrap::new(tenancy.clone(), roles.clone()).script().unwrap().to_string();
            let sources = [
                Source::new("tables.sql", tables),
                Source::new("bootstrap.sql", bootstrap),
                Source::new("shapes.sql", script(&tenancy, &roles)),
            ];
            let manifest = MANIFEST.replace("TYPE", tenant_type.sql()).replace("MISSING", word);
            let report = lint(&Manifest::parse(&manifest).unwrap(), &sources);
            let of_performance = ["per-row-function", "in-subselect-policy", "parallel-unsafe-function"];
            let mine =
                |code: &str| of_performance.contains(&code) || RULES.iter().any(|rule| rule.code == code);
            let found: Vec<String> = report
                .from(Severity::Info)
                .filter(|finding| mine(finding.rule.code))
                .map(|finding| format!("{}: {}", finding.rule.code, finding.message))
                .collect();
            assert!(found.is_empty(), "{tenant_type:?} {word}:\n{}", found.join("\n"));
            assert!(report.statements > 40, "{}", report.statements);
        }
    }
}
