//! Who owns what.

use super::super::links::Named;
use super::super::parse::role::RoleName;
use super::super::state::{Followed, State};
use crate::catalog::{Grant, Grantee, RelationKind};
use crate::ident::{Ident, QualifiedName};

/// What others may do when the owner is another: the new owner's own grants are its rights now.
pub(super) fn regrant(grants: &mut std::collections::BTreeSet<Grant>, owner: &Ident) {
    let owner = Grantee::Role(owner.clone());
    grants.retain(|grant| grant.grantee != owner);
}

impl State {
    /// Gives a relation another owner, with the sequences of its columns.
    pub(super) fn own_relation(&mut self, name: &QualifiedName, owner: &Ident) -> Followed<()> {
        let relation = self.relation(name)?;
        relation.owner = owner.clone();
        regrant(&mut relation.grants, owner);
        if relation.kind == RelationKind::Sequence {
            return Ok(());
        }
        for sequence in self.catalog.relations.naming(&Named::Owner(name.clone())) {
            let relation = self.relation(&sequence)?;
            relation.owner = owner.clone();
            regrant(&mut relation.grants, owner);
        }
        Ok(())
    }

    /// `REASSIGN OWNED BY`.
    pub(super) fn reassign_owned(&mut self, from: &[RoleName], to: &RoleName) -> Followed<()> {
        let to = self.role_named(to)?;
        for from in from {
            let from = self.role_named(from)?;
            for relation in self.catalog.relations.each_of(|relation| relation.owner == from) {
                relation.owner = to.clone();
                regrant(&mut relation.grants, &to);
            }
            for function in self.catalog.functions.each_of(|function| function.owner == from) {
                function.owner = to.clone();
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
