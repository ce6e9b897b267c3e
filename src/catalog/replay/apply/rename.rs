//! New names, followed wherever the old ones stand.

use std::collections::BTreeMap;

use super::super::analyze::{Place, Renamed};
use super::super::depend::{Object, Part};
use super::super::links::Named;
use super::super::state::{Followed, State};
use super::column::column_mut;
use crate::catalog::{Expr, IndexColumn, Relation};
use crate::ident::{Ident, QualifiedName};

/// Gives the entry of a map another name.
pub(super) fn rekey<K: Ord + Clone, V>(map: &mut BTreeMap<K, V>, from: &K, to: &K) {
    if let Some(value) = map.remove(from) {
        map.insert(to.clone(), value);
    }
}

pub(super) fn replace<T: PartialEq + Clone>(place: &mut T, from: &T, to: &T) {
    if place == from {
        *place = to.clone();
    }
}

impl State {
    /// Writes the new name into all expressions that name an object.
    pub(super) fn rename_in_expressions(&mut self, objects: &[Object], change: &Renamed) {
        let mut written: Vec<(Object, Vec<Expr>)> = Vec::new();
        let mut failed = Vec::new();
        for user in objects.iter().flat_map(|object| self.uses.users(object).cloned().collect::<Vec<_>>()) {
            let Object::Part(part, table, name) = &user else { continue };
            let Some(mut relation) = self.catalog.relations.get(table).cloned() else { continue };
            if written.iter().any(|(known, _)| *known == user) {
                continue;
            }
            let mut exprs = Vec::new();
            for expr in super::exprs(&mut relation, *part, name) {
                let renamed = self.renamed(expr, super::place(*part, table), change);
                if renamed.is_none() {
                    failed.push(user.clone());
                }
                exprs.push(renamed.unwrap_or_else(|| expr.clone()));
            }
            written.push((user, exprs));
        }
        for (user, exprs) in written {
            let Object::Part(part, table, name) = &user else { continue };
            let Some(relation) = self.catalog.relations.get_mut(table) else { continue };
            for (place, expr) in super::exprs(relation, *part, name).into_iter().zip(exprs) {
                if *place != expr {
                    *place = expr;
                }
            }
        }
        for user in failed {
            self.note(format!("{user} may name what is renamed in an expression that is not understood"));
        }
    }

    pub(super) fn rename_column(&mut self, table: &QualifiedName, from: &Ident, to: &Ident) -> Followed<()> {
        if let Some(outputs) = self.outputs.get_mut(table) {
            for (name, _) in outputs {
                replace(name, from, to);
            }
            self.follow_column(table, from, to);
            return Ok(());
        }
        if self.seen(table)?.view.is_some() {
            return Ok(());
        }
        if self.seen(table)?.column(from).is_none() {
            return Err(format!("the column {from} of {table} is not known"));
        }
        if self.seen(table)?.column(to).is_some() {
            return Err(format!("{table} has a column {to} already"));
        }
        if self.has_from_parent(table, from) {
            return Err(format!("the column {from} of {table} comes from a parent"));
        }
        self.rename_one_column(table, from, to)
    }

    fn rename_one_column(&mut self, table: &QualifiedName, from: &Ident, to: &Ident) -> Followed<()> {
        let column = Object::Column(table.clone(), from.clone());
        self.rename_in_expressions(&[column], &Renamed::Column(table.clone(), from.clone(), to.clone()));
        let filter_place = Place::On(table);
        let mut filters = Vec::new();
        for (name, publication) in &self.catalog.publications {
            if let Some(Some(filter)) = publication.tables.get(table) {
                let change = Renamed::Column(table.clone(), from.clone(), to.clone());
                filters
                    .extend(self.renamed(filter, filter_place, &change).map(|filter| (name.clone(), filter)));
            }
        }
        for (name, filter) in filters {
            if let Some(publication) = self.catalog.publications.get_mut(&name) {
                publication.tables.insert(table.clone(), Some(filter));
            }
        }
        let relation = self.relation(table)?;
        column_mut(relation, from)?.name = to.clone();
        rename_in_relation(relation, from, to);
        let mut others = self.catalog.relations.naming(&Named::Referenced(table.clone()));
        others.extend(self.catalog.relations.naming(&Named::Owner(table.clone())));
        for other in others {
            let Some(other) = self.catalog.relations.follow(&other) else { continue };
            for key in other.foreign_keys.values_mut().filter(|key| key.references == *table) {
                key.referenced_columns.iter_mut().for_each(|column| replace(column, from, to));
            }
            let owned_by = other.sequence.as_mut().and_then(|sequence| sequence.owned_by.as_mut());
            if let Some((of, column)) = owned_by
                && of == table
            {
                replace(column, from, to);
            }
        }
        self.follow_column(table, from, to);
        for child in self.children(table) {
            self.rename_one_column(&child, from, to)?;
        }
        Ok(())
    }

