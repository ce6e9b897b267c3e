//! The server's catalogs, as the model has them.

use super::super::cursor::Name;
use super::super::state::{State, is_of_server};
use super::super::types;
use super::interpreter::{Interpreter, both, text};
use super::rows::{in_standard, namespace, of_relation, of_role, oid};
use super::value::{Value, equal};
use crate::catalog::Relation;
use crate::ident::{Ident, QualifiedName};

/// What columns have to be for a row to be of account.
#[derive(Default)]
pub(super) struct Wanted(Vec<(String, Value)>);

impl Wanted {
    pub(super) fn add(&mut self, column: String, value: Value) {
        if value.is_known() {
            self.0.push((column, value));
        }
    }

    /// Whether a column may be this.
    fn lets(&self, column: &str, value: &Value) -> bool {
        self.0.iter().all(|(wanted, of)| wanted != column || equal(of, value) != Value::Bool(false))
    }

    fn lets_name(&self, columns: &[&str], name: &Ident) -> bool {
        self.0.iter().all(|(wanted, of)| match of {
            Value::Text(text) => !columns.contains(&wanted.as_str()) || text == name.as_str(),
            _ => true,
        })
    }

    /// Whether a row of one name is asked for.
    fn names(&self, columns: &[&str]) -> bool {
        self.0.iter().any(|(wanted, _)| columns.contains(&wanted.as_str()))
    }
}

/// The rows of a catalog.
pub(super) struct Rows<'w> {
    wanted: &'w Wanted,
    pub(super) found: Vec<Value>,
}

impl<'w> Rows<'w> {
    pub(super) fn new(wanted: &'w Wanted) -> Self {
        Self { wanted, found: Vec::new() }
    }

    pub(super) fn add(&mut self, columns: Vec<(&'static str, Value)>) {
        if columns.iter().all(|(name, value)| self.wanted.lets(name, value)) {
            let row = columns.into_iter().map(|(name, value)| (name.to_owned(), value));
            self.found.push(Value::Row(row.collect()));
        }
    }
}

impl Interpreter<'_> {
    /// The rows of a catalog, as far as they can be of account; nothing where it is no catalog, or none that is known.
    pub(super) fn catalog(
        &mut self,
        schema: Option<&str>,
        name: &str,
        wanted: &Wanted,
    ) -> Option<Vec<Value>> {
        let of_server = match schema {
            None => {
                let own = Ident::new(name).ok().map(|name| Name { schema: None, name });
                own.is_none_or(|own| self.state().find(&own).is_err())
            }
            Some(schema) => matches!(schema, "pg_catalog" | "information_schema"),
        };
        if !of_server {
            return None;
        }
        let mut rows = Rows::new(wanted);
        self.state().catalog_rows(name, &mut rows)?;
        // Roles, schemas and extensions can be there though no file makes them.
        let elsewhere = match name {
            "pg_roles" | "pg_authid" | "pg_user" => &["rolname", "usename"][..],
            "pg_namespace" | "schemata" => &["nspname", "schema_name"],
            "pg_extension" => &["extname"],
            _ => return Some(rows.found),
        };
        if !wanted.names(elsewhere) {
            return None;
        }
        self.assumed |= rows.found.is_empty();
        Some(rows.found)
    }
}

/// What a catalog calls the table that its rows are about: by its name, its schema, and its identity.
fn about(catalog: &str) -> (&'static [&'static str], &'static [&'static str], &'static str) {
    match catalog {
        "pg_class" => (&["relname"], &[], "oid"),
        "pg_tables" | "pg_policies" | "pg_indexes" => (&["tablename"], &["schemaname"], ""),
        "pg_views" => (&["viewname"], &["schemaname"], ""),
        "pg_matviews" => (&["matviewname"], &["schemaname"], ""),
        "tables" | "views" | "columns" | "table_constraints" => (&["table_name"], &["table_schema"], ""),
        "triggers" => (&["event_object_table"], &["event_object_schema"], ""),
        "pg_attribute" => (&[], &[], "attrelid"),
        "pg_policy" => (&[], &[], "polrelid"),
        "pg_constraint" => (&[], &[], "conrelid"),
        "pg_trigger" => (&[], &[], "tgrelid"),
        _ => (&[], &[], ""),
    }
}

