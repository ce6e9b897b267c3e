//! `grant-all`

use std::collections::BTreeSet;

use crate::catalog::replay::{AllOf, GrantOn, RoleName, Statement, Step};
use crate::catalog::{Grantee, Object};
use crate::ident::Ident;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Ground;
use crate::rule::watch::Watch;

pub(super) const RULE: Rule = Rule {
    code: "grant-all",
    severity: Severity::High,
    finds: "a role that tenants' statements run as gets ALL on tables",
    why: "ALL is more than the four verbs that policies govern: TRUNCATE asks none, and REFERENCES and TRIGGER reach rows that \
          policies hide.",
    fix: "Grant SELECT, INSERT, UPDATE and DELETE by name.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
GRANT ALL ON ALL TABLES IN SCHEMA public TO erp_app;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL);
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO erp_app;",
    manual: "https://www.postgresql.org/docs/current/ddl-priv.html",
    check: Check::Sequence(|| Box::new(GrantAll)),
};

struct GrantAll;

impl Watch for GrantAll {
    fn see(&mut self, step: &Step<'_>, ground: &Ground<'_>, found: &mut Findings) {
        let Some(Statement::GrantPrivileges(grant)) = step.statement else { return };
        if grant.revoke || !grant.privileges.iter().any(|of| of.privilege.is_none() && of.columns.is_empty())
        {
            return;
        }
        let app = app(step, ground);
        let open = |role: &RoleName| match role {
            RoleName::Public => Some(Grantee::Public),
            RoleName::Named(role) if app.contains(role) => Some(Grantee::Role(role.clone())),
            _ => None,
        };
        let grantees: Vec<Grantee> = grant.grantees.iter().filter_map(open).collect();
        let Some(first) = grantees.first() else { return };
        let whom = grantees.iter().map(Grantee::plain).collect::<Vec<_>>().join(", ");
        match &grant.on {
            GrantOn::Tables(tables) => {
                for table in tables.iter().filter_map(|table| step.resolve(table)) {
                    let is_table = step.relation(&table).is_some_and(crate::catalog::Relation::is_table);
                    if is_table && ground.manifest.governs(&table) {
                        let message = format!("{whom} gets ALL on {}", table.plain());
                        let object = Object::Grant(table, first.clone(), crate::catalog::Privilege::Truncate);
                        found.add(object, message).at(step).word("all");
                    }
                }
            }
            GrantOn::AllIn(AllOf::Tables, schemas) => {
                for schema in schemas.iter().filter(|schema| ground.manifest.schemas.contains(*schema)) {
                    let message = format!("{whom} gets ALL on all tables of schema {}", schema.plain());
                    found.add(Object::Schema(schema.clone()), message).at(step).word("all");
                }
            }
            _ => {}
        }
    }
}

/// The roles that tenants' statements can run as by now.
fn app<'a>(step: &Step<'a>, ground: &Ground<'a>) -> BTreeSet<&'a Ident> {
    let mut app = BTreeSet::from([ground.manifest.roles.app_role()]);
    loop {
        let of = step.memberships().filter(|of| app.contains(&of.member) && !app.contains(&of.role));
        let more: Vec<&Ident> = of.map(|of| &of.role).collect();
        if more.is_empty() {
            return app;
        }
        app.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::severities;

    #[test]
    fn the_habit_is_told_even_if_nothing_is_left_of_it() {
        for (sql, expected) in [
            ("GRANT ALL PRIVILEGES ON t, u TO PUBLIC;", 2),
            ("GRANT ALL ON t TO erp_app; REVOKE ALL ON t FROM erp_app;", 1),
            ("CREATE ROLE erp_reader; GRANT erp_reader TO erp_app; GRANT ALL ON t TO erp_reader;", 1),
            ("GRANT ALL ON t TO erp_owner;", 0),
            ("GRANT SELECT ON t TO erp_app;", 0),
            ("GRANT ALL ON SCHEMA public TO erp_app;", 0),
            ("CREATE SCHEMA other; GRANT ALL ON ALL TABLES IN SCHEMA other TO erp_app;", 0),
            ("CREATE VIEW v AS SELECT 1 AS a; GRANT ALL ON v TO erp_app;", 0),
        ] {
            let example = format!("CREATE TABLE t (tenant_id uuid); CREATE TABLE u (tenant_id uuid); {sql}");
            assert_eq!(severities(super::RULE.code, &example).len(), expected, "{sql}");
        }
    }
}
