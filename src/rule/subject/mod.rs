//! What rules look at: the model, the manifest, and what follows from both.

pub(in crate::rule) mod callee;
pub(in crate::rule) mod settings;

pub(in crate::rule) mod creation;
pub(in crate::rule) mod crossing;
pub(in crate::rule) mod definer;
pub(in crate::rule) mod direct;
pub(crate) mod key;
pub(crate) mod lookup;
pub(in crate::rule) mod opening;
pub(in crate::rule) mod reached;
pub(in crate::rule) mod refreshed;
pub(in crate::rule) mod unbound;
pub(in crate::rule) mod used;
pub(in crate::rule) mod way;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use crate::catalog::replay::Name;
use crate::catalog::{Catalog, Column, Grantee, Partitioned, Privilege, Relation, Signature};
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::Manifest;
use crate::policy::place::top;
use crate::policy::{Place, Places, places};
use crate::rule::judge::{Judge, Judged};
use crate::rule::subject::settings::read_by_policies;
use reached::Reached;

/// What is known before any statement is read.
pub(in crate::rule) struct Ground<'a> {
    pub(in crate::rule) manifest: &'a Manifest,
}

/// A database, and where each of its relations stands.
pub(in crate::rule) struct Subject<'a> {
    pub(in crate::rule) catalog: &'a Catalog,
    pub(in crate::rule) manifest: &'a Manifest,
    pub(in crate::rule) places: Places<'a>,
    /// The roles that tenants' statements can run as: the app role and whatever it is a member of.
    pub(in crate::rule) app: BTreeSet<&'a Ident>,
    /// The same, and how the app role comes by each.
    pub(in crate::rule) reached: Reached<'a>,
    judged: OnceLock<Vec<Judged<'a>>>,
    settings: OnceLock<BTreeSet<String>>,
    named: OnceLock<Named<'a>>,
    partitioned: OnceLock<Partitioned<'a>>,
}

/// Relations and functions by their names without a schema.
#[derive(Default)]
struct Named<'a> {
    relations: BTreeMap<&'a str, Vec<&'a QualifiedName>>,
    functions: BTreeMap<&'a str, Vec<&'a Signature>>,
    /// Indexes, each behind its schema.
    indexes: BTreeSet<(&'a Ident, &'a Ident)>,
}

/// A table whose rows are told apart by tenant.
#[derive(Clone, Copy)]
pub(in crate::rule) struct Table<'s, 'a> {
    pub(in crate::rule) name: &'a QualifiedName,
    pub(in crate::rule) relation: &'a Relation,
    pub(in crate::rule) place: &'s Place<'a>,
}

impl<'a> Subject<'a> {
    pub(in crate::rule) fn new(catalog: &'a Catalog, manifest: &'a Manifest) -> Self {
        let places = places(manifest, catalog);
        let reached = Reached::of(catalog, manifest.roles.app_role());
        let app = reached.used().collect();
        Self {
            catalog,
            manifest,
            places,
            app,
            reached,
            judged: OnceLock::new(),
            settings: OnceLock::new(),
            named: OnceLock::new(),
            partitioned: OnceLock::new(),
        }
    }

    /// The relations of a name, in any schema.
    pub(in crate::rule) fn relations_named(&self, name: &str) -> &[&'a QualifiedName] {
        self.by_name().relations.get(name).map_or(&[], Vec::as_slice)
    }

    /// The functions of a name, in any schema.
    pub(in crate::rule) fn functions_named(&self, name: &str) -> &[&'a Signature] {
        self.by_name().functions.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether a relation or an index has the name.
    pub(in crate::rule) fn is_taken(&self, name: &QualifiedName) -> bool {
        self.catalog.relations.contains_key(name)
            || self.by_name().indexes.contains(&(name.schema(), name.name()))
    }

    fn by_name(&self) -> &Named<'a> {
        self.named.get_or_init(|| {
            let mut named = Named::default();
            for (name, relation) in &self.catalog.relations {
                named.relations.entry(name.name().as_str()).or_default().push(name);
                named.indexes.extend(relation.indexes.keys().map(|index| (name.schema(), index)));
            }
            for signature in self.catalog.functions.keys() {
                named.functions.entry(signature.name.name().as_str()).or_default().push(signature);
            }
            named
        })
    }

