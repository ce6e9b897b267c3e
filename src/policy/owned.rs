//! What the app role owns: it could change what others run, read and write by it.

use std::collections::{BTreeMap, BTreeSet};

use super::ddl::Object;
use super::manifest::Manifest;
use super::place::Place;
use super::reach::reachable;
use crate::catalog::{Catalog, Column, Grant, Relation, RelationKind};
use crate::ident::{Ident, QualifiedName};

/// An object with what matters of it as its owner changes.
#[derive(Clone, Debug)]
pub(crate) struct Owned<'a> {
    pub(crate) object: Object<'a>,
    pub(crate) owner: &'a Ident,
    pub(crate) grants: &'a BTreeSet<Grant>,
    /// The place of a relation other than a sequence.
    pub(crate) place: Option<Place<'a>>,
}

/// The roles that tenants' statements can act as. The owner of the database acts as `pg_database_owner`, without a membership
/// that the catalogs show.
pub(crate) fn acted_as<'a>(catalog: &'a Catalog, app: &'a Ident) -> BTreeSet<&'a Ident> {
    let mut found = reachable(catalog, app);
    if catalog.database.as_ref().is_some_and(|database| found.contains(&database.owner)) {
        let everywhere = catalog.schemas.values().map(|schema| &schema.owner);
        found.extend(everywhere.filter(|owner| owner.as_str() == "pg_database_owner"));
    }
    found
}

/// The schemas, functions, types and free-standing sequences of these roles that the tenants' tables have to do with: those
/// of the schemas that are governed, those of the functions that policies call, and those that governed tables use, wherever
/// they are. Schemas come first.
pub(crate) fn besides_relations<'a>(
    manifest: &'a Manifest,
    catalog: &'a Catalog,
    places: &BTreeMap<&'a QualifiedName, Place<'a>>,
    roles: &BTreeSet<&Ident>,
) -> Vec<Owned<'a>> {
    let governed = || {
        let is = |name: &&'a QualifiedName| is_governed(places, name);
        places.keys().copied().filter(is).filter_map(|name| catalog.relations.get(name))
    };
    let of_tables: BTreeSet<&Ident> =
        places.keys().filter(|name| is_governed(places, name)).map(|name| name.schema()).collect();
    let inside = |schema: &Ident| {
        manifest.schemas.contains(schema)
            || manifest.tenancy.support() == schema
            || of_tables.contains(schema)
    };
    let fired: BTreeSet<&QualifiedName> =
        governed().flat_map(|table| table.triggers.values().map(|trigger| &trigger.function)).collect();
    let drawn: BTreeSet<QualifiedName> =
        governed().flat_map(|table| table.columns.iter().filter_map(Column::sequence)).collect();
    let typed: BTreeSet<&str> =
        governed().flat_map(|table| table.columns.iter().map(|column| element(&column.data_type))).collect();

    let mut found = Vec::new();
    for (name, schema) in &catalog.schemas {
        if inside(name) && roles.contains(&schema.owner) && schema.extension.is_none() {
            let (owner, grants) = (&schema.owner, &schema.grants);
            found.push(Owned { object: Object::Schema(name), owner, grants, place: None });
        }
    }
    for (name, of) in &catalog.types {
        let used = || typed.contains(name.bare().as_str());
        if roles.contains(&of.owner) && of.extension.is_none() && (inside(name.schema()) || used()) {
            found.push(Owned {
                object: Object::Type(name),
                owner: &of.owner,
                grants: &of.grants,
                place: None,
            });
        }
    }
    for (signature, of) in &catalog.functions {
        let used = inside(signature.name.schema()) || fired.contains(&signature.name);
        if roles.contains(&of.owner) && of.extension.is_none() && used {
            let object = Object::Routine(signature);
            found.push(Owned { object, owner: &of.owner, grants: &of.grants, place: None });
        }
    }
    for (name, of) in &catalog.relations {
        let free = of.sequence.as_ref().is_some_and(|sequence| sequence.owned_by.is_none());
        let used = || inside(name.schema()) || drawn.contains(name);
        if free && roles.contains(&of.owner) && of.extension.is_none() && used() {
            let object = Object::Sequence(name);
            found.push(Owned { object, owner: &of.owner, grants: &of.grants, place: None });
        }
    }
    found
}

/// The relations that have a place and are governed, but for partitions of tables that are not.
pub(crate) fn relations<'a>(
    catalog: &'a Catalog,
    places: &BTreeMap<&'a QualifiedName, Place<'a>>,
) -> Vec<Owned<'a>> {
    let one = |(name, place): (&&'a QualifiedName, &Place<'a>)| {
        let of = catalog.relations.get(*name).filter(|_| is_governed(places, name))?;
        Some(relation(name, of, place))
    };
    places.iter().filter_map(one).collect()
}

/// Whether a relation is governed, a partition as its table is.
fn is_governed(places: &BTreeMap<&QualifiedName, Place<'_>>, name: &QualifiedName) -> bool {
    match places.get(name) {
        Some(Place::Partition { of }) => places.get(of).is_some_and(Place::is_governed),
        place => place.is_some_and(Place::is_governed),
    }
}

/// A relation, as something that has an owner.
pub(crate) fn relation<'a>(name: &'a QualifiedName, relation: &'a Relation, place: &Place<'a>) -> Owned<'a> {
    let (object, place) = (Object::Table(name), Some(place.clone()));
    Owned { object, owner: &relation.owner, grants: &relation.grants, place }
}

/// The sequences that go with a table.
pub(crate) fn sequences<'a>(
    catalog: &'a Catalog,
    table: &QualifiedName,
) -> impl Iterator<Item = (&'a QualifiedName, &'a Relation)> {
    let of = move |(_, relation): &(&QualifiedName, &Relation)| {
        relation.kind == RelationKind::Sequence && relation.is_sequence_of(table)
    };
    catalog.relations.iter().filter(of)
}

/// The name of a type, without what makes it an array or narrows it.
fn element(data_type: &str) -> &str {
    let name = data_type.trim_end_matches("[]");
    if name.contains('"') { name } else { name.split('(').next().unwrap_or(name) }
}

impl<'a> Owned<'a> {
    /// What it is called in a plan.
    pub(crate) fn name(&self) -> String {
        match self.object {
            Object::Schema(name) => format!("schema {}", name.plain()),
            Object::Table(name) | Object::Sequence(name) => name.plain(),
            Object::Type(name) => format!("type {}", name.plain()),
            Object::Routine(of) => format!("function {}({})", of.name.plain(), of.arguments.join(", ")),
            Object::Database(name) => format!("database {}", name.plain()),
        }
    }

    /// The schema that it is or stands in.
    pub(crate) fn schema(&self) -> Option<&'a Ident> {
        match self.object {
            Object::Schema(name) => Some(name),
            Object::Table(name) | Object::Sequence(name) | Object::Type(name) => Some(name.schema()),
            Object::Routine(signature) => Some(signature.name.schema()),
            Object::Database(_) => None,
        }
    }
}
