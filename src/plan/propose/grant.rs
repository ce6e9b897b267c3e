//! What the app role may do today, where that is less than its class would give it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Choice, Proposed, ProposedRoles};
use crate::catalog::{Catalog, DML, Grantee, Privilege, Relation};
use crate::ident::{Ident, QualifiedName};
use crate::plan::roles::reachable;
use crate::policy::manifest::Class;

/// Keeps the app role from getting more than it has.
pub(super) fn narrow(
    catalog: &Catalog,
    roles: &ProposedRoles,
    found: &mut BTreeMap<QualifiedName, Proposed>,
) {
    let Some(app) = roles.app.name.as_ref().filter(|app| catalog.roles.contains_key(*app)) else { return };
    let grantees = reachable(catalog, app);
    let held: BTreeMap<QualifiedName, BTreeSet<Privilege>> = found
        .keys()
        .filter_map(|name| Some((name.clone(), held(catalog.relations.get(name)?, &grantees))))
        .collect();
    // A role that has got nothing yet is a new one.
    if held.values().all(BTreeSet::is_empty) {
        return;
    }
    for (name, proposed) in found {
        let class = match &proposed.choice {
            Choice::Default("tenant") => Class::Tenant { direct: false },
            Choice::Entry(class @ (Class::Tenant { .. } | Class::Child { .. })) => class.clone(),
            _ => continue,
        };
        let Some(held) = held.get(name).filter(|held| held.len() < DML.len()) else { continue };
        proposed.choice = Choice::Entry(class);
        proposed.grants = Some(held.clone());
        proposed.reason.push_str("; no more grants than today");
    }
}

/// Which of the four verbs some of the roles may use on a whole relation.
pub(super) fn held(relation: &Relation, roles: &BTreeSet<&Ident>) -> BTreeSet<Privilege> {
    if roles.contains(&relation.owner) {
        return DML.into();
    }
    let to_them = |grantee: &Grantee| match grantee {
        Grantee::Public => true,
        Grantee::Role(role) => roles.contains(role),
    };
    let whole = relation.grants.iter().filter(|grant| grant.column.is_none() && to_them(&grant.grantee));
    whole.map(|grant| grant.privilege).filter(|privilege| DML.contains(privilege)).collect()
}
