//! `using-true`

use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::judge::fault::{Fault, faulty};
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "using-true",
    severity: Severity::Critical,
    finds: "a permissive policy is true for every row",
    why: "Permissive policies are joined by OR: one that is always true opens every row of every tenant, whatever the others say.",
    fix: "Take the policy away, or have it ask for the tenant like the others.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY invoice_report ON invoice FOR SELECT USING (true);",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for faulty in faulty(subject.judged(), Fault::Constant) {
        let what = format!("is true for every row, so a tenant can {} those of all", faulty.verbs());
        found
            .add(Object::policy(faulty.table.table, faulty.policy.name), faulty.message(&what))
            .severity(faulty.severity(Severity::Critical));
    }
}
