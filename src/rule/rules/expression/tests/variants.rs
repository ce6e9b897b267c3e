//! Policies that are nearly right or nearly wrong, and which rule speaks of each.

use crate::catalog::replay::Source;
use crate::policy::manifest::Manifest;
use crate::rule::example::{MANIFEST, ROLES};
use crate::rule::rules::expression::RULES;
use crate::rule::{Severity, lint};

const SCHEMA: &str = "
CREATE FUNCTION my_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;
CREATE FUNCTION may_see(uuid) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$ BEGIN RETURN $1 = my_tenant(); END $$;
CREATE TABLE invoice (
    id bigint PRIMARY KEY, tenant_id uuid NOT NULL, status text, is_public boolean, owner_name name
);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE TABLE currency (id bigint PRIMARY KEY, tenant_id uuid);
ALTER TABLE currency ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE TABLE invoice_line (id bigint PRIMARY KEY, invoice_id bigint NOT NULL REFERENCES invoice);
ALTER TABLE invoice_line ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
";

/// What the rules of the chapter and those of performance find, each with its severity.
fn found(policies: &str) -> Vec<String> {
    let policies = policies.replace("MINE", "tenant_id = (SELECT my_tenant())");
    let policies = policies.replace("CURRENT", "nullif(current_setting('app.tenant_id', true), '')::uuid");
    let sources = [
        Source::new("roles.sql", ROLES),
        Source::new("schema.sql", SCHEMA),
        Source::new("policies.sql", policies.as_str()),
    ];
    let opaque = crate::catalog::replay::replay(&sources, &crate::catalog::replay::Options::default()).opaque;
    assert!(opaque.is_empty(), "{policies}: {opaque:?}");
    let report = lint(&Manifest::parse(MANIFEST).unwrap(), &sources);
    let of_performance = ["per-row-function", "in-subselect-policy", "parallel-unsafe-function"];
    let mine = |code: &str| of_performance.contains(&code) || RULES.iter().any(|rule| rule.code == code);
    let mut found: Vec<String> = report
        .from(Severity::Info)
        .filter(|finding| mine(finding.rule.code))
        .map(|finding| format!("{} {}", finding.rule.code, finding.severity.name()))
        .collect();
    found.sort();
    found
}

