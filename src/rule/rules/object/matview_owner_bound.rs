//! `matview-owner-bound`

use crate::catalog::{Grantee, Object, Privilege, RelationKind};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::subject::refreshed::Read;
use crate::rule::words::list;

pub(super) const RULE: Rule = Rule {
    code: "matview-owner-bound",
    severity: Severity::High,
    finds: "a materialized view belongs to a role that the policies of its tables bind",
    why: "A refresh reads as the owner, by the policies and the tenant of the session: without a tenant it empties the view or \
          fails, with one it leaves the rows of that tenant alone. pg_restore refreshes at its end, and a backup of the \
          database does not come back.",
    fix: "Give the materialized view to a role with BYPASSRLS that may read its tables, such as the system role, and let that \
          role refresh it.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, total numeric NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE MATERIALIZED VIEW revenue AS SELECT tenant_id, sum(total) AS total FROM invoice GROUP BY tenant_id WITH NO DATA;",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, total numeric NOT NULL);
ALTER TABLE invoice ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT ON invoice TO erp_system;
CREATE MATERIALIZED VIEW revenue AS SELECT tenant_id, sum(total) AS total FROM invoice GROUP BY tenant_id WITH NO DATA;
ALTER MATERIALIZED VIEW revenue OWNER TO erp_system;",
    manual: "https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (name, relation) in &subject.catalog.relations {
        if relation.kind != RelationKind::MaterializedView {
            continue;
        }
        let bound = subject.bound_at_refresh(relation);
        let Some(first) = bound.first() else { continue };
        let message = format!(
            "{} reads {} as {}, whom policies bind: a refresh empties it, leaves one tenant's rows, or fails, and so does \
             pg_restore",
            name.plain(),
            list(bound.iter().map(|read| read.table.plain()).collect::<std::collections::BTreeSet<_>>()),
            first.by.plain()
        );
        let finding = found.add(Object::Relation(name.clone()), message);
        // What a view between reads as its own owner stays so, whoever owns the materialized view.
        let by_owner = bound.iter().all(|read| *read.by == relation.owner);
        let system = subject.manifest.roles.system_role().filter(|role| subject.bypasses(role).is_some());
        if let Some(system) = system.filter(|_| by_owner) {
            finding.sql(made_over(subject, name, bound.iter(), system));
        }
    }
}

/// Gives it to a role that may read its tables.
fn made_over<'r, 'a: 'r>(
    subject: &Subject<'_>,
    name: &QualifiedName,
    bound: impl Iterator<Item = &'r Read<'a>>,
    system: &Ident,
) -> Result<String> {
    let grantee = Grantee::Role(system.clone());
    let reads = |table: &QualifiedName| {
        let relation = subject.catalog.relations.get(table);
        relation.is_some_and(|of| {
            of.owner == *system
                || of.grants.iter().any(|grant| {
                    grant.privilege == Privilege::Select
                        && grant.column.is_none()
                        && (grant.grantee == grantee || grant.grantee == Grantee::Public)
                })
        })
    };
    let select = ddl::Privileges::from([(Privilege::Select, None)]);
    let mut sql = Vec::new();
    for read in bound.filter(|read| !reads(read.table)) {
        sql.push(ddl::grant(ddl::Object::Table(read.table), &select, &grantee, false)?);
    }
    sql.push(ddl::owner(ddl::Object::Table(name), system)?);
    Ok(sql.join("\n"))
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    const CODE: &str = "matview-owner-bound";

    #[test]
    fn it_is_asked_who_reads_each_table() {
        let tables = "CREATE TABLE a (tenant_id uuid); CREATE TABLE b (tenant_id uuid); CREATE TABLE currency (code text);
            ALTER TABLE a ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
            ALTER TABLE b ENABLE ROW LEVEL SECURITY;
            CREATE ROLE erp_report; GRANT SELECT ON a, b TO erp_report;";
        let says = |table: &str, by: &str| {
            format!(
                "high: public.m reads public.{table} as {by}, whom policies bind: a refresh empties it, leaves one tenant's \
                 rows, or fails, and so does pg_restore"
            )
        };
        for (sql, expected) in [
            ("CREATE MATERIALIZED VIEW m AS TABLE a;", Some(says("a", "erp_owner"))),
            // The owner of a table that is not under FORCE reads all of it, and nobody else does.
            ("CREATE MATERIALIZED VIEW m AS TABLE b;", None),
            (
                "CREATE MATERIALIZED VIEW m AS TABLE b; ALTER MATERIALIZED VIEW m OWNER TO erp_report;",
                Some(says("b", "erp_report")),
            ),
            ("CREATE MATERIALIZED VIEW m AS TABLE currency;", None),
            ("CREATE MATERIALIZED VIEW m AS TABLE a; ALTER MATERIALIZED VIEW m OWNER TO erp_system;", None),
            (
                "CREATE VIEW v AS TABLE a; CREATE MATERIALIZED VIEW m AS TABLE v; ALTER MATERIALIZED VIEW m OWNER TO erp_system;",
                Some(says("a", "erp_owner")),
            ),
            (
                "CREATE VIEW v WITH (security_invoker = true) AS TABLE a; CREATE MATERIALIZED VIEW m AS TABLE v;
                 ALTER MATERIALIZED VIEW m OWNER TO erp_system;",
                None,
            ),
        ] {
            let sql = format!("SET ROLE erp_owner; {tables} {sql}");
            assert_eq!(said(CODE, &sql), Vec::from_iter(expected), "{sql}");
        }
    }
}
