//! The tables of an adoption, each with where its rows' tenants come from, parents first.

use std::collections::BTreeSet;

use super::problem;
use super::request::{self, Request};
use super::step::Told;
use super::told::{self, Telling};
use super::way::{self, Way};
use crate::catalog::{Catalog, Column, ForeignKey, IndexColumn, Relation, canonical_type};
use crate::ident::{Ident, QualifiedName};
use crate::policy::Places;
use crate::policy::manifest::{Manifest, Problem};
use crate::tenant::{TenantId, TenantType};

/// A table of an adoption.
pub(super) struct Table<'a> {
    pub(super) name: &'a QualifiedName,
    /// As it is before the first step.
    pub(super) relation: &'a Relation,
    /// The tenant column's name.
    pub(super) column: &'a Ident,
    /// Its type, in SQL.
    pub(super) data_type: String,
    /// The column, where it is there already.
    pub(super) present: Option<&'a Column>,
    pub(super) source: Source<'a>,
    /// What rows are ordered by.
    pub(super) walk: Walk<'a>,
}

/// Where tenants come from.
pub(super) enum Source<'a> {
    /// All rows belong to this one.
    Known(String),
    Parent(Way<'a>),
    /// An expression over the row tells it.
    Told(Telling),
}

/// How to go through all rows of a table.
pub(super) enum Walk<'a> {
    /// Along a key, whose columns are never NULL.
    Key(Vec<&'a Column>),
    /// From the first block to the last: it has no such key.
    Blocks,
}

impl<'a> Table<'a> {
    /// The table that tenants are taken from.
    pub(super) fn parent(&self) -> Option<&'a QualifiedName> {
        match &self.source {
            Source::Known(_) | Source::Told(_) => None,
            Source::Parent(way) => Some(&way.key.references),
        }
    }

    /// The tables in which tenants are looked up.
    pub(super) fn reads(&self) -> impl Iterator<Item = &QualifiedName> {
        let told = match &self.source {
            Source::Told(telling) if !self.is_filled() => Some(&telling.reads),
            _ => None,
        };
        let others = told.into_iter().flatten().filter(|name| *name != self.name);
        self.parent().into_iter().chain(others)
    }

    /// What an expression tells, where rows need it.
    pub(super) fn told(&self) -> Option<Told> {
        match &self.source {
            Source::Told(telling) if !self.is_filled() => Some(told::asked(self, telling)),
            _ => None,
        }
    }

    /// Whether the column is there and NOT NULL, so that nothing has to be filled.
    pub(super) fn is_filled(&self) -> bool {
        self.present.is_some_and(|column| column.not_null)
    }
}

pub(super) fn tables<'a>(
    manifest: &'a Manifest,
    catalog: &'a Catalog,
    request: &'a Request,
    names: &BTreeSet<&'a QualifiedName>,
    places: &Places<'_>,
) -> Result<Vec<Table<'a>>, Vec<Problem>> {
    let mut problems: Vec<Problem> =
        unused(manifest, catalog, request, names).into_iter().map(problem).collect();
    let tenant = match request.tenant.as_deref().map(|text| tenant(manifest, text)).transpose() {
        Ok(tenant) => tenant,
        Err(what) => {
            problems.push(problem(what));
            None
        }
    };
    let mut found = Vec::new();
    for &name in names {
        let Some(relation) = catalog.relations.get(name) else { continue };
        let column = manifest.column(name);
        let present = relation.column(column);
        let is_filled = present.is_some_and(|column| column.not_null);
        let is_told = request.fill.is_some() && request::first(manifest, catalog, request) == Some(name);
        let telling = request.fill.as_deref().filter(|_| is_told && !is_filled);
        let source = match (&tenant, telling.map(|text| told::telling(manifest, catalog, text))) {
            (Some(tenant), _) => Source::Known(tenant.clone()),
            (None, Some(Ok(telling))) => Source::Told(telling),
            (None, Some(Err(what))) => {
                problems.push(problem(what));
                continue;
            }
            (None, None) => match way::of(manifest, catalog, request, names, places, name) {
                Ok(way) => Source::Parent(way),
                // Nothing is to be derived.
                Err(_) if is_filled => Source::Known(String::new()),
                Err(what) => {
                    problems.push(problem(what));
                    continue;
                }
            },
        };
        let default_type = || canonical_type(manifest.tenancy.tenant_type().sql());
        let data_type = present.map_or_else(default_type, |column| column.data_type.clone());
        found.push(Table { name, relation, column, data_type, present, source, walk: walk(relation) });
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    way::parents_first(found).map_err(|what| vec![problem(what)])
}

