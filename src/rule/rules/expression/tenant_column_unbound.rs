//! `tenant-column-unbound`

use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::judge::fault::{Fault, faulty};
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "tenant-column-unbound",
    severity: Severity::High,
    finds: "a permissive policy asks nothing about the tenant",
    why: "Whatever it asks, it asks it of the rows of all tenants, and shows those that fit.",
    fix: "Have the policy demand the tenant as well: `tenant_id = …` joined by AND.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE invoice ADD COLUMN status text;
CREATE POLICY invoice_open ON invoice USING (status = 'open');",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE invoice ADD COLUMN status text;
CREATE POLICY invoice_open ON invoice
    USING (status = 'open' AND tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for faulty in faulty(subject.judged(), Fault::Unbound) {
        let columns = faulty.table.owning_columns();
        let of_session = faulty.policy.using.as_ref().is_some_and(|using| using.of_session);
        let what = match columns.first() {
            _ if of_session => "asks who the user is and not which tenant it works for".to_owned(),
            Some(column) => {
                format!("never asks about {column}, so a tenant can {} rows of others", faulty.verbs())
            }
            None => {
                format!("asks nothing about the tenant, so a tenant can {} rows of others", faulty.verbs())
            }
        };
        found
            .add(Object::policy(faulty.table.table, faulty.policy.name), faulty.message(&what))
            .severity(faulty.severity(if of_session { Severity::Medium } else { Severity::High }));
    }
}
