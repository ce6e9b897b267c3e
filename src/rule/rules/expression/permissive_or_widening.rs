//! `permissive-or-widening`

use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::judge::fault::{Fault, faulty};
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "permissive-or-widening",
    severity: Severity::High,
    finds: "a permissive policy opens what another one keeps to the tenant",
    why: "Permissive policies are joined by OR, so a row needs to pass only one of them.",
    fix: "Make the second one restrictive, or put the tenant into it too. A restrictive policy TO PUBLIC that asks for the tenant keeps \
          every later one in bounds.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE invoice ADD COLUMN status text;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY invoice_open ON invoice FOR SELECT USING (status = 'open');",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE invoice ADD COLUMN status text;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE POLICY invoice_open ON invoice AS RESTRICTIVE FOR SELECT USING (status = 'open');",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for faulty in faulty(subject.judged(), Fault::Widening) {
        let what = format!(
            "asks nothing about the tenant and is joined by OR with those that do, so a tenant can {} rows of others",
            faulty.verbs()
        );
        found
            .add(Object::policy(faulty.table.table, faulty.policy.name), faulty.message(&what))
            .severity(faulty.severity(Severity::High));
    }
}
