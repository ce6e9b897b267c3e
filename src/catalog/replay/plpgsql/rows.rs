//! The rows of single catalogs, column by column.

use super::catalogs::Rows;
use super::interpreter::{both, text};
use super::value::{Oid, Value};
use crate::catalog::{Command, Relation, RelationKind, Role};
use crate::ident::{Ident, QualifiedName};

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

pub(super) fn class(name: &QualifiedName, relation: &Relation) -> Vec<(&'static str, Value)> {
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

pub(super) fn policies(name: &QualifiedName, relation: &Relation, rows: &mut Rows<'_>) {
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

pub(super) fn letter(command: Command) -> &'static str {
    match command {
        Command::All => "*",
        Command::Select => "r",
        Command::Insert => "a",
        Command::Update => "w",
        Command::Delete => "d",
    }
}

pub(super) fn constraints(name: &QualifiedName, relation: &Relation, rows: &mut Rows<'_>) {
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
