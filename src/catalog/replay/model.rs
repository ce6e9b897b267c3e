//! The model while statements are applied to it.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Before;
use super::tracked::Tracked;
use crate::catalog::{
    Catalog, DefaultPrivileges, Extension, Function, Membership, Publication, Relation, Role, Schema,
    ServerGrant, Setting, Signature, UserType,
};
use crate::ident::{Ident, QualifiedName};

/// A [`Catalog`] whose larger parts remember what a statement has changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) relations: Tracked<QualifiedName, Relation>,
    pub(super) functions: Tracked<Signature, Function>,
    pub(super) types: Tracked<QualifiedName, UserType>,
    pub(super) schemas: Tracked<Ident, Schema>,
    pub(super) roles: Tracked<Ident, Role>,
    pub(super) memberships: Tracked<Membership, ()>,
    pub(super) default_privileges: BTreeSet<DefaultPrivileges>,
    pub(super) settings: Tracked<Setting, ()>,
    pub(super) server_grants: BTreeSet<ServerGrant>,
    pub(super) extensions: BTreeMap<Ident, Extension>,
    pub(super) publications: Tracked<Ident, Publication>,
}

impl Model {
    pub(super) fn of(catalog: &Catalog) -> Self {
        Self {
            relations: Tracked::of(catalog.relations.clone()),
            functions: Tracked::of(catalog.functions.clone()),
            types: Tracked::of(catalog.types.clone()),
            schemas: Tracked::of(catalog.schemas.clone()),
            roles: Tracked::of(catalog.roles.clone()),
            memberships: set(&catalog.memberships),
            default_privileges: catalog.default_privileges.clone(),
            settings: set(&catalog.settings),
            server_grants: catalog.server_grants.clone(),
            extensions: catalog.extensions.clone(),
            publications: Tracked::of(catalog.publications.clone()),
        }
    }

    /// What the statement that was applied has touched, as it was before it.
    pub(super) fn take_before(&mut self) -> Before {
        Before {
            relations: self.relations.take_before(),
            functions: self.functions.take_before(),
            renamed: self.relations.take_moved(),
            types: self.types.take_before(),
            schemas: self.schemas.take_before(),
            roles: self.roles.take_before(),
            publications: self.publications.take_before(),
            memberships: self.memberships.take_before(),
            settings: self.settings.take_before(),
        }
    }

    pub(super) fn into_catalog(self) -> Catalog {
        Catalog {
            server_version: None,
            database: None,
            schemas: self.schemas.into_inner(),
            relations: self.relations.into_inner(),
            functions: self.functions.into_inner(),
            types: self.types.into_inner(),
            roles: self.roles.into_inner(),
            memberships: self.memberships.into_inner().into_keys().collect(),
            default_privileges: self.default_privileges,
            settings: self.settings.into_inner().into_keys().collect(),
            server_grants: self.server_grants,
            extensions: self.extensions,
            publications: self.publications.into_inner(),
        }
    }
}

fn set<T: Ord + Clone>(all: &BTreeSet<T>) -> Tracked<T, ()> {
    Tracked::of(all.iter().map(|one| (one.clone(), ())).collect())
}
