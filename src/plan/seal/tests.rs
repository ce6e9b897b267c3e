//! What the rules say of a database that a plan has sealed, and of what somebody has changed in it since.

use crate::catalog::replay::{Options, Source, replay};
use crate::ident::Ident;
use crate::plan::plan;
use crate::policy::manifest::Manifest;
use crate::rule::example::{MANIFEST, ROLES};
use crate::rule::{Finding, lint};

const TABLE: &str = "CREATE TABLE invoice (tenant_id uuid, id int, total int, PRIMARY KEY (tenant_id, id));";

fn manifest(seal: &str) -> Manifest {
    let text = MANIFEST
        .split("[tables]")
        .next()
        .unwrap()
        .replace("[migrations]", "sealer = \"erp_sealer\"\n[migrations]");
    Manifest::parse(&format!("{text}{seal}\n")).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// What is said of a planned database once this was run in it.
fn said(planned: &str, asked: &str, more: &str) -> Vec<String> {
    let options = Options { role: Ident::new("erp_owner").unwrap(), ..Options::default() };
    let mut sources = vec![Source::new("roles.sql", ROLES), Source::new("1.sql", TABLE)];
    let before = replay(&sources, &options).catalog;
    let up =
        plan(&manifest(planned), &before).unwrap_or_else(|problems| panic!("{problems:?}")).up().unwrap();
    sources.push(Source::new("2.sql", up.to_string()));
    sources.push(Source::new("3.sql", more));
    let report = lint(&manifest(asked), &sources);
    let line =
        |finding: &Finding| format!("{} {}: {}", finding.severity.name(), finding.rule.code, finding.message);
    // A plan is of one transaction, and what is said of locks in it is said of every plan.
    let about = |text: &String| !text.contains(" sequence-shared") && !text.contains(" tenant-index");
    let mut said: Vec<String> = report.findings.iter().map(line).filter(about).collect();
    said.sort();
    said.dedup();
    said
}

#[test]
fn what_a_plan_has_sealed_is_as_it_should_be() {
    assert_eq!(said("[seal]", "[seal]", ""), Vec::<String>::new());
    let bare = "info seal-not-required: bare = true in [seal] takes tenants without a seal: any SQL can bind any tenant until it is \
                taken out";
    assert_eq!(said("[seal]\nbare = true", "[seal]\nbare = true", ""), [bare]);
    assert_eq!(said("", "", ""), Vec::<String>::new());
}

#[test]
fn what_somebody_has_changed_is_found() {
    for (more, expected) in [
        (
            "CREATE OR REPLACE FUNCTION tenantry.tenant_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
                 SET search_path = pg_catalog, pg_temp
                 AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;",
            "high seal-verifier-changed: tenantry.tenant_id does not verify seals as this release does: it has another text or other \
             attributes; apply tenantry plan",
        ),
        (
            "ALTER FUNCTION tenantry.tenant_id() SECURITY INVOKER;",
            "high seal-verifier-changed: tenantry.tenant_id does not verify seals as this release does: it is not SECURITY DEFINER; \
             apply tenantry plan",
        ),
        (
            "ALTER FUNCTION tenantry.tenant_id() OWNER TO erp_owner;",
            "high seal-verifier-changed: tenantry.tenant_id does not verify seals as this release does: it belongs to erp_owner, not \
             to erp_sealer; apply tenantry plan",
        ),
        (
            "ALTER FUNCTION tenantry.tenant_id() RESET search_path;",
            "high seal-verifier-changed: tenantry.tenant_id does not verify seals as this release does: it has no search path of \
             pg_catalog, pg_temp alone; apply tenantry plan",
        ),
        (
            "ALTER ROLE erp_sealer LOGIN BYPASSRLS;",
            "high seal-verifier-changed: erp_sealer has LOGIN and BYPASSRLS, and is to do nothing but own the keys of seals and the \
             functions that verify them",
        ),
        (
            "CREATE ROLE erp_clerk; GRANT erp_sealer TO erp_clerk;",
            "high seal-verifier-changed: erp_clerk is a member of erp_sealer, which reads the keys of seals: it can seal any tenant",
        ),
        (
            "GRANT SELECT (inner_pad) ON tenantry.seal_key TO PUBLIC;",
            "critical seal-keys-exposed: PUBLIC holds SELECT (inner_pad) on tenantry.seal_key",
        ),
        (
            "ALTER TABLE tenantry.seal_key DISABLE ROW LEVEL SECURITY;",
            "high seal-keys-exposed: row-level security is off on tenantry.seal_key: it keeps the keys from those who may read every \
             table",
        ),
        (
            "ALTER TABLE tenantry.seal_key OWNER TO erp_owner;",
            "critical seal-keys-exposed: tenantry.seal_key belongs to erp_owner, not to erp_sealer",
        ),
        (
            "CREATE POLICY opened ON tenantry.seal_key TO erp_app USING (true);",
            "high seal-keys-exposed: policy opened opens the keys to erp_app",
        ),
        (
            "CREATE PUBLICATION everything FOR ALL TABLES;",
            "medium seal-keys-exposed: publication everything sends the keys of seals",
        ),
        (
            "ALTER TABLE invoice ALTER total SET DEFAULT current_setting('app.tenant_id')::int;",
            "medium seal-not-asked: the default of public.invoice.total reads app.tenant_id itself, whether it is sealed or not",
        ),
        (
            "CREATE FUNCTION mine() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT current_setting('app.tenant_id')::uuid $$;",
            "medium seal-not-asked: public.mine reads app.tenant_id itself, whether it is sealed or not",
        ),
        (
            "CREATE POLICY own ON invoice FOR SELECT TO erp_app
                 USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
            "high seal-not-asked: policy own of public.invoice reads app.tenant_id itself, whether it is sealed or not",
        ),
    ] {
        let said = said("[seal]", "[seal]", more);
        assert!(said.iter().any(|line| line == expected), "{more}: {said:#?}");
    }
}

/// A manifest that asks for seals ahead of its plan is told what reads the setting until then.
#[test]
fn what_is_not_sealed_yet_is_found() {
    let said = said("", "[seal]", "");
    assert!(
        said.iter().any(|line| line.starts_with("high seal-verifier-changed: tenantry.tenant_id ")),
        "{said:#?}"
    );
}
