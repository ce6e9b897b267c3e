//! Foreign keys as lines between relations.

use std::collections::HashMap;

use super::Node;
use crate::catalog::{Catalog, ForeignKey};
use crate::ident::{Ident, QualifiedName};
use crate::policy::Tree;
use crate::policy::manifest::Manifest;
use crate::policy::place::{Place, Places, top};

/// A foreign key between two relations of the picture.
#[derive(Clone, Debug)]
pub(super) struct Link<'a> {
    /// The referencing relation, by its number.
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) name: &'a Ident,
    pub(super) key: &'a ForeignKey,
    pub(super) kind: Kind,
}

/// What a foreign key means to tenants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Plain,
    /// The way by which rows of a child belong to a tenant.
    Way,
    /// Nothing keeps it from referring to a row of another tenant.
    Crossing,
}

impl Link<'_> {
    pub(super) fn crosses(&self) -> bool {
        self.kind == Kind::Crossing
    }

    /// What it is, in one line.
    pub(super) fn text(&self, nodes: &[Node<'_>]) -> String {
        let names = |columns: &[Ident]| columns.iter().map(Ident::plain).collect::<Vec<_>>().join(", ");
        let name = |number: usize| nodes.get(number).map(|node| node.name.plain()).unwrap_or_default();
        let (from, to) = (name(self.from), name(self.to));
        let (columns, keys) = (names(&self.key.columns), names(&self.key.referenced_columns));
        let meaning = match self.kind {
            Kind::Plain => "",
            Kind::Way => ": the way to its tenant",
            Kind::Crossing => ": can refer to a row of another tenant",
        };
        format!("{from} ({columns}) → {to} ({keys}){meaning}")
    }
}

pub(super) fn find<'a>(
    manifest: &Manifest,
    catalog: &'a Catalog,
    places: &Places<'a>,
    nodes: &[Node<'a>],
) -> Vec<Link<'a>> {
    // Tenants that stand above one another refer to one another.
    let tree = manifest.tenancy.tenant_tree().map(Tree::table);
    let numbers: HashMap<&QualifiedName, usize> =
        nodes.iter().enumerate().map(|(number, node)| (node.name, number)).collect();
    let mut links = Vec::new();
    for (table, name, key) in catalog.foreign_keys() {
        let target = top(catalog, &key.references).unwrap_or(&key.references);
        let (Some(from), Some(to)) = (numbers.get(table), numbers.get(target)) else { continue };
        let kind = match (places.relations.get(table), places.relations.get(target)) {
            (Some(_), Some(_)) if table == target && Some(table) == tree => Kind::Plain,
            (Some(own), Some(other)) => kind(own, other, name, key),
            _ => Kind::Plain,
        };
        links.push(Link { from: *from, to: *to, name, key, kind });
    }
    links
}

fn kind(from: &Place<'_>, to: &Place<'_>, name: &Ident, key: &ForeignKey) -> Kind {
    if let Place::Child { name: way, .. } = from
        && *way == name
    {
        return Kind::Way;
    }
    let crosses = match (tenant_column(from), tenant_column(to)) {
        (Some(own), Some(other)) => {
            let mut pairs = key.columns.iter().zip(&key.referenced_columns);
            !pairs.any(|(column, referenced)| column == own && referenced == other)
        }
        // Of a child nothing but its way says whose a row is.
        (Some(_), None) => matches!(to, Place::Child { .. }),
        (None, Some(_)) => matches!(from, Place::Child { .. }),
        (None, None) => matches!((from, to), (Place::Child { .. }, Place::Child { .. })),
    };
    if crosses { Kind::Crossing } else { Kind::Plain }
}

fn tenant_column<'p>(place: &'p Place<'_>) -> Option<&'p Ident> {
    match place {
        Place::Tenant { column, .. }
        | Place::SharedRows { column }
        | Place::Tree { column }
        | Place::Membership { column } => Some(&column.name),
        _ => None,
    }
}
