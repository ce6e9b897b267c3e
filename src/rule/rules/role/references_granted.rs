//! `references-granted`

use std::collections::BTreeSet;

use crate::catalog::{Object, Privilege};
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::creation::anywhere;

pub(super) const RULE: Rule = Rule {
    code: "references-granted",
    severity: Severity::High,
    finds: "a role that tenants' statements run as may refer to a table of theirs with foreign keys",
    why: "Foreign keys are checked past the policies. With a table of its own, a tenant finds out which keys of others there \
          are by trying to refer to them, and keeps their rows from being deleted.",
    fix: "Revoke REFERENCES. Only whoever owns tables needs it.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
GRANT SELECT, REFERENCES ON invoice TO erp_app;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON invoice TO erp_app;",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let (severity, though) = if anywhere(subject) {
        (Severity::High, "")
    } else {
        (Severity::Medium, ", though it can create no table that would")
    };
    for table in subject.governed().filter(|table| table.relation.is_table() && table.place.holds_tenants()) {
        let grantees: BTreeSet<_> =
            subject.open_to(table.relation, Privilege::References).into_iter().collect();
        for grantee in grantees {
            let name = table.name.plain();
            let message =
                format!("foreign keys of {} may refer to {name}, past its policies{though}", grantee.plain());
            let privileges = BTreeSet::from([(Privilege::References, None)]);
            found
                .add(Object::Grant(table.name.clone(), grantee.clone(), Privilege::References), message)
                .severity(severity)
                .sql(ddl::revoke(ddl::Object::Table(table.name), &privileges, grantee));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    const CODE: &str = "references-granted";

    #[test]
    fn a_column_is_enough_and_a_place_for_the_probe_makes_it_worse() {
        let sql = "CREATE TABLE t (id int PRIMARY KEY, code int UNIQUE, tenant_id uuid);
            CREATE TABLE currency (code text); CREATE VIEW v AS SELECT id FROM t;
            GRANT REFERENCES (id), REFERENCES (code) ON t TO erp_app; GRANT REFERENCES ON currency, v TO erp_app;";
        let message = "foreign keys of erp_app may refer to public.t, past its policies";
        let though = ", though it can create no table that would";
        assert_eq!(said(CODE, sql), [format!("medium: {message}{though}")]);
        let creates = format!("{sql} CREATE SCHEMA own AUTHORIZATION erp_app;");
        assert_eq!(said(CODE, &creates), [format!("high: {message}")]);
    }
}
