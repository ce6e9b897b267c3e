//! `dump-truncated`

use crate::catalog::{DML, Grantee, Object, Privilege, Role};
use crate::ident::{Ident, QualifiedName};
use crate::policy::{READS_ALL, ddl};
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
    fix: "Name a role of backups in the manifest, backup in [roles], and let tenantry plan --bootstrap make it; or give the \
          one that is there BYPASSRLS and pg_read_all_data, and nothing else.",
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

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let guarded: Vec<Table<'_, '_>> = subject.tables().filter(|table| table.relation.row_security).collect();
    for name in subject
        .catalog
        .roles
        .iter()
        .filter(|(name, role)| is_for_backups(subject, name) || may_be_for_backups(subject, name, role))
        .map(|(name, _)| name)
    {
        let reached = Reached::of(subject.catalog, name);
        let named = is_for_backups(subject, name);
        if named && !reads_everything(subject, name, &reached) {
            let message = format!("{0} may not read every table, so pg_dump as {0} fails", name.plain());
            let sql = ddl::grant_role(&Ident::known(READS_ALL), name);
            found.add(Object::Role(name.clone()), message).sql(sql);
        }
        // It can say --role of one that policies do not bind.
        if reached.set().any(|role| subject.bypasses(role).is_some()) {
            continue;
        }
        let binds = |table: &&Table<'_, '_>| {
            table.relation.force_row_security || !reached.inherits(&table.relation.owner)
        };
        let bound: Vec<&Table<'_, '_>> = guarded.iter().filter(binds).collect();
        let reads_all = reached.used().any(|role| role.as_str() == READS_ALL);
        if bound.is_empty() || !(named || reads_all || reads_only(&guarded, &reached)) {
            continue;
        }
        let message = format!(
            "{} {} and has no BYPASSRLS, so pg_dump as {} fails or leaves rows out at {}",
            name.plain(),
            if named { "is for backups" } else { "may read all tables" },
            name.plain(),
            list(bound.into_iter().map(|table| QualifiedName::plain(table.name)))
        );
        found.add(Object::Role(name.clone()), message).sql(ddl::alter_role(name, &["BYPASSRLS"]));
    }
}

/// Whether it is the manifest's role of backups.
fn is_for_backups(subject: &Subject<'_>, name: &Ident) -> bool {
    subject.manifest.roles.backup_role() == Some(name)
}

/// Whether it may read every table and sequence that is there; those to come it reads by `pg_read_all_data` alone.
fn reads_everything(subject: &Subject<'_>, name: &Ident, reached: &Reached<'_>) -> bool {
    let superuser = subject.catalog.roles.get(name).is_some_and(|role| role.superuser);
    superuser || reached.inherits(&Ident::known(READS_ALL))
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
    use crate::rule::trial::{said, said_of_server, said_under};

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
    fn the_one_that_the_manifest_names_is_held_to_its_purpose() {
        let manifest = crate::rule::example::MANIFEST.replace("[roles]", "[roles]\nbackup = \"erp_copy\"");
        let said = |more: &str| said_under(CODE, &manifest, &format!("{TABLES} {more}"));
        let reads = "high: erp_copy may not read every table, so pg_dump as erp_copy fails";
        let bound = MESSAGE.replace("may read all tables", "is for backups");
        let mut found = said("");
        found.sort();
        assert_eq!(found, [bound.clone(), reads.to_owned()]);
        assert_eq!(said("GRANT pg_read_all_data TO erp_copy;"), [bound]);
        assert_eq!(said("ALTER ROLE erp_copy BYPASSRLS;"), [reads]);
        assert!(said("ALTER ROLE erp_copy BYPASSRLS; GRANT pg_read_all_data TO erp_copy;").is_empty());
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
