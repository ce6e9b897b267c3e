//! What is to be unique within a tenant, as the manifest says it.

use super::{Place, Places, nearest, problem};
use crate::catalog::Catalog;
use crate::policy::manifest::Manifest;

/// The columns have to be there, beside one that tells the tenant.
pub(super) fn check(manifest: &Manifest, catalog: &Catalog, places: &mut Places<'_>) {
    let mut wrong = Vec::new();
    for (name, entry) in manifest.tables.iter().filter(|(_, entry)| !entry.unique.is_empty()) {
        // What has no place has been reported.
        let (Some(place), Some(relation)) = (places.relations.get(name), catalog.relations.get(name)) else {
            continue;
        };
        let table = name.plain();
        if place.tenant_column().is_none() || matches!(place, Place::SharedRows { .. }) {
            let what = format!(
                "unique of {table} is what is unique within a tenant, and its class has no tenant column"
            );
            wrong.push(problem(Some(entry), what));
            continue;
        }
        let known: Vec<&str> = relation.columns.iter().map(|column| column.name.as_str()).collect();
        for column in entry.unique.iter().flatten().filter(|column| relation.column(column).is_none()) {
            let meant = nearest(column.as_str(), &known).map(|meant| format!("; did you mean {meant}?"));
            let what = format!("unique of {table} names column {}, which is not there", column.as_str());
            wrong.push(problem(Some(entry), what + &meant.unwrap_or_default()));
        }
    }
    places.problems.extend(wrong);
}
