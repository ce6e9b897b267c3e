//! Who may own a materialized view: a refresh reads as its owner, whom policies must not bind.

use std::collections::BTreeMap;

use super::manifest::Manifest;
use super::place::{Place, views};
use super::reach::bypasses;
use crate::catalog::{Catalog, Relation, RelationKind};
use crate::ident::{Ident, QualifiedName};

/// A table of tenants that a materialized view reads.
pub(crate) fn tenants_table<'a>(
    catalog: &'a Catalog,
    places: &BTreeMap<&'a QualifiedName, Place<'a>>,
    relation: &'a Relation,
) -> Option<&'a QualifiedName> {
    if relation.kind != RelationKind::MaterializedView {
        return None;
    }
    let reached = views::reached(catalog, relation);
    reached.into_iter().find(|name| places.get(name).is_some_and(Place::holds_tenants))
}

/// The role that a relation is to belong to where that of the tables is this one.
pub(crate) fn owner<'a>(
    manifest: &'a Manifest,
    catalog: &'a Catalog,
    places: &BTreeMap<&'a QualifiedName, Place<'a>>,
    relation: &'a Relation,
    of_tables: &'a Ident,
) -> &'a Ident {
    if tenants_table(catalog, places, relation).is_none() {
        of_tables
    } else if bypasses(manifest, catalog, &relation.owner) {
        &relation.owner
    } else {
        manifest.roles.system_role().unwrap_or(of_tables)
    }
}
