//! What a key compares, and whether the tenant is among it.

use sqlparser::ast::{BinaryOperator, Expr as Tree, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::Subject;
use crate::catalog::{Column, Expr, Index, IndexColumn, Relation};
use crate::ident::{Ident, QualifiedName};
use crate::policy::place::top;
use crate::policy::{Membership, Place};

/// What says whose a row is.
#[derive(Clone, Copy, Debug)]
pub(in crate::rule) enum Binding<'a> {
    /// The tenant column.
    Column(&'a Ident),
    /// The columns that refer to the row that knows the tenant.
    Way(&'a [Ident]),
}

/// A table that tenants write to.
#[derive(Clone, Copy)]
pub(in crate::rule) struct Written<'a> {
    pub(in crate::rule) name: &'a QualifiedName,
    pub(in crate::rule) relation: &'a Relation,
    pub(in crate::rule) binding: Binding<'a>,
}

impl<'a> Subject<'a> {
    /// The tables that tenants write to, partitions included.
    pub(in crate::rule) fn written<'s>(&'s self) -> impl Iterator<Item = Written<'a>> + use<'s, 'a> {
        self.catalog.relations.iter().filter_map(|(name, relation)| {
            let place = self.place(name).filter(|_| relation.is_table())?;
            let binding = match *place {
                Place::Child { key, .. } => Binding::Way(&key.columns),
                // Nobody whom policies bind writes there.
                Place::Members => return None,
                _ => Binding::Column(self.tenant_column(place)?),
            };
            Some(Written { name, relation, binding })
        })
    }

    /// Where a relation stands; a partition where its table does.
    pub(in crate::rule) fn place(&self, name: &QualifiedName) -> Option<&Place<'a>> {
        self.places.relations.get(top(self.catalog, name).unwrap_or(name))
    }

    /// The name of the tenant column of what stands there.
    pub(in crate::rule) fn tenant_column(&self, place: &Place<'a>) -> Option<&'a Ident> {
        match place {
            Place::Members => self.manifest.tenancy.members().map(Membership::tenant),
            _ => place.tenant_column().map(|column| &column.name),
        }
    }
}

impl<'a> Written<'a> {
    /// Whether two rows of different tenants differ in the key, or cannot both be in the index.
    pub(in crate::rule) fn is_bound(&self, index: &Index) -> bool {
        match self.binding {
            Binding::Column(column) => {
                index.keys.iter().any(|key| names(&key.column, column))
                    || index.predicate.as_ref().is_some_and(|rows| is_confined(rows, column))
            }
            // A row whose way leads to another tenant's is refused before keys are looked at.
            Binding::Way(columns) => {
                columns.iter().all(|column| index.keys.iter().any(|key| names(&key.column, column)))
            }
        }
    }

    /// The columns of an index's keys; expressions are left out.
    pub(in crate::rule) fn columns(&self, index: &'a Index) -> Vec<&'a Column> {
        let column = |key: &'a IndexColumn| match key {
            IndexColumn::Column(name) => self.relation.column(name),
            IndexColumn::Expr(_) => None,
        };
        index.keys.iter().filter_map(|key| column(&key.column)).collect()
    }

    /// Whether it has one row for each tenant, so that nothing in it can be told apart by tenant any more.
    pub(in crate::rule) fn is_one_per_tenant(&self) -> bool {
        let Binding::Column(column) = self.binding else { return false };
        self.relation.indexes.values().any(|index| index.is_key_of(&[column]))
    }
}

/// Whether a collision in a unique index is no news: its values cannot be guessed, or a primary key's are counted on.
#[cfg(feature = "prove")]
pub(crate) fn tells_nothing(relation: &Relation, name: &Ident, index: &Index) -> bool {
    let columns: Vec<&Column> =
        index.columns().into_iter().flatten().filter_map(|name| relation.column(name)).collect();
    let primary = relation.keys.get(name).is_some_and(|key| key.primary);
    columns.iter().any(|column| is_random(column))
        || (primary && columns.iter().all(|column| is_counted(&column.data_type)))
}

/// Whether values are counted on, rather than chosen for what they say.
pub(in crate::rule) fn is_counted(data_type: &str) -> bool {
    matches!(data_type, "smallint" | "integer" | "bigint" | "date") || data_type.starts_with("timestamp")
}

/// Whether a value cannot be guessed.
pub(in crate::rule) fn is_random(column: &Column) -> bool {
    column.data_type == "uuid"
}

/// The keys of an index, as people write them.
pub(in crate::rule) fn written(index: &Index) -> String {
    let key = |key: &IndexColumn| match key {
        IndexColumn::Column(name) => name.plain(),
        IndexColumn::Expr(expr) => expr.to_string(),
    };
    index.keys.iter().map(|of| key(&of.column)).collect::<Vec<_>>().join(", ")
}

/// Whether a key is the column, or what stands for it where it is NULL.
fn names(key: &IndexColumn, column: &Ident) -> bool {
    let expr = match key {
        IndexColumn::Column(name) => return name == column,
        IndexColumn::Expr(expr) => expr,
    };
    expr.normal_tree().is_some_and(|tree| stands_for(&tree, column))
}

fn stands_for(tree: &Tree, column: &Ident) -> bool {
    match tree {
        Tree::Nested(inner) | Tree::Cast { expr: inner, .. } | Tree::Collate { expr: inner, .. } => {
            stands_for(inner, column)
        }
        Tree::Function(call) => {
            let FunctionArguments::List(arguments) = &call.args else { return false };
            let coalesce = call.name.to_string().eq_ignore_ascii_case("coalesce");
            match arguments.args.first() {
                Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) => {
                    coalesce && stands_for(first, column)
                }
                _ => false,
            }
        }
        _ => is_column(tree, column),
    }
}

fn is_column(tree: &Tree, column: &Ident) -> bool {
    match tree {
        Tree::Nested(inner) | Tree::Cast { expr: inner, .. } => is_column(inner, column),
        Tree::Identifier(name) => name.value == column.as_str(),
        _ => false,
    }
}

/// Whether an index holds the rows of one tenant alone, or those of none.
fn is_confined(rows: &Expr, column: &Ident) -> bool {
    rows.normal_tree().is_some_and(|tree| confines(&tree, column))
}

fn confines(tree: &Tree, column: &Ident) -> bool {
    match tree {
        Tree::Nested(inner) => confines(inner, column),
        Tree::BinaryOp { left, op: BinaryOperator::And, right } => {
            confines(left, column) || confines(right, column)
        }
        Tree::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            (is_column(left, column) && is_constant(right)) || (is_column(right, column) && is_constant(left))
        }
        Tree::IsNull(inner) => is_column(inner, column),
        _ => false,
    }
}

fn is_constant(tree: &Tree) -> bool {
    match tree {
        Tree::Nested(inner) | Tree::Cast { expr: inner, .. } => is_constant(inner),
        Tree::Value(_) | Tree::TypedString { .. } => true,
        _ => false,
    }
}
