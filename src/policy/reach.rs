//! The roles that a role can act as.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
use crate::ident::Ident;

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
