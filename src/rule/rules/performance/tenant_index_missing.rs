//! `tenant-index-missing`

use crate::catalog::{Object, Relation, RelationKind};
use crate::ident::{Ident, QualifiedName};
use crate::policy::ddl;
use crate::rule::finding::Findings;
use crate::rule::record::{Check, Rule, Severity};
use crate::rule::subject::Subject;
use crate::rule::words::list;

pub(super) const RULE: Rule = Rule {
    code: "tenant-index-missing",
    severity: Severity::Medium,
    finds: "no index of a table begins with the tenant column",
    why: "Every statement has the tenant as a condition, so without such an index it reads the rows of all tenants to find \
          those of one.",
    fix: "Create an index that leads with the tenant column, or put it first in one that is there; CONCURRENTLY on a table \
          in use.",
    bad: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, due date);
CREATE INDEX ON invoice (due, tenant_id);",
    good: "CREATE TABLE invoice (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, due date);
CREATE INDEX ON invoice (tenant_id, due);",
    manual: "https://www.postgresql.org/docs/current/indexes-multicolumn.html",
    check: Check::Model(check),
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for table in subject.tables() {
        let Some(column) = table.tenant_column() else { continue };
        if is_led(table.relation, &column.name) {
            continue;
        }
        let name = table.name.plain();
        let object = Object::Relation(table.name.clone());
        let missing = format!("no index of {name} begins with {}", column.name.plain());
        if table.relation.kind == RelationKind::PartitionedTable {
            let without = leaves_without(subject, table.name, &column.name);
            let count = leaves(subject, table.name).count();
            // What each partition has does for the whole, though the next one will not have it.
            if without.is_empty() && count > 0 {
                continue;
            }
            if !without.is_empty() && without.len() < count {
                let partitions = list(without.into_iter().map(QualifiedName::plain));
                found.add(object, format!("{missing}, and none of its partitions {partitions}")).sql(index(
                    subject,
                    table.name,
                    &column.name,
                ));
                continue;
            }
        }
        found.add(object, missing).sql(index(subject, table.name, &column.name));
    }
}

fn is_led(relation: &Relation, column: &Ident) -> bool {
    relation.indexes.values().any(|index| index.leads_with(column))
}

/// The partitions that hold rows.
fn leaves<'a>(
    subject: &Subject<'a>,
    table: &QualifiedName,
) -> impl Iterator<Item = (&'a QualifiedName, &'a Relation)> {
    let catalog = subject.catalog;
    let all = subject.partitioned().below(table).into_iter();
    let relations = all.filter_map(|name| catalog.relations.get_key_value(name));
    relations.filter(|(_, relation)| relation.kind == RelationKind::Table)
}

fn leaves_without<'a>(
    subject: &Subject<'a>,
    table: &QualifiedName,
    column: &Ident,
) -> Vec<&'a QualifiedName> {
    let led_above = |name: &QualifiedName| {
        let mut at = name;
        loop {
            let Some(relation) = subject.catalog.relations.get(at) else { return false };
            if is_led(relation, column) {
                return true;
            }
            match &relation.partition_of {
                Some(of) => at = &of.parent,
                None => return false,
            }
        }
    };
    leaves(subject, table).map(|(name, _)| name).filter(|name| !led_above(name)).collect()
}

fn index(subject: &Subject<'_>, table: &QualifiedName, column: &Ident) -> crate::error::Result<String> {
    let taken = |name: &Ident| subject.is_taken(&QualifiedName::new(table.schema().clone(), name.clone()));
    let parts = [table.name().as_str(), column.as_str(), "idx"];
    let mut name = Ident::joined(&parts);
    let mut number = 0_usize;
    while taken(&name) {
        number += 1;
        name = Ident::joined(&[parts[0], parts[1], parts[2], &number.to_string()]);
    }
    ddl::index(table, &name, &[column], false)
}

#[cfg(test)]
mod tests {
    use crate::rule::trial::said;

    const CODE: &str = "tenant-index-missing";

    #[test]
    fn a_key_that_begins_with_the_tenant_will_do_and_part_of_the_rows_will_not() {
        let sql = "CREATE TABLE a (tenant_id uuid, id int, PRIMARY KEY (tenant_id, id));
            CREATE TABLE b (tenant_id uuid, id int PRIMARY KEY); CREATE INDEX ON b (tenant_id) WHERE id > 5;
            CREATE TABLE c (tenant_id uuid); CREATE INDEX ON c USING brin (tenant_id);
            CREATE EXTENSION btree_gist;
            CREATE TABLE d (tenant_id uuid, room int, during daterange, UNIQUE (tenant_id, room, during WITHOUT OVERLAPS));
            CREATE TABLE e (tenant_id uuid, during daterange); CREATE INDEX ON e USING gist (during, tenant_id);
            CREATE TABLE currency (code text);
            CREATE TABLE invoice (id int PRIMARY KEY, tenant_id uuid); CREATE INDEX ON invoice (tenant_id);
            CREATE TABLE invoice_line (invoice_id int REFERENCES invoice);";
        let expected =
            ["b", "c", "e"].map(|table| format!("medium: no index of public.{table} begins with tenant_id"));
        assert_eq!(said(CODE, sql), expected);
    }

    #[test]
    fn partitions_are_told_with_their_table() {
        let table = "CREATE TABLE p (tenant_id uuid, at int) PARTITION BY LIST (at);
            CREATE TABLE p_1 PARTITION OF p FOR VALUES IN (1); CREATE TABLE p_2 PARTITION OF p FOR VALUES IN (2);";
        let missing = "medium: no index of public.p begins with tenant_id";
        assert_eq!(said(CODE, table), [missing]);
        let one = format!("{table} CREATE INDEX ON p_1 (tenant_id);");
        assert_eq!(said(CODE, &one), [format!("{missing}, and none of its partitions public.p_2")]);
        assert!(said(CODE, &format!("{one} CREATE INDEX ON p_2 (tenant_id, at);")).is_empty());
        assert!(said(CODE, &format!("{table} CREATE INDEX ON p (tenant_id);")).is_empty());
    }
}
