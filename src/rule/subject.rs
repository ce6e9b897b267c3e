//! What rules look at: the model, the manifest, and what follows from both.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::settings::read_by_policies;
use crate::catalog::replay::Name;
use crate::catalog::{Catalog, Column, Grantee, Privilege, Relation};
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::Manifest;
use crate::policy::{Place, Places, places};

/// What is known before any statement is read.
pub(super) struct Ground<'a> {
    pub(super) manifest: &'a Manifest,
}

/// A database, and where each of its relations stands.
pub(super) struct Subject<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) manifest: &'a Manifest,
    pub(super) places: Places<'a>,
    /// The roles that tenants' statements can run as: the app role and whatever it is a member of.
    pub(super) app: BTreeSet<&'a Ident>,
    settings: OnceCell<BTreeSet<String>>,
}

/// A table whose rows are told apart by tenant.
#[derive(Clone, Copy)]
pub(super) struct Table<'s, 'a> {
    pub(super) name: &'a QualifiedName,
    pub(super) relation: &'a Relation,
    pub(super) place: &'s Place<'a>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(catalog: &'a Catalog, manifest: &'a Manifest) -> Self {
        let places = places(manifest, catalog);
        let mut app = BTreeSet::from([manifest.roles.app_role()]);
        let mut left = vec![manifest.roles.app_role()];
        while let Some(member) = left.pop() {
            let of = catalog.memberships.iter().filter(|of| of.member == *member && (of.inherit || of.set));
            left.extend(of.map(|of| &of.role).filter(|role| app.insert(role)));
        }
        Self { catalog, manifest, places, app, settings: OnceCell::new() }
    }

    /// The tables whose rows are told apart by tenant, partitions left out.
    pub(super) fn tables<'s>(&'s self) -> impl Iterator<Item = Table<'s, 'a>> {
        self.governed().filter(|table| {
            table.relation.is_table()
                && table.place.holds_tenants()
                && !matches!(table.place, Place::Partition { .. })
        })
    }

    /// Every relation that has a place.
    pub(super) fn governed<'s>(&'s self) -> impl Iterator<Item = Table<'s, 'a>> {
        self.places.relations.iter().filter_map(|(name, place)| {
            let relation = self.catalog.relations.get(*name)?;
            Some(Table { name, relation, place })
        })
    }

    /// The settings that policies read, by their names in lower case.
    pub(super) fn settings(&self) -> &BTreeSet<String> {
        self.settings.get_or_init(|| read_by_policies(self))
    }

    /// The relation that a name in some code means, as far as its own schema or those that are governed tell.
    pub(super) fn named(&self, name: &Name) -> Option<&'a QualifiedName> {
        let with = |schema: &Ident| QualifiedName::new(schema.clone(), name.name.clone());
        let known = |name: QualifiedName| self.catalog.relations.get_key_value(&name).map(|(name, _)| name);
        match &name.schema {
            Some(schema) => known(with(schema)),
            None => self.manifest.schemas.iter().find_map(|schema| known(with(schema))),
        }
    }

    /// Whether the rows of a relation are told apart by tenant.
    pub(super) fn holds_tenants(&self, name: &QualifiedName) -> bool {
        self.places.relations.get(name).is_some_and(Place::holds_tenants)
    }

    /// Whom a privilege on a relation is granted to among those that tenants' statements can run as.
    pub(super) fn open_to(&self, relation: &'a Relation, privilege: Privilege) -> Vec<&'a Grantee> {
        let granted = relation.grants.iter().filter(|grant| grant.privilege == privilege);
        granted.map(|grant| &grant.grantee).filter(|grantee| self.is_app(grantee)).collect()
    }

    /// Whether tenants' statements can run as this.
    pub(super) fn is_app(&self, grantee: &Grantee) -> bool {
        match grantee {
            Grantee::Public => true,
            Grantee::Role(role) => self.app.contains(role),
        }
    }

    /// Why policies do not bind a role, if they do not. Of roles that files do not make only what the manifest says is known,
    /// and that `postgres` is a superuser.
    pub(super) fn bypasses(&self, role: &Ident) -> Option<&'static str> {
        match self.catalog.roles.get(role) {
            Some(role) if role.superuser => Some("is a superuser"),
            Some(role) if role.bypass_rls => Some("has BYPASSRLS"),
            Some(_) => None,
            None if role.as_str() == "postgres" => Some("is a superuser"),
            None => (self.manifest.roles.system_role() == Some(role)).then_some("has BYPASSRLS"),
        }
    }
}

impl<'a> Table<'_, 'a> {
    /// The tenant column, unless the tenant is another row's.
    pub(super) fn tenant_column(&self) -> Option<&'a Column> {
        match *self.place {
            Place::Tenant { column, .. }
            | Place::SharedRows { column }
            | Place::Tree { column }
            | Place::Membership { column } => Some(column),
            _ => None,
        }
    }
}