    /// The partitions of all tables.
    pub(in crate::rule) fn partitioned(&self) -> &Partitioned<'a> {
        self.partitioned.get_or_init(|| self.catalog.partitioned())
    }

    /// A table that has policies and is governed, with what they say.
    pub(in crate::rule) fn judged_table(&self, table: &QualifiedName) -> Option<&Judged<'a>> {
        let judged = self.judged();
        // They are in the order of the catalog.
        judged.binary_search_by(|judged| judged.table.cmp(table)).ok().and_then(|at| judged.get(at))
    }

    /// The tables that have policies and are governed, with what their policies say.
    pub(in crate::rule) fn judged(&self) -> &[Judged<'a>] {
        self.judged.get_or_init(|| Judge::new(self).judged())
    }

    /// The tables whose rows are told apart by tenant, partitions left out.
    pub(in crate::rule) fn tables<'s>(&'s self) -> impl Iterator<Item = Table<'s, 'a>> {
        self.governed().filter(|table| {
            table.relation.is_table()
                && table.place.holds_tenants()
                && !matches!(table.place, Place::Partition { .. })
        })
    }

    /// Every relation that has a place.
    pub(in crate::rule) fn governed<'s>(&'s self) -> impl Iterator<Item = Table<'s, 'a>> {
        self.places.relations.iter().filter_map(|(name, place)| {
            let relation = self.catalog.relations.get(*name)?;
            Some(Table { name, relation, place })
        })
    }

    /// The settings that policies read, by their names in lower case.
    pub(in crate::rule) fn settings(&self) -> &BTreeSet<String> {
        self.settings.get_or_init(|| read_by_policies(self))
    }

    /// The relation that a name in some code means, as far as its own schema or those that are governed tell.
    pub(in crate::rule) fn named(&self, name: &Name) -> Option<&'a QualifiedName> {
        let with = |schema: &Ident| QualifiedName::new(schema.clone(), name.name.clone());
        let known = |name: QualifiedName| self.catalog.relations.get_key_value(&name).map(|(name, _)| name);
        match &name.schema {
            Some(schema) => known(with(schema)),
            None => self.manifest.schemas.iter().find_map(|schema| known(with(schema))),
        }
    }

    /// Whether the rows of a relation are told apart by tenant; those of a partition as its table's are.
    pub(in crate::rule) fn holds_tenants(&self, name: &QualifiedName) -> bool {
        let name = top(self.catalog, name).unwrap_or(name);
        self.places.relations.get(name).is_some_and(Place::holds_tenants)
    }

    /// Whom a privilege on a relation is granted to among those that tenants' statements can run as.
    pub(in crate::rule) fn open_to(&self, relation: &'a Relation, privilege: Privilege) -> Vec<&'a Grantee> {
        let granted = relation.grants.iter().filter(|grant| grant.privilege == privilege);
        granted.map(|grant| &grant.grantee).filter(|grantee| self.is_app(grantee)).collect()
    }

    /// Whether tenants' statements can run as this.
    pub(in crate::rule) fn is_app(&self, grantee: &Grantee) -> bool {
        match grantee {
            Grantee::Public => true,
            Grantee::Role(role) => self.app.contains(role),
        }
    }

    /// Why policies do not bind a role, if they do not. Of roles that files do not make only what the manifest says is known,
    /// and that `postgres` is a superuser.
    pub(in crate::rule) fn bypasses(&self, role: &Ident) -> Option<&'static str> {
        match self.catalog.roles.get(role) {
            Some(role) if role.superuser => Some("is a superuser"),
            Some(role) if role.bypass_rls => Some("has BYPASSRLS"),
            Some(_) => None,
            None => self.manifest.bypasses(role),
        }
    }
}

impl<'a> Table<'_, 'a> {
    /// The tenant column, unless the tenant is another row's.
    pub(in crate::rule) fn tenant_column(&self) -> Option<&'a Column> {
        self.place.tenant_column()
    }
}
