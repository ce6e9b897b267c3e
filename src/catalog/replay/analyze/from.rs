//! The tables of a query: what FROM and WITH bring into its scope.

use std::collections::BTreeSet;

use sqlparser::ast::{ObjectName, Select, TableAlias, TableFactor};

use super::super::cursor::Name;
use super::super::depend::Object;
use super::scope::{Output, Range, Scope, factors, name_of, untaken, written};
use super::walk::Walk;
use super::{Renamed, ident};
use crate::ident::Ident;

impl Walk<'_> {
    /// The scope of a SELECT, whose tables get the names under which the server writes them.
    pub(super) fn scope(&mut self, select: &mut Select) -> Scope {
        let mut taken: BTreeSet<Ident> =
            self.scopes.iter().flat_map(|scope| &scope.ranges).map(|range| range.shown.clone()).collect();
        if !select.from.is_empty() {
            self.rests_on_more();
        }
        let mut scope = Scope { ranges: Vec::new(), prefixed: true };
        for factor in factors(&mut select.from) {
            if let Some(range) = self.range(factor, &taken) {
                taken.insert(range.shown.clone());
                scope.ranges.push(range);
            }
        }
        scope
    }

    fn range(&mut self, factor: &mut TableFactor, taken: &BTreeSet<Ident>) -> Option<Range> {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let called = name_of(name)?;
                Some(self.table(name, &called, alias, taken))
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let outputs = self.outputs(subquery);
                named_range(alias.as_ref()?, outputs, taken)
            }
            TableFactor::Table { name, alias, .. } | TableFactor::Function { name, alias, .. } => {
                let called = name_of(name)?;
                self.function(name);
                let alias = alias.clone().unwrap_or_else(|| table_alias(&called.name));
                let columns = one_column(&called.name, &alias);
                named_range(&alias, columns, taken)
            }
            TableFactor::UNNEST { alias, .. } => {
                let unnest = Ident::known("unnest");
                let alias = alias.clone().unwrap_or_else(|| table_alias(&unnest));
                named_range(&alias, one_column(&unnest, &alias), taken)
            }
            TableFactor::TableFunction { alias, .. } => named_range(alias.as_ref()?, None, taken),
            _ => None,
        }
    }

    fn table(
        &mut self,
        name: &mut ObjectName,
        called: &Name,
        alias: &mut Option<TableAlias>,
        taken: &BTreeSet<Ident>,
    ) -> Range {
        let common = self.commons.iter().rev().flatten().find(|(common, _)| *common == called.name);
        let (relation, columns) = match common {
            Some((_, columns)) if called.schema.is_none() => (None, columns.clone()),
            _ => match self.state.find(called) {
                Ok(full) => {
                    let columns = self.state.columns_of(&full);
                    (Some(full), columns)
                }
                Err(_) => (None, None),
            },
        };
        let own = alias.as_ref().and_then(|alias| ident(&alias.name));
        let (mut shown, mut columns) = (own.clone().unwrap_or_else(|| called.name.clone()), columns);
        if let Some(full) = &relation {
            self.uses.insert(Object::Relation(full.clone()));
            let now = match self.renamed {
                Some(Renamed::Relation(from, to)) if from == full => to,
                _ => full,
            };
            let is_made_up = |own: &Ident| now != full && is_numbered(own, full.name());
            if own.as_ref().is_none_or(is_made_up) {
                shown = now.name().clone();
            }
            *name = ObjectName::from(vec![written(now.schema()), written(now.name())]);
        }
        shown = untaken(&shown, taken);
        let listed = alias.as_ref().map(|alias| alias.columns.clone()).unwrap_or_default();
        for (place, column) in listed.iter().enumerate() {
            let columns = columns.as_mut().and_then(|columns| columns.get_mut(place));
            if let (Some(known), Some(column)) = (columns, ident(&column.name)) {
                known.0 = column;
            }
        }
        let range = Range { alias: own.unwrap_or_else(|| called.name.clone()), shown, relation, columns };
        let mut shown = table_alias(&range.shown);
        shown.columns = listed;
        *alias = Some(shown);
        range
    }
}

/// The column of a function of the server that returns a set of values, which is called as its table is.
fn one_column(function: &Ident, alias: &TableAlias) -> Option<Vec<Output>> {
    match function.as_str() {
        "unnest"
        | "generate_series"
        | "generate_subscripts"
        | "regexp_split_to_table"
        | "string_to_table" => Some(vec![(ident(&alias.name)?, None)]),
        "jsonb_array_elements"
        | "jsonb_array_elements_text"
        | "json_array_elements"
        | "json_array_elements_text" => Some(vec![(Ident::known("value"), None)]),
        _ => None,
    }
}

/// Whether an alias is the one that the server makes up for a table whose name is taken.
fn is_numbered(alias: &Ident, table: &Ident) -> bool {
    let number = alias.as_str().strip_prefix(table.as_str()).and_then(|rest| rest.strip_prefix('_'));
    number.is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

fn table_alias(name: &Ident) -> TableAlias {
    TableAlias { explicit: false, name: written(name), columns: Vec::new(), at: None }
}

fn named_range(alias: &TableAlias, columns: Option<Vec<Output>>, taken: &BTreeSet<Ident>) -> Option<Range> {
    let name = ident(&alias.name)?;
    let listed: Vec<Ident> = alias.columns.iter().filter_map(|column| ident(&column.name)).collect();
    let columns = match columns {
        Some(mut columns) => {
            for (column, name) in columns.iter_mut().zip(listed) {
                column.0 = name;
            }
            Some(columns)
        }
        None if listed.is_empty() => None,
        None => Some(listed.into_iter().map(|name| (name, None)).collect()),
    };
    let shown = untaken(&name, taken);
    Some(Range { alias: name, shown, relation: None, columns })
}
