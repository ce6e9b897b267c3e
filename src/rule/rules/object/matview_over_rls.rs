//! `matview-over-rls`

use crate::catalog::{Object, Privilege, RelationKind};
use crate::policy::ddl;
use crate::policy::place::views;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "matview-over-rls",
    severity: Severity::High,
    finds: "a materialized view over tenants' tables is open to a role that tenants' statements run as",
    why: "A materialized view keeps the rows that its owner saw at the last refresh and takes no policies: every tenant \
          reads all of them. Under FORCE a refresh without a tenant empties it, or fails.",
    fix: "Use a view with security_invoker, or a table with the tenant column and policies that a job fills.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, total numeric NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE MATERIALIZED VIEW revenue AS SELECT tenant_id, sum(total) AS total FROM invoice GROUP BY tenant_id WITH NO DATA;
GRANT SELECT ON revenue TO erp_app;",
    good: "-- PostgreSQL 15
CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, total numeric NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE VIEW revenue WITH (security_invoker = true) AS
    SELECT tenant_id, sum(total) AS total FROM invoice GROUP BY tenant_id;
GRANT SELECT ON invoice, revenue TO erp_app;",
    manual: "https://www.postgresql.org/docs/current/rules-materializedviews.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (name, relation) in &subject.catalog.relations {
        if relation.kind != RelationKind::MaterializedView || subject.is_exempt(name) {
            continue;
        }
        let reached = views::reached(subject.catalog, relation);
        let Some(table) = reached.into_iter().find(|table| subject.holds_tenants(table)) else { continue };
        for grantee in subject.open_to(relation, Privilege::Select) {
            let message = format!(
                "{} may read {}, which keeps rows of {} and takes no policies",
                grantee.plain(),
                name.plain(),
                table.plain()
            );
            let privileges = ddl::Privileges::from([(Privilege::Select, None)]);
            found
                .add(Object::Grant(name.clone(), grantee.clone(), Privilege::Select), message)
                .sql(ddl::revoke(ddl::Object::Table(name), &privileges, grantee));
        }
    }
}
