//! `dump-truncated`

use crate::catalog::{DML, Grantee, Object, Privilege, Role};
use crate::ident::{Ident, QualifiedName};
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::opening::governs;
use crate::rule::subject::reached::Reached;
use crate::rule::subject::{Subject, Table};
use crate::rule::words::list;

pub(super) const RULE: Rule = Rule {
    code: "dump-truncated",
    severity: Severity::High,
    finds: "a role that looks made for backups is bound by policies",
    why: "A pg_dump as that role fails. With --enable-row-security it succeeds, and the dump lacks the rows that the role does \
          not see, which nobody notices before it is restored.",
    fix: "Give the role of backups BYPASSRLS and SELECT, and nothing else.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON invoice TO erp_app
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE ROLE erp_backup LOGIN;
GRANT pg_read_all_data TO erp_backup;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON invoice TO erp_app
    USING (tenant_id = (SELECT nullif(current_setting('app.tenant_id', true), '')::uuid));
CREATE ROLE erp_backup LOGIN BYPASSRLS;
GRANT pg_read_all_data TO erp_backup;",
    manual: "https://www.postgresql.org/docs/current/app-pgdump.html",
    check: Check::Model(check),
};

const READS_ALL: &str = "pg_read_all_data";

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let guarded: Vec<Table<'_, '_>> = subject.tables().filter(|table| table.relation.row_security).collect();
    for name in subject
        .catalog
        .roles
        .iter()
        .filter(|(name, role)| may_be_for_backups(subject, name, role))
        .map(|(name, _)| name)
    {
        let reached = Reached::of(subject.catalog, name);
        // It can say --role of one that policies do not bind.
        if reached.set().any(|role| subject.bypasses(role).is_some()) {
            continue;
        }
        let binds = |table: &&Table<'_, '_>| {
            table.relation.force_row_security || !reached.inherits(&table.relation.owner)
        };
        let bound: Vec<&Table<'_, '_>> = guarded.iter().filter(binds).collect();
        let reads_all = reached.used().any(|role| role.as_str() == READS_ALL);
        if bound.is_empty() || !(reads_all || reads_only(&guarded, &reached)) {
            continue;
        }
        let message = format!(
            "{} may read all tables and has no BYPASSRLS, so pg_dump as {} fails or leaves rows out at {}",
            name.plain(),
            name.plain(),
            list(bound.into_iter().map(|table| QualifiedName::plain(table.name)))
        );
        found.add(Object::Role(name.clone()), message).sql(ddl::alter_role(name, &["BYPASSRLS"]));
    }
}

/// Whether a role can log in here, is bound by policies, and is none of those whose purpose is known.
fn may_be_for_backups(subject: &Subject<'_>, name: &Ident, role: &Role) -> bool {
    let roles = &subject.manifest.roles;
    let known = [Some(roles.app_role()), roles.owner_role(), roles.migrator_role(), roles.system_role()];
    let connects = subject.catalog.database.as_ref().is_none_or(|database| {
        let mut grants = database.grants.iter().filter(|grant| grant.privilege == Privilege::Connect);
        database.owner == *name
            || grants.any(|grant| match &grant.grantee {
                Grantee::Public => true,
                Grantee::Role(role) => Reached::of(subject.catalog, name).uses(role),
            })
    });
    role.login && !role.superuser && !role.bypass_rls && !known.contains(&Some(name)) && connects
}

/// Whether it has been granted SELECT on each of the tables and nothing more, and no policy shows it a row. A role that
/// policies are made for reads what it is meant to.
fn reads_only(tables: &[Table<'_, '_>], reached: &Reached<'_>) -> bool {
    let is_it = |grantee: &Grantee| matches!(grantee, Grantee::Role(role) if reached.uses(role));
    let may = |table: &Table<'_, '_>, privilege| {
        let mut grants = table.relation.grants.iter();
        grants.any(|grant| grant.privilege == privilege && grant.column.is_none() && is_it(&grant.grantee))
    };
    let shows = |table: &Table<'_, '_>| {
        let mut policies = table.relation.policies.values();
        policies.any(|policy| {
            let for_it = policy.roles.contains(&Grantee::Public) || policy.roles.iter().any(is_it);
            policy.permissive && governs(policy, Privilege::Select) && for_it
        })
    };
    let reads = |table: &Table<'_, '_>| {
        let writes = DML.into_iter().any(|privilege| privilege != Privilege::Select && may(table, privilege));
        may(table, Privilege::Select) && !writes && !shows(table)
    };
    tables.iter().all(reads)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::catalog::Database;
    use crate::ident::Ident;
    use crate::rule::trial::{said, said_of_server};

    const CODE: &str = "dump-truncated";
    const TABLES: &str = "CREATE TABLE t (tenant_id uuid); CREATE TABLE u (tenant_id uuid);
        ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE u ENABLE ROW LEVEL SECURITY;
        CREATE POLICY p ON t TO erp_app USING (tenant_id IS NOT NULL); CREATE ROLE erp_copy LOGIN;";
    const MESSAGE: &str = "high: erp_copy may read all tables and has no BYPASSRLS, so pg_dump as erp_copy fails or \
                           leaves rows out at public.t and public.u";

    #[test]
    fn who_may_read_each_table_and_sees_no_row_is_found() {
        let all = format!("{TABLES} GRANT SELECT ON t, u TO erp_copy;");
        assert_eq!(said(CODE, &all), [MESSAGE]);
        for other in ["GRANT SELECT ON t TO erp_copy;", "GRANT SELECT ON t, u TO PUBLIC;"] {
            assert!(said(CODE, &format!("{TABLES} {other}")).is_empty(), "{other}");
        }
        for more in [
            "GRANT INSERT ON u TO erp_copy;",
            "CREATE POLICY q ON u TO erp_copy USING (tenant_id IS NOT NULL);",
            "ALTER ROLE erp_copy NOLOGIN;",
            "GRANT erp_system TO erp_copy;",
        ] {
            assert!(said(CODE, &format!("{all} {more}")).is_empty(), "{more}");
        }
    }

    #[test]
    fn the_owner_without_force_reads_its_tables_and_who_cannot_connect_reads_none() {
        let sql = format!("{TABLES} GRANT pg_read_all_data TO erp_copy;");
        assert_eq!(said(CODE, &sql), [MESSAGE]);
        assert!(said(CODE, &format!("{sql} GRANT erp_owner TO erp_copy;")).is_empty());
        let forced = format!("{sql} GRANT erp_owner TO erp_copy; ALTER TABLE t FORCE ROW LEVEL SECURITY;");
        assert_eq!(said(CODE, &forced), [MESSAGE.replace(" and public.u", "")]);
        let closed = said_of_server(CODE, &sql, |catalog| {
            let (name, owner) = (Ident::known("erp"), Ident::known("erp_owner"));
            catalog.database = Some(Database { name, owner, grants: BTreeSet::new() });
        });
        assert!(closed.is_empty());
    }
}
