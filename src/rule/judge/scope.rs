//! What a name of a column means where it stands.

use sqlparser::ast::{self, ObjectName, TableFactor};

use crate::catalog::{Catalog, Relation};
use crate::ident::{Ident, QualifiedName};

/// A relation that a query names, under the name that it has there.
#[derive(Debug)]
pub(super) struct Named<'a> {
    alias: String,
    pub(super) name: Option<QualifiedName>,
    pub(super) relation: Option<&'a Relation>,
    /// Whether rows are left out where its conditions do not hold: not on the outer side of a join.
    pub(super) filters: bool,
}

/// The relations of a query, and those of the queries around it.
#[derive(Debug)]
pub(super) struct Scope<'s, 'a> {
    pub(super) relations: Vec<Named<'a>>,
    pub(super) outer: Option<&'s Scope<'s, 'a>>,
    depth: usize,
}

/// Where a relation stands: how deep its query, and its place in it.
pub(super) type Spot = (usize, usize);

/// A column of a relation that is in scope.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found<'f, 'a> {
    pub(super) spot: Spot,
    pub(super) of: &'f Named<'a>,
    pub(super) column: &'f str,
}

impl<'a> Scope<'_, 'a> {
    /// Where nothing is named.
    pub(super) fn nothing() -> Self {
        Self { relations: Vec::new(), outer: None, depth: 0 }
    }

    /// Where a policy of a table stands.
    pub(super) fn table(name: &QualifiedName, relation: &'a Relation) -> Self {
        let alias = name.name().as_str().to_owned();
        let own = Named { alias, name: Some(name.clone()), relation: Some(relation), filters: true };
        Self { relations: vec![own], outer: None, depth: 0 }
    }

    pub(super) fn spot(&self, index: usize) -> Spot {
        (self.depth, index)
    }

    /// The relation that stands somewhere, of those in scope.
    pub(super) fn at(&self, spot: Spot) -> Option<&Named<'a>> {
        let mut at = self;
        while at.depth > spot.0 {
            at = at.outer?;
        }
        at.relations.get(spot.1)
    }

    /// What a column means, if it is one of a relation in scope.
    pub(super) fn find<'f>(&'f self, parts: &'f [ast::Ident]) -> Option<Found<'f, 'a>> {
        let mut at = Some(self);
        while let Some(scope) = at {
            let index = match parts {
                [column] => scope.of_column(&column.value),
                [relation, _] | [_, relation, _] => scope.of_alias(&relation.value),
                _ => None,
            };
            if let Some(index) = index {
                let column = parts.last()?.value.as_str();
                return Some(Found { spot: scope.spot(index), of: &scope.relations[index], column });
            }
            at = scope.outer;
        }
        None
    }

    fn of_column(&self, column: &str) -> Option<usize> {
        let has = |relation: &Relation| relation.columns.iter().any(|of| of.name.as_str() == column);
        self.relations.iter().position(|named| named.relation.is_some_and(has)).or_else(|| {
            // Of the only relation that nobody knows it can be a column.
            let unknown = |named: &Named<'_>| named.relation.is_none_or(|of| of.columns.is_empty());
            self.relations.iter().position(unknown)
        })
    }

    fn of_alias(&self, alias: &str) -> Option<usize> {
        self.relations.iter().position(|named| named.alias == alias)
    }
}

impl<'s, 'a> Scope<'s, 'a> {
    /// Within a query that stands in another one.
    pub(super) fn within(outer: &'s Scope<'s, 'a>, relations: Vec<Named<'a>>) -> Self {
        Self { relations, outer: Some(outer), depth: outer.depth + 1 }
    }
}

impl<'a> Named<'a> {
    /// What a query names in FROM. Whatever is no table is a relation of which nothing is known.
    pub(super) fn of(factor: &TableFactor, catalog: &'a Catalog, filters: bool) -> Self {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let name = qualified(name).or_else(|| in_public(name, catalog));
                let own = name.as_ref().map(|name| name.name().as_str().to_owned());
                let alias = alias.as_ref().map(|alias| alias.name.value.clone()).or(own).unwrap_or_default();
                let relation = name.as_ref().and_then(|name| catalog.relations.get(name));
                Self { alias, name, relation, filters }
            }
            TableFactor::Table { alias, .. }
            | TableFactor::Derived { alias, .. }
            | TableFactor::Function { alias, .. } => {
                let alias = alias.as_ref().map(|alias| alias.name.value.clone()).unwrap_or_default();
                Self { alias, name: None, relation: None, filters }
            }
            _ => Self { alias: String::new(), name: None, relation: None, filters },
        }
    }
}

/// The name of an object that is written with its schema.
pub(in crate::rule) fn qualified(name: &ObjectName) -> Option<QualifiedName> {
    match &name.0[..] {
        [schema, own] => {
            let ident = |part: &ast::ObjectNamePart| Ident::new(part.as_ident()?.value.clone()).ok();
            Some(QualifiedName::new(ident(schema)?, ident(own)?))
        }
        _ => None,
    }
}

/// A name without its schema means one in `public`, if there is such a relation.
pub(super) fn in_public(name: &ObjectName, catalog: &Catalog) -> Option<QualifiedName> {
    let [own] = &name.0[..] else { return None };
    let own = Ident::new(own.as_ident()?.value.clone()).ok()?;
    let name = QualifiedName::new(Ident::known("public"), own);
    catalog.relations.contains_key(&name).then_some(name)
}
