//! `secdef-function`

use crate::catalog::{Function, FunctionKind, Object, Signature};
use crate::policy::ddl;
use crate::policy::resolver::{Lookup, lookups};
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::definer::judge;
use crate::rule::subject::lookup;
use crate::rule::words::list;

pub(super) const RULE: Rule = Rule {
    code: "secdef-function",
    severity: Severity::High,
    finds: "a SECURITY DEFINER function that tenants' statements may call reaches tenants' rows as an owner whom policies do not \
            bind",
    why: "Inside such a function policies are asked for its owner: where they do not bind the owner, the function reads and \
          changes the rows of all tenants for whoever calls it. PUBLIC may call every new function. A resolver of the manifest is \
          one on purpose, as long as it does just what its section says.",
    fix: "Make it SECURITY INVOKER. If it has to cross tenants, let its text say whose rows it means, revoke EXECUTE from \
          PUBLIC, and grant it to those who need it; to find the tenant of a key, have tenantry plan make a resolver of it.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION invoice_count() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
    AS $$ SELECT count(*) FROM invoice $$;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE FUNCTION invoice_count() RETURNS bigint LANGUAGE sql STABLE
    AS $$ SELECT count(*) FROM invoice $$;",
    manual: "https://www.postgresql.org/docs/current/sql-createfunction.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let (lookups, _) = lookups(subject.manifest, subject.catalog);
    if subject.manifest.roles.resolver_role().is_some() {
        lookup::of_role(subject, &lookups, found);
    }
    for (signature, function) in &subject.catalog.functions {
        let considered = function.security_definer
            && function.extension.is_none()
            && matches!(function.kind, FunctionKind::Function | FunctionKind::Procedure)
            && !is_trigger(function);
        if !considered || is_tree(subject, signature) || !subject.may_call(function) {
            continue;
        }
        match lookup::of(&lookups, signature) {
            Some(lookup) => add_resolver(lookup, function, found),
            None => add(subject, signature, function, found),
        }
    }
}

/// One that the manifest asks for: what it does beyond that.
fn add_resolver(lookup: &Lookup<'_>, function: &Function, found: &mut Findings) {
    let beyond = lookup::beyond(lookup, function);
    if !beyond.is_empty() {
        let object = Object::Function(lookup.signature.clone());
        let message =
            format!("{object} is not the resolver of the manifest: it {}; apply tenantry plan", list(beyond));
        found.add(object, message);
    }
}

fn add<'a>(subject: &Subject<'a>, signature: &Signature, function: &'a Function, found: &mut Findings) {
    let Some((severity, what)) = judge(subject, function, Severity::High) else { return };
    let object = Object::Function(signature.clone());
    let message = format!("{object} {what}");
    let finding = found.add(object, message).severity(severity);
    if severity == Severity::High {
        finding.sql(ddl::alter_function(signature, "SECURITY INVOKER"));
    }
}

fn is_trigger(function: &Function) -> bool {
    matches!(function.returns.as_deref(), Some("trigger" | "event_trigger"))
}

/// The function that the policies of class `tree` ask: it gives tenants alone, those below the one that is bound.
fn is_tree(subject: &Subject<'_>, signature: &Signature) -> bool {
    let tenancy = &subject.manifest.tenancy;
    tenancy.tenant_tree().is_some()
        && signature.name.schema() == tenancy.support()
        && signature.name.name().as_str() == "tenant_tree"
        && signature.arguments.is_empty()
}

#[cfg(test)]
mod tests {
    use crate::rule::example::MANIFEST;
    use crate::rule::trial::said_under;

    const TABLE: &str = "CREATE ROLE erp_resolver NOLOGIN BYPASSRLS;
CREATE SCHEMA tenantry;
CREATE TABLE host (name text NOT NULL UNIQUE, tenant_id uuid NOT NULL, secret text);
ALTER TABLE host ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT (name, tenant_id) ON host TO erp_resolver;
";
    const FUNCTION: &str = "CREATE FUNCTION tenantry.by_host(name text) RETURNS TABLE (tenant_id uuid)
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$SELECT found.\"tenant_id\" FROM ONLY \"public\".\"host\" AS found WHERE found.\"name\" = $1$$;
REVOKE ALL ON FUNCTION tenantry.by_host FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tenantry.by_host TO erp_app;
ALTER FUNCTION tenantry.by_host OWNER TO erp_resolver;
";

    /// What is said of it under a manifest that has it.
    fn found(sql: &str) -> Vec<String> {
        let manifest = MANIFEST.replace(
            "[migrations]",
            "resolver = \"erp_resolver\"\n[resolvers.by_host]\ntable = \"public.host\"\nby = [\"name\"]\nreturns = [\"tenant_id\"]\n[migrations]",
        );
        said_under("secdef-function", &manifest, sql)
    }

    #[test]
    fn a_resolver_is_what_its_section_says() {
        assert_eq!(found(&format!("{TABLE}{FUNCTION}")), Vec::<String>::new());
        assert_eq!(
            said_under("secdef-function", MANIFEST, &format!("{TABLE}{FUNCTION}")).len(),
            1,
            "undeclared"
        );
        let is = |what: &str| {
            format!(
                "high: tenantry.by_host(text) is not the resolver of the manifest: it {what}; apply tenantry plan"
            )
        };
        for (from, to, said) in [
            (" WHERE found.\"name\" = $1", "", is("has another text or other attributes")),
            ("= $1", "LIKE $1", is("has another text or other attributes")),
            ("STRICT", "LEAKPROOF", is("has another text or other attributes")),
            (
                " SET search_path = pg_catalog, pg_temp",
                "",
                is("has no search path of pg_catalog, pg_temp alone"),
            ),
            ("pg_catalog, pg_temp", "public, pg_temp", is("has no search path of pg_catalog, pg_temp alone")),
            (
                "TABLE (tenant_id uuid)",
                "TABLE (tenant_id uuid, secret text)",
                is("takes or returns something else"),
            ),
            ("TO erp_app", "TO erp_app, PUBLIC", is("lets PUBLIC call it")),
            ("TO erp_app", "TO erp_app WITH GRANT OPTION", is("lets erp_app call it and let others call it")),
            (
                "OWNER TO erp_resolver",
                "OWNER TO erp_system",
                is("belongs to erp_system, not to erp_resolver"),
            ),
        ] {
            assert!(FUNCTION.contains(from), "{from}");
            assert_eq!(found(&format!("{TABLE}{}", FUNCTION.replace(from, to))), [said], "{to}");
        }
    }

    #[test]
    fn its_role_is_for_nothing_else() {
        for (sql, said) in [
            (
                "ALTER ROLE erp_resolver LOGIN CREATEROLE;",
                "high: erp_resolver has LOGIN and CREATEROLE, and is to do nothing but own functions that find tenants",
            ),
            (
                "CREATE ROLE erp_clerk; GRANT erp_resolver TO erp_clerk;",
                "medium: erp_clerk is a member of erp_resolver, which finds rows of all tenants",
            ),
            (
                "GRANT SELECT (secret) ON host TO erp_resolver;",
                "high: erp_resolver holds SELECT (secret) on public.host, which no resolver needs",
            ),
            (
                "CREATE TABLE invoice (tenant_id uuid); GRANT SELECT ON invoice TO erp_resolver;",
                "high: erp_resolver holds SELECT on public.invoice, which no resolver needs",
            ),
        ] {
            assert_eq!(found(&format!("{TABLE}{FUNCTION}{sql}")), [said], "{sql}");
        }
    }
}
