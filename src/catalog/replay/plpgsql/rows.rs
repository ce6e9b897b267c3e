//! The rows of single catalogs, column by column.

use super::catalogs::{Rows, Wanted};
use super::interpreter::{both, text};
use super::value::{Oid, Value};
use crate::catalog::{Command, Relation, RelationKind, Role};
use crate::ident::{Ident, QualifiedName};

/// The rows of a catalog that are about one relation.
pub(super) fn of_relation(catalog: &str, name: &QualifiedName, relation: &Relation, rows: &mut Rows<'_>) {
    match catalog {
        "pg_class" => rows.add(class(name, relation)),
        "pg_tables" if relation.is_table() => tables(name, relation, rows),
        "pg_views" | "views" if relation.kind == RelationKind::View => views(name, rows),
        "pg_matviews" if relation.kind == RelationKind::MaterializedView => views(name, rows),
        "tables" => standard_tables(name, relation, rows),
        "pg_attribute" => attributes(name, relation, rows),
        "pg_policies" => policies(name, relation, rows),
        "pg_policy" => policy_rows(name, relation, rows),
        "pg_constraint" => constraints(name, relation, rows),
        "table_constraints" => standard_constraints(name, relation, rows),
        "pg_indexes" => {
            for own in relation.indexes.keys() {
                let (schema, table) = both(name);
                rows.add(vec![("schemaname", schema), ("tablename", table), ("indexname", text(own))]);
            }
        }
        "pg_trigger" | "triggers" => triggers(name, relation, rows),
        _ => {}
    }
}

fn tables(name: &QualifiedName, relation: &Relation, rows: &mut Rows<'_>) {
    let (schema, table) = both(name);
    rows.add(vec![
        ("schemaname", schema),
        ("tablename", table),
        ("tableowner", text(&relation.owner)),
        ("rowsecurity", Value::Bool(relation.row_security)),
        ("hasindexes", Value::Bool(!relation.indexes.is_empty())),
        ("hastriggers", Value::Bool(!relation.triggers.is_empty())),
    ]);
}

fn views(name: &QualifiedName, rows: &mut Rows<'_>) {
    let (schema, view) = both(name);
    rows.add(vec![
        ("schemaname", schema.clone()),
        ("viewname", view.clone()),
        ("matviewname", view.clone()),
        ("table_schema", schema),
        ("table_name", view),
    ]);
}

fn standard_tables(name: &QualifiedName, relation: &Relation, rows: &mut Rows<'_>) {
    let (schema, table) = both(name);
    let kind = match relation.kind {
        RelationKind::Table | RelationKind::PartitionedTable => "BASE TABLE",
        RelationKind::View => "VIEW",
        RelationKind::ForeignTable => "FOREIGN",
        RelationKind::MaterializedView | RelationKind::Sequence => return,
    };
    rows.add(vec![("table_schema", schema), ("table_name", table), ("table_type", Value::text(kind))]);
}

fn attributes(name: &QualifiedName, relation: &Relation, rows: &mut Rows<'_>) {
    for (at, column) in relation.columns.iter().enumerate() {
        rows.add(vec![
            ("attrelid", oid(name)),
            ("attname", text(&column.name)),
            ("attnum", i64::try_from(at + 1).map_or(Value::Unknown, Value::Int)),
            ("attnotnull", Value::Bool(column.not_null)),
            ("attisdropped", Value::Bool(false)),
            ("atthasdef", Value::Bool(column.default.is_some())),
        ]);
    }
}

fn policy_rows(name: &QualifiedName, relation: &Relation, rows: &mut Rows<'_>) {
    for (own, policy) in &relation.policies {
        rows.add(vec![
            ("oid", Value::oid("pg_policy", format!("{}.{own}", name.bare()))),
            ("polname", text(own)),
            ("polrelid", oid(name)),
            ("polpermissive", Value::Bool(policy.permissive)),
            ("polcmd", Value::text(letter(policy.command))),
        ]);
    }
}

fn standard_constraints(name: &QualifiedName, relation: &Relation, rows: &mut Rows<'_>) {
    let (schema, table) = both(name);
    let all = Wanted::default();
    let mut inner = Rows::new(&all);
    constraints(name, relation, &mut inner);
    for row in inner.found {
        let kind = match row.field("contype") {
            Value::Text(kind) if kind == "p" => "PRIMARY KEY",
            Value::Text(kind) if kind == "u" => "UNIQUE",
            Value::Text(kind) if kind == "f" => "FOREIGN KEY",
            Value::Text(kind) if kind == "c" => "CHECK",
            _ => continue,
        };
        rows.add(vec![
            ("constraint_schema", schema.clone()),
            ("constraint_name", row.field("conname")),
            ("table_schema", schema.clone()),
            ("table_name", table.clone()),
            ("constraint_type", Value::text(kind)),
        ]);
    }
}

