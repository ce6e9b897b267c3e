//! `trigger-granted`

use std::collections::BTreeSet;

use crate::catalog::{Object, Privilege, RelationKind};
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::creation::{anywhere, temporarily};

pub(super) const RULE: Rule = Rule {
    code: "trigger-granted",
    severity: Severity::Critical,
    finds: "a role that tenants' statements run as may put triggers on a table of theirs",
    why: "A trigger runs with the rights of whoever writes, and sees each row: one tenant can read and change what all of \
          them write, and act as the system role when that writes.",
    fix: "Revoke TRIGGER. Only whoever owns tables needs it.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
GRANT SELECT, TRIGGER ON invoice TO erp_app;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON invoice TO erp_app;",
    manual: "https://www.postgresql.org/docs/current/ddl-priv.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    // A function in the session's own schema for temporary objects will do.
    let (severity, though) = if anywhere(subject) || temporarily(subject) {
        (Severity::Critical, "")
    } else {
        (Severity::High, ", though it can create no function for it")
    };
    for table in subject.governed().filter(|table| table.place.holds_tenants()) {
        if table.relation.kind == RelationKind::MaterializedView {
            continue;
        }
        for grantee in subject.open_to(table.relation, Privilege::Trigger) {
            let name = table.name.plain();
            let message = format!(
                "{} may put a trigger on {name}, which sees the rows of all who write{though}",
                grantee.plain()
            );
            let privileges = BTreeSet::from([(Privilege::Trigger, None)]);
            found
                .add(Object::Grant(table.name.clone(), grantee.clone(), Privilege::Trigger), message)
                .severity(severity)
                .sql(ddl::revoke(ddl::Object::Table(table.name), &privileges, grantee));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::catalog::Database;
    use crate::ident::Ident;
    use crate::rule::trial::{said, said_of_server};

    const CODE: &str = "trigger-granted";

    #[test]
    fn a_trigger_needs_a_function() {
        let sql = "CREATE TABLE t (tenant_id uuid); GRANT TRIGGER ON t TO erp_app, erp_system;";
        let message = "erp_app may put a trigger on public.t, which sees the rows of all who write";
        assert_eq!(said(CODE, sql), [format!("critical: {message}")]);
        let closed = said_of_server(CODE, sql, |catalog| {
            let (name, owner) = (Ident::known("erp"), Ident::known("erp_owner"));
            catalog.database = Some(Database { name, owner, grants: BTreeSet::new() });
        });
        assert_eq!(closed, [format!("high: {message}, though it can create no function for it")]);
    }
}
