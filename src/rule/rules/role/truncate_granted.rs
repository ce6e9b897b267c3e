//! `truncate-granted`

use std::collections::BTreeSet;

use crate::catalog::{Object, Privilege};
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
    for table in subject.governed().filter(|table| table.place.holds_tenants()) {
        for grantee in subject.open_to(table.relation, Privilege::Truncate) {
            let name = table.name.plain();
            let message = format!("{} may TRUNCATE {name}, which asks no policy", grantee.plain());
            let privileges = BTreeSet::from([(Privilege::Truncate, None)]);
            found
                .add(Object::Grant(table.name.clone(), grantee.clone(), Privilege::Truncate), message)
                .sql(ddl::revoke(ddl::Object::Table(table.name), &privileges, grantee));
        }
    }
}
