//! `expressionless-policy`

use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "expressionless-policy",
    severity: Severity::High,
    finds: "a policy has neither USING nor WITH CHECK",
    why: "A restrictive policy without a condition restricts nothing, though it looks like a floor; a permissive one allows nothing.",
    fix: "Say the condition, or drop the policy.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY invoice_floor ON invoice AS RESTRICTIVE FOR INSERT TO PUBLIC;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY invoice_floor ON invoice AS RESTRICTIVE FOR INSERT TO PUBLIC
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/sql-createpolicy.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.judged() {
        for policy in &table.policies {
            if policy.policy.using.is_some() || policy.policy.with_check.is_some() {
                continue;
            }
            let (what, severity) = if policy.policy.permissive {
                ("allows nothing", Severity::Low)
            } else {
                ("restricts nothing", Severity::High)
            };
            let (name, table) = (policy.name, table.table);
            let message =
                format!("policy {} of {} has no condition, so it {what}", name.plain(), table.plain());
            found.add(Object::policy(table, name), message).severity(severity);
        }
    }
}
