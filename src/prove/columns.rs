//! Which columns of a row are said, and how an INSERT lists them.

use std::collections::BTreeSet;

use super::made::{Row, Values};
use super::row::Scene;
use super::value::{self, Random, sql};
use crate::catalog::{Column, Identity, Relation};
use crate::ident::Ident;

/// Which columns of a row are said that could be NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fill {
    /// Those of unique keys.
    Keys,
    /// All but those that refer to other rows.
    All,
    /// None.
    Least,
}

impl Fill {
    pub(crate) const ALL: [Self; 3] = [Self::All, Self::Keys, Self::Least];
}

/// Whether a row has to say a column: it has no value of its own, or one that the next row would have too where it is unique.
pub(crate) fn is_said(relation: &Relation, column: &Column, fill: Fill) -> bool {
    if column.generated.is_some() || column.identity.is_some() {
        return false;
    }
    match &column.default {
        None if refers(relation, &column.name) => column.not_null,
        None => match fill {
            Fill::Least => column.not_null,
            Fill::Keys => column.not_null || is_unique(relation, &column.name),
            Fill::All => true,
        },
        Some(default) => is_unique(relation, &column.name) && !default.as_str().contains('('),
    }
}

fn is_unique(relation: &Relation, column: &Ident) -> bool {
    let excludes = |name: &Ident| relation.exclusions.contains_key(name);
    let mut unique = relation.indexes.iter().filter(|(name, index)| index.unique || excludes(name));
    unique.any(|(_, index)| index.columns().is_some_and(|columns| columns.contains(&column)))
}

fn refers(relation: &Relation, column: &Ident) -> bool {
    relation.foreign_keys.values().any(|key| key.columns.contains(column))
}

/// Whether a value is said for a column that the server numbers by itself.
pub(crate) fn overrides(relation: &Relation, values: &Values) -> bool {
    let always = |column: &&Column| column.identity == Some(Identity::Always);
    relation.columns.iter().filter(always).any(|column| values.contains_key(&column.name))
}

impl Scene<'_> {
    /// What another row like this one would say.
    pub(crate) fn another(&mut self, relation: &Relation, row: &Row) -> Values {
        let mut said = row.said.clone();
        for name in &row.free {
            let Some(column) = relation.column(name) else { continue };
            if let Some(value) = self.known.types.value(&column.data_type, &mut self.random) {
                said.insert(name.clone(), Some(value));
            }
        }
        said
    }
}

/// Columns and values, as an INSERT lists them.
pub(crate) fn lists(relation: &Relation, values: &Values) -> (String, String) {
    listed(relation, values, None)
}

/// The same with a column left to its default.
pub(crate) fn lists_without(relation: &Relation, values: &Values, column: &Ident) -> (String, String) {
    listed(relation, values, Some(column))
}

fn listed(relation: &Relation, values: &Values, default: Option<&Ident>) -> (String, String) {
    let said = relation.columns.iter().filter_map(|column| Some((column, values.get(&column.name)?)));
    let value = |column: &Column, value: &Option<String>| match default {
        Some(name) if *name == column.name => "DEFAULT".to_owned(),
        _ => sql(value.as_deref(), &column.data_type),
    };
    let (columns, values): (Vec<String>, Vec<String>) =
        said.map(|(column, said)| (column.name.to_string(), value(column, said))).unzip();
    (columns.join(", "), values.join(", "))
}

/// Those of the columns that no unique key has.
pub(crate) fn beside_keys(relation: &Relation, columns: &BTreeSet<Ident>) -> BTreeSet<Ident> {
    columns.iter().filter(|column| !is_unique(relation, column)).cloned().collect()
}

/// Makes numbers small that nobody has said.
pub(crate) fn shrink(relation: &Relation, free: &BTreeSet<Ident>, said: &mut Values, random: &mut Random) {
    let numbers = relation.columns.iter().filter(|column| free.contains(&column.name));
    for column in numbers {
        if let Some(value) = value::small(&column.data_type, random) {
            said.insert(column.name.clone(), Some(value));
        }
    }
}
