//! What is asked for, and which tables that means.

use std::collections::BTreeSet;

use super::problem;
use crate::catalog::{Catalog, Relation, RelationKind};
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::{Class, Manifest, Problem, nearest};

/// Which tables are to get their tenants, and from where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The tables, each as `name` or `schema.name`, with double quotes around a part that holds a dot.
    pub tables: Vec<String>,
    /// The tables that refer to these too, are of class `tenant`, and lack the tenant column; and those that refer to them.
    pub children: bool,
    /// The tenant that all rows belong to which are there until the first phase is done, as the setting carries it. Default: that of each row's parent.
    pub tenant: Option<String>,
    /// An SQL expression over the row of the one table that is named, which tells its tenant. Default: that of the parent.
    pub fill: Option<String>,
    /// Ways to the parents where there are several, each as `key` or `table=key`: a foreign key's name, or the table that it
    /// refers to.
    pub via: Vec<String>,
}

impl Request {
    /// The tenant that all rows belong to, as the setting carries it, if one is given that its type can hold.
    #[must_use]
    pub fn tenant_setting(&self, manifest: &Manifest) -> Option<String> {
        super::table::tenant(manifest, self.tenant.as_deref()?).ok()
    }
}

/// The tables of a request, in the order of their names.
pub(super) fn tables<'a>(
    manifest: &Manifest,
    catalog: &'a Catalog,
    request: &Request,
) -> Result<BTreeSet<&'a QualifiedName>, Vec<Problem>> {
    let (mut found, mut problems) = (BTreeSet::new(), Vec::new());
    if request.tables.is_empty() {
        problems.push(problem("no table is named; name the tables to adopt".to_owned()));
    }
    for written in &request.tables {
        match table(manifest, catalog, written) {
            Ok(name) => drop(found.insert(name)),
            Err(what) => problems.push(problem(what)),
        }
    }
    if request.children {
        let mut left: Vec<&QualifiedName> = found.iter().copied().collect();
        while let Some(parent) = left.pop() {
            for (name, _, _) in catalog.foreign_keys().filter(|(_, _, key)| key.references == *parent) {
                if is_child(manifest, catalog, name) && found.insert(name) {
                    left.push(name);
                }
            }
        }
    }
    for name in &found {
        problems.extend(obstacles(manifest, catalog, name).into_iter().map(problem));
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// The table that is meant by a name.
pub(super) fn table<'a>(
    manifest: &Manifest,
    catalog: &'a Catalog,
    written: &str,
) -> Result<&'a QualifiedName, String> {
    let qualified = QualifiedName::parse(written).ok();
    let bare = |name: &QualifiedName| name.name().as_str() == written || name.name().to_string() == written;
    let named =
        |name: &&QualifiedName| qualified.as_ref() == Some(name) || (manifest.governs(name) && bare(name));
    let found: Vec<&QualifiedName> = catalog.relations.keys().filter(named).collect();
    match found[..] {
        [one] => Ok(one),
        [] => {
            let governed = || catalog.relations.keys().filter(|name| manifest.governs(name));
            let known: Vec<String> = governed().map(QualifiedName::plain).collect();
            let bare = governed().map(|name| name.name().as_str());
            let known: Vec<&str> = known.iter().map(String::as_str).chain(bare).collect();
            let meant = nearest(written, &known).map(|meant| format!("; did you mean {meant}?"));
            Err(format!(
                "{written} is no table of the schemas that the manifest includes{}",
                meant.unwrap_or_default()
            ))
        }
        _ => {
            let several: Vec<String> = found.iter().map(|name| name.plain()).collect();
            Err(format!("{written} is the name of several tables; choose one: {}", several.join(", ")))
        }
    }
}

/// The table that is named first.
pub(super) fn first<'a>(
    manifest: &Manifest,
    catalog: &'a Catalog,
    request: &Request,
) -> Option<&'a QualifiedName> {
    request.tables.first().and_then(|written| table(manifest, catalog, written).ok())
}

/// Whether a table goes along with its parent.
fn is_child(manifest: &Manifest, catalog: &Catalog, name: &QualifiedName) -> bool {
    let is_tenant = manifest.entry(name).is_some_and(|entry| matches!(entry.class, Class::Tenant { .. }));
    let lacks =
        catalog.relations.get(name).is_some_and(|relation| relation.column(manifest.column(name)).is_none());
    is_tenant && lacks
}

/// Why a table cannot be adopted.
fn obstacles(manifest: &Manifest, catalog: &Catalog, name: &QualifiedName) -> Vec<String> {
    let Some(relation) = catalog.relations.get(name) else { return Vec::new() };
    let plain = name.plain();
    let mut found: Vec<String> = class(manifest, name, relation).into_iter().collect();
    let offline =
        "in a time without load, add the column and fill it yourself, and tenantry plan writes the rest";
    if relation.kind == RelationKind::PartitionedTable {
        found.push(format!(
            "{plain} is partitioned, and neither an index nor a foreign key of a partitioned table can be made online; {offline}"
        ));
    } else if !relation.is_table() {
        found.push(format!("{plain} is no table; name a table"));
    }
    if let Some(part) = &relation.partition_of {
        found.push(format!("{plain} is a partition of {} and goes with it; {offline}", part.parent.plain()));
    }
    let has_heirs = catalog.relations.values().any(|other| other.inherits.contains(name));
    if has_heirs || !relation.inherits.is_empty() {
        found.push(format!(
            "{plain} inherits, or is inherited from, which locks all those tables at once; {offline}"
        ));
    }
    if let Some(extension) = &relation.extension {
        found.push(format!("{plain} belongs to extension {}; class it exempt", extension.plain()));
    }
    found
}

fn class(manifest: &Manifest, name: &QualifiedName, relation: &Relation) -> Option<String> {
    let plain = name.plain();
    let advice = format!("give it the line \"{plain}\" = {{ class = \"tenant\" }} under [tables]");
    match manifest.entry(name).map(|entry| &entry.class) {
        Some(Class::Tenant { .. }) => None,
        Some(other) => {
            Some(format!("{plain} is of class {}, and adopt is for class tenant; {advice}", other.name()))
        }
        None if manifest.governs(name) && relation.column(manifest.column(name)).is_some() => None,
        None => Some(format!("{plain} has no class in the manifest; {advice}")),
    }
}

/// A request's ways: the table, where one is named, and the key.
pub(super) fn ways(request: &Request) -> impl Iterator<Item = (Option<&str>, &str)> {
    request.via.iter().map(|via| match via.split_once('=') {
        Some((table, key)) => (Some(table.trim()), key.trim()),
        None => (None, via.trim()),
    })
}

/// Whether a foreign key or the table that it refers to is what a name means.
pub(super) fn is_named(written: &str, key: &Ident, references: &QualifiedName) -> bool {
    let is = |name: &Ident| name.as_str() == written || name.to_string() == written;
    is(key) || is(references.name()) || QualifiedName::parse(written).is_ok_and(|name| name == *references)
}
