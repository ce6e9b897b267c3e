//! Who runs the migrations, by what they have made so far.

use std::collections::{BTreeMap, BTreeSet};

use super::role::ProposedRole;
use crate::catalog::{Catalog, Relation, RelationKind};
use crate::ident::Ident;

/// Who is to run the migrations, of a [`Proposal`](super::Proposal).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedMigrations {
    /// The role, or why there is none.
    pub role: ProposedRole,
    /// Why policies do not bind the role, if they do not.
    pub unbound: Option<&'static str>,
}

/// The role that what is there belongs to. If it belongs to several, a person has to say which of them runs the migrations.
pub(super) fn find(catalog: &Catalog, schemas: &BTreeSet<Ident>) -> ProposedMigrations {
    let is_made = |relation: &Relation| {
        relation.extension.is_none() && relation.kind != RelationKind::Sequence && !relation.owner_is_assumed
    };
    let relations = catalog
        .relations
        .iter()
        .filter(|(name, relation)| schemas.contains(name.schema()) && is_made(relation))
        .map(|(_, relation)| &relation.owner);
    // Of functions only those matter that run with the rights of their owner.
    let functions = catalog
        .functions
        .iter()
        .filter(|(signature, function)| {
            schemas.contains(signature.name.schema())
                && function.security_definer
                && function.extension.is_none()
                && !function.owner_is_assumed
        })
        .map(|(_, function)| &function.owner);
    let mut owners: BTreeMap<&Ident, usize> = BTreeMap::new();
    for owner in relations.chain(functions) {
        *owners.entry(owner).or_default() += 1;
    }
    let mut found: Vec<(&Ident, usize)> = owners.into_iter().collect();
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let none = |reason: String| ProposedMigrations { role: ProposedRole::none(reason), unbound: None };
    match found[..] {
        [] => none("nothing is there yet that tells who runs them".to_owned()),
        [(role, _)] => ProposedMigrations {
            role: ProposedRole::some(role, "owns what is there"),
            unbound: unbound(catalog, role),
        },
        _ => {
            let named = found.iter().map(|(role, count)| format!("{} ({count})", role.plain()));
            none(format!("what is there belongs to {}", named.collect::<Vec<_>>().join(", ")))
        }
    }
}

fn unbound(catalog: &Catalog, role: &Ident) -> Option<&'static str> {
    match catalog.roles.get(role) {
        Some(role) if role.superuser => Some("it is a superuser"),
        Some(role) if role.bypass_rls => Some("it has BYPASSRLS"),
        _ => None,
    }
}
