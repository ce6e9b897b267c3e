//! The model while statements are applied to it.

use std::collections::{BTreeMap, BTreeSet};

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
    pub(super) types: BTreeMap<QualifiedName, UserType>,
    pub(super) schemas: BTreeMap<Ident, Schema>,
    pub(super) roles: BTreeMap<Ident, Role>,
    pub(super) memberships: BTreeSet<Membership>,
    pub(super) default_privileges: BTreeSet<DefaultPrivileges>,
    pub(super) settings: BTreeSet<Setting>,
    pub(super) server_grants: BTreeSet<ServerGrant>,
    pub(super) extensions: BTreeMap<Ident, Extension>,
    pub(super) publications: BTreeMap<Ident, Publication>,
}

impl Model {
    pub(super) fn of(catalog: &Catalog) -> Self {
        Self {
            relations: Tracked::of(catalog.relations.clone()),
            functions: Tracked::of(catalog.functions.clone()),
            types: catalog.types.clone(),
            schemas: catalog.schemas.clone(),
            roles: catalog.roles.clone(),
            memberships: catalog.memberships.clone(),
            default_privileges: catalog.default_privileges.clone(),
            settings: catalog.settings.clone(),
            server_grants: catalog.server_grants.clone(),
            extensions: catalog.extensions.clone(),
            publications: catalog.publications.clone(),
        }
    }

    pub(super) fn into_catalog(self) -> Catalog {
        Catalog {
            server_version: None,
            database: None,
            schemas: self.schemas,
            relations: self.relations.into_inner(),
            functions: self.functions.into_inner(),
            types: self.types,
            roles: self.roles,
            memberships: self.memberships,
            default_privileges: self.default_privileges,
            settings: self.settings,
            server_grants: self.server_grants,
            extensions: self.extensions,
            publications: self.publications,
        }
    }
}
