//! `guc-user-settable`

use crate::catalog::Privilege;
use crate::rule::code::Code;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "guc-user-settable",
    severity: Severity::Medium,
    finds: "a function that tenants' statements may call sets the tenant to what its caller says",
    why: "Whoever gets one call of it into a statement, by SQL injection say, is any tenant for the rest of the transaction.",
    fix: "Revoke EXECUTE from PUBLIC and from the app role, and let the service bind the tenant itself.",
    bad: "CREATE FUNCTION act_as(tenant uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.tenant_id', tenant::text, true);
END
$$;",
    good: "CREATE FUNCTION act_as(tenant uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('app.tenant_id', tenant::text, true);
END
$$;
REVOKE EXECUTE ON FUNCTION act_as(uuid) FROM PUBLIC;",
    manual: "https://www.postgresql.org/docs/current/functions-admin.html",
    check: Check::Code(check),
};

fn check(code: &Code<'_>, subject: &Subject<'_>, found: &mut Findings) {
    let Some((_, function)) = code.function() else { return };
    let mut grants = function.grants.iter().filter(|grant| grant.privilege == Privilege::Execute);
    let callable = function.returns.as_deref() != Some("trigger");
    let Some(grant) = grants.find(|grant| callable && subject.is_app(&grant.grantee)) else { return };
    for sentence in &code.sentences {
        let chosen = |name: &str| subject.settings().contains(name);
        for set in sentence.sets().iter().filter(|set| set.value.is_none() && chosen(&set.name)) {
            let whom = grant.grantee.plain();
            code.tell(
                found,
                sentence,
                format!("sets {} to what its caller says, and {whom} may call it", set.name),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn it_takes_a_caller_and_a_value() {
        let function = |body: &str| {
            format!(
                "CREATE FUNCTION f(x text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $f$ BEGIN {body} END $f$;"
            )
        };
        let revoke = "REVOKE EXECUTE ON FUNCTION f(text) FROM PUBLIC;";
        for (sql, expected) in [
            (function("EXECUTE format('SET LOCAL app.tenant_id = %L', x);"), 1),
            (function("PERFORM set_config('app.tenant_id', '', true);"), 0),
            (function("PERFORM set_config('app.tenant_id', 'a', true);"), 0),
            (function("PERFORM set_config('app.other', x, true);"), 0),
            (function("PERFORM set_config('app.tenant_id', x, true);") + revoke, 0),
            (
                function("PERFORM set_config('app.tenant_id', x, true);")
                    + revoke
                    + "GRANT EXECUTE ON FUNCTION f(text) TO erp_system;",
                0,
            ),
            (
                function("PERFORM set_config('app.tenant_id', x, true);")
                    + revoke
                    + "GRANT EXECUTE ON FUNCTION f(text) TO erp_app;",
                1,
            ),
            ("SELECT set_config('app.tenant_id', x, true) FROM (VALUES ('a')) AS v (x);".to_owned(), 0),
        ] {
            assert_eq!(severities(super::RULE.code, &sql).len(), expected, "{sql}");
        }
    }
}
