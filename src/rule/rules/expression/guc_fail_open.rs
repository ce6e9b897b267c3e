//! `guc-fail-open`

use crate::catalog::Object;
use crate::rule::finding::Findings;
use crate::rule::judge::fault::{Fault, faulty};
use crate::rule::judge::{Action, Condition};
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
        // A constant in the place of the tenant that is missing is one tenant's at most.
        let of_all = |condition: &Condition<'_>| {
            faulty.table.kinds.verdict(condition.without_literals, Action::Read).fails_open()
        };
        let (what, severity) = if faulty.policy.using.as_ref().is_none_or(of_all) {
            ("is true while no tenant is bound, and then shows rows of all", Severity::Critical)
        } else {
            ("takes a constant for the tenant while none is bound, and then shows its rows", Severity::Medium)
        };
        found
            .add(Object::policy(faulty.table.table, faulty.policy.name), faulty.message(what))
            .severity(faulty.severity(severity));
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    #[test]
    fn a_constant_for_the_tenant_that_is_missing_opens_one_tenant() {
        let of = |using: &str| {
            let sql = format!(
                "CREATE TABLE t (id bigint, tenant_id uuid NOT NULL);
                 ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
                 CREATE POLICY p ON t USING ({using});"
            );
            said(super::RULE.code, &sql)
        };
        let own = "nullif(current_setting('app.tenant_id', true), '')";
        let none = "00000000-0000-0000-0000-000000000000";
        let one = "policy p of public.t takes a constant for the tenant while none is bound, and then shows its rows";
        let all = "policy p of public.t is true while no tenant is bound, and then shows rows of all";
        assert_eq!(of(&format!("tenant_id = coalesce({own}, '{none}')::uuid")), [format!("medium: {one}")]);
        assert_eq!(
            of(&format!("tenant_id = coalesce({own}::uuid, tenant_id)")),
            [format!("critical: {all}")]
        );
        assert_eq!(of(&format!("tenant_id = {own}::uuid OR {own} IS NULL")), [format!("critical: {all}")]);
    }
}
