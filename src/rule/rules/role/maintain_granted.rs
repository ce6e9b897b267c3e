//! `maintain-granted`

use std::collections::BTreeSet;

use crate::catalog::{Object, Privilege, Relation, RelationKind};
use crate::ident::QualifiedName;
use crate::policy::ddl;
use crate::policy::place::views;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::way::{by_way_of, cut, object};

pub(super) const RULE: Rule = Rule {
    code: "maintain-granted",
    severity: Severity::High,
    finds: "a role that tenants' statements run as may refresh, lock or rewrite what all tenants use",
    why: "REFRESH reads as the owner of the materialized view, and by the tenant of who asks for it: where policies bind the \
          owner, one tenant replaces the rows of all by its own. VACUUM FULL, CLUSTER, REINDEX and LOCK TABLE ask no policy and \
          keep every tenant out. PostgreSQL 17 has the privilege, which GRANT ALL includes, and the role pg_maintain.",
    fix: "Revoke MAINTAIN, or the membership in pg_maintain. Maintenance has a login of its own.",
    bad: "-- PostgreSQL 17
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, total numeric NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE MATERIALIZED VIEW revenue AS SELECT tenant_id, sum(total) AS total FROM invoice GROUP BY tenant_id WITH NO DATA;
GRANT MAINTAIN ON revenue TO erp_app;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, total numeric NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE MATERIALIZED VIEW revenue AS SELECT tenant_id, sum(total) AS total FROM invoice GROUP BY tenant_id WITH NO DATA;
ALTER MATERIALIZED VIEW revenue OWNER TO erp_system;",
    manual: "https://www.postgresql.org/docs/current/ddl-priv.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let mut gravest = Severity::Low;
    for (name, relation) in &subject.catalog.relations {
        let Some((severity, what)) = harm(subject, name, relation) else { continue };
        gravest = gravest.max(severity);
        for grantee in subject.open_to(relation, Privilege::Maintain) {
            let message = format!("{} may {what}", grantee.plain());
            let privileges = BTreeSet::from([(Privilege::Maintain, None)]);
            found
                .add(Object::Grant(name.clone(), grantee.clone(), Privilege::Maintain), message)
                .severity(severity)
                .sql(ddl::revoke(ddl::Object::Table(name), &privileges, grantee));
        }
    }
    if let Some(role) = subject.app.iter().find(|role| role.as_str() == "pg_maintain") {
        let way = subject.reached.way(role);
        let Some(object) = object(&way) else { return };
        let message = format!(
            "{} is a member of pg_maintain{}, and may refresh every materialized view, and lock and rewrite every table",
            subject.manifest.roles.app_role().plain(),
            by_way_of(&way)
        );
        let finding = found.add(object, message);
        finding.severity(gravest.max(Severity::Medium));
        cut(finding, &way);
    }
}

/// What whoever may maintain a relation can do to other tenants.
fn harm<'a>(
    subject: &Subject<'a>,
    name: &QualifiedName,
    relation: &'a Relation,
) -> Option<(Severity, String)> {
    let plain = name.plain();
    if subject.is_exempt(name) {
        return None;
    }
    if relation.kind != RelationKind::MaterializedView {
        let locks =
            format!("keep every tenant out of {plain}, by VACUUM FULL, CLUSTER, REINDEX or LOCK TABLE");
        return (relation.is_table() && subject.holds_tenants(name)).then_some((Severity::Low, locks));
    }
    if let Some(read) = subject.bound_at_refresh(relation).first() {
        let (table, by) = (read.table.plain(), read.by.plain());
        let replaces = format!(
            "REFRESH {plain}, which reads {table} as {by}, whom policies bind: the rows of its own tenant replace those of all"
        );
        return Some((Severity::High, replaces));
    }
    let reached = views::reached(subject.catalog, relation);
    let table = reached.into_iter().find(|table| subject.holds_tenants(table))?.plain();
    Some((
        Severity::Low,
        format!("REFRESH {plain}, and so read {table} of all tenants over and over, and lock it"),
    ))
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    const CODE: &str = "maintain-granted";
    const TABLES: &str = "SET ROLE erp_owner;
        CREATE TABLE t (tenant_id uuid); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE TABLE currency (code text);
        CREATE MATERIALIZED VIEW m AS TABLE t; CREATE MATERIALIZED VIEW n AS TABLE t;
        ALTER MATERIALIZED VIEW n OWNER TO erp_system; RESET ROLE;";

    #[test]
    fn a_refresh_by_a_tenant_is_grave_where_policies_bind_the_owner() {
        let grants = "GRANT MAINTAIN ON t, currency, m, n TO erp_app; GRANT MAINTAIN ON m TO erp_system;";
        let mut found = said(CODE, &format!("{TABLES} {grants}"));
        found.sort();
        let expected = [
            "high: erp_app may REFRESH public.m, which reads public.t as erp_owner, whom policies bind: the rows of its own \
             tenant replace those of all",
            "low: erp_app may REFRESH public.n, and so read public.t of all tenants over and over, and lock it",
            "low: erp_app may keep every tenant out of public.t, by VACUUM FULL, CLUSTER, REINDEX or LOCK TABLE",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_member_of_pg_maintain_may_do_it_everywhere() {
        let grants = "CREATE ROLE erp_ops; GRANT pg_maintain TO erp_ops; GRANT erp_ops TO erp_app;";
        let says = "erp_app is a member of pg_maintain, by way of erp_ops, and may refresh every materialized view, and lock \
                    and rewrite every table";
        assert_eq!(said(CODE, &format!("{TABLES} {grants}")), [format!("high: {says}")]);
        assert_eq!(
            said(CODE, &format!("CREATE TABLE t (tenant_id uuid); {grants}")),
            [format!("medium: {says}")]
        );
    }
}
