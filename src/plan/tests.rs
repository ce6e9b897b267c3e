//! What a plan makes is what rules ask for.

use super::{Step, plan};
use crate::catalog::replay::{Options, Source, replay};
use crate::ident::Ident;
use crate::policy::manifest::Manifest;
use crate::rule::{Finding, Reach, Severity, lint};

/// One table of each class, with every kind of key that a plan changes.
const TABLES: &str = "
CREATE ROLE erp_owner NOLOGIN;
CREATE ROLE erp_app LOGIN;
CREATE ROLE erp_system LOGIN BYPASSRLS;
CREATE TABLE company (id {type} PRIMARY KEY, parent_id {type} REFERENCES company);
CREATE TABLE membership (user_id {type}, tenant_id {type} REFERENCES company, PRIMARY KEY (user_id, tenant_id));
CREATE TABLE customer (tenant_id {type}, id bigserial PRIMARY KEY, next bigint REFERENCES customer ON DELETE SET NULL);
CREATE TABLE invoice (
    tenant_id {type} REFERENCES company ON DELETE CASCADE,
    id uuid PRIMARY KEY,
    number text,
    customer_id bigint REFERENCES customer ON DELETE CASCADE,
    currency text REFERENCES currency ON UPDATE CASCADE,
    UNIQUE (tenant_id, number)
);
CREATE TABLE invoice_line (
    invoice_id uuid REFERENCES invoice ON DELETE CASCADE,
    position int,
    PRIMARY KEY (invoice_id, position)
);
CREATE TABLE entry (tenant_id {type}, day date, id bigint, PRIMARY KEY (day, id)) PARTITION BY RANGE (day);
CREATE TABLE entry_rest PARTITION OF entry DEFAULT;
CREATE TABLE unit (tenant_id {type}, code text, UNIQUE (tenant_id, code));
CREATE TABLE below (tenant_id {type}, id int PRIMARY KEY);
CREATE TABLE desk (tenant_id {type}, id int PRIMARY KEY);
CREATE TABLE secret (id text PRIMARY KEY);
CREATE VIEW open_invoice AS SELECT * FROM invoice WHERE number IS NULL;
CREATE VIEW open_number AS SELECT number FROM open_invoice;
CREATE MATERIALIZED VIEW revenue AS SELECT tenant_id, count(*) FROM invoice GROUP BY 1 WITH NO DATA;
GRANT ALL ON ALL TABLES IN SCHEMA public TO erp_app;
GRANT SELECT ON entry_rest TO PUBLIC;
";

const MANIFEST: &str = r#"
[tenancy]
type = "{type}"
[roles]
owner = "erp_owner"
app = "erp_app"
system = "erp_system"
[tree]
table = "public.company"
[membership]
table = "public.membership"
[tables]
"public.company" = { class = "tree", column = "id" }
"public.membership" = { class = "membership" }
"public.currency" = { class = "shared" }
"public.invoice_line" = { class = "child", via = "invoice" }
"public.unit" = { class = "shared" }
"public.below" = { class = "tree" }
"public.desk" = { class = "membership" }
"public.secret" = { class = "deny" }
"public.revenue" = { class = "deny" }
"#;

#[test]
fn rules_find_nothing_grave_in_what_a_plan_makes() {
    for tenant_type in ["uuid", "bigint", "integer", "text"] {
        let manifest = Manifest::parse(&MANIFEST.replace("{type}", tenant_type)).unwrap();
        let currency = "CREATE TABLE currency (code text PRIMARY KEY);";
        let tables = format!("{currency}{}", TABLES.replace("{type}", tenant_type));
        let options = Options { role: Ident::new("erp_owner").unwrap(), ..Options::default() };
        let mut sources = vec![Source::new("tables.sql", tables)];
        let before = replay(&sources, &options);
        assert!(before.opaque.is_empty(), "{:?}", before.opaque);
        assert!(lint(&manifest, &sources).from(Severity::Medium).count() > 10);
        let planned = plan(&manifest, &before.catalog).unwrap();
        sources.push(Source::new("plan.sql", planned.up().unwrap().to_string()));
        let report = lint(&manifest, &sources);
        let of_plan = |finding: &&Finding| finding.place.as_ref().is_none_or(|at| at.file == "plan.sql");
        let grave: Vec<String> = report
            .from(Severity::Medium)
            // What the tables' own file does on its way stays done.
            .filter(|finding| finding.rule.reach() != Reach::Files || of_plan(finding))
            .map(|finding| format!("{}: {}", finding.rule.code, finding.message))
            .collect();
        assert!(grave.is_empty(), "{tenant_type}:\n{}", grave.join("\n"));
    }
}

