//! The judge, by conditions.

mod random;
mod truth;

use super::{Action, Verdict};
use crate::catalog::replay::{Options, Source, replay};
use crate::policy::manifest::Manifest;
use crate::rule::subject::Subject;

const MANIFEST: &str = r#"[tenancy]
type = "uuid"

[roles]
owner = "erp_owner"
app = "erp_app"

[membership]
table = "public.membership"
user = "user_id"
setting = "app.user_id"

[tables]
"public.invoice_line" = { class = "child", via = "invoice" }
"public.membership" = { class = "membership" }
"public.currency" = { class = "shared" }
"public.product" = { class = "shared" }
"#;

const SCHEMA: &str = "
CREATE SCHEMA tenantry;
CREATE FUNCTION tenantry.tenant_id() RETURNS uuid LANGUAGE sql STABLE
    RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;
CREATE FUNCTION tenantry.tenant_tree() RETURNS uuid[] LANGUAGE sql STABLE RETURN NULL;
CREATE FUNCTION my_tenant() RETURNS uuid LANGUAGE sql STABLE AS
    $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;
CREATE FUNCTION plain_tenant() RETURNS uuid LANGUAGE plpgsql STABLE AS
    $$ BEGIN RETURN nullif(current_setting('app.tenant_id', true), '')::uuid; END $$;
CREATE FUNCTION lax_tenant(uuid) RETURNS uuid LANGUAGE sql STABLE AS
    $$ SELECT coalesce(nullif(current_setting('app.tenant_id', true), '')::uuid, $1) $$;
