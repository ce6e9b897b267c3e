//! `default-privileges-open`

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{DefaultPrivileges, Grantee, Object, ObjectKind};
use crate::ident::Ident;
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::words::list;

pub(super) const RULE: Rule = Rule {
    code: "default-privileges-open",
    severity: Severity::Medium,
    finds: "tables that are still to be made will be open to tenants' statements from the start",
    why: "A new table has no row-level security. Whoever forgets its policies has opened it to all tenants by making it, and \
          no review shows a GRANT.",
    fix: "Take the default privileges back, and grant by name in the migration that makes a table and its policies.",
    bad: "ALTER DEFAULT PRIVILEGES FOR ROLE erp_owner IN SCHEMA public GRANT SELECT, INSERT ON TABLES TO erp_app;",
    good: "ALTER DEFAULT PRIVILEGES FOR ROLE erp_owner IN SCHEMA public GRANT SELECT ON TABLES TO erp_system;
ALTER DEFAULT PRIVILEGES FOR ROLE erp_owner IN SCHEMA public GRANT USAGE ON SEQUENCES TO erp_app;",
    manual: "https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html",
    check: Check::Model(check),
};

type Key<'a> = (&'a Ident, Option<&'a Ident>, &'a Grantee);

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let mut open: BTreeMap<Key<'_>, BTreeSet<_>> = BTreeMap::new();
    for entry in subject.catalog.default_privileges.iter().filter(|entry| concerns(subject, entry)) {
        let key = (&entry.role, entry.schema.as_ref(), &entry.grant.grantee);
        open.entry(key).or_default().insert((entry.grant.privilege, None));
    }
    for ((role, schema, grantee), privileges) in open {
        let words = list(privileges.iter().map(|(privilege, _)| privilege.sql().to_owned()));
        let place = schema.map(|schema| format!(" in schema {}", schema.plain())).unwrap_or_default();
        let message = format!(
            "each table that {} will make{place} grants {words} to {}, before it has a policy",
            role.plain(),
            grantee.plain()
        );
        found.add(Object::DefaultPrivileges(role.clone()), message).sql(ddl::revoke_default(
            role,
            schema,
            &privileges,
            grantee,
        ));
    }
}

/// Whether an entry opens tables that will be governed.
fn concerns(subject: &Subject<'_>, entry: &DefaultPrivileges) -> bool {
    if entry.kind != ObjectKind::Table || !subject.is_app(&entry.grant.grantee) {
        return false;
    }
    if let Some(schema) = &entry.schema {
        return subject.manifest.schemas.contains(schema);
    }
    // Whoever makes no table of tenants may do with its own as it likes.
    let roles = &subject.manifest.roles;
    [roles.owner_role(), roles.migrator_role()].contains(&Some(&entry.role))
        || subject.governed().any(|table| table.relation.owner == entry.role)
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    const CODE: &str = "default-privileges-open";

    #[test]
    fn who_makes_tables_of_tenants_matters_and_nobody_else() {
        let sql = "CREATE ROLE erp_other; CREATE SCHEMA apart;
            ALTER DEFAULT PRIVILEGES FOR ROLE erp_other GRANT SELECT ON TABLES TO PUBLIC;
            ALTER DEFAULT PRIVILEGES FOR ROLE erp_owner IN SCHEMA apart GRANT SELECT ON TABLES TO PUBLIC;
            ALTER DEFAULT PRIVILEGES FOR ROLE erp_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;";
        assert!(said(CODE, sql).is_empty());
        let owner = format!(
            "{sql} ALTER DEFAULT PRIVILEGES FOR ROLE erp_owner GRANT SELECT, DELETE ON TABLES TO PUBLIC;"
        );
        let message = "medium: each table that erp_owner will make grants SELECT and DELETE to PUBLIC, before it has a policy";
        assert_eq!(said(CODE, &owner), [message]);
    }
}
