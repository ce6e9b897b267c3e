//! `partitions-by-tenant`

use crate::catalog::Object;
use crate::policy::pruning;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;

pub(super) const RULE: Rule = Rule {
    code: "partitions-by-tenant",
    severity: Severity::Medium,
    finds: "a table has many partitions by the tenant, and every statement locks them all",
    why: "A policy's tenant is known when a statement runs, and partitions are left out when it is planned: all of them and \
          their indexes are locked for each statement, 602 locks for 300 partitions, which is slow and can fill the lock table. \
          They are not read.",
    fix: "Name the tenant in the statement too, such as `WHERE tenant_id = $1` with `Statements::tenant` for the parameter, which \
          prunes as it is planned; or have fewer partitions, such as 16 by hash, or partition by something else.",
    bad: "-- and 299 more of these
CREATE TABLE entry (tenant_id uuid NOT NULL, id bigint, PRIMARY KEY (tenant_id, id)) PARTITION BY HASH (tenant_id);
CREATE TABLE entry_0 PARTITION OF entry FOR VALUES WITH (MODULUS 300, REMAINDER 0);",
    good: "CREATE TABLE entry (tenant_id uuid NOT NULL, id bigint, PRIMARY KEY (tenant_id, id));",
    manual: "https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITION-PRUNING",
    check: Check::Server(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.tables() {
        let Some(column) = table.tenant_column() else { continue };
        let partitioned = subject.partitioned();
        let Some(count) = pruning::locked(subject.catalog, partitioned, table.name, &column.name) else {
            continue;
        };
        let message = format!(
            "{} has {count} partitions by {}, and a statement that does not name the tenant itself locks them all",
            table.name.plain(),
            column.name.plain()
        );
        found.add(Object::Relation(table.name.clone()), message);
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use crate::rule::trial::said_of_server;

    const CODE: &str = "partitions-by-tenant";

    /// A table with so many partitions by this key.
    fn table(count: usize, by: &str) -> String {
        let mut sql =
            format!("CREATE TABLE e (\"tenant_id\" uuid, id int, tenant_ids int) PARTITION BY HASH ({by});");
        for number in 0..count {
            let values = format!("FOR VALUES WITH (MODULUS {count}, REMAINDER {number})");
            write!(sql, "CREATE TABLE e_{number} PARTITION OF e {values};").unwrap();
        }
        sql
    }

    #[test]
    fn few_partitions_and_those_by_something_else_are_fine() {
        for (sql, expected) in [
            (table(32, "tenant_id"), Some(32)),
            (table(33, "id, tenant_id"), Some(33)),
            (table(31, "tenant_id"), None),
            (table(40, "id"), None),
            (table(40, "tenant_ids"), None),
        ] {
            let says = |count: usize| {
                format!(
                    "medium: public.e has {count} partitions by tenant_id, and a statement that does not name the tenant itself \
                     locks them all"
                )
            };
            assert_eq!(said_of_server(CODE, &sql, |_| {}), Vec::from_iter(expected.map(says)));
        }
    }

    #[test]
    fn partitions_of_partitions_count() {
        let parts = table(40, "tenant_id").replace("TABLE e ", "TABLE day_1 ").replace("OF e ", "OF day_1 ");
        let parts = parts.replace(
            "CREATE TABLE day_1 (\"tenant_id\" uuid, id int, tenant_ids int)",
            "CREATE TABLE day_1 PARTITION OF top DEFAULT",
        );
        let sql = format!("CREATE TABLE top (tenant_id uuid, day date) PARTITION BY RANGE (day); {parts}");
        let found = said_of_server(CODE, &sql, |_| {});
        assert!(
            found.len() == 1 && found[0].starts_with("medium: public.top has 40 partitions"),
            "{found:?}"
        );
    }
}