CREATE FUNCTION may_see(uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS
    $$ BEGIN RETURN $1 = my_tenant(); END $$;
CREATE FUNCTION is_weekday() RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true';
CREATE TABLE company (id uuid PRIMARY KEY, owner_name text);
CREATE TABLE membership (user_id uuid NOT NULL, tenant_id uuid NOT NULL);
CREATE TABLE customer (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, code text NOT NULL);
ALTER TABLE customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY customer_tenant ON customer USING (tenant_id = tenantry.tenant_id());
CREATE TABLE open_customer (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
CREATE TABLE product (id bigint PRIMARY KEY, tenant_id uuid);
CREATE TABLE invoice (
    id bigint PRIMARY KEY, tenant_id uuid NOT NULL, customer_id bigint, open_customer_id bigint, code text,
    is_public boolean, status int
);
CREATE TABLE note (id bigint PRIMARY KEY, tenant_id uuid);
";

/// What a condition lets pass of a table's rows.
fn verdict(table: &str, condition: &str, action: Action) -> Verdict {
    let policy = format!("CREATE POLICY judged ON {table} USING ({condition});");
    let sources = [Source::new("schema.sql", SCHEMA), Source::new("policy.sql", policy)];
    let replayed = replay(&sources, &Options::default());
    assert!(replayed.opaque.is_empty(), "{condition}: {:?}", replayed.opaque);
    let manifest = Manifest::parse(MANIFEST).unwrap();
    let subject = Subject::new(&replayed.catalog, &manifest);
    let judged = subject.judged();
    let of = judged.iter().find(|judged| judged.table.name().as_str() == table).unwrap();
    let policy = of.policies.iter().find(|policy| policy.name.as_str() == "judged").unwrap();
    of.verdict(policy, action)
}

const CURRENT: &str = "nullif(current_setting('app.tenant_id', true), '')::uuid";

fn of(condition: &str) -> Verdict {
    verdict("invoice", &condition.replace("CURRENT", CURRENT), Action::Read)
}

#[test]
fn what_is_bound_is_called_bound() {
    for condition in [
        "tenant_id = CURRENT",
        "CURRENT = tenant_id",
        "tenant_id = (SELECT CURRENT)",
        "(tenant_id = ( SELECT (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid AS \"nullif\"))",
        "tenant_id = tenantry.tenant_id()",
        "tenant_id = (SELECT tenantry.tenant_id())",
        "tenant_id = my_tenant()",
        "tenant_id = (SELECT plain_tenant())",
        "tenant_id = current_setting('app.tenant_id', true)::uuid",
        "tenant_id = current_setting('APP.Tenant_Id')::uuid",
        "tenant_id::text = nullif(current_setting('app.tenant_id', true), '')",
        "tenant_id = coalesce(nullif(current_setting('app.tenant_id', true), ''), NULL)::uuid",
        "tenant_id = CURRENT AND status = 1",
        "status = 1 AND (is_public OR code = 'x') AND tenant_id = CURRENT",
        "tenant_id = CURRENT AND true",
        "tenant_id = CURRENT OR false",
        "tenant_id = CURRENT OR 1 = 2",
        "tenant_id = CURRENT OR (status = 1 AND tenant_id = CURRENT)",
        "CASE WHEN is_public THEN tenant_id = CURRENT ELSE false END",
        "CASE WHEN true THEN tenant_id = CURRENT ELSE true END",
        "tenant_id IN (SELECT CURRENT)",
        "tenant_id = ANY ((SELECT tenantry.tenant_tree())::uuid[])",
        "tenant_id = ANY (string_to_array(current_setting('app.tenant_id', true), ',')::uuid[])",
        "NOT (tenant_id <> CURRENT)",
        "NOT tenant_id IS DISTINCT FROM CURRENT",
        "coalesce(tenant_id = CURRENT, false)",
        "(tenant_id = CURRENT) IS TRUE",
        "tenant_id = (current_setting('app.tenant_id', true)::json ->> 'id')::uuid",
        "false",
        // Through other tables.
        "EXISTS (SELECT 1 FROM customer c WHERE c.id = customer_id)",
        "EXISTS (SELECT 1 FROM customer c WHERE c.id = invoice.customer_id AND c.tenant_id = CURRENT)",
        "EXISTS (SELECT 1 FROM open_customer c WHERE c.id = open_customer_id AND c.tenant_id = (SELECT CURRENT))",
        "customer_id IN (SELECT id FROM customer)",
        "open_customer_id IN (SELECT id FROM open_customer o WHERE o.tenant_id = tenantry.tenant_id())",
        "tenant_id IN (SELECT m.tenant_id FROM membership m WHERE m.user_id = nullif(current_setting('app.user_id', true), '')::uuid)",
        "tenant_id = ANY (ARRAY(SELECT m.tenant_id FROM membership m WHERE m.user_id = (SELECT nullif(current_setting('app.user_id', true), '')::uuid)))",
        "EXISTS (SELECT FROM membership m WHERE m.tenant_id = invoice.tenant_id AND m.user_id = nullif(current_setting('app.user_id', true), '')::uuid)",
        "tenant_id IN (SELECT c.id FROM company c WHERE c.owner_name = current_user)",
        "tenant_id = (SELECT c.id FROM company c WHERE c.owner_name = nullif(current_setting('app.user', true), ''))",
        "EXISTS (SELECT 1 FROM customer c JOIN open_customer o ON o.id = c.id WHERE c.id = customer_id)",
        "EXISTS (SELECT 1 FROM open_customer o JOIN customer c ON c.id = o.id WHERE o.id = open_customer_id)",
        "EXISTS (SELECT 1 FROM open_customer o JOIN customer c USING (id) WHERE o.id = open_customer_id)",
        "EXISTS (SELECT 1 FROM open_customer o JOIN customer c USING (tenant_id) WHERE o.id = open_customer_id)",
        // No tenant's statement runs as such a role.
        "tenant_id = CURRENT OR current_user = 'erp_owner'",
        "tenant_id = CURRENT OR pg_has_role('erp_owner', 'MEMBER')",
    ] {
        let verdict = of(condition);
        assert!(verdict.is_bound(), "{condition}: {verdict:?}");
    }
}

#[test]
fn what_is_open_is_called_open() {
    for condition in [
        "true",
        "1 = 1",
        "tenant_id = tenant_id",
        "tenant_id = CURRENT OR true",
        "tenant_id = CURRENT OR is_public",
        "status = 1 OR status = 2 AND tenant_id = CURRENT",
        "tenant_id <> CURRENT",
        "NOT (tenant_id = CURRENT)",
        "tenant_id IS NOT NULL",
        "status = 1",
        "CASE WHEN is_public THEN true ELSE tenant_id = CURRENT END",
        "coalesce(tenant_id = CURRENT, true) OR status = 1",
        "is_weekday()",
        "tenant_id = CURRENT OR current_setting('app.admin', true) = 'on'",
        "tenant_id = '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11'",
        "tenant_id = ANY (ARRAY[CURRENT, '6f1c0a52-9d0f-4f57-8a0e-2f8f3f1f0a11'::uuid])",
        "left(tenant_id::text, 4) = left(current_setting('app.tenant_id', true), 4)",
        "tenant_id::text LIKE current_setting('app.tenant_id', true)",
        "EXISTS (SELECT 1 FROM open_customer c WHERE c.id = open_customer_id)",
        "EXISTS (SELECT 1 FROM customer c WHERE c.code = invoice.code)",
        "EXISTS (SELECT 1 FROM customer c)",
        "NOT EXISTS (SELECT 1 FROM customer c WHERE c.id = customer_id)",
        "tenant_id = CURRENT OR current_user = 'erp_app'",
        "tenant_id = CURRENT OR pg_has_role('erp_app', 'MEMBER')",
        "tenant_id = CURRENT OR current_user <> 'erp_owner'",
        "EXISTS (SELECT count(*) FROM customer c WHERE c.id = customer_id)",
        "EXISTS (SELECT 1 FROM open_customer c LEFT JOIN customer d ON d.id = c.id WHERE c.id = open_customer_id)",
        "EXISTS (SELECT 1 FROM open_customer c WHERE c.id = open_customer_id AND (c.tenant_id = CURRENT OR c.id > 0))",
        "EXISTS (SELECT 1 FROM membership m WHERE m.user_id = nullif(current_setting('app.user_id', true), '')::uuid)",
        "tenant_id IN (SELECT m.tenant_id FROM membership m)",
        "customer_id IN (SELECT id FROM customer) OR is_public",
    ] {
        let verdict = of(condition);
        assert!(verdict.others, "{condition}: {verdict:?}");
    }
}

#[test]
fn what_opens_without_a_tenant_is_told_apart() {
    for condition in [
        "tenant_id = lax_tenant(tenant_id)",
        "current_setting('app.tenant_id', true) IS NULL OR tenant_id = CURRENT",
        "current_setting('app.tenant_id', true) = '' OR tenant_id = CURRENT",
        "nullif(current_setting('app.tenant_id', true), '') IS NULL OR tenant_id = CURRENT",
        "coalesce(current_setting('app.tenant_id', true), '') = '' OR tenant_id = CURRENT",
        "tenant_id = coalesce(CURRENT, tenant_id)",
        "coalesce(tenant_id = CURRENT, true)",
        "(tenant_id = CURRENT) IS NOT FALSE",
        "my_tenant() IS NULL OR tenant_id = my_tenant()",
        "CASE WHEN CURRENT IS NULL THEN true ELSE tenant_id = CURRENT END",
    ] {
        let verdict = of(condition);
        assert!(verdict.fails_open() && !verdict.unknown, "{condition}: {verdict:?}");
    }
    // The rows are there without the parent.
    let outer = of(
        "EXISTS (SELECT 1 FROM open_customer c LEFT JOIN customer d ON d.id = c.id WHERE c.id = open_customer_id)",
    );
    assert!(outer.unbound, "{outer:?}");
    let verdict = verdict("note", &format!("tenant_id IS NOT DISTINCT FROM {CURRENT}"), Action::Read);
    assert!(verdict.fails_open(), "{verdict:?}");
}

#[test]
fn what_is_not_looked_into_is_told_apart() {
    for condition in ["may_see(tenant_id)", "may_see(tenant_id) AND status = 1"] {
        let verdict = of(condition);
        assert!(verdict.is_unknown(), "{condition}: {verdict:?}");
    }
    assert!(of("may_see(tenant_id) AND tenant_id = CURRENT").is_bound());
}

#[test]
fn rows_without_a_tenant_are_for_reading_where_they_are_shared() {
    let condition = format!("tenant_id IS NULL OR tenant_id = {CURRENT}");
    assert!(verdict("product", &condition, Action::Read).is_bound());
    for action in [Action::Insert, Action::Update, Action::Become, Action::Delete] {
        assert!(verdict("product", &condition, action).free, "{action:?}");
    }
    assert!(verdict("note", &condition, Action::Read).free);
    assert!(!verdict("invoice", &condition, Action::Read).free);
}

/// What is cut can be the same though the tenants are not, and what yields no row is NULL.
#[test]
fn what_is_cut_or_has_no_row_is_not_called_bound() {
    let cut = |data_type: &str| {
        format!(
            "tenant_id::text = ANY (string_to_array(current_setting('app.tenant_id', true), ','){data_type})"
        )
    };
    assert!(of(&cut("::text[]")).is_bound());
    let or_own = |rows: &str| {
        format!("tenant_id = coalesce((SELECT current_setting('app.tenant_id')::uuid {rows}), tenant_id)")
    };
    assert!(of(&or_own("")).is_bound());
    for condition in
        [cut("::varchar(8)[]"), or_own("HAVING false"), or_own("FETCH FIRST 0 ROWS ONLY"), or_own("LIMIT 0")]
    {
        let verdict = of(&condition);
        assert!(!verdict.is_bound(), "{condition}: {verdict:?}");
    }
}

/// However deep, long or wide an expression is, the judge comes to an end.
#[test]
fn an_expression_of_any_size_is_judged() {
    let mut deep = "tenant_id = my_tenant()".to_owned();
    // Each of the tables is asked about, and so is everything within.
    let tables = ["a", "b", "c", "d", "e", "f"].map(|alias| format!("open_customer {alias}"));
    for _ in 0..10 {
        deep = format!("EXISTS (SELECT 1 FROM {} WHERE a.id = b.id AND {deep})", tables.join(", "));
    }
    assert!(crate::catalog::Expr::new(deep.as_str()).normal_tree().is_some());
    let long = vec![format!("tenant_id = {CURRENT}"); 30].join(" OR ");
    let sum = format!("status = {}1", "1 + ".repeat(300));
    let parentheses = format!("{}true{}", "(".repeat(5000), ")".repeat(5000));
    for condition in [deep, sum, parentheses, "(".to_owned(), "'".to_owned(), "tenant_id = )".to_owned()] {
        let manifest = Manifest::parse(MANIFEST).unwrap();
        let mut catalog = replay(&[Source::new("schema.sql", SCHEMA)], &Options::default()).catalog;
        let (_, relation) =
            catalog.relations.iter_mut().find(|(name, _)| name.name().as_str() == "customer").unwrap();
        let policy = relation.policies.values_mut().next().unwrap();
        policy.using = Some(crate::catalog::Expr::new(condition));
        let subject = Subject::new(&catalog, &manifest);
        let judged =
            subject.judged().iter().find(|judged| judged.table.name().as_str() == "customer").unwrap();
        let verdict = judged.verdict(&judged.policies[0], Action::Read);
        assert!(!verdict.is_bound(), "{verdict:?}");
    }
    assert!(of(&long).is_bound());
}