/// The tenant that all rows belong to, as a text that its type takes.
pub(super) fn tenant(manifest: &Manifest, text: &str) -> Result<String, String> {
    let read = match manifest.tenancy.tenant_type() {
        TenantType::Uuid => TenantId::parse_uuid(text),
        TenantType::Text => TenantId::text(text),
        TenantType::Bigint | TenantType::Integer => {
            let wrong = || "the tenant is not a number that its type holds; expected digits".to_owned();
            let number: i64 = text.parse().map_err(|_| wrong())?;
            let tenant = TenantId::from(number);
            return if tenant.fits(manifest.tenancy.tenant_type()) {
                Ok(tenant.as_setting())
            } else {
                Err(wrong())
            };
        }
    };
    read.map(|tenant| tenant.as_setting()).map_err(|error| error.to_string())
}

/// What is wrong with the ways of a request.
fn unused(
    manifest: &Manifest,
    catalog: &Catalog,
    request: &Request,
    names: &BTreeSet<&QualifiedName>,
) -> Vec<String> {
    if request.tenant.is_some() && !request.via.is_empty() {
        return vec![
            "a tenant and a way to the parents are both given; give the one or the other".to_owned(),
        ];
    }
    if request.fill.is_some() && (request.tenant.is_some() || request.tables.len() != 1) {
        return vec![
            "an expression tells the tenants of one table; name that one alone, without --tenant".to_owned(),
        ];
    }
    let mut found = Vec::new();
    for (table, key) in request::ways(request) {
        let meant = table.map(|table| request::table(manifest, catalog, table)).transpose();
        let table = match meant {
            Ok(table) => table,
            Err(what) => {
                found.push(what);
                continue;
            }
        };
        let of = |name: &&QualifiedName| table.is_none_or(|table| *table == **name);
        let has = |name: &&QualifiedName| {
            let keys = catalog.relations.get(*name).map(|relation| &relation.foreign_keys);
            keys.is_some_and(|keys| keys.iter().any(|(own, of)| request::is_named(key, own, &of.references)))
        };
        if !names.iter().filter(|name| of(name)).any(has) {
            let of = table.map_or_else(
                || "no table of these".to_owned(),
                |table| format!("{} does not", table.plain()),
            );
            let verb = if table.is_some() { "have" } else { "has" };
            found.push(format!(
                "{of} {verb} foreign key {key}, nor one to a table of that name; name a foreign key"
            ));
        }
    }
    found
}

/// What to go through a table by: the primary key, or else another key whose columns are never NULL.
fn walk(relation: &Relation) -> Walk<'_> {
    let columns = |names: &[&Ident]| -> Option<Vec<&Column>> {
        let columns: Vec<&Column> = names.iter().filter_map(|name| relation.column(name)).collect();
        let whole = columns.len() == names.len() && columns.iter().all(|column| column.not_null);
        whole.then_some(columns)
    };
    // The index of a key WITHOUT OVERLAPS has no order to walk along.
    let primary = relation.keys.values().find(|key| key.primary && !key.without_overlaps);
    let primary = primary.and_then(|key| columns(&key.columns.iter().collect::<Vec<_>>()));
    let unique = || {
        relation.indexes.values().find_map(|index| {
            let plain = index
                .keys
                .iter()
                .all(|key| matches!(key.column, IndexColumn::Column(_)) && key.opclass.is_none());
            let usable = index.unique && index.immediate && index.valid && index.predicate.is_none() && plain;
            index.columns().filter(|_| usable && index.method == "btree").and_then(|names| columns(&names))
        })
    };
    primary.or_else(unique).map_or(Walk::Blocks, Walk::Key)
}

/// The pairs of columns of a key, referencing and referenced.
pub(super) fn pairs(key: &ForeignKey) -> impl Iterator<Item = (&Ident, &Ident)> {
    key.columns.iter().zip(&key.referenced_columns)
}