    fn follow_column(&mut self, table: &QualifiedName, from: &Ident, to: &Ident) {
        let column = |name: &Ident| Object::Column(table.clone(), name.clone());
        let default = |name: &Ident| Object::Part(Part::Default, table.clone(), name.clone());
        self.uses.rename(&column(from), &column(to));
        self.uses.rename(&default(from), &default(to));
    }

    pub(super) fn rename_constraint(
        &mut self,
        table: &QualifiedName,
        from: &Ident,
        to: &Ident,
    ) -> Followed<()> {
        let relation = self.seen(table)?;
        if relation.indexes.contains_key(from) {
            return self.rename_index(table, from, to);
        }
        if self.unvalidated_not_null(table, from).is_some() {
            return self.rename_unvalidated_not_null(table, from, to);
        }
        let check = relation.checks.contains_key(from);
        if !check && !relation.foreign_keys.contains_key(from) {
            return Err(format!("{table} has no constraint {from}"));
        }
        let relation = self.relation(table)?;
        rekey(&mut relation.checks, from, to);
        rekey(&mut relation.foreign_keys, from, to);
        self.rename_constraint_name(table, from, to);
        let part = |name: &Ident| Object::Part(Part::Check, table.clone(), name.clone());
        self.uses.rename(&part(from), &part(to));
        if self.take_local_check(table, from) {
            self.put_local_check(table, to.clone());
        }
        if check {
            for child in self.children(table) {
                if self.seen(&child)?.checks.get(from).is_some_and(|check| check.inherited) {
                    self.rename_constraint(&child, from, to)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn rename_constraint_name(&mut self, table: &QualifiedName, from: &Ident, to: &Ident) {
        let full = |name: &Ident| QualifiedName::new(table.schema().clone(), name.clone());
        self.constraints.remove(&full(from));
        self.constraints.insert(full(to));
    }

    /// Gives an index another name, and the constraint that it is for.
    pub(super) fn rename_index(&mut self, table: &QualifiedName, from: &Ident, to: &Ident) -> Followed<()> {
        let full = |name: &Ident| QualifiedName::new(table.schema().clone(), name.clone());
        let (old, new) = (full(from), full(to));
        if self.is_taken(&new) {
            return Err(format!("{new} is already there"));
        }
        let relation = self.relation(table)?;
        rekey(&mut relation.indexes, from, to);
        rekey(&mut relation.keys, from, to);
        rekey(&mut relation.exclusions, from, to);
        if relation.keys.contains_key(to) || relation.exclusions.contains_key(to) {
            self.rename_constraint_name(table, from, to);
        }
        self.indexes.rekey(&old, &new);
        self.parts.rename(&old, &new);
        let part = |name: &Ident| Object::Part(Part::Index, table.clone(), name.clone());
        self.uses.rename(&part(from), &part(to));
        Ok(())
    }
}

/// Follows the new name of a column in its own table.
fn rename_in_relation(relation: &mut Relation, from: &Ident, to: &Ident) {
    for key in relation.keys.values_mut() {
        key.columns.iter_mut().for_each(|column| replace(column, from, to));
    }
    for key in relation.foreign_keys.values_mut() {
        let columns = key.columns.iter_mut().chain(&mut key.on_delete_columns);
        columns.for_each(|column| replace(column, from, to));
    }
    for index in relation.indexes.values_mut() {
        for key in &mut index.keys {
            if let IndexColumn::Column(column) = &mut key.column {
                replace(column, from, to);
            }
        }
        index.include.iter_mut().for_each(|column| replace(column, from, to));
    }
    for trigger in relation.triggers.values_mut() {
        trigger.columns.iter_mut().for_each(|column| replace(column, from, to));
    }
    let grants = std::mem::take(&mut relation.grants);
    relation.grants = grants
        .into_iter()
        .map(|mut grant| {
            grant.column.iter_mut().for_each(|column| replace(column, from, to));
            grant
        })
        .collect();
    if let Some(key) = &mut relation.partition_key {
        *key = renamed_words(key, from, to);
    }
}

/// A text in which a name stands, with another in its place.
fn renamed_words(text: &str, from: &Ident, to: &Ident) -> String {
    let mut renamed = String::new();
    let mut end = 0;
    for token in crate::lex::tokens(text) {
        renamed.push_str(text.get(end..token.start).unwrap_or_default());
        end = token.end;
        if super::super::value::ident(token, text).is_some_and(|name| name == *from) {
            renamed.push_str(&to.bare());
        } else {
            renamed.push_str(token.of(text));
        }
    }
    renamed
}
