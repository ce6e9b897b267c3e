//! `immutable-session-function`

use crate::catalog::{Object, Volatility};
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::callee;

pub(super) const RULE: Rule = Rule {
    code: "immutable-session-function",
    severity: Severity::Critical,
    finds: "a policy calls an IMMUTABLE function that reads the session",
    why: "The planner computes an IMMUTABLE function once and keeps the value in prepared plans, so one tenant gets the rows of the tenant \
          that came first.",
    fix: "Declare the function STABLE.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE FUNCTION my_tenant() RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = (SELECT my_tenant()));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE FUNCTION my_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.tenant_id', true), '')::uuid;
CREATE POLICY invoice_tenant ON invoice USING (tenant_id = (SELECT my_tenant()));",
    manual: "https://www.postgresql.org/docs/current/xfunc-volatility.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (signature, (call, table, policy)) in callee::of_policies(subject) {
        if call.function.volatility != Volatility::Immutable || !call.routine.reads_session {
            continue;
        }
        let message = format!(
            "{} is IMMUTABLE and reads the session, and policy {} of {} calls it",
            signature.name.plain(),
            policy.name.plain(),
            table.table.plain()
        );
        found.add(Object::Function(signature.clone()), message).sql(ddl::alter_function(signature, "STABLE"));
    }
}
