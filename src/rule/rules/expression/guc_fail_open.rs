//! `guc-fail-open`

use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::judge::fault::{Fault, faulty};
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "guc-fail-open",
    severity: Severity::Critical,
    finds: "a policy opens every row while no tenant is bound",
    why: "A statement that runs before the tenant is bound, or on a connection of another service, reads and changes the rows of all.",
    fix: "Compare with the setting alone: without a tenant it is NULL, and no row is equal to NULL.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (current_setting('app.tenant_id', true) IS NULL
        OR tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/functions-admin.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for faulty in faulty(subject.judged(), Fault::FailOpen) {
        let what = "is true while no tenant is bound, and then shows rows of all";
        found
            .add(Object::policy(faulty.table.table, faulty.policy.name), faulty.message(what))
            .severity(faulty.severity(Severity::Critical));
    }
}
