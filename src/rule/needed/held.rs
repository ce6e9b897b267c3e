//! What a role holds of an object, by whatever way.

use std::collections::BTreeSet;

use super::Thing;
use crate::catalog::{Catalog, Grant, Grantee, Privilege};
use crate::ident::Ident;
use crate::rule::subject::reached::Reached;

/// The rights of a role, those of PUBLIC and of the roles that it inherits from included.
pub(super) struct Held<'a> {
    catalog: &'a Catalog,
    role: &'a Ident,
    reached: Reached<'a>,
    everything: bool,
}

impl<'a> Held<'a> {
    pub(super) fn of(catalog: &'a Catalog, role: &'a Ident) -> Self {
        let reached = Reached::of(catalog, role);
        let everything = catalog.roles.get(role).is_some_and(|role| role.superuser);
        Self { catalog, role, reached, everything }
    }

    /// Whether a grant or a policy is for it.
    pub(super) fn is_it(&self, grantee: &Grantee) -> bool {
        match grantee {
            Grantee::Public => true,
            Grantee::Role(role) => self.is(role),
        }
    }

    fn is(&self, role: &Ident) -> bool {
        self.role == role || self.reached.inherits(role)
    }

    /// Whether it holds a privilege, and be it on some of the columns alone.
    pub(super) fn holds(&self, thing: Thing<'_>, privilege: Privilege) -> bool {
        let Some((owner, grants)) = self.acl(thing) else { return true };
        let reads = matches!(thing, Thing::Relation(_) | Thing::Schema(_))
            && matches!(privilege, Privilege::Select | Privilege::Usage);
        let writes = matches!(thing, Thing::Relation(_))
            && matches!(privilege, Privilege::Insert | Privilege::Update | Privilege::Delete);
        let predefined = |name: &str| self.reached.used().any(|role| role.as_str() == name && self.is(role));
        self.everything
            || self.is(owner)
            || grants.iter().any(|grant| grant.privilege == privilege && self.is_it(&grant.grantee))
            || (reads && predefined("pg_read_all_data"))
            || ((writes || matches!(thing, Thing::Schema(_))) && predefined("pg_write_all_data"))
    }

    fn acl(&self, thing: Thing<'_>) -> Option<(&'a Ident, &'a BTreeSet<Grant>)> {
        match thing {
            Thing::Schema(name) => self.catalog.schemas.get(name).map(|of| (&of.owner, &of.grants)),
            Thing::Relation(name) | Thing::Sequence(name) => {
                self.catalog.relations.get(name).map(|of| (&of.owner, &of.grants))
            }
            Thing::Routine(signature) => {
                self.catalog.functions.get(signature).map(|of| (&of.owner, &of.grants))
            }
        }
    }
}
