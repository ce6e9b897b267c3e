//! What the server's catalogs would answer, and which error a statement ends in.

use super::super::cursor::{Cursor, Name};
use super::super::lex;
use super::super::parse::code::Step;
use super::super::parse::condition::Exists;
use super::super::state::State;
use super::super::statement::Statement;
use super::super::types;
use crate::catalog::Relation;
use crate::ident::{Ident, QualifiedName};

/// Whether a condition holds.
pub(super) struct Answer {
    pub(super) holds: bool,
    /// Not of roles, schemas and extensions that no file makes: they can be there all the same.
    pub(super) is_certain: bool,
}

impl State {
    /// Whether a condition holds, where the model can tell.
    pub(super) fn holds(&self, asked: &Exists) -> Option<Answer> {
        let values = |columns: &[&str]| -> Option<Vec<Option<&str>>> {
            let known = asked.equal.iter().all(|(column, _)| columns.contains(&column.as_str()));
            let of = |column: &&str| {
                let found = asked.equal.iter().find(|(known, _)| known.as_str() == *column);
                found.map(|(_, value)| value.as_str())
            };
            known.then(|| columns.iter().map(of).collect())
        };
        let found = match asked.catalog.as_str() {
            "pg_roles" | "pg_authid" => {
                let name = Ident::new(values(&["rolname"])?.pop()??).ok()?;
                self.catalog.roles.contains_key(&name) || name == self.session.start().role
            }
            "pg_namespace" => self.has_schema(values(&["nspname"])?.pop()??)?,
            "schemata" => self.has_schema(values(&["schema_name"])?.pop()??)?,
            "pg_extension" => {
                let name = Ident::new(values(&["extname"])?.pop()??).ok()?;
                self.catalog.extensions.contains_key(&name)
            }
            "pg_type" => {
                let name = values(&["typname"])?.pop()??;
                let named = |known: &QualifiedName| known.name().as_str() == name;
                types::builtin(name).is_some()
                    || self.types.keys().any(named)
                    || self.catalog.relations.keys().any(named)
            }
            "pg_constraint" => {
                let values = values(&["conname", "conrelid"])?;
                let [Some(name), of] = values[..] else { return None };
                let name = Ident::new(name).ok()?;
                match of {
                    Some(of) => has_constraint(self.seen(&self.find(&relation_name(of)?).ok()?).ok()?, &name),
                    None => self.catalog.relations.values().any(|relation| has_constraint(relation, &name)),
                }
            }
            "columns" => {
                let values = values(&["column_name", "table_name", "table_schema"])?;
                let [Some(column), Some(table), schema] = values[..] else { return None };
                let column = Ident::new(column).ok()?;
                self.catalog.relations.iter().any(|(name, relation)| {
                    is_named(name, table, schema) && relation.column(&column).is_some()
                })
            }
            "tables" => {
                let values = values(&["table_name", "table_schema"])?;
                let [Some(table), schema] = values[..] else { return None };
                self.catalog.relations.keys().any(|name| is_named(name, table, schema))
            }
            _ => return None,
        };
        let elsewhere = ["pg_roles", "pg_authid", "pg_namespace", "schemata", "pg_extension"];
        let is_certain = found || !elsewhere.contains(&asked.catalog.as_str());
        Some(Answer { holds: found != asked.not, is_certain })
    }

    fn has_schema(&self, name: &str) -> Option<bool> {
        let name = Ident::new(name).ok()?;
        Some(self.catalog.schemas.contains_key(&name) || super::super::state::is_of_server(&name))
    }
}

fn is_named(name: &QualifiedName, own: &str, schema: Option<&str>) -> bool {
    name.name().as_str() == own && schema.is_none_or(|schema| name.schema().as_str() == schema)
}

fn has_constraint(relation: &Relation, name: &Ident) -> bool {
    relation.keys.contains_key(name)
        || relation.foreign_keys.contains_key(name)
        || relation.checks.contains_key(name)
        || relation.exclusions.contains_key(name)
}

/// The relation that `'schema.name'::regclass` is.
fn relation_name(text: &str) -> Option<Name> {
    let tokens = lex::tokens(text);
    let mut cursor = Cursor::new(text, &tokens);
    cursor.name().ok().filter(|_| cursor.is_at_end())
}

/// Whether a statement makes what can be there though no file makes it.
pub(super) fn makes_what_can_be_there(step: &Step) -> bool {
    let Step::Sql(statement) = step else { return false };
    matches!(
        **statement,
        Statement::CreateRole(_) | Statement::CreateSchema(_) | Statement::CreateExtension(_)
    )
}

/// The condition that a statement fails with because what it makes is there, by what is said of it.
pub(super) fn of_duplicate(step: &Step, why: &str) -> Option<&'static str> {
    let Step::Sql(statement) = step else { return None };
    if !why.ends_with("already") && !why.ends_with("already there") && !why.contains(" already ") {
        return None;
    }
    match &**statement {
        Statement::CreateType(..)
        | Statement::CreateRole(_)
        | Statement::CreatePolicy(..)
        | Statement::CreateTrigger(_)
        | Statement::CreateExtension(_) => Some("duplicate_object"),
        Statement::CreateTable(_)
        | Statement::CreateTableAs(_)
        | Statement::CreateView(_)
        | Statement::CreateIndex(_)
        | Statement::CreateSequence { .. }
        | Statement::AlterTable(_)
            if why.ends_with("already there") =>
        {
            Some("duplicate_table")
        }
        Statement::CreateSchema(_) => Some("duplicate_schema"),
        Statement::CreateFunction(_) => Some("duplicate_function"),
        Statement::AlterTable(_) if why.contains("has a column") => Some("duplicate_column"),
        Statement::AlterTable(_) if why.contains("has a constraint") => Some("duplicate_object"),
        _ => None,
    }
}
