//! Whom policies do not bind.

use std::collections::BTreeSet;

use super::Subject;
use crate::catalog::{DML, Function, Privilege, Relation};
use crate::ident::{Ident, QualifiedName};
use crate::policy::Place;

impl Subject<'_> {
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
