//! `policy-function-execute`

use crate::catalog::{Grant, Object, Privilege};
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::callee;

pub(super) const RULE: Rule = Rule {
    code: "policy-function-execute",
    severity: Severity::Medium,
    finds: "a policy calls a function that the app role may not execute",
    why: "Policies run with the rights of whoever runs the statement, so every statement on the table fails with permission denied.",
    fix: "Grant EXECUTE on the function to the roles that the policy is for.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE FUNCTION my_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;
REVOKE EXECUTE ON FUNCTION my_tenant() FROM PUBLIC;
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = (SELECT my_tenant()));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE FUNCTION my_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;
REVOKE EXECUTE ON FUNCTION my_tenant() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_tenant() TO erp_app;
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = (SELECT my_tenant()));",
    manual: "https://www.postgresql.org/docs/current/sql-createpolicy.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let app = subject.manifest.roles.app_role();
    for (signature, (call, table, policy)) in callee::of_policies_for_app(subject) {
        let may = |grant: &Grant| grant.privilege == Privilege::Execute && subject.is_app(&grant.grantee);
        let function = call.function;
        if function.extension.is_some()
            || subject.app.contains(&function.owner)
            || function.grants.iter().any(may)
        {
            continue;
        }
        let message = format!(
            "{} may not execute {}, which policy {} of {} calls",
            app.plain(),
            signature.name.plain(),
            policy.name.plain(),
            table.table.plain()
        );
        found.add(Object::Function(signature.clone()), message).sql(ddl::grant_execute(signature, app));
    }
}
