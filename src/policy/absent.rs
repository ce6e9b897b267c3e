//! A role for services that is not on the server: one that is still to be made, or one whose name is misspelt.

use std::collections::{BTreeMap, BTreeSet};

use super::manifest::Manifest;
use super::manifest::fields::nearest;
use crate::catalog::{Catalog, DML, Grantee};
use crate::ident::{Ident, QualifiedName};

/// The app role of a manifest that names none of the server's.
pub(crate) struct Absent<'c> {
    /// A role that services work as now: its name is near, or it is the only one.
    pub(crate) meant: Option<Meant<'c>>,
}

/// A role that has rights on tables.
pub(crate) struct Meant<'c> {
    pub(crate) role: &'c Ident,
    /// On how many tables.
    pub(crate) tables: usize,
}

/// Finds out whether the app role is missing. Of a server of which no roles are known, that cannot be told.
pub(crate) fn absent<'c>(manifest: &Manifest, catalog: &'c Catalog) -> Option<Absent<'c>> {
    let app = manifest.roles.app_role();
    if catalog.roles.is_empty() || catalog.roles.contains_key(app) {
        return None;
    }
    let own = [manifest.roles.owner_role(), manifest.roles.system_role(), manifest.roles.migrator_role()];
    let mut at_work: BTreeMap<&Ident, BTreeSet<&QualifiedName>> = BTreeMap::new();
    for (name, relation) in catalog.relations.iter().filter(|(name, _)| manifest.governs(name)) {
        let granted =
            relation.grants.iter().filter(|grant| DML.contains(&grant.privilege)).filter_map(|grant| {
                match &grant.grantee {
                    Grantee::Role(role) => Some(role),
                    Grantee::Public => None,
                }
            });
        for role in granted.chain([&relation.owner]) {
            let logs_in = catalog.roles.get(role).is_some_and(|role| role.login && !role.superuser);
            if logs_in && !own.contains(&Some(role)) {
                at_work.entry(role).or_default().insert(name);
            }
        }
    }
    let known: Vec<&str> = at_work.keys().map(|role| role.as_str()).collect();
    let near = match (nearest(app.as_str(), &known), &known[..]) {
        (Some(near), _) => Some(near),
        (None, [only]) => Some(*only),
        (None, _) => None,
    };
    let meant = at_work.iter().find(|(role, _)| Some(role.as_str()) == near);
    Some(Absent { meant: meant.map(|(role, tables)| Meant { role, tables: tables.len() }) })
}
