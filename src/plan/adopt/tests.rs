//! What is planned, and what is refused.

mod newer;

use super::{Adoption, Phase, Request, adopt, rights};
use crate::catalog::Catalog;
use crate::catalog::replay::{Options, Source, replay, replay_on};
use crate::ident::Ident;
use crate::plan::{Lock, Work, plan};
use crate::policy::manifest::Manifest;

const TABLES: &str = r#"
CREATE ROLE erp_owner NOLOGIN;
CREATE ROLE erp_app LOGIN;
CREATE TABLE company (id bigint PRIMARY KEY, parent_id bigint REFERENCES company);
CREATE TABLE customer (id bigserial PRIMARY KEY, company_id bigint REFERENCES company, name text);
CREATE TABLE invoice (
    id bigint PRIMARY KEY,
    customer_id bigint NOT NULL CONSTRAINT invoice_customer_fkey REFERENCES customer ON DELETE CASCADE,
    copy_of bigint REFERENCES invoice
);
CREATE TABLE invoice_line (
    invoice_id bigint REFERENCES invoice,
    position int,
    customer_id bigint REFERENCES customer,
    PRIMARY KEY (invoice_id, position)
);
CREATE TABLE "Odd ""table""" (
    "a b" bigint, "c.d" int, "no key" text,
    CONSTRAINT "it's a key" FOREIGN KEY ("a b", "c.d") REFERENCES invoice_line (invoice_id, position) ON DELETE SET NULL
);
CREATE TABLE entry (id bigint, day date, customer_id bigint REFERENCES customer) PARTITION BY RANGE (day);
CREATE TABLE entry_1 PARTITION OF entry DEFAULT;
CREATE TABLE base (id bigint PRIMARY KEY);
CREATE TABLE heir () INHERITS (base);
CREATE VIEW open_invoice AS SELECT * FROM invoice;
"#;

const MANIFEST: &str = r#"
[tenancy]
type = "bigint"
[roles]
owner = "erp_owner"
app = "erp_app"
[tree]
table = "public.company"
[tables]
"public.company" = { class = "tree", column = "id" }
"public.customer" = { class = "tenant" }
"public.invoice" = { class = "tenant" }
"public.invoice_line" = { class = "tenant" }
'public."Odd ""table"""' = { class = "tenant", column = "Tenant's" }
"public.entry" = { class = "exempt", reason = "a test" }
"public.base" = { class = "exempt", reason = "a test" }
"public.heir" = { class = "exempt", reason = "a test" }
"#;

