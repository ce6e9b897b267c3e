//! `privilege-missing`

use std::collections::BTreeSet;

use crate::catalog::{Grantee, Object, Part};
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::needed::{Thing, may_be_granted, needed};
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "privilege-missing",
    severity: Severity::Medium,
    finds: "what a statement sets off needs a privilege that whoever runs the statement lacks",
    why: "A trigger's function, the functions that it calls, a default, a check and a policy run with the rights of whoever \
          runs the statement, unless the function is SECURITY DEFINER. Without a right on what they touch the statement \
          fails: permission denied for a table that it does not name.",
    fix: "Grant the verb and no more, as tenantry plan does, or let the function be SECURITY DEFINER, with a search_path of its \
          own. What is told is what the code's text leaves no doubt of.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, total numeric NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON invoice TO erp_app;
CREATE SCHEMA audit;
CREATE TABLE audit.entry (at timestamptz NOT NULL DEFAULT now(), invoice bigint NOT NULL);
CREATE FUNCTION log_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit.entry (invoice) VALUES (NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER log AFTER UPDATE ON invoice FOR EACH ROW EXECUTE FUNCTION log_invoice();",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, total numeric NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON invoice TO erp_app;
CREATE SCHEMA audit;
CREATE TABLE audit.entry (at timestamptz NOT NULL DEFAULT now(), invoice bigint NOT NULL);
CREATE FUNCTION log_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit.entry (invoice) VALUES (NEW.id);
    RETURN NULL;
END
$$;
CREATE TRIGGER log AFTER UPDATE ON invoice FOR EACH ROW EXECUTE FUNCTION log_invoice();
GRANT USAGE ON SCHEMA audit TO erp_app;
GRANT INSERT ON audit.entry TO erp_app;",
    manual: "https://www.postgresql.org/docs/current/sql-createtrigger.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let (manifest, catalog) = (subject.manifest, subject.catalog);
    let places = &subject.places.relations;
    let roles = &manifest.roles;
    let others = [roles.system_role(), roles.owner_role()];
    let roles = [(Some(roles.app_role()), Severity::Medium)]
        .into_iter()
        .chain(others.map(|role| (role, Severity::Low)))
        .filter_map(|(role, severity)| Some((role?, severity)));
    for (role, severity) in roles {
        for need in needed(manifest, catalog, role, |_| BTreeSet::new()) {
            // The functions that policies call have a rule of their own.
            if matches!(
                (&need.thing, &need.cause.object),
                (Thing::Routine(_), Object::Part(Part::Policy, ..))
            ) {
                continue;
            }
            let message = format!(
                "{} has no {} on {}, which {} needs",
                role.plain(),
                need.privilege.sql(),
                need.thing.plain(),
                need.cause.words
            );
            let finding = found.add(need.cause.object.clone(), message);
            finding.severity(severity);
            if may_be_granted(manifest, catalog, places, role, &need) {
                let privileges = BTreeSet::from([(need.privilege, None)]);
                let grantee = Grantee::Role(role.clone());
                finding.sql(ddl::grant(need.thing.object(), &privileges, &grantee, false));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    const CODE: &str = "privilege-missing";
    const TABLES: &str =
        "CREATE TABLE t (tenant_id uuid, n int); GRANT SELECT, INSERT, UPDATE ON t TO erp_app;
        CREATE TABLE log (id bigserial, n int); CREATE TABLE seen (n int);";

    fn body(code: &str) -> String {
        format!(
            "{TABLES} CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {code} RETURN NULL; END $$;"
        )
    }

    fn fired(code: &str, on: &str) -> String {
        format!("{} CREATE TRIGGER g AFTER {on} ON t FOR EACH ROW EXECUTE FUNCTION f();", body(code))
    }

    fn lacks(what: &str, by: &str) -> String {
        format!("medium: erp_app has no {what}, which {by} needs")
    }

    const TRIGGER: &str = "trigger g of public.t";

    #[test]
    fn a_trigger_is_followed_to_the_rights_that_its_body_takes() {
        let insert = "INSERT INTO log (n) VALUES (NEW.n);";
        let expected = [lacks("INSERT on public.log", TRIGGER), lacks("USAGE on public.log_id_seq", TRIGGER)];
        assert_eq!(said(CODE, &fired(insert, "UPDATE")), expected);
        // A verb that the role does not have sets nothing off, and what does not fire neither.
        assert!(said(CODE, &fired(insert, "DELETE")).is_empty());
        assert!(
            said(CODE, &format!("{} ALTER TABLE t DISABLE TRIGGER g;", fired(insert, "UPDATE"))).is_empty()
        );
        let definer = fired(insert, "UPDATE") + " ALTER FUNCTION f() SECURITY DEFINER;";
        assert!(said(CODE, &definer).is_empty());
        // A column that is given a value draws nothing.
        let given = fired("INSERT INTO log (id, n) VALUES (1, 2);", "UPDATE");
        assert_eq!(said(CODE, &given), expected[..1]);
        let granted = "GRANT INSERT ON log TO erp_app; GRANT USAGE ON SEQUENCE log_id_seq TO PUBLIC;";
        assert!(said(CODE, &format!("{} {granted}", fired(insert, "UPDATE"))).is_empty());
    }

    #[test]
    fn what_is_not_certain_is_not_told() {
        for code in [
            "EXECUTE format('INSERT INTO %I VALUES (1)', TG_ARGV[0]);",
            "INSERT INTO nowhere VALUES (1);",
            "CREATE TEMP TABLE log (n int); INSERT INTO log VALUES (1);",
            "PERFORM two(1);",
        ] {
            let two = "CREATE FUNCTION two(int) RETURNS int LANGUAGE sql AS 'DELETE FROM seen RETURNING n';
                CREATE FUNCTION two(text) RETURNS int LANGUAGE sql AS 'DELETE FROM seen RETURNING n';";
            assert!(said(CODE, &format!("{} {two}", fired(code, "UPDATE"))).is_empty(), "{code}");
        }
        let literal = "EXECUTE 'DELETE FROM seen';";
        assert_eq!(said(CODE, &fired(literal, "UPDATE")), [lacks("DELETE on public.seen", TRIGGER)]);
    }

    #[test]
    fn functions_are_followed_and_so_is_what_their_writes_set_off() {
        let more = "CREATE SCHEMA tools; CREATE FUNCTION tools.note() RETURNS int LANGUAGE sql AS 'INSERT INTO public.seen VALUES (1)
            RETURNING 1'; REVOKE EXECUTE ON FUNCTION tools.note() FROM PUBLIC;
            CREATE FUNCTION h() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE log SET n = n + 1; RETURN NULL; END $$;
            CREATE TRIGGER k AFTER INSERT ON seen EXECUTE FUNCTION h();";
        let sql = format!("{} {more}", fired("PERFORM tools.note();", "UPDATE"));
        let by = format!("{TRIGGER}, by tools.note()");
        let mut found = said(CODE, &sql);
        found.sort();
        let mut expected = vec![
            lacks("USAGE on schema tools", TRIGGER),
            lacks("INSERT on public.seen", &by),
            lacks("SELECT on public.seen", &by),
            lacks("EXECUTE on function tools.note()", TRIGGER),
            lacks("UPDATE on public.log", "trigger k of public.seen"),
            lacks("SELECT on public.log", "trigger k of public.seen"),
        ];
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn defaults_checks_policies_and_views_are_followed() {
        let sql = format!(
            "{TABLES} CREATE FUNCTION d() RETURNS int LANGUAGE sql AS 'SELECT n FROM seen';
            REVOKE EXECUTE ON FUNCTION d() FROM PUBLIC; ALTER TABLE t ALTER n SET DEFAULT d();
            CREATE TABLE member (name text); ALTER TABLE t ENABLE ROW LEVEL SECURITY;
            CREATE POLICY p ON t TO erp_app USING (EXISTS (SELECT FROM member));
            CREATE FUNCTION c(int) RETURNS bool LANGUAGE sql AS 'SELECT true'; REVOKE EXECUTE ON FUNCTION c(int) FROM PUBLIC;
            ALTER TABLE t ADD CONSTRAINT k CHECK (c(n));
            CREATE VIEW v WITH (security_invoker) AS SELECT n FROM log; GRANT SELECT ON v TO erp_app;"
        );
        let mut found = said(CODE, &sql);
        found.sort();
        let mut expected = vec![
            lacks("EXECUTE on function public.d()", "the default of public.t.n"),
            lacks("SELECT on public.seen", "the default of public.t.n, by public.d()"),
            lacks("SELECT on public.member", "policy p of public.t"),
            lacks("EXECUTE on function public.c(integer)", "check k of public.t"),
            lacks("SELECT on public.log", "view public.v"),
        ];
        expected.sort();
        assert_eq!(found, expected);
    }
}
