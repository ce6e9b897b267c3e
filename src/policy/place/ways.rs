//! The ways of children, and where they lead.

use std::collections::BTreeSet;

use super::{Place, Places, problem};
use crate::catalog::{ForeignKey, Relation};
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::{Entry, Manifest, Problem, Via};

/// Every child's way has to end at a table that knows its tenant.
pub(super) fn check<'a>(manifest: &'a Manifest, places: &mut Places<'a>) {
    let mut wrong = Vec::new();
    for (&name, place) in &places.relations {
        let mut seen = BTreeSet::from([name]);
        let mut at = place;
        while let Place::Child { key, .. } = at {
            let parent = &key.references;
            let what = if seen.insert(parent) {
                match places.relations.get(parent) {
                    Some(Place::Exempt { .. } | Place::Shared | Place::Apart | Place::Deny) => {
                        format!(
                            "{} leads to {}, whose rows belong to no tenant",
                            name.plain(),
                            parent.plain()
                        )
                    }
                    Some(next) => {
                        at = next;
                        continue;
                    }
                    None if manifest.governs(parent) => break,
                    None => format!("{} leads to {}, which is not governed", name.plain(), parent.plain()),
                }
            } else {
                format!("{} leads in a circle, by way of {}", name.plain(), parent.plain())
            };
            let what = format!("child {what}; choose another via, or another class");
            wrong.push((name, problem(manifest.entry(name), what)));
            break;
        }
    }
    for (name, problem) in wrong {
        places.unsettle(name, problem);
    }
}

/// The foreign key that leads from a child to its parent.
pub(super) fn way<'a>(
    name: &QualifiedName,
    relation: &'a Relation,
    entry: &Entry,
    via: &Via,
) -> Result<(&'a Ident, &'a ForeignKey), Problem> {
    let to = |table: &QualifiedName| {
        let keys = relation.foreign_keys.iter().filter(|(_, key)| key.references == *table);
        keys.collect::<Vec<_>>()
    };
    let found = match via {
        Via::Table(table) => to(table),
        Via::Name(constraint) => match relation.foreign_keys.get_key_value(constraint) {
            Some(key) => vec![key],
            None => to(&QualifiedName::new(name.schema().clone(), constraint.clone())),
        },
    };
    let via = match via {
        Via::Table(table) => table.plain(),
        Via::Name(name) => name.as_str().to_owned(),
    };
    let name = name.plain();
    match found[..] {
        [(constraint, key)] => {
            leads((constraint, key)).map_err(|why| problem(Some(entry), format!("{name} {why}")))
        }
        [] => {
            let known: Vec<String> = relation
                .foreign_keys
                .iter()
                .map(|(constraint, key)| format!("{} ({})", key.references.plain(), constraint.as_str()))
                .collect();
            let known = if known.is_empty() { "it has none".to_owned() } else { known.join(", ") };
            Err(problem(
                Some(entry),
                format!("{name} has no foreign key to {via}; its foreign keys: {known}"),
            ))
        }
        _ => {
            let names: Vec<&str> = found.iter().map(|(constraint, _)| constraint.as_str()).collect();
            let names = names.join(", ");
            Err(problem(Some(entry), format!("{name} has several foreign keys to {via}; name one: {names}")))
        }
    }
}

/// A key that says of each row which one it belongs to, or why it does not.
fn leads<'a>(found: (&'a Ident, &'a ForeignKey)) -> Result<(&'a Ident, &'a ForeignKey), String> {
    let (name, key) = found;
    let why = if key.period {
        "has a PERIOD, which several rows may cover together, of several tenants perhaps"
    } else if !key.enforced {
        "is NOT ENFORCED, so a row can outlive the one that says whose it is"
    } else {
        return Ok(found);
    };
    Err(format!(
        "leads to its tenant by foreign key {}, which {why}; choose another via, or add the tenant column",
        name.plain()
    ))
}