impl State {
    fn catalog_rows(&self, name: &str, rows: &mut Rows<'_>) -> Option<()> {
        let wanted = rows.wanted;
        let (names, schemas, identity) = about(name);
        let relations = self.catalog.relations.iter().filter(|(name, _)| {
            wanted.lets_name(names, name.name())
                && wanted.lets_name(schemas, name.schema())
                && wanted.lets(identity, &oid(name))
                && name.schema().as_str() != "pg_temp"
        });
        if names.is_empty() && schemas.is_empty() && identity.is_empty() {
            return self.other_rows(name, rows);
        }
        for (own, relation) in relations {
            of_relation(name, own, relation, rows);
            if name == "columns" {
                self.columns(own, relation, rows);
            }
        }
        if name == "pg_class" {
            for (own, _) in self.indexes.iter().filter(|(own, _)| wanted.lets_name(names, own.name())) {
                rows.add(vec![
                    ("oid", Value::oid("pg_class", own.bare())),
                    ("relname", text(own.name())),
                    ("relnamespace", namespace(own)),
                    ("relkind", Value::text("i")),
                ]);
            }
        }
        Some(())
    }

    /// The catalogs of what is no part of a relation.
    fn other_rows(&self, name: &str, rows: &mut Rows<'_>) -> Option<()> {
        match name {
            "pg_roles" | "pg_authid" | "pg_user" => {
                for (name, role) in &self.catalog.roles {
                    rows.add(of_role(name, Some(role)));
                }
                let start = &self.session.start().role;
                if !self.catalog.roles.contains_key(start) {
                    rows.add(of_role(start, None));
                }
            }
            "pg_namespace" | "schemata" => {
                let server = ["pg_catalog", "information_schema", "pg_toast"].map(Ident::known);
                for name in self.catalog.schemas.keys().chain(server.iter().filter(|name| is_of_server(name)))
                {
                    rows.add(vec![
                        ("oid", Value::oid("pg_namespace", name.as_str())),
                        ("nspname", text(name)),
                        ("schema_name", text(name)),
                    ]);
                }
            }
            "pg_extension" => {
                self.catalog.extensions.keys().for_each(|name| rows.add(vec![("extname", text(name))]));
            }
            "pg_type" => {
                let own = self.types.keys().chain(self.catalog.relations.keys());
                for name in own {
                    rows.add(vec![
                        ("oid", Value::oid("pg_type", name.bare())),
                        ("typname", text(name.name())),
                        ("typnamespace", namespace(name)),
                    ]);
                }
                // Of the server's own types only those are looked up that are asked for.
                for (column, value) in &rows.wanted.0 {
                    if let ("typname", Value::Text(name)) = (column.as_str(), value)
                        && types::builtin(name).is_some()
                    {
                        let oid = Value::oid("pg_type", name);
                        rows.found.push(Value::Row(vec![
                            ("oid".to_owned(), oid),
                            ("typname".to_owned(), Value::text(name)),
                            ("typnamespace".to_owned(), Value::oid("pg_namespace", "pg_catalog")),
                        ]));
                    }
                }
            }
            "pg_proc" | "routines" => {
                for (signature, _) in &self.catalog.functions {
                    let (schema, name) = both(&signature.name);
                    rows.add(vec![
                        ("proname", name.clone()),
                        ("pronamespace", namespace(&signature.name)),
                        ("routine_schema", schema),
                        ("routine_name", name),
                    ]);
                }
            }
            "pg_publication" => {
                self.catalog.publications.keys().for_each(|name| rows.add(vec![("pubname", text(name))]));
            }
            "pg_auth_members" => {
                for membership in self.catalog.memberships.keys() {
                    rows.add(vec![
                        ("roleid", Value::oid("pg_authid", membership.role.as_str())),
                        ("member", Value::oid("pg_authid", membership.member.as_str())),
                    ]);
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn columns(&self, name: &QualifiedName, relation: &Relation, rows: &mut Rows<'_>) {
        let (schema, table) = both(name);
        let mut add = |column: &Ident, not_null: bool, data_type: Option<&str>| {
            rows.add(vec![
                ("table_schema", schema.clone()),
                ("table_name", table.clone()),
                ("column_name", text(column)),
                ("is_nullable", Value::text(if not_null { "NO" } else { "YES" })),
                ("data_type", data_type.map_or(Value::Unknown, in_standard)),
            ]);
        };
        for column in &relation.columns {
            add(&column.name, column.not_null, Some(&column.data_type));
        }
        for (column, _) in self.outputs.get(name).into_iter().flatten() {
            add(column, false, None);
        }
    }
}
