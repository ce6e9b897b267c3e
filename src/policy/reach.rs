//! The roles that a role can act as, and whether policies bind one.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::ident::Ident;
use crate::policy::manifest::Manifest;

/// The role and all that it is a member of, directly or not.
pub(crate) fn reachable<'a>(catalog: &'a Catalog, role: &'a Ident) -> BTreeSet<&'a Ident> {
    let mut found = BTreeSet::from([role]);
    let mut left = vec![role];
    while let Some(member) = left.pop() {
        for membership in catalog.memberships.iter().filter(|membership| membership.member == *member) {
            if found.insert(&membership.role) {
                left.push(&membership.role);
            }
        }
    }
    found
}

/// Whether policies bind a role to nothing. Of roles that files do not make only what the manifest says is known, and that
/// `postgres` is a superuser.
pub(crate) fn bypasses(manifest: &Manifest, catalog: &Catalog, role: &Ident) -> bool {
    match catalog.roles.get(role) {
        Some(role) => role.superuser || role.bypass_rls,
        None => manifest.bypasses(role).is_some(),
    }
}
