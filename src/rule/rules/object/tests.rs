//! What the examples do not show.

use crate::rule::Severity::{Critical, High, Low, Medium};
use crate::rule::trial::{Expected, check, found, found_on};

const INVOICE: &str = "CREATE TABLE invoice (id bigint, tenant_id uuid NOT NULL, total numeric);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT ON invoice TO erp_app;
";

/// Each text behind the table of invoices.
fn behind(cases: &[(&str, Expected<'_>)], code: &str) {
    for (sql, expected) in cases {
        check(code, &[("", &format!("{INVOICE}{sql}"), *expected)]);
    }
}

#[test]
fn a_view_is_as_open_as_its_owner() {
    let code = "view-definer";
    behind(
        &[
            ("CREATE VIEW v AS SELECT * FROM invoice; GRANT SELECT ON v TO erp_app;", Some((Low, "public.v"))),
            ("CREATE VIEW v AS SELECT * FROM invoice;", None),
            ("CREATE VIEW v AS SELECT * FROM invoice; GRANT SELECT ON v TO erp_system;", None),
            (
                "CREATE VIEW v AS SELECT * FROM invoice; ALTER VIEW v OWNER TO erp_system; GRANT UPDATE (total) ON v TO PUBLIC;",
                Some((Critical, "public.v")),
            ),
            (
                "ALTER TABLE invoice NO FORCE ROW LEVEL SECURITY;
                 CREATE VIEW v WITH (security_invoker = on) AS SELECT * FROM invoice; GRANT SELECT ON v TO erp_app;",
                None,
            ),
            (
                "ALTER TABLE invoice NO FORCE ROW LEVEL SECURITY; CREATE ROLE erp_member; GRANT erp_owner TO erp_member;
                 CREATE VIEW v AS SELECT * FROM invoice; ALTER VIEW v OWNER TO erp_member; GRANT SELECT ON v TO erp_app;",
                Some((Critical, "public.v")),
            ),
            // The tables behind a security invoker view are asked for whoever asks, wherever that view stands.
            (
                "ALTER TABLE invoice NO FORCE ROW LEVEL SECURITY;
                 CREATE VIEW inner_view WITH (security_invoker = true) AS SELECT * FROM invoice;
                 CREATE VIEW v AS SELECT * FROM inner_view; GRANT SELECT ON v TO erp_app;",
                None,
            ),
            (
                "ALTER TABLE invoice NO FORCE ROW LEVEL SECURITY;
                 CREATE VIEW inner_view AS SELECT * FROM invoice;
                 CREATE VIEW v AS SELECT * FROM inner_view; GRANT SELECT ON v TO erp_app;",
                Some((Critical, "public.inner_view")),
            ),
            (
                "ALTER TABLE invoice NO FORCE ROW LEVEL SECURITY; CREATE SCHEMA report;
                 CREATE VIEW report.v AS SELECT * FROM public.invoice; GRANT SELECT ON report.v TO erp_app;",
                Some((Critical, "report.v")),
            ),
            ("CREATE TABLE currency (code text); CREATE VIEW v AS TABLE currency; GRANT SELECT ON v TO erp_app;", None),
        ],
        code,
    );
    let exempt = "\"public.v\" = { class = \"exempt\", reason = \"statistics of all\" }";
    let sql = format!(
        "{INVOICE}ALTER TABLE invoice NO FORCE ROW LEVEL SECURITY;
        CREATE VIEW v AS SELECT count(*) FROM invoice; GRANT SELECT ON v TO erp_app;"
    );
    check(code, &[(exempt, &sql, None), ("", &sql, Some((Critical, "public.v")))]);
    let bound = format!("{INVOICE}CREATE VIEW v AS SELECT * FROM invoice; GRANT SELECT ON v TO erp_app;");
    assert_eq!(found_on(140_012, code, &bound), [(High, "public.v".to_owned())]);
    assert_eq!(found_on(150_012, code, &bound), [(Low, "public.v".to_owned())]);
}

#[test]
fn a_materialized_view_that_tenants_cannot_read_is_no_matter() {
    let made = "CREATE MATERIALIZED VIEW v AS SELECT * FROM invoice WITH NO DATA;";
    let granted =
        "CREATE MATERIALIZED VIEW v AS SELECT * FROM invoice WITH NO DATA; GRANT SELECT ON v TO PUBLIC;";
    behind(&[(made, None), (granted, Some((High, "public.v")))], "matview-over-rls");
    let exempt = "\"public.v\" = { class = \"exempt\", reason = \"statistics of all\" }";
    check("matview-over-rls", &[(exempt, &format!("{INVOICE}{granted}"), None)]);
}

#[test]
fn a_definers_function_is_judged_by_its_owner_and_by_what_it_reaches() {
    let unforced = "ALTER TABLE invoice NO FORCE ROW LEVEL SECURITY;";
    let function = |body: &str, language: &str| {
        format!(
            "{INVOICE}{unforced}
             CREATE FUNCTION f(t uuid) RETURNS bigint LANGUAGE {language} SECURITY DEFINER SET search_path = public, pg_temp AS $$
             {body} $$;"
        )
    };
    let object = "public.f(uuid)";
    let code = "secdef-function";
    for (sql, expected) in [
        (function("SELECT count(*) FROM invoice", "sql"), Some((High, object))),
        (function("SELECT count(*) FROM public.invoice", "sql"), Some((High, object))),
        (function("SELECT count(*) FROM other.invoice", "sql"), None),
        (function("SELECT 1::bigint -- FROM invoice", "sql"), None),
        (
            function(
                "SELECT count(*) FROM invoice WHERE tenant_id = current_setting('app.tenant_id')::uuid",
                "sql",
            ),
            Some((Medium, object)),
        ),
        (function("BEGIN EXECUTE 'SELECT'; RETURN 1; END", "plpgsql"), None),
        (
            format!(
                "{}ALTER FUNCTION f(uuid) OWNER TO erp_system;",
                function("BEGIN EXECUTE 'SELECT'; RETURN 1; END", "plpgsql")
            ),
            Some((Medium, object)),
        ),
        (
            format!(
                "{}REVOKE EXECUTE ON FUNCTION f(uuid) FROM PUBLIC;",
                function("SELECT count(*) FROM invoice", "sql")
            ),
            None,
        ),
        (
            format!(
                "CREATE FUNCTION g() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM invoice $$;{}",
                function("SELECT g()", "sql").replace(INVOICE, "")
            )
            .replace(unforced, &format!("{INVOICE}{unforced}")),
            Some((High, object)),
        ),
        (
            format!(
                "{}ALTER TABLE invoice FORCE ROW LEVEL SECURITY;",
                function("SELECT count(*) FROM invoice", "sql")
            ),
            None,
        ),
        (
            function("SELECT count(*) FROM v", "sql")
                .replace(unforced, &format!("{unforced} CREATE VIEW v AS SELECT * FROM invoice;")),
            Some((High, object)),
        ),
    ] {
        let sql = format!("SET check_function_bodies = off;\n{sql}");
        check(code, &[("", &sql, expected)]);
    }
}

#[test]
fn a_trigger_that_only_adds_a_row_reads_none() {
    let trigger = |body: &str| {
        format!(
            "{INVOICE}CREATE TABLE audit (tenant_id uuid NOT NULL, id bigint);
             CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
             BEGIN {body}; RETURN NEW; END $$;
             ALTER FUNCTION f() OWNER TO erp_system;
             CREATE TRIGGER t BEFORE INSERT ON invoice FOR EACH ROW EXECUTE FUNCTION f();"
        )
    };
    let object = "public.invoice.t";
    for (body, expected) in [
        ("INSERT INTO audit VALUES (NEW.tenant_id, NEW.id)", Some((Low, object))),
        ("INSERT INTO audit SELECT * FROM audit", Some((High, object))),
        ("DELETE FROM audit WHERE tenant_id = NEW.tenant_id", Some((Medium, object))),
        ("DELETE FROM audit WHERE id = NEW.id", Some((High, object))),
        ("EXECUTE 'DELETE FROM audit'", Some((Medium, object))),
        ("NEW.total := 0", None),
    ] {
        check("secdef-trigger", &[("", &trigger(body), expected)]);
    }
    let elsewhere = trigger("DELETE FROM audit").replace("SECURITY DEFINER", "SECURITY INVOKER");
    check("secdef-trigger", &[("", &elsewhere, None)]);
    // What a trigger calls is no function to be called.
    check("secdef-function", &[("", &trigger("DELETE FROM audit"), None)]);
}

#[test]
fn a_search_path_has_temporary_objects_last_and_no_schema_that_tenants_write_to() {
    let object = "public.f()";
    let function = |setting: &str, body: &str| {
        format!(
            "CREATE SCHEMA app; CREATE FUNCTION f() RETURNS integer LANGUAGE sql SECURITY DEFINER {setting} {body};"
        )
    };
    let text = "AS $$ SELECT 1 $$";
    for (sql, expected) in [
        (function("", text), Some((High, object))),
        (function("SET search_path = public, pg_temp", text), None),
        (function("SET search_path = pg_catalog, pg_temp", text), None),
        (function("SET search_path = public", text), Some((Medium, object))),
        (function("SET search_path = pg_temp, public", text), Some((Medium, object))),
        (function("SET search_path = ''", text), Some((Low, object))),
        (function("SET search_path = pg_catalog", text), Some((Low, object))),
        (
            format!(
                "{}GRANT CREATE ON SCHEMA app TO erp_app;",
                function("SET search_path = public, app, pg_temp", text)
            ),
            Some((High, object)),
        ),
        // The names in a body of standard SQL mean what they meant when it was made.
        (function("", "RETURN 1"), None),
        (function("", "BEGIN ATOMIC SELECT 1; END"), None),
        (format!("{}REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC;", function("", text)), None),
    ] {
        check("secdef-search-path", &[("", &sql, expected)]);
    }
}

#[test]
fn what_reaches_a_table_past_its_policies_has_to_be_open() {
    behind(
        &[
            ("CREATE RULE r AS ON DELETE TO invoice DO INSTEAD NOTHING; GRANT DELETE ON invoice TO erp_app;", None),
            (
                "CREATE TABLE audit (tenant_id uuid, id bigint);
                 CREATE RULE r AS ON UPDATE TO invoice DO ALSO DELETE FROM audit;",
                None,
            ),
            (
                "CREATE TABLE audit (tenant_id uuid, id bigint);
                 CREATE VIEW v WITH (security_invoker = true) AS SELECT * FROM invoice; GRANT INSERT ON v TO erp_app;
                 CREATE RULE r AS ON INSERT TO v DO INSTEAD DELETE FROM audit;",
                Some((High, "public.v.r")),
            ),
        ],
        "rewrite-rule",
    );
    let function = "CREATE FUNCTION f(a int) RETURNS boolean LANGUAGE sql LEAKPROOF AS $$ SELECT a > 1 $$;";
    let revoked = format!("{function}REVOKE EXECUTE ON FUNCTION f(int) FROM PUBLIC;");
    check(
        "leakproof-user-function",
        &[("", function, Some((High, "public.f(integer)"))), ("", &revoked, None)],
    );
}

#[test]
fn partitions_and_heirs_are_found_wherever_they_are() {
    let entry = "CREATE TABLE entry (tenant_id uuid NOT NULL, id bigint, day date) PARTITION BY RANGE (day);
        CREATE SCHEMA archive;
        CREATE TABLE archive.year PARTITION OF entry FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (id);
        CREATE TABLE archive.one PARTITION OF archive.year FOR VALUES IN (1);";
    let granted = format!("{entry}GRANT SELECT (id), TRUNCATE ON archive.one TO erp_app;");
    let closed =
        format!("{granted}ALTER TABLE archive.one ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;");
    let middle = format!("{entry}GRANT SELECT ON archive.year TO PUBLIC;");
    let code = "partition-child-direct";
    check(
        code,
        &[
            ("", entry, None),
            ("", &granted, Some((High, "archive.one"))),
            ("", &closed, None),
            ("", &middle, Some((High, "archive.year"))),
        ],
    );
    let shared = granted.replace("tenant_id uuid NOT NULL, ", "");
    check(code, &[("\"public.entry\" = { class = \"shared\" }", &shared, None)]);

    // Where heirs are governed they are tables like others.
    let heir = format!("{INVOICE}CREATE TABLE heir () INHERITS (invoice); GRANT SELECT ON heir TO erp_app;");
    check("inherit-child-direct", &[("", &heir, None)]);
    assert_eq!(found("rls-disabled", "", &heir).len(), 1);
}

#[test]
fn a_publication_is_judged_by_the_tables_that_it_sends() {
    let object = "p";
    let line = "CREATE TABLE currency (code text PRIMARY KEY);";
    for (sql, expected) in [
        ("CREATE PUBLICATION p FOR ALL TABLES;", Some((Medium, object))),
        ("CREATE PUBLICATION p FOR TABLES IN SCHEMA public;", Some((Medium, object))),
        ("CREATE PUBLICATION p FOR TABLE currency;", None),
        ("CREATE PUBLICATION p;", None),
        ("CREATE SCHEMA other; CREATE PUBLICATION p FOR TABLES IN SCHEMA other;", None),
    ] {
        check("publication-unfiltered", &[("", &format!("{INVOICE}{line}{sql}"), expected)]);
    }
    check("publication-unfiltered", &[("", &format!("{line}CREATE PUBLICATION p FOR ALL TABLES;"), None)]);
}
