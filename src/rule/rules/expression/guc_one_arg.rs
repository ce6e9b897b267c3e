//! `guc-one-arg`

use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "guc-one-arg",
    severity: Severity::Low,
    finds: "a setting is read without saying that it may be missing",
    why: "The error for a setting that was never set is not one to rely on: once it was set, it reads as an empty text.",
    fix: "Give `true` as the second argument, and NULLIF around it; call a function that raises an error where one is wanted.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id'), '')::uuid));",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/functions-admin.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.judged() {
        for policy in &table.policies {
            let mut reads = policy.conditions().flat_map(|(_, condition)| &condition.uses.reads);
            // A setting of the server's own is always there.
            let Some(read) = reads.find(|read| read.strict && read.name.contains('.')) else { continue };
            let (name, table) = (policy.name, table.table);
            let message = format!(
                "policy {} of {} reads {} in a way that raises an error until it was set once",
                name.plain(),
                table.plain(),
                read.name
            );
            found.add(Object::policy(table, name), message).word("current_setting");
        }
    }
}
