//! A database while files are run: the model, and what the model does not show but later statements need.

use std::collections::{BTreeMap, BTreeSet};

use super::Options;
use super::analyze::Alike;
use super::change::Before;
use super::cursor::Name;
use super::defaults::Defaults;
use super::depend::Uses;
use super::model::Model;
use super::names::Names;
use super::origin::Origins;
use super::parse::role::RoleName;
use super::parse::type_name::{BaseType, TypeName};
use super::parts::Parts;
use super::told::{Assumed, Session, Told};
use super::tracked::Tracked;
use super::types::{self, Type};
use super::undo::Undoable;
use crate::catalog::{
    Catalog, Extension, Grant, Grantee, Privilege, Relation, Schema, Signature, canonical_type,
};
use crate::ident::{Ident, QualifiedName};

/// Why the effect of a statement could not be followed.
pub(super) type Followed<T> = Result<T, String>;

/// The schema of temporary objects, which no model shows.
const TEMPORARY: &str = "pg_temp";

/// A database while files are run.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) catalog: Model,
    /// The version whose ways are imitated, such as 150000.
    pub(super) version: u32,
    pub(super) session: Session,
    pub(super) types: Tracked<QualifiedName, Type>,
    pub(super) indexes: Undoable<QualifiedName, IndexOf>,
    pub(super) parts: Parts,
    /// The names of all constraints, each with the schema of its table.
    pub(super) constraints: Names,
    /// The inherited checks of tables that each has of its own as well.
    pub(super) local_checks: Undoable<QualifiedName, BTreeSet<Ident>>,
    /// The columns of views, with their types where they are known.
    pub(super) outputs: Undoable<QualifiedName, Vec<(Ident, Option<String>)>>,
    /// The tables that a composite type gives their columns.
    pub(super) typed: Undoable<QualifiedName, QualifiedName>,
    /// What functions' arguments are where a call does not say.
    pub(super) argument_defaults: Undoable<Signature, Vec<Option<String>>>,
    pub(super) uses: Uses,
    pub(super) defaults: Defaults,
    pub(super) alike: Alike,
    pub(super) origins: Origins,
    /// Whether a table has ever been a partition or inherited from another: most schemas have neither, and need no search.
    pub(super) has_children: bool,
    /// What could not be followed of the statement that is being applied.
    pub(super) notes: Vec<String>,
    /// What was taken for granted to follow it.
    pub(super) assumed: Vec<String>,
    /// How many may still want to go back.
    pub(super) marks: usize,
}

/// An index by its own name.
#[derive(Clone, Debug)]
pub(super) struct IndexOf {
    pub(super) table: QualifiedName,
    /// What the index calls its columns, which keep the names that the table's columns had then.
    pub(super) columns: Vec<String>,
}

impl State {
    pub(super) fn new(options: &Options) -> Self {
        let told = Told {
            user: options.role.clone(),
            role: options.role.clone(),
            assumed: Assumed { user: options.role_is_assumed, role: options.role_is_assumed },
            path: options.search_path.clone(),
            settings: BTreeMap::new(),
        };
        let mut catalog = Model::default();
        let (owner, privileges): (_, &[Privilege]) = if options.server_version < 150_000 {
            (options.role.clone(), &[Privilege::Usage, Privilege::Create])
        } else {
            (Ident::known("pg_database_owner"), &[Privilege::Usage])
        };
        let grant = |privilege: &Privilege| Grant {
            grantee: Grantee::Public,
            privilege: *privilege,
            column: None,
            grant_option: false,
        };
        let public = Schema { owner, grants: privileges.iter().map(grant).collect(), extension: None };
        catalog.schemas.insert(Ident::known("public"), public);
        let plpgsql = Extension { schema: Ident::known("pg_catalog") };
        catalog.extensions.insert(Ident::known("plpgsql"), plpgsql);
        Self {
            catalog,
            version: options.server_version,
            session: Session::new(told),
            types: Tracked::default(),
            indexes: Undoable::default(),
            parts: Parts::default(),
            constraints: Names::default(),
            local_checks: Undoable::default(),
            outputs: Undoable::default(),
            typed: Undoable::default(),
            argument_defaults: Undoable::default(),
            uses: Uses::default(),
            defaults: Defaults::default(),
            alike: Alike::default(),
            origins: Origins::default(),
            has_children: false,
            notes: Vec::new(),
            assumed: Vec::new(),
            marks: 0,
        }
    }

    /// The model, without what is gone when the session ends.
    pub(super) fn into_catalog(self) -> Catalog {
        let mut catalog = self.catalog.into_catalog();
        catalog.relations.retain(|name, _| !is_temporary(name));
        catalog.functions.retain(|signature, _| !is_temporary(&signature.name));
        catalog.types.retain(|name, _| !is_temporary(name));
        catalog
    }

