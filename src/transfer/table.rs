//! The tables that hold the rows of a tenant, in an order that foreign keys allow.

use std::collections::{BTreeMap, BTreeSet};

use super::sql;
use crate::catalog::{Catalog, Column, Generated, Relation, RelationKind};
use crate::error::{Error, Result};
use crate::ident::{Ident, QualifiedName};
use crate::policy::Place;
use crate::policy::manifest::Manifest;
use crate::policy::place::places;
use crate::policy::render::{Vars, render};
use crate::tenant::TenantType;

/// A table that holds rows of tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    name: QualifiedName,
    columns: Vec<(Ident, String)>,
    tenant_column: Option<Ident>,
    /// The columns that hold the tenant: that one, and those that refer to it in another table.
    tenant_values: BTreeSet<Ident>,
    /// Whether policies show a tenant rows that do not carry it: those of everybody, or of the tenants below it.
    shows_more: bool,
    /// Whether rows of tables that inherit from it are read by its name, and are not its own.
    is_inherited: bool,
    /// What its rows are ordered by, as SQL.
    order: String,
}

impl Table {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &QualifiedName {
        &self.name
    }

    /// The columns that are transferred, each with its type as `format_type` writes it. Those that are generated are left out.
    #[must_use]
    pub fn columns(&self) -> &[(Ident, String)] {
        &self.columns
    }

    /// The column with the tenant; a child has none, its rows are those of the rows that they refer to.
    #[must_use]
    pub fn tenant_column(&self) -> Option<&Ident> {
        self.tenant_column.as_ref()
    }

    /// Whether a column holds the tenant: the tenant column, or one that refers to it in another table.
    pub(super) fn holds_tenant(&self, column: &str) -> bool {
        self.tenant_values.iter().any(|known| known.as_str() == column)
    }

    /// A statement about the rows of one tenant, of a file that names `only`, the table and `own`.
    pub(super) fn about_own<'a>(
        &'a self,
        tenant: &str,
        tenant_type: TenantType,
        vars: Vars<'a>,
        file: &str,
    ) -> Result<String> {
        let own = match &self.tenant_column {
            Some(column) if self.shows_more => {
                let vars = Vars::default()
                    .name("column", column)
                    .text("tenant", tenant)
                    .sql("type", tenant_type.sql());
                render(sql::OWN, &vars)?
            }
            _ => String::new(),
        };
        let only = if self.is_inherited { "ONLY" } else { "" };
        let vars = vars.name("schema", self.name.schema()).name("table", self.name.name());
        render(file, &vars.sql("only", only).sql("own", own))
    }

    /// `COPY … TO STDOUT` of a tenant's rows.
    pub(super) fn copy_out(&self, tenant: &str, tenant_type: TenantType) -> Result<String> {
        let columns: Vec<String> = self.columns.iter().map(|(column, _)| format!("t.{column}")).collect();
        let vars = Vars::default().sql("columns", columns.join(", ")).sql("order", &self.order);
        self.about_own(tenant, tenant_type, vars, sql::COPY_OUT)
    }

    /// `COPY … FROM STDIN`.
    pub(super) fn copy_in(&self, columns: &[Ident]) -> Result<String> {
        let vars = Vars::default().name("schema", self.name.schema()).name("table", self.name.name());
        let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
        render(sql::COPY_IN, &vars.sql("columns", columns.join(", ")))
    }
}

/// What holds the rows of tenants, and what is left where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tables {
    /// In an order in which each comes after those that it refers to, as far as there is one.
    pub tables: Vec<Table>,
    /// Tables with rows for everybody that rows of tenants refer to.
    pub shared: Vec<QualifiedName>,
    /// Tables that hold rows which nobody can tell whose they are by the manifest: of class deny.
    pub left_out: Vec<QualifiedName>,
}

impl Tables {
    /// Finds them.
    ///
    /// # Errors
    ///
    /// Manifest and database do not agree, or a table is of class membership: whose its rows are depends on a user.
    pub fn find(manifest: &Manifest, catalog: &Catalog) -> Result<Self> {
        let placed = places(manifest, catalog);
        if let Some(problem) = placed.problems.first() {
            let more = match placed.problems.len() {
                1 => String::new(),
                problems => format!(" (and {} more)", problems - 1),
            };
            return Err(Error::config(format!("the manifest has to be settled first: {problem}{more}")));
        }
        let (mut tables, mut left_out, mut by_user) = (BTreeMap::new(), Vec::new(), Vec::new());
        for (name, place) in &placed.relations {
            let Some(relation) = catalog.relations.get(*name).filter(|relation| relation.is_table()) else {
                continue;
            };
            match place {
                Place::Tenant { .. }
                | Place::Child { .. }
                | Place::SharedRows { .. }
                | Place::Tree { .. } => {
                    tables.insert(*name, table(name, relation, place));
                }
                Place::Membership { .. } | Place::Members => by_user.push((*name).plain()),
                Place::Deny => left_out.push((*name).clone()),
                Place::Shared
                | Place::Exempt { .. }
                | Place::Partition { .. }
                | Place::View
                | Place::Apart => {}
            }
        }
        if !by_user.is_empty() {
            return Err(Error::config(format!(
                "whose the rows of {} are depends on a user, and not on the tenant alone: tables of [membership] cannot be \
                 transferred",
                by_user.join(", ")
            )));
        }
        if let Some(child) = child_of_tree(&placed.relations) {
            return Err(Error::config(format!(
                "{} is a child of a table of class tree: its policies show rows of the tenants below, which nothing tells from the                  tenant's own; it cannot be transferred",
                child.plain()
            )));
        }
        let references = references(catalog, &tables);
        let shared: BTreeSet<&QualifiedName> = references
            .iter()
            .filter(|(_, to)| !tables.contains_key(to) && !left_out.contains(to))
            .map(|(_, to)| *to)
            .collect();
        let shared = shared.into_iter().cloned().collect();
        follow_tenants(catalog, &mut tables);
        let order = in_order(tables.keys().copied().collect(), &references);
        let tables = order.into_iter().filter_map(|name| tables.remove(name)).collect();
        Ok(Self { tables, shared, left_out })
    }
}

