//! Whom policies do not bind.

use std::collections::BTreeSet;

use super::Subject;
use crate::catalog::{DML, Function, Privilege, Relation};
use crate::ident::{Ident, QualifiedName};
use crate::policy::Place;

/// What belongs to somebody with whose rights it reads and writes.
pub(in crate::rule) trait Owned {
    fn owner(&self) -> &Ident;

    /// Whether nobody says that it is this role.
    fn owner_is_assumed(&self) -> bool;
}

impl Owned for Relation {
    fn owner(&self) -> &Ident {
        &self.owner
    }

    fn owner_is_assumed(&self) -> bool {
        self.owner_is_assumed
    }
}

impl Owned for Function {
    fn owner(&self) -> &Ident {
        &self.owner
    }

    fn owner_is_assumed(&self) -> bool {
        self.owner_is_assumed
    }
}

/// Why policies may not bind the owner of what is made by whoever runs the files.
const ASSUMED: &str =
    "whoever runs the files may be a superuser: role in [migrations] of the manifest says who does";

impl Subject<'_> {
    /// Why something reaches the rows of all tenants in a relation with its owner's rights, if it does, or may.
    pub(in crate::rule) fn unbound_owner(&self, of: &impl Owned, name: &QualifiedName) -> Option<String> {
        let assumed = || of.owner_is_assumed().then(|| ASSUMED.to_owned());
        self.unbound(of.owner(), name).or_else(assumed)
    }

    /// Why policies do not bind the owner of something, if they do not, or may not.
    pub(in crate::rule) fn owner_bypasses(&self, of: &impl Owned) -> Option<String> {
        let why = self.bypasses(of.owner()).map(|why| format!("{} {why}", of.owner().plain()));
        why.or_else(|| of.owner_is_assumed().then(|| ASSUMED.to_owned()))
    }

    /// Why a role reaches the rows of all tenants in a relation, if it does.
    pub(in crate::rule) fn unbound(&self, role: &Ident, name: &QualifiedName) -> Option<String> {
        if let Some(why) = self.bypasses(role) {
            return Some(format!("{} {why}", role.plain()));
        }
        let relation = self.catalog.relations.get(name)?;
        let (role_name, name) = (role.plain(), name.plain());
        if !relation.row_security {
            Some(format!("row-level security of {name} is off"))
        } else if relation.force_row_security {
            None
        } else if *role == relation.owner {
            Some(format!("{role_name} owns {name}, which is not under FORCE"))
        } else if self.inherits(role, &relation.owner) {
            let owner = relation.owner.plain();
            Some(format!("{role_name} is a member of {owner}, which owns {name}, which is not under FORCE"))
        } else {
            None
        }
    }

    /// Whether a role has another one's rights without `SET ROLE`.
    fn inherits(&self, role: &Ident, other: &Ident) -> bool {
        let mut seen = BTreeSet::from([role]);
        let mut left = vec![role];
        while let Some(member) = left.pop() {
            let of = self.catalog.memberships.iter().filter(|of| of.member == *member && of.inherit);
            left.extend(of.map(|of| &of.role).filter(|role| seen.insert(role)));
        }
        seen.contains(other)
    }

    /// Whether tenants' statements may read or change the rows of a relation, some of its columns perhaps.
    pub(in crate::rule) fn is_open(&self, relation: &Relation) -> bool {
        DML.into_iter().any(|privilege| self.may(relation, privilege))
    }

    /// Whether tenants' statements have a privilege on a relation, by a grant or as its owner.
    pub(in crate::rule) fn may(&self, relation: &Relation, privilege: Privilege) -> bool {
        let mut granted = relation.grants.iter().filter(|grant| grant.privilege == privilege);
        self.app.contains(&relation.owner) || granted.any(|grant| self.is_app(&grant.grantee))
    }

    /// Whether tenants' statements may call a function.
    pub(in crate::rule) fn may_call(&self, function: &Function) -> bool {
        let mut granted = function.grants.iter().filter(|grant| grant.privilege == Privilege::Execute);
        self.app.contains(&function.owner) || granted.any(|grant| self.is_app(&grant.grantee))
    }

    /// Whether somebody has said why a relation is not governed.
    pub(in crate::rule) fn is_exempt(&self, name: &QualifiedName) -> bool {
        matches!(self.places.relations.get(name), Some(Place::Exempt { .. }))
    }
}
