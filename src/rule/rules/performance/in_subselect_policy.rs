//! `in-subselect-policy`

use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::judge::rewrite;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "in-subselect-policy",
    severity: Severity::Medium,
    finds: "a policy searches for the tenant in a subselect of one value",
    why: "The planner makes a hashed subplan of it and reads the whole table; an equality uses the index on the tenant column.",
    fix: "Write `=` in the place of IN.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id IN (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/functions-subquery.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.judged() {
        for policy in &table.policies {
            let mut calls = policy.conditions().flat_map(|(_, condition)| &condition.uses.calls);
            if calls.any(|call| call.function.returns_set()) {
                continue;
            }
            let Some(sql) = rewrite::alter(table, policy, &mut rewrite::equals_value) else { continue };
            let (name, table) = (policy.name, table.table);
            let message = format!("policy {} of {} says IN of a single value", name.plain(), table.plain());
            found.add(Object::policy(table, name), message).sql(sql);
        }
    }
}