    /// What the statement that was applied has touched, as it was before it.
    pub(super) fn take_before(&mut self) -> Before {
        let _ = self.types.take_before();
        let _ = self.types.take_moved();
        self.catalog.take_before()
    }

    /// Says that something could not be followed.
    pub(super) fn note(&mut self, why: impl Into<String>) {
        self.notes.push(why.into());
    }

    pub(super) fn role(&self) -> Ident {
        self.session.now.role.clone()
    }

    /// The role of a name that means one role.
    pub(super) fn role_named(&self, role: &RoleName) -> Followed<Ident> {
        match role {
            RoleName::Public => Err("PUBLIC is no role".to_owned()),
            RoleName::Current => Ok(self.role()),
            RoleName::Session => Ok(self.session.now.user.clone()),
            RoleName::Named(name) => Ok(name.clone()),
        }
    }

    pub(super) fn grantee(&self, role: &RoleName) -> Followed<Grantee> {
        match role {
            RoleName::Public => Ok(Grantee::Public),
            role => self.role_named(role).map(Grantee::Role),
        }
    }

    /// The schemas in which a name without one is looked for, those of the server left out.
    pub(super) fn path(&self) -> impl Iterator<Item = Ident> + '_ {
        let told = &self.session.now;
        let named = told.path.iter().map(|name| if name.as_str() == "$user" { &told.role } else { name });
        let written = told.path.iter().any(|name| name.as_str() == TEMPORARY);
        let first = (!written).then(|| Ident::known(TEMPORARY));
        let exists = |name: &Ident| name.as_str() == TEMPORARY || self.catalog.schemas.contains_key(name);
        first.into_iter().chain(named.cloned()).filter(move |name| exists(name))
    }

    /// The candidates for a name, in the order in which they are tried.
    pub(super) fn candidates(&self, name: &Name) -> Vec<QualifiedName> {
        let with = |schema: Ident| QualifiedName::new(schema, name.name.clone());
        match &name.schema {
            Some(schema) => vec![with(schema.clone())],
            None => self.path().map(with).collect(),
        }
    }

    /// The full name of a relation that exists.
    pub(super) fn find(&self, name: &Name) -> Followed<QualifiedName> {
        let mut candidates = self.candidates(name).into_iter();
        candidates
            .find(|candidate| self.catalog.relations.contains_key(candidate))
            .ok_or_else(|| format!("the relation {name} is not known"))
    }

    /// The full name of an index that exists, and that of its table.
    pub(super) fn find_index(&self, name: &Name) -> Followed<(QualifiedName, QualifiedName)> {
        let found = self.candidates(name).into_iter().find_map(|candidate| {
            let table = self.indexes.get(&candidate)?.table.clone();
            Some((candidate, table))
        });
        found.ok_or_else(|| format!("the index {name} is not known"))
    }

    pub(super) fn relation(&mut self, name: &QualifiedName) -> Followed<&mut Relation> {
        let missing = || format!("the relation {name} is not known");
        self.catalog.relations.get_mut(name).ok_or_else(missing)
    }

    pub(super) fn seen(&self, name: &QualifiedName) -> Followed<&Relation> {
        self.catalog.relations.get(name).ok_or_else(|| format!("the relation {name} is not known"))
    }

    /// Whether a relation or an index has the name.
    pub(super) fn is_taken(&self, name: &QualifiedName) -> bool {
        self.catalog.relations.contains_key(name) || self.indexes.contains_key(name)
    }

    /// The full name of what is to be made.
    pub(super) fn make_at(&mut self, name: &Name, temporary: bool) -> Followed<QualifiedName> {
        let schema = if temporary {
            Ident::known(TEMPORARY)
        } else if let Some(schema) = &name.schema {
            self.assume_schema(schema);
            schema.clone()
        } else {
            let mut path = self.path().filter(|schema| {
                schema.as_str() != TEMPORARY || self.session.now.path.first() == Some(schema)
            });
            path.next().ok_or("no schema of the search_path is there to make it in")?
        };
        Ok(QualifiedName::new(schema, name.name.clone()))
    }

    /// Takes a schema as there that no file makes.
    pub(super) fn assume_schema(&mut self, name: &Ident) {
        let known =
            self.catalog.schemas.contains_key(name) || is_of_server(name) || name.as_str() == TEMPORARY;
        if !known {
            let schema = Schema { owner: self.role(), grants: BTreeSet::new(), extension: None };
            self.catalog.schemas.insert(name.clone(), schema);
            self.assumed.push(format!("the schema {name} is not made by these files; it is taken as there"));
        }
    }

    /// The functions of a name.
    pub(super) fn functions_named(&self, name: &Name) -> Vec<Signature> {
        for candidate in self.candidates(name) {
            let found = self.overloads(&candidate);
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// The functions of a full name.
    pub(super) fn overloads(&self, name: &QualifiedName) -> Vec<Signature> {
        let first = Signature { name: name.clone(), arguments: Vec::new() };
        let found = self.catalog.functions.range(first..).map(|(signature, _)| signature);
        found.take_while(|signature| signature.name == *name).cloned().collect()
    }

    /// A type as `format_type` writes it, for a column.
    pub(super) fn type_text(&mut self, written: &TypeName) -> Followed<String> {
        let (text, known) = self.written_type(written)?;
        if !known {
            self.assumed.push(format!("the type {text} is not known"));
        }
        Ok(text)
    }

    /// A type as `format_type` writes it, and whether it is known.
    pub(super) fn written_type(&self, written: &TypeName) -> Followed<(String, bool)> {
        let array = if written.array { "[]" } else { "" };
        let modifier = &written.modifier;
        let text = match &written.base {
            BaseType::Keywords(first, "") => canonical_type(&format!("{first}{modifier}{array}")),
            BaseType::Keywords(first, second) => {
                canonical_type(&format!("{first}{modifier} {second}{array}"))
            }
            BaseType::Interval(fields) => {
                let words = if fields.is_empty() { String::new() } else { format!(" {fields}") };
                format!("interval{words}{modifier}{array}")
            }
            BaseType::Named(name) => {
                let (name, known) = self.named_type(name, modifier);
                return Ok((format!("{name}{modifier}{array}"), known));
            }
            BaseType::OfColumn(table, column) => {
                let table = self.find(table)?;
                let found = self.seen(&table)?.column(column);
                let found = found.ok_or_else(|| format!("the column {column} of {table} is not known"))?;
                format!("{}{array}", without_modifier(&found.data_type))
            }
        };
        Ok((text, true))
    }

    fn named_type(&self, name: &Name, modifier: &str) -> (String, bool) {
        let of_server = name.schema.as_ref().is_none_or(|schema| schema.as_str() == "pg_catalog");
        if of_server && let Some(builtin) = types::builtin(name.name.as_str()) {
            // What stands behind the name is only of account where the server writes it elsewhere.
            let whole = canonical_type(&format!("{builtin}{modifier}"));
            return (whole.strip_suffix(modifier).unwrap_or(&whole).to_owned(), true);
        }
        // The arrays of the server's types have names of their own too.
        let element = name.name.as_str().strip_prefix('_').filter(|_| of_server).and_then(types::builtin);
        if let Some(element) = element {
            return (format!("{}[]", canonical_type(element)), true);
        }
        if let Some(found) = self.made_type(name).or_else(|| self.extension_type(name)) {
            return (found.bare(), true);
        }
        let element = name.name.as_str().strip_prefix('_').and_then(|element| Ident::new(element).ok());
        let element = element.map(|element| Name { schema: name.schema.clone(), name: element });
        if let Some(element) = element.and_then(|element| self.made_type(&element)) {
            return (format!("{}[]", element.bare()), true);
        }
        let schema = name.schema.as_ref().map(|schema| format!("{}.", schema.bare()));
        let known = types::is_row_of_server(name);
        (format!("{}{}", schema.filter(|_| !known).unwrap_or_default(), name.name.bare()), known)
    }

    /// A type as `format_type` writes it, for an argument, which has no modifier.
    pub(super) fn argument_type(&mut self, written: &TypeName) -> Followed<String> {
        self.type_text(written).map(|text| without_modifier(&text))
    }
}

/// A type without its modifier: `character varying(20)[]` is `character varying[]`.
pub(super) fn without_modifier(data_type: &str) -> String {
    if data_type.contains('"') && !data_type.contains('(') {
        return data_type.to_owned();
    }
    let name = match (data_type.find('('), data_type.find(')')) {
        (Some(open), Some(close)) if open < close => {
            let (before, after) = (data_type.get(..open), data_type.get(close + 1..));
            format!("{}{}", before.unwrap_or_default(), after.unwrap_or_default())
        }
        _ => data_type.to_owned(),
    };
    match name.strip_prefix("interval ") {
        Some(fields) => format!("interval{}", if fields.ends_with("[]") { "[]" } else { "" }),
        None => match name.as_str() {
            "bpchar" => "character".to_owned(),
            "bpchar[]" => "character[]".to_owned(),
            _ => name,
        },
    }
}

pub(super) fn is_temporary(name: &QualifiedName) -> bool {
    name.schema().as_str() == TEMPORARY
}

/// Whether a schema is the server's own.
pub(super) fn is_of_server(schema: &Ident) -> bool {
    matches!(schema.as_str(), "pg_catalog" | "information_schema" | "pg_toast")
}