fn triggers(name: &QualifiedName, relation: &Relation, rows: &mut Rows<'_>) {
    for own in relation.triggers.keys() {
        let (schema, table) = both(name);
        rows.add(vec![
            ("tgname", text(own)),
            ("tgrelid", oid(name)),
            ("tgisinternal", Value::Bool(false)),
            ("trigger_name", text(own)),
            ("trigger_schema", schema.clone()),
            ("event_object_schema", schema),
            ("event_object_table", table),
        ]);
    }
}

pub(super) fn oid(name: &QualifiedName) -> Value {
    Value::Object(Oid::Relation(name.clone()))
}

pub(super) fn namespace(name: &QualifiedName) -> Value {
    Value::oid("pg_namespace", name.schema().as_str())
}

/// A type as `information_schema` calls it.
pub(super) fn in_standard(data_type: &str) -> Value {
    if data_type.ends_with("[]") {
        return Value::text("ARRAY");
    }
    match data_type.split_once('(') {
        Some((name, rest)) => {
            let after = rest.split_once(')').map_or("", |(_, after)| after);
            Value::text(format!("{name}{after}"))
        }
        None if data_type.contains(['.', '"']) => Value::text("USER-DEFINED"),
        None => Value::text(data_type),
    }
}

fn class(name: &QualifiedName, relation: &Relation) -> Vec<(&'static str, Value)> {
    let kind = match relation.kind {
        RelationKind::Table => "r",
        RelationKind::PartitionedTable => "p",
        RelationKind::View => "v",
        RelationKind::MaterializedView => "m",
        RelationKind::ForeignTable => "f",
        RelationKind::Sequence => "S",
    };
    vec![
        ("oid", oid(name)),
        ("relname", text(name.name())),
        ("relnamespace", namespace(name)),
        ("relkind", Value::text(kind)),
        ("relowner", Value::oid("pg_authid", relation.owner.as_str())),
        ("relrowsecurity", Value::Bool(relation.row_security)),
        ("relforcerowsecurity", Value::Bool(relation.force_row_security)),
        ("relispartition", Value::Bool(relation.partition_of.is_some())),
    ]
}

fn policies(name: &QualifiedName, relation: &Relation, rows: &mut Rows<'_>) {
    for (own, policy) in &relation.policies {
        let (schema, table) = both(name);
        let expression = |there: bool| if there { Value::Unknown } else { Value::Null };
        rows.add(vec![
            ("schemaname", schema),
            ("tablename", table),
            ("policyname", text(own)),
            ("permissive", Value::text(if policy.permissive { "PERMISSIVE" } else { "RESTRICTIVE" })),
            ("cmd", Value::text(policy.command.sql())),
            ("qual", expression(policy.using.is_some())),
            ("with_check", expression(policy.with_check.is_some())),
        ]);
    }
}

fn letter(command: Command) -> &'static str {
    match command {
        Command::All => "*",
        Command::Select => "r",
        Command::Insert => "a",
        Command::Update => "w",
        Command::Delete => "d",
    }
}

fn constraints(name: &QualifiedName, relation: &Relation, rows: &mut Rows<'_>) {
    let keys = relation.keys.iter().map(|(own, key)| (own, if key.primary { "p" } else { "u" }));
    let foreign = relation.foreign_keys.keys().map(|own| (own, "f"));
    let checks = relation.checks.keys().map(|own| (own, "c"));
    let exclusions = relation.exclusions.keys().map(|own| (own, "x"));
    for (own, kind) in keys.chain(foreign).chain(checks).chain(exclusions) {
        let references = relation.foreign_keys.get(own).filter(|_| kind == "f");
        rows.add(vec![
            ("conname", text(own)),
            ("conrelid", oid(name)),
            ("connamespace", namespace(name)),
            ("contype", Value::text(kind)),
            ("confrelid", references.map_or(Value::Unknown, |key| oid(&key.references))),
        ]);
    }
}

pub(super) fn of_role(name: &Ident, role: Option<&Role>) -> Vec<(&'static str, Value)> {
    let is = |of: fn(&Role) -> bool| role.map_or(Value::Unknown, |role| Value::Bool(of(role)));
    vec![
        ("oid", Value::oid("pg_authid", name.as_str())),
        ("rolname", text(name)),
        ("usename", text(name)),
        ("rolsuper", is(|role| role.superuser)),
        ("rolbypassrls", is(|role| role.bypass_rls)),
    ]
}