/// A child, of whatever degree, of a table whose policies show a tenant the rows of those below it.
fn child_of_tree<'a>(places: &BTreeMap<&'a QualifiedName, Place<'a>>) -> Option<&'a QualifiedName> {
    let is_below = |name: &QualifiedName| {
        let mut parent = name;
        // No way is longer than there are tables, even where it leads round in a circle.
        for _ in places {
            match places.get(parent) {
                Some(Place::Child { key, .. }) => parent = &key.references,
                Some(Place::Tree { .. }) => return parent != name,
                _ => return false,
            }
        }
        false
    };
    places.keys().copied().find(|name| is_below(name))
}

fn table(name: &QualifiedName, relation: &Relation, place: &Place<'_>) -> Table {
    let is_written = |column: &&Column| !matches!(column.generated, Some(Generated { .. }));
    let columns = relation.columns.iter().filter(is_written);
    Table {
        name: name.clone(),
        columns: columns.map(|column| (column.name.clone(), column.data_type.clone())).collect(),
        tenant_column: place.tenant_column().map(|column| column.name.clone()),
        tenant_values: place.tenant_column().map(|column| column.name.clone()).into_iter().collect(),
        shows_more: matches!(place, Place::SharedRows { .. } | Place::Tree { .. }),
        is_inherited: relation.kind == RelationKind::Table,
        order: order_of(relation),
    }
}

/// Finds the columns that refer to one that holds the tenant, however far away.
fn follow_tenants<'a>(catalog: &'a Catalog, tables: &mut BTreeMap<&'a QualifiedName, Table>) {
    loop {
        let mut found = Vec::new();
        for (name, _, key) in catalog.foreign_keys() {
            let (Some(from), Some(to)) = (tables.get(name), tables.get(&key.references)) else { continue };
            let pairs = key.columns.iter().zip(&key.referenced_columns);
            let more = pairs
                .filter(|(own, other)| to.holds_tenant(other.as_str()) && !from.holds_tenant(own.as_str()));
            found.extend(more.map(|(own, _)| (name, own.clone())));
        }
        if found.is_empty() {
            return;
        }
        for (name, column) in found {
            if let Some(table) = tables.get_mut(name) {
                table.tenant_values.insert(column);
            }
        }
    }
}

/// The primary key; else a key without NULL; else the text of the whole row, so that the same rows come in the same order.
fn order_of(relation: &Relation) -> String {
    let is_set = |column: &Ident| relation.column(column).is_some_and(|column| column.not_null);
    let of_key = relation.keys.values().find(|key| !key.primary && key.columns.iter().all(is_set));
    match relation.primary_key().or(of_key.map(|key| key.columns.as_slice())) {
        Some(columns) => {
            let columns: Vec<String> = columns.iter().map(|column| format!("t.{column}")).collect();
            columns.join(", ")
        }
        None => "cast(t AS text) COLLATE \"C\"".to_owned(),
    }
}

type References<'a> = BTreeSet<(&'a QualifiedName, &'a QualifiedName)>;

/// Which table refers to which other one; a partition stands for its table.
fn references<'a>(catalog: &'a Catalog, tables: &BTreeMap<&'a QualifiedName, Table>) -> References<'a> {
    let top = |name: &'a QualifiedName| {
        let mut name = name;
        while let Some(of) = catalog.relations.get(name).and_then(|relation| relation.partition_of.as_ref()) {
            name = &of.parent;
        }
        name
    };
    let keys = catalog.foreign_keys().filter(|(.., key)| key.enforced);
    let pairs = keys.map(|(table, _, key)| (top(table), top(&key.references)));
    pairs.filter(|(from, to)| from != to && tables.contains_key(from)).collect()
}

/// Each after those that it refers to. Of those that refer to each other in a circle, the one that refers to the fewest comes first.
fn in_order<'a>(
    mut left: BTreeSet<&'a QualifiedName>,
    references: &References<'a>,
) -> Vec<&'a QualifiedName> {
    let mut order = Vec::new();
    while !left.is_empty() {
        let waits_for = |name: &&QualifiedName| {
            references.iter().filter(|(from, to)| from == name && left.contains(to)).count()
        };
        let free: Vec<&QualifiedName> = left.iter().copied().filter(|name| waits_for(name) == 0).collect();
        let next = if free.is_empty() {
            left.iter().copied().min_by_key(waits_for).into_iter().collect()
        } else {
            free
        };
        left.retain(|name| !next.contains(name));
        order.extend(next);
    }
    order
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{References, in_order};
    use crate::ident::QualifiedName;

    #[test]
    fn what_is_referred_to_comes_first() {
        let [a, b, c, d] = ["a.a", "a.b", "a.c", "a.d"].map(|name| QualifiedName::parse(name).unwrap());
        let all: BTreeSet<&QualifiedName> = [&a, &b, &c, &d].into();
        let chain: References<'_> = [(&a, &b), (&b, &c), (&d, &a)].into();
        assert_eq!(in_order(all.clone(), &chain), [&c, &b, &a, &d]);
        // A circle is broken where the fewest are waited for.
        let circle: References<'_> = [(&a, &b), (&b, &a), (&a, &c), (&c, &a), (&d, &a)].into();
        let found = in_order(all, &circle);
        assert_eq!(found.len(), 4);
        assert_eq!(found.last(), Some(&&d));
    }
}