#[test]
fn one_rule_speaks_of_a_policy() {
    let mut wrong = Vec::new();
    for (policies, expected) in [
        ("CREATE POLICY a ON invoice USING (MINE);", &[][..]),
        ("CREATE POLICY a ON invoice USING (tenant_id IS NOT DISTINCT FROM (SELECT my_tenant()));", &[]),
        ("CREATE POLICY a ON invoice TO erp_system USING (true);", &[]),
        ("CREATE POLICY a ON invoice FOR INSERT WITH CHECK (MINE);", &[]),
        ("CREATE POLICY a ON invoice USING (id = id);", &["using-true critical"]),
        ("CREATE POLICY a ON invoice USING (status = status);", &["tenant-column-unbound high"]),
        ("CREATE POLICY a ON invoice USING (1 = 1);", &["using-true critical"]),
        ("CREATE POLICY a ON invoice USING (MINE OR true);", &["using-true critical"]),
        (
            "CREATE POLICY a ON invoice USING (MINE OR is_public);",
            &["tenant-predicate-not-conjunctive critical"],
        ),
        (
            "CREATE POLICY a ON invoice USING (is_public OR status = 'x' AND MINE);",
            &["tenant-predicate-not-conjunctive critical"],
        ),
        ("CREATE POLICY a ON invoice USING (is_public);", &["tenant-column-unbound high"]),
        (
            "CREATE POLICY a ON invoice USING (MINE); CREATE POLICY b ON invoice USING (is_public);",
            &["permissive-or-widening high"],
        ),
        (
            "CREATE POLICY a ON invoice FOR INSERT WITH CHECK (MINE);
             CREATE POLICY b ON invoice FOR SELECT USING (is_public);",
            &["tenant-column-unbound high"],
        ),
        (
            "CREATE POLICY a ON invoice USING (my_tenant() IS NULL OR MINE);",
            &["guc-fail-open critical", "per-row-function medium"],
        ),
        ("CREATE POLICY a ON invoice USING (MINE) WITH CHECK (is_public);", &["with-check-weaker critical"]),
        ("CREATE POLICY a ON invoice FOR INSERT WITH CHECK (true);", &["with-check-weaker critical"]),
        ("CREATE POLICY a ON invoice USING (true) WITH CHECK (true);", &["using-true critical"]),
        ("CREATE POLICY a ON invoice USING (may_see(tenant_id));", &["tenant-predicate-not-conjunctive low"]),
        (
            "CREATE POLICY a ON invoice USING (MINE OR tenant_id = '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11');",
            &["literal-tenant high"],
        ),
        ("CREATE POLICY a ON invoice;", &["expressionless-policy low"]),
        (
            "CREATE POLICY a ON invoice USING (owner_name = current_user);",
            &["current-user-discriminator high", "tenant-column-unbound medium"],
        ),
        (
            "CREATE POLICY a ON invoice USING (MINE AND owner_name = current_user);",
            &["current-user-discriminator low"],
        ),
        (
            "CREATE POLICY a ON invoice USING (tenant_id::text = current_user);",
            &["current-user-discriminator high", "tenant-column-cast medium"],
        ),
        ("CREATE POLICY a ON invoice USING (tenant_id = CURRENT);", &["per-row-function low"]),
        ("CREATE POLICY a ON invoice USING (tenant_id = my_tenant());", &["per-row-function medium"]),
        (
            "CREATE POLICY a ON invoice USING (tenant_id = (SELECT nullif(current_setting('app.Tenant_Id', true), '')::uuid));",
            &[],
        ),
    ] {
        let found = found(policies);
        if found != expected {
            wrong.push(format!("{policies}\n  {found:?}, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_floor_holds_whatever_a_permissive_policy_says() {
    let floor = "CREATE POLICY floor ON invoice AS RESTRICTIVE TO PUBLIC USING (MINE);";
    for (policies, expected) in [
        ("CREATE POLICY a ON invoice USING (true);", &["using-true low"][..]),
        ("CREATE POLICY a ON invoice USING (is_public);", &["tenant-column-unbound low"]),
        ("CREATE POLICY a ON invoice USING (MINE OR is_public);", &["tenant-predicate-not-conjunctive low"]),
        ("CREATE POLICY a ON invoice USING (MINE) WITH CHECK (true);", &["with-check-weaker low"]),
    ] {
        assert_eq!(found(&format!("{floor}{policies}")), expected, "{policies}");
    }
    // Two that hold together are one.
    let halves = "CREATE POLICY f ON invoice AS RESTRICTIVE USING (my_tenant() IS NULL OR MINE);
        CREATE POLICY g ON invoice AS RESTRICTIVE USING (my_tenant() IS NOT NULL);";
    let both = found(&format!("{halves} CREATE POLICY a ON invoice USING (true);"));
    assert!(both.contains(&"using-true low".to_owned()), "{both:?}");
    // One that leaves a command out is no floor for that command.
    let reads = floor.replace("RESTRICTIVE", "RESTRICTIVE FOR SELECT");
    assert_eq!(found(&format!("{reads} CREATE POLICY a ON invoice USING (true);")), ["using-true critical"]);
    let open = floor.replace("MINE", "my_tenant() IS NULL OR MINE");
    let found = found(&format!("{open} CREATE POLICY a ON invoice USING (true);"));
    assert!(found.contains(&"using-true critical".to_owned()), "{found:?}");
}

#[test]
fn shared_rows_are_for_reading() {
    let reads = "CREATE POLICY a ON currency FOR SELECT USING (tenant_id IS NULL OR MINE);";
    assert!(found(reads).is_empty());
    let writes = "CREATE POLICY a ON currency USING (tenant_id IS NULL OR MINE);";
    assert_eq!(found(writes), ["tenant-predicate-not-conjunctive high"]);
    let checks = "CREATE POLICY a ON currency FOR INSERT WITH CHECK (tenant_id IS NULL OR MINE);";
    assert_eq!(found(checks), ["with-check-weaker critical"]);
}

#[test]
fn rows_without_a_tenant_are_shown_to_none() {
    let note = "CREATE TABLE note (id bigint PRIMARY KEY, tenant_id uuid);";
    let shows = "CREATE POLICY a ON note USING (tenant_id IS NULL OR MINE);";
    assert_eq!(found(&format!("{note}{shows}")), ["tenant-column-nullable high"]);
    let floor = "CREATE POLICY floor ON note AS RESTRICTIVE USING (MINE);";
    assert_eq!(found(&format!("{note}{shows}{floor}")), ["tenant-column-nullable medium"]);
    // Another constraint can refuse them, and then nothing is shown that should not be.
    let check = "ALTER TABLE note ADD CHECK (tenant_id IS NOT NULL);";
    assert!(found(&format!("{note}{shows}{check}")).is_empty());
}

#[test]
fn a_table_that_a_policy_reads_is_looked_at() {
    let reads =
        "CREATE POLICY a ON invoice USING (MINE AND EXISTS (SELECT FROM staff s WHERE s.id = invoice.id));
        GRANT SELECT, INSERT ON staff TO erp_app;";
    let staff = "CREATE TABLE staff (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);";
    let on = "ALTER TABLE staff ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;";
    let found = |rest: &str| found(&format!("{staff}{reads}{rest}"));
    assert_eq!(found(""), ["policy-cross-table medium"]);
    let governed = format!("{on} CREATE POLICY a ON staff USING (MINE);");
    assert!(found(&governed).is_empty(), "{:?}", found(&governed));
    let writable = format!("{on} CREATE POLICY a ON staff USING (MINE) WITH CHECK (id > 0);");
    assert_eq!(found(&writable), ["policy-cross-table medium", "with-check-weaker critical"]);
    let read_only = format!("{writable} REVOKE INSERT ON staff FROM erp_app;");
    assert_eq!(found(&read_only), ["with-check-weaker critical"]);
}

#[test]
fn a_child_is_bound_by_its_parent() {
    let parent = "CREATE POLICY a ON invoice USING (MINE);";
    let child =
        "CREATE POLICY a ON invoice_line USING (EXISTS (SELECT FROM invoice i WHERE i.id = invoice_id));";
    assert!(found(&format!("{parent}{child}")).is_empty());
    assert_eq!(
        found(&format!("CREATE POLICY a ON invoice USING (true);{child}")),
        ["tenant-predicate-not-conjunctive critical", "using-true critical",]
    );
    let any = "CREATE POLICY a ON invoice_line USING (EXISTS (SELECT FROM invoice i));";
    assert_eq!(found(&format!("{parent}{any}")), ["tenant-column-unbound high"]);
}

#[test]
fn a_policy_that_leads_to_itself_is_found() {
    let parent = "CREATE POLICY a ON invoice USING (MINE AND EXISTS (SELECT FROM invoice_line l WHERE l.invoice_id = invoice.id));";
    let child =
        "CREATE POLICY a ON invoice_line USING (EXISTS (SELECT FROM invoice i WHERE i.id = invoice_id));";
    let mutual = found(&format!("{parent}{child}"));
    assert_eq!(mutual.iter().filter(|of| *of == "policy-recursion high").count(), 2, "{mutual:?}");
    // What other commands ask is put in where the table is read as well, if there are subselects in that.
    let policies = "CREATE POLICY a ON invoice FOR SELECT USING (MINE);
        CREATE POLICY b ON invoice FOR INSERT WITH CHECK (MINE AND NOT EXISTS (SELECT FROM invoice i WHERE i.status = 'x'));
        CREATE POLICY c ON invoice FOR DELETE USING (MINE AND EXISTS (SELECT FROM invoice i WHERE i.status = 'x'));";
    assert_eq!(found(policies), ["policy-recursion high", "policy-recursion high"]);
    let without = policies.replacen("MINE", "tenant_id = my_tenant()", 1);
    assert_eq!(found(&without), ["per-row-function medium"]);
}

/// Rewritten, it would say something else.
#[test]
fn what_is_no_rewriting_is_not_offered() {
    let functions = "CREATE FUNCTION my_array() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
            RETURN ARRAY[nullif(current_setting('app.tenant_id', true), '')::uuid];
        CREATE FUNCTION my_volatile() RETURNS uuid LANGUAGE sql PARALLEL SAFE
            RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;";
    let manifest = Manifest::parse(MANIFEST).unwrap();
    for (condition, offered) in [
        ("tenant_id = ANY (my_array())", false),
        ("tenant_id = my_volatile()", false),
        ("tenant_id = my_tenant()", true),
    ] {
        let policy = format!("{functions} CREATE POLICY a ON invoice USING ({condition});");
        let sources = [ROLES, SCHEMA, policy.as_str()].map(|text| Source::new("a.sql", text));
        let report = lint(&manifest, &sources);
        let of_row = report.findings.iter().find(|finding| finding.rule.code == "per-row-function");
        assert_eq!(of_row.map(|finding| finding.sql.is_some()), Some(offered), "{condition}");
    }
}

#[test]
fn a_function_may_say_which_tenants_a_user_has() {
    let sql = "CREATE TABLE staff (user_name text PRIMARY KEY, tenant_id uuid NOT NULL);
        CREATE FUNCTION my_tenants() RETURNS SETOF uuid LANGUAGE sql STABLE PARALLEL SAFE AS
            $$ SELECT s.tenant_id FROM public.staff s WHERE s.user_name = nullif(current_setting('app.user', true), '') $$;
        CREATE POLICY a ON invoice USING (tenant_id IN (SELECT my_tenants()));";
    assert!(found(sql).is_empty(), "{:?}", found(sql));
    let any = sql.replace("= nullif", "<> nullif");
    assert_eq!(found(&any), ["tenant-predicate-not-conjunctive critical"]);
}

#[test]
fn functions_of_policies_are_looked_at() {
    for (function, expected) in [
        ("STABLE PARALLEL SAFE AS $$ BEGIN RETURN CURRENT; END $$", &[][..]),
        ("STABLE AS $$ BEGIN RETURN CURRENT; END $$", &["parallel-unsafe-function medium"]),
        (
            "IMMUTABLE PARALLEL SAFE AS $$ BEGIN RETURN my_tenant(); END $$",
            &["immutable-session-function critical"],
        ),
        (
            "STABLE PARALLEL SAFE AS $$ BEGIN RETURN current_setting('app.tenant_id', true)::uuid; END $$",
            &["guc-empty-string-cast high"],
        ),
        (
            "STABLE PARALLEL SAFE AS $$ BEGIN RETURN nullif(current_setting('app.tenant', true), '')::uuid; END $$",
            &["guc-names-inconsistent high"],
        ),
        (
            "STABLE PARALLEL SAFE SECURITY DEFINER AS $$ BEGIN RETURN CURRENT; END $$; ALTER FUNCTION other() OWNER TO erp_app",
            &["policy-function-secdef-or-unpinned high"],
        ),
        (
            "STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN CURRENT; END $$",
            &[],
        ),
    ] {
        let sql = format!(
            "CREATE FUNCTION other() RETURNS uuid LANGUAGE plpgsql {function};
             CREATE POLICY a ON invoice USING (tenant_id = (SELECT other()));"
        );
        assert_eq!(found(&sql), expected, "{function}");
    }
}