fn manifest() -> Manifest {
    // Of a tree the system role is asked for.
    let text = MANIFEST.replace("app = \"erp_app\"", "app = \"erp_app\"\nsystem = \"erp_system\"");
    Manifest::parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

fn catalog() -> Catalog {
    let tables = format!("CREATE ROLE erp_system LOGIN BYPASSRLS;{TABLES}");
    let found = replay(&[Source::new("tables.sql", tables)], &Options::default());
    assert!(found.opaque.is_empty(), "{:?}", found.opaque);
    found.catalog
}

fn request(tables: &[&str], via: &[&str]) -> Request {
    let owned = |of: &[&str]| of.iter().map(|text| (*text).to_owned()).collect();
    Request { tables: owned(tables), via: owned(via), ..Request::default() }
}

fn tree() -> Request {
    Request { children: true, ..request(&["customer"], &["customer=company", "invoice_line=invoice"]) }
}

fn adopted(request: &Request) -> Adoption {
    adopt(&manifest(), &catalog(), request).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

#[track_caller]
fn refused(manifest: &Manifest, request: &Request, parts: &[&str]) {
    let problems = adopt(manifest, &catalog(), request).expect_err("it is refused");
    let text: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for part in parts {
        assert!(text.join("\n").contains(part), "{part:?} in {text:#?}");
    }
}

/// All steps are followed, so that what they lead to is known, and nothing is left for a plan to do.
#[test]
fn a_plan_finds_nothing_to_do_after_an_adoption() {
    for request in [tree(), Request { tenant: Some("7".to_owned()), via: Vec::new(), ..tree() }] {
        let adoption = adopted(&request);
        let sql = adoption.steps.iter().filter_map(|step| step.up.sql());
        let schema =
            Source::new("adopt", "CREATE SCHEMA tenantry; GRANT USAGE ON SCHEMA tenantry TO PUBLIC;");
        let sources: Vec<Source> =
            std::iter::once(schema).chain(sql.map(|sql| Source::new("adopt", sql))).collect();
        let after = replay_on(&catalog(), &sources, &manifest().replay_options());
        assert!(after.opaque.is_empty(), "{:?}", after.opaque);
        let left = plan(&manifest(), &after.catalog).unwrap();
        let own = |object: &str| adoption.tables.iter().any(|table| table.plain() == object);
        let left: Vec<_> = left.steps.iter().filter(|step| own(&step.object)).collect();
        assert!(left.is_empty(), "{left:#?}");
        let view = &after.catalog.relations[&"public.open_invoice".try_into().unwrap()];
        assert!(view.option_is_on("security_invoker"));
        let down: Vec<Source> = adoption
            .steps
            .iter()
            .rev()
            .filter_map(|step| step.down.sql())
            .map(|sql| Source::new("adopt", sql))
            .collect();
        let back = replay_on(&after.catalog, &down, &manifest().replay_options());
        assert!(back.opaque.is_empty(), "{:?}", back.opaque);
        let mut before = catalog();
        let support = Ident::known("tenantry");
        let mut found = back.catalog;
        // What was recorded stays, and so does its schema.
        assert!(found.schemas.remove(&support).is_some() && before.schemas.remove(&support).is_none());
        assert_eq!(found, before);
    }
}

#[test]
fn parents_come_first_and_policies_last_with_children_first() {
    let adoption = adopted(&tree());
    let names: Vec<String> = adoption.tables.iter().map(|table| table.name().as_str().to_owned()).collect();
    assert_eq!(names, ["customer", "invoice", "invoice_line", "Odd \"table\""]);
    let phases: Vec<Phase> = adoption.steps.iter().map(|step| step.phase).collect();
    assert!(phases.is_sorted(), "{phases:?}");
    let of = |phase: Phase| -> Vec<&str> {
        let steps = adoption.steps.iter().filter(|step| step.phase == phase);
        steps.map(|step| step.object.as_str()).collect()
    };
    assert_eq!(
        of(Phase::Backfill),
        ["public.customer", "public.invoice", "public.invoice_line", "public.\"Odd \"\"table\"\"\""]
    );
    assert_eq!(
        of(Phase::Policies),
        [
            "database",
            "public.\"Odd \"\"table\"\"\"",
            "public.invoice_line",
            "public.invoice",
            "public.customer",
            "public.open_invoice"
        ]
    );
}

/// Nothing that takes its time keeps anybody waiting.
#[test]
fn no_step_reads_rows_under_a_lock_that_writers_wait_for() {
    for request in [tree(), Request { tenant: Some("7".to_owned()), via: Vec::new(), ..tree() }] {
        for step in adopted(&request).steps {
            assert!(step.work == Work::None || step.lock <= Lock::ShareUpdateExclusive, "{step:#?}");
        }
    }
}

#[test]
fn a_key_that_includes_the_tenant_is_the_only_one_that_is_made() {
    let adoption = adopted(&tree());
    let built: Vec<String> = adoption
        .steps
        .iter()
        .filter(|step| step.phase == Phase::Keys && step.work == Work::Scan)
        .map(|step| format!("{}: {}", step.object, step.what))
        .collect();
    assert_eq!(
        built,
        [
            "public.customer: unique index on tenant_id, id",
            "public.invoice: unique index on tenant_id, id",
            "public.invoice_line: unique index on tenant_id, invoice_id, position",
            "public.\"Odd \"\"table\"\"\": index on Tenant's",
        ]
    );
    let keys = adoption
        .steps
        .iter()
        .filter(|step| step.phase == Phase::ForeignKeys && step.what.ends_with("includes the tenant"));
    // The customer of an invoice and of a line, the copy, the invoice of a line, and the line of the odd one.
    assert_eq!(keys.count(), 5);
}

#[test]
fn what_cannot_be_adopted_is_refused_with_what_to_do() {
    let manifest = manifest();
    let refused = |request: &Request, parts: &[&str]| refused(&manifest, request, parts);
    refused(&request(&["custmer"], &[]), &["custmer is no table", "did you mean customer?"]);
    refused(&request(&[], &[]), &["no table is named"]);
    refused(
        &request(&["company"], &[]),
        &["public.company is of class tree", "\"public.company\" = { class = \"tenant\" }"],
    );
    refused(
        &request(&["entry"], &[]),
        &[
            "public.entry is partitioned",
            "add the column and fill it yourself, and tenantry plan writes the rest",
        ],
    );
    refused(&request(&["entry_1"], &[]), &["public.entry_1 is a partition of public.entry"]);
    refused(&request(&["base"], &[]), &["public.base inherits, or is inherited from"]);
    refused(&request(&["open_invoice"], &[]), &["public.open_invoice is no table"]);
    refused(&request(&["invoice"], &["nothing"]), &["no table of these has foreign key nothing"]);
    refused(
        &request(&["invoice"], &["invoice=company"]),
        &["public.invoice does not have foreign key company"],
    );
    let tenant = |text: &str| Request { tenant: Some(text.to_owned()), ..request(&["customer"], &[]) };
    refused(&tenant("x"), &["the tenant is not a number"]);
    refused(&Request { via: vec!["company".to_owned()], ..tenant("7") }, &["are both given"]);
}

#[test]
fn a_way_is_asked_for_where_there_are_several_or_none() {
    let manifest = manifest();
    let refused = |request: &Request, parts: &[&str]| refused(&manifest, request, parts);
    refused(
        &Request { children: true, ..request(&["customer"], &["customer=company"]) },
        &[
            "public.invoice_line has several ways",
            "--via public.invoice_line=KEY",
            "invoice_line_customer_id_fkey (to public.customer)",
            "invoice_line_invoice_id_fkey (to public.invoice)",
        ],
    );
    // The parent of the invoice does not know its tenant.
    refused(
        &request(&["invoice"], &[]),
        &["public.invoice has no foreign key to a table that knows its rows' tenants"],
    );
}

#[test]
fn one_tenant_for_all_fills_without_a_backfill() {
    let adoption = adopted(&Request { tenant: Some("7".to_owned()), via: Vec::new(), ..tree() });
    assert!(adoption.steps.iter().all(|step| !matches!(step.phase, Phase::Fill | Phase::Backfill)));
    let sql = adoption.steps[0].up.shown();
    assert!(sql.contains("DEFAULT cast('7' AS bigint)"), "{sql}");
    assert!(sql.contains("current_setting('app.tenant_id', true)"), "{sql}");
}

#[test]
fn who_sees_no_rows_or_owns_no_tables_is_told_so() {
    let mut catalog = catalog();
    let adoption = adopted(&tree());
    let role = |name: &str| Ident::new(name).unwrap();
    for (name, bypass_rls) in [("nobody", false), ("both", true)] {
        catalog
            .roles
            .insert(role(name), crate::catalog::Role { bypass_rls, ..crate::catalog::Role::default() });
    }
    catalog
        .roles
        .insert(role("root"), crate::catalog::Role { superuser: true, ..crate::catalog::Role::default() });
    let lacks = |catalog: &Catalog, name: &str| -> String {
        let found = rights(&adoption, catalog, &role(name));
        found.iter().map(|problem| problem.what.clone() + "\n").collect()
    };
    assert_eq!(lacks(&catalog, "root"), "");
    let nobody = lacks(&catalog, "nobody");
    for part in [
        "role nobody does not own public.customer; log in as a superuser, or as a member of postgres",
        "run GRANT CREATE ON SCHEMA \"public\" TO \"nobody\"",
        "role nobody may not read public.company; grant it SELECT",
        "run GRANT \"erp_owner\" TO \"nobody\"",
    ] {
        assert!(nobody.contains(part), "{part:?} in {nobody}");
    }
    // An owner under FORCE sees no row of its own table.
    let company = catalog.relations.get_mut(&"public.company".try_into().unwrap()).unwrap();
    (company.row_security, company.force_row_security) = (true, true);
    assert!(lacks(&catalog, "nobody").contains("policies of public.company hide rows from role nobody"));
    assert!(!lacks(&catalog, "both").contains("hide rows"));
}

#[test]
fn rows_are_walked_along_a_key_or_by_blocks() {
    let adoption = adopted(&tree());
    let batches: Vec<&str> = adoption
        .steps
        .iter()
        .filter(|step| step.phase == Phase::Backfill)
        .map(|step| step.up.shown())
        .collect();
    assert!(batches[0].contains("(t.\"id\") > (cast(($1::text[])[1] AS bigint))"), "{}", batches[0]);
    let line = "(t.\"invoice_id\", t.\"position\") <= (cast(($2::text[])[1] AS bigint), cast(($2::text[])[2] AS integer))";
    assert!(batches[2].contains(line), "{}", batches[2]);
    assert!(batches[3].contains("t.ctid >= cast("), "{}", batches[3]);
}
