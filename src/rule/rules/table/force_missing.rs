//! `force-missing`

use std::collections::BTreeSet;

use crate::catalog::Object;
use crate::ident::Ident;
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::words::list;

pub(super) const RULE: Rule = Rule {
    code: "force-missing",
    severity: Severity::High,
    finds: "row-level security is on and not forced, so the owner of the table is not bound by it",
    why: "The owner, and each role that inherits from it, reads and changes the rows of all tenants. So does a view or a \
          SECURITY DEFINER function that it owns, whoever calls it.",
    fix: "Force row-level security, and let services log in as a role that neither owns tables nor is a member of an owner.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
    manual: "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.tables().filter(|table| table.relation.row_security) {
        if table.relation.force_row_security {
            continue;
        }
        let owner = &table.relation.owner;
        let app = subject.manifest.roles.app_role();
        let name = table.name.plain();
        // Who owns what files make is only assumed.
        let bypasses = subject.bypasses(owner).filter(|_| subject.catalog.server_version.is_some());
        let (message, severity) = if subject.reached.inherits(owner) {
            let by = if owner == app { String::new() } else { format!(" by way of {}", owner.plain()) };
            let app = app.plain();
            (
                format!(
                    "row-level security of {name} is not forced, and {app} owns it{by}, so no policy binds {app}"
                ),
                Severity::High,
            )
        } else if let Some(why) = bypasses {
            let owner = owner.plain();
            (
                format!(
                    "row-level security of {name} is not forced; its owner {owner} {why} today, and is unbound anyway"
                ),
                Severity::Medium,
            )
        } else {
            let whom =
                list([owner.plain()].into_iter().chain(heirs(subject, owner).into_iter().map(Ident::plain)));
            (
                format!("row-level security of {name} is not forced, so it does not bind {whom}"),
                Severity::High,
            )
        };
        found
            .add(Object::RowSecurity(table.name.clone()), message)
            .severity(severity)
            .sql(ddl::force(table.name, true));
    }
}

/// The roles that have the rights of a role without being it.
fn heirs<'a>(subject: &Subject<'a>, role: &'a Ident) -> BTreeSet<&'a Ident> {
    let mut found = BTreeSet::from([role]);
    let mut left = vec![role];
    while let Some(role) = left.pop() {
        let members = subject.catalog.memberships.iter().filter(|of| of.role == *role && of.inherit);
        left.extend(members.map(|of| &of.member).filter(|member| found.insert(member)));
    }
    found.remove(role);
    found
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::{said, said_of_server};

    const CODE: &str = "force-missing";
    const TABLE: &str = "CREATE TABLE t (tenant_id uuid); ALTER TABLE t ENABLE ROW LEVEL SECURITY;";

    #[test]
    fn it_says_whom_policies_do_not_bind() {
        let not_forced = "row-level security of public.t is not forced";
        let alone = format!("high: {not_forced}, so it does not bind erp_owner");
        assert_eq!(said(CODE, TABLE), std::slice::from_ref(&alone));
        let member = format!("{TABLE} CREATE ROLE erp_m LOGIN; GRANT erp_owner TO erp_m;");
        assert_eq!(
            said(CODE, &member),
            [format!("high: {not_forced}, so it does not bind erp_owner and erp_m")]
        );
        let app = format!("{TABLE} GRANT erp_owner TO erp_app;");
        let by_app = "and erp_app owns it by way of erp_owner, so no policy binds erp_app";
        assert_eq!(said(CODE, &app), [format!("high: {not_forced}, {by_app}")]);
        let noinherit = format!("ALTER ROLE erp_app NOINHERIT; {app}");
        assert_eq!(said(CODE, &noinherit), [alone]);
    }

    #[test]
    fn a_superuser_that_owns_it_is_not_bound_either_way() {
        let found = said_of_server(CODE, TABLE, |catalog| {
            for role in catalog.roles.values_mut() {
                role.superuser = true;
            }
        });
        let message = "row-level security of public.t is not forced; its owner erp_owner is a superuser today, and is \
                       unbound anyway";
        assert_eq!(found, [format!("medium: {message}")]);
    }

    #[test]
    fn rows_of_everybody_and_partitions_need_none() {
        let sql = "CREATE TABLE currency (code text); ALTER TABLE currency ENABLE ROW LEVEL SECURITY;
            CREATE TABLE t (tenant_id uuid) PARTITION BY LIST (tenant_id);
            ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
            CREATE TABLE t_1 PARTITION OF t DEFAULT; ALTER TABLE t_1 ENABLE ROW LEVEL SECURITY;";
        assert!(said(CODE, sql).is_empty());
    }
}
