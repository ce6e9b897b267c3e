//! `truncate-granted`

use std::collections::BTreeSet;

use crate::catalog::{Object, Privilege, RelationKind};
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "truncate-granted",
    severity: Severity::Critical,
    finds: "a role that tenants' statements run as may TRUNCATE a table of theirs",
    why: "TRUNCATE asks no policy: one tenant can empty the table for all of them.",
    fix: "Revoke TRUNCATE, and grant SELECT, INSERT, UPDATE and DELETE by name rather than ALL.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
GRANT SELECT, TRUNCATE ON invoice TO erp_app;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON invoice TO erp_app;",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.governed().filter(|table| table.place.is_governed()) {
        // A view takes the grant, and cannot be truncated.
        if !table.relation.is_table() && table.relation.kind != RelationKind::ForeignTable {
            continue;
        }
        let severity = if table.place.holds_tenants() { Severity::Critical } else { Severity::High };
        for grantee in subject.open_to(table.relation, Privilege::Truncate) {
            let name = table.name.plain();
            let message = format!("{} may TRUNCATE {name}, which asks no policy", grantee.plain());
            let privileges = BTreeSet::from([(Privilege::Truncate, None)]);
            found
                .add(Object::Grant(table.name.clone(), grantee.clone(), Privilege::Truncate), message)
                .severity(severity)
                .sql(ddl::revoke(ddl::Object::Table(table.name), &privileges, grantee));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    #[test]
    fn views_cannot_be_truncated_and_what_all_share_can() {
        let sql = "CREATE TABLE t (tenant_id uuid); CREATE VIEW v AS SELECT tenant_id FROM t;
            CREATE TABLE currency (code text); GRANT ALL ON t, v, currency TO erp_app; GRANT ALL ON t TO erp_system;";
        let expected = [
            "critical: erp_app may TRUNCATE public.t, which asks no policy",
            "high: erp_app may TRUNCATE public.currency, which asks no policy",
        ];
        assert_eq!(said("truncate-granted", sql), expected);
    }
}
