//! The ways from tables to the parents that tell their tenants.

use std::collections::BTreeSet;

use super::request::{self, Request};
use super::table::Table;
use crate::catalog::{Catalog, ForeignKey};
use crate::ident::{Ident, QualifiedName};
use crate::policy::Places;
use crate::policy::manifest::Manifest;

/// A foreign key, and the column of the referenced table that holds the tenant.
pub(super) struct Way<'a> {
    pub(super) key: &'a ForeignKey,
    pub(super) tenant: &'a Ident,
}

/// The way from a table to its parent: the one that is asked for, or the only one.
pub(super) fn of<'a>(
    manifest: &'a Manifest,
    catalog: &'a Catalog,
    request: &Request,
    names: &BTreeSet<&QualifiedName>,
    places: &Places<'_>,
    table: &QualifiedName,
) -> Result<Way<'a>, String> {
    let plain = table.plain();
    let Some(relation) = catalog.relations.get(table) else { return Err(format!("{plain} is no table")) };
    let keys = || relation.foreign_keys.iter().map(|(name, key)| (name, &**key));
    let others = || keys().filter(|(_, key)| key.references != *table);
    let own = others().filter(|(_, key)| key.names_one_row());
    let knows = |(_, key): &(&Ident, &ForeignKey)| {
        let parent = &key.references;
        names.contains(parent)
            || places.relations.get(parent).is_some_and(|place| place.tenant_column().is_some())
    };
    let candidates: Vec<(&Ident, &ForeignKey)> = own.filter(knows).collect();
    let asked = |exact: bool| {
        let meant = |written: &str| {
            // A way that is given for all tables is for those that have it.
            request::table(manifest, catalog, written).is_ok_and(|named| named == table)
        };
        request::ways(request).find_map(|(of, key)| match of {
            Some(of) if exact && meant(of) => Some(key),
            None if !exact => candidates
                .iter()
                .any(|(name, of)| request::is_named(key, name, &of.references))
                .then_some(key),
            _ => None,
        })
    };
    let chosen: Vec<(&Ident, &ForeignKey)> = match asked(true).or_else(|| asked(false)) {
        Some(written) => {
            let by_name: Vec<_> =
                candidates.iter().filter(|(name, _)| name.as_str() == written).copied().collect();
            let meant =
                |(name, key): &&(&Ident, &ForeignKey)| request::is_named(written, name, &key.references);
            if by_name.is_empty() { candidates.iter().filter(meant).copied().collect() } else { by_name }
        }
        None => candidates.clone(),
    };
    let list = |of: &[(&Ident, &ForeignKey)]| {
        let one =
            |(name, key): &(&Ident, &ForeignKey)| format!("{} (to {})", name.plain(), key.references.plain());
        of.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    match chosen[..] {
        [(_, key)] => {
            // The column of a tree is its key, of a table of the adoption the one that it is about to get.
            let tenant = manifest.column(&key.references);
            Ok(Way { key, tenant })
        }
        [] if candidates.is_empty() && others().any(|of| !of.1.names_one_row() && knows(&of)) => {
            Err(format!(
                "{plain} refers to tables that know tenants by foreign keys alone that are NOT ENFORCED or have a PERIOD, by which a \
             row may have no parent or several; say whose all rows are with --tenant, or fill and set the column first"
            ))
        }
        [] if candidates.is_empty() => Err(format!(
            "{plain} has no foreign key to a table that knows its rows' tenants; say whose all rows are with --tenant, or \
             adopt its parent along with it"
        )),
        [] => Err(format!(
            "{plain} has no such way to a table that knows tenants; choose one with --via: {}",
            list(&candidates)
        )),
        _ => Err(format!(
            "{plain} has several ways to a table that knows tenants; choose one with --via {plain}=KEY: {}",
            list(&chosen)
        )),
    }
}

/// The tables in an order in which each comes after the one that it takes its tenants from.
pub(super) fn parents_first(mut left: Vec<Table<'_>>) -> Result<Vec<Table<'_>>, String> {
    let mut found: Vec<Table<'_>> = Vec::new();
    while !left.is_empty() {
        let waits = |table: &Table<'_>| {
            table.parent().is_some_and(|parent| left.iter().any(|other| other.name == parent))
        };
        let Some(ready) = left.iter().position(|table| !waits(table)) else {
            let names: Vec<String> = left.iter().map(|table| table.name.plain()).collect();
            return Err(format!(
                "the ways of {} lead in a circle; choose another with --via, or say whose all rows are with --tenant",
                names.join(", ")
            ));
        };
        found.push(left.remove(ready));
    }
    Ok(found)
}
