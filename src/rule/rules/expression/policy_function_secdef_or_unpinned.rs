//! `policy-function-secdef-or-unpinned`

use crate::catalog::Object;
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::callee;

pub(super) const RULE: Rule = Rule {
    code: "policy-function-secdef-or-unpinned",
    severity: Severity::High,
    finds: "a policy calls a function that can be made to run something else",
    why: "A SECURITY DEFINER function without a search_path of its own finds whatever the caller puts first, and runs it with its \
          owner's rights. Who owns a function can replace it, and with it the policy.",
    fix: "Set search_path on the function, with pg_temp last, and have a role own it that services do not log in as.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE FUNCTION my_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = (SELECT my_tenant()));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE FUNCTION my_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = (SELECT my_tenant()));",
    manual: "https://www.postgresql.org/docs/current/sql-createfunction.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (signature, (call, table, policy)) in callee::of_policies(subject) {
        let function = call.function;
        if function.extension.is_some() {
            continue;
        }
        let unpinned = function.security_definer && !function.settings.contains_key("search_path");
        let what = if subject.app.contains(&function.owner) {
            format!("belongs to {}, which services run as", function.owner.plain())
        } else if unpinned {
            "is SECURITY DEFINER without a search_path of its own".to_owned()
        } else {
            continue;
        };
        let message = format!(
            "{}, which policy {} of {} calls, {what}",
            signature.name.plain(),
            policy.name.plain(),
            table.table.plain()
        );
        let finding = found.add(Object::Function(signature.clone()), message);
        if !subject.app.contains(&function.owner) && callee::names_all_schemas(subject, function) {
            finding.sql(ddl::alter_function(signature, "SET search_path = pg_catalog, pg_temp"));
        }
    }
}