/// Whoever refreshes a materialized view reads by the policies of its owner.
#[test]
fn a_materialized_view_is_not_made_over_to_a_role_that_policies_bind() {
    let tables = "CREATE TABLE invoice (tenant_id uuid, id int);
        CREATE MATERIALIZED VIEW revenue AS SELECT tenant_id, count(*) FROM invoice GROUP BY 1 WITH NO DATA;";
    let manifest = |system: &str| {
        let roles = format!("[roles]\nowner = \"erp_owner\"\napp = \"erp_app\"\n{system}");
        let classes = "[tables]\n\"public.revenue\" = { class = \"deny\" }";
        Manifest::parse(&format!("[tenancy]\ntype = \"uuid\"\n{roles}{classes}")).unwrap()
    };
    for (owner, system, made_over, remarks) in [
        ("erp_owner", "system = \"erp_system\"\n", true, 0),
        ("erp_owner", "", false, 1),
        ("postgres", "", false, 0),
        ("postgres", "system = \"erp_system\"\n", false, 0),
    ] {
        let options = Options { role: Ident::new(owner).unwrap(), ..Options::default() };
        let catalog = replay(&[Source::new("1.sql", tables)], &options).catalog;
        let planned = plan(&manifest(system), &catalog).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let of = |step: &&Step| step.object == "public.revenue" && step.what.starts_with("owner is");
        let steps: Vec<&str> = planned.steps.iter().filter(of).map(|step| step.what.as_str()).collect();
        assert_eq!(steps, Vec::from_iter(made_over.then_some("owner is erp_system")), "{owner} {system}");
        let about = planned.remarks.iter().filter(|remark| remark.object == "public.revenue");
        assert_eq!(about.count(), remarks, "{owner} {system}");
        let grants = planned
            .steps
            .iter()
            .filter(|step| step.object == "public.revenue" && step.what == "SELECT for erp_system");
        assert_eq!(grants.count(), usize::from(!system.is_empty() && !made_over));
    }
}

/// What a plan says of a role, for tables and roles that some statements make.
fn said_of(role: &str, sql: &str) -> Vec<String> {
    let manifest = "[tenancy]\ntype = \"uuid\"\n[roles]\nowner = \"erp_owner\"\nmigrator = \"erp_migrator\"\napp = \"erp_app\"";
    let sources = [Source::new("a.sql", format!("CREATE ROLE erp_owner; {sql}"))];
    let options = Options { role: Ident::known("former"), ..Options::default() };
    let planned = plan(&Manifest::parse(manifest).unwrap(), &replay(&sources, &options).catalog).unwrap();
    let of = planned.remarks.into_iter().filter(|remark| remark.object == format!("role {role}"));
    of.map(|remark| remark.what).collect()
}

const INVOICE: &str = "CREATE TABLE invoice (tenant_id uuid NOT NULL, id bigint PRIMARY KEY);";

#[test]
fn it_is_said_where_the_migrator_cannot_run_a_plan() {
    let roles = "CREATE ROLE former; CREATE ROLE erp_app LOGIN; CREATE ROLE erp_migrator LOGIN; GRANT erp_owner TO erp_migrator;";
    let expected = "is no member of former, who owns what changes hands here: have a superuser run this one";
    assert_eq!(said_of("erp_migrator", &format!("{roles}{INVOICE}")), [expected]);
    for able in [
        "GRANT former TO erp_migrator;",
        "ALTER ROLE erp_migrator SUPERUSER;",
        "ALTER TABLE invoice OWNER TO erp_owner;",
    ] {
        assert!(said_of("erp_migrator", &format!("{roles}{INVOICE}{able}")).is_empty(), "{able}");
    }
}

#[test]
fn a_role_that_is_made_where_another_was_meant_is_named() {
    let at_work =
        |role: &str| format!("CREATE ROLE {role} LOGIN;{INVOICE}GRANT SELECT ON invoice TO {role};");
    let expected = "it is made by this plan; erp_apps works with 1 of the tables, did you mean it?";
    assert_eq!(said_of("erp_app", &at_work("erp_apps")), [expected]);
    assert!(said_of("erp_app", &at_work("erp_app")).is_empty());
}
