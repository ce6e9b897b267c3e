//! Where views stand: by what they read.

use std::collections::BTreeSet;

use super::{Place, Places, problem};
use crate::catalog::{Catalog, Relation, RelationKind};
use crate::ident::QualifiedName;
use crate::policy::manifest::Manifest;

/// Places views by what they read, directly or through other views.
pub(super) fn place<'a>(manifest: &'a Manifest, catalog: &'a Catalog, places: &mut Places<'a>) {
    let views: Vec<(&QualifiedName, &Relation)> = catalog
        .relations
        .iter()
        .filter(|(name, relation)| relation.view.is_some() && manifest.governs(name))
        .filter(|(name, relation)| manifest.entry(name).is_none() && relation.extension.is_none())
        .collect();
    for (name, relation) in views {
        let reached = reached(catalog, relation);
        let behind = |name: &&QualifiedName| places.relations.get(*name).is_some_and(Place::holds_tenants);
        let tenants_table = reached.iter().find(|name| behind(name));
        let place = match (tenants_table, relation.kind) {
            (None, _) => Place::Apart,
            (Some(table), RelationKind::MaterializedView) => {
                let what = format!(
                    "{} is a materialized view over {}, which takes no policy; class it deny or exempt",
                    name.plain(),
                    table.plain()
                );
                places.unsettle(name, problem(None, what));
                continue;
            }
            (Some(_), _) if catalog.server_version.is_some_and(|version| version < 150_000) => {
                let what = format!(
                    "view {} reads with its owner's rights before PostgreSQL 15; class it deny or exempt, or upgrade",
                    name.plain()
                );
                places.unsettle(name, problem(None, what));
                continue;
            }
            (Some(_), _) => Place::View,
        };
        places.relations.insert(name, place);
    }
}

/// All that a view reads, through other views too.
pub(crate) fn reached<'a>(catalog: &'a Catalog, view: &'a Relation) -> BTreeSet<&'a QualifiedName> {
    let mut found = BTreeSet::new();
    let mut left: Vec<&Relation> = vec![view];
    while let Some(relation) = left.pop() {
        for name in relation.view.iter().flat_map(|view| &view.reads) {
            if found.insert(name) {
                left.extend(catalog.relations.get(name));
            }
        }
    }
    found
}
