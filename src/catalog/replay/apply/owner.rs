//! Who owns what.

use super::super::links::Named;
use super::super::parse::role::RoleName;
use super::super::state::{Followed, State};
use crate::catalog::{Grant, Grantee, Relation, RelationKind};
use crate::ident::{Ident, QualifiedName};

/// What others may do when the owner is another: the new owner's own grants are its rights now.
pub(super) fn regrant(grants: &mut std::collections::BTreeSet<Grant>, owner: &Ident) {
    let owner = Grantee::Role(owner.clone());
    grants.retain(|grant| grant.grantee != owner);
}

/// Whom something is given to.
#[derive(Clone, Debug)]
pub(super) struct NewOwner {
    pub(super) role: Ident,
    /// Whether it is the role that runs the files, and nobody says which one that is.
    pub(super) is_assumed: bool,
}

impl NewOwner {
    fn take(&self, relation: &mut Relation) {
        relation.owner = self.role.clone();
        relation.owner_is_assumed = self.is_assumed;
        regrant(&mut relation.grants, &self.role);
    }
}

impl State {
    /// Whether nobody says which role it is that makes what is made now.
    pub(super) fn role_is_assumed(&self) -> bool {
        self.session.now.assumed.role
    }

    /// Whether nobody says which role is meant.
    pub(super) fn is_assumed(&self, role: &RoleName) -> bool {
        match role {
            RoleName::Current => self.session.now.assumed.role,
            RoleName::Session => self.session.now.assumed.user,
            RoleName::Public | RoleName::Named(_) => false,
        }
    }

    /// The role that something is given to.
    pub(super) fn new_owner(&self, to: &RoleName) -> Followed<NewOwner> {
        Ok(NewOwner { role: self.role_named(to)?, is_assumed: self.is_assumed(to) })
    }

    /// Gives a relation another owner, with the sequences of its columns.
    pub(super) fn own_relation(&mut self, name: &QualifiedName, owner: &NewOwner) -> Followed<()> {
        let relation = self.relation(name)?;
        owner.take(relation);
        if relation.kind == RelationKind::Sequence {
            return Ok(());
        }
        for sequence in self.catalog.relations.naming(&Named::Owner(name.clone())) {
            owner.take(self.relation(&sequence)?);
        }
        Ok(())
    }

    /// `REASSIGN OWNED BY`.
    pub(super) fn reassign_owned(&mut self, from: &[RoleName], to: &RoleName) -> Followed<()> {
        let owner = self.new_owner(to)?;
        let to = owner.role.clone();
        for from in from {
            let from = self.role_named(from)?;
            for relation in self.catalog.relations.each_of(|relation| relation.owner == from) {
                owner.take(relation);
            }
            for function in self.catalog.functions.each_of(|function| function.owner == from) {
                function.owner = to.clone();
                function.owner_is_assumed = owner.is_assumed;
                regrant(&mut function.grants, &to);
            }
            for known in self.catalog.types.each_of(|known| known.owner == from) {
                known.owner = to.clone();
                regrant(&mut known.grants, &to);
            }
            for schema in self.catalog.schemas.each_of(|schema| schema.owner == from) {
                schema.owner = to.clone();
                regrant(&mut schema.grants, &to);
            }
        }
        Ok(())
    }
}
