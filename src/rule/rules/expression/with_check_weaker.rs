//! `with-check-weaker`

use crate::catalog::{Object, Policy};
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::judge::fault::{Fault, faulty};
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "with-check-weaker",
    severity: Severity::Critical,
    finds: "a WITH CHECK accepts rows of other tenants",
    why: "A tenant can write rows that another one then reads as its own, and an UPDATE without WHERE hands all its rows over.",
    fix: "Have WITH CHECK say what USING says. Without WITH CHECK, USING is asked of what is written as well.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (true);",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY invoice_tenant ON invoice
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid))
    WITH CHECK (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));",
    manual: "https://www.postgresql.org/docs/current/sql-createpolicy.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for faulty in faulty(subject.judged(), Fault::Check) {
        let policy = faulty.policy.policy;
        let known = !faulty.opening.all.iter().all(|(_, verdict)| verdict.is_unknown());
        let what = match (known, policy.using.is_some()) {
            (false, _) => "has a WITH CHECK that calls a function which this does not look into",
            (true, true) => "lets rows be written that its USING would not show",
            (true, false) => "lets rows be inserted for any tenant",
        };
        let severity = if known { Severity::Critical } else { Severity::Low };
        let finding = found.add(Object::policy(faulty.table.table, faulty.policy.name), faulty.message(what));
        finding.severity(faulty.severity(severity)).word("CHECK");
        if policy.using.is_some() {
            let same = Policy { using: None, with_check: policy.using.clone(), ..policy.clone() };
            finding.sql(ddl::alter_policy(faulty.table.table, faulty.policy.name, &same));
        }
    }
}
