//! New names, followed wherever the old ones stand.

use std::collections::BTreeMap;

use super::super::analyze::{Place, Renamed};
use super::super::depend::{Object, Part};
use super::super::state::{Followed, State};
use super::column::column_mut;
use crate::catalog::{Expr, IndexColumn, Relation, Signature};
use crate::ident::{Ident, QualifiedName};

/// Gives the entry of a map another name.
fn rekey<K: Ord + Clone, V>(map: &mut BTreeMap<K, V>, from: &K, to: &K) {
    if let Some(value) = map.remove(from) {
        map.insert(to.clone(), value);
    }
}

fn replace<T: PartialEq + Clone>(place: &mut T, from: &T, to: &T) {
    if place == from {
        *place = to.clone();
    }
}

impl State {
    /// Writes the new name into all expressions that name an object.
    fn rename_in_expressions(&mut self, objects: &[Object], change: &Renamed) {
        let mut written: Vec<(Object, Vec<Expr>)> = Vec::new();
        let mut failed = Vec::new();
        for user in objects.iter().flat_map(|object| self.uses.users(object)) {
            let Object::Part(part, table, name) = &user else { continue };
            let Some(mut relation) = self.catalog.relations.get(table).cloned() else { continue };
            if written.iter().any(|(known, _)| *known == user) {
                continue;
            }
            let mut exprs = Vec::new();
            for expr in super::exprs(&mut relation, *part, name) {
                match self.renamed(expr, super::place(*part, table), change) {
                    Some(renamed) => exprs.push(renamed),
                    None => {
                        failed.push(user.clone());
                        exprs.push(expr.clone());
                    }
                }
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
        for other in self.catalog.relations.values_mut() {
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
        if self.local_checks.remove(&(table.clone(), from.clone())) {
            self.local_checks.insert((table.clone(), to.clone()));
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

    fn rename_constraint_name(&mut self, table: &QualifiedName, from: &Ident, to: &Ident) {
        let full = |name: &Ident| QualifiedName::new(table.schema().clone(), name.clone());
        if self.constraints.remove(&full(from)) {
            self.constraints.insert(full(to));
        }
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
        self.rename_constraint_name(table, from, to);
        rekey(&mut self.indexes, &old, &new);
        rekey(&mut self.index_parents, &old, &new);
        self.index_parents.values_mut().for_each(|parent| replace(parent, &old, &new));
        let part = |name: &Ident| Object::Part(Part::Index, table.clone(), name.clone());
        self.uses.rename(&part(from), &part(to));
        Ok(())
    }

    /// Gives a relation another name or another schema, and nothing else.
    pub(super) fn move_relation(&mut self, from: &QualifiedName, to: &QualifiedName) -> Followed<()> {
        if self.is_taken(to) {
            return Err(format!("{to} is already there"));
        }
        self.rename_in_expressions(
            &[Object::Relation(from.clone())],
            &Renamed::Relation(from.clone(), to.clone()),
        );
        rekey(&mut self.catalog.relations, from, to);
        for relation in self.catalog.relations.values_mut() {
            follow_relation(relation, from, to);
        }
        for publication in self.catalog.publications.values_mut() {
            rekey(&mut publication.tables, from, to);
        }
        self.follow_type(from, to);
        rekey(&mut self.outputs, from, to);
        self.uses.rename_relation(from, to);
        let local = std::mem::take(&mut self.local_checks);
        self.local_checks = local
            .into_iter()
            .map(|(table, name)| (if table == *from { to.clone() } else { table }, name))
            .collect();
        let indexes = std::mem::take(&mut self.indexes);
        let schema = to.schema();
        let moved = |name: &QualifiedName| QualifiedName::new(schema.clone(), name.name().clone());
        let mut renamed = Vec::new();
        for (index, table) in indexes {
            if table == *from {
                renamed.push((index.clone(), moved(&index)));
                self.indexes.insert(moved(&index), to.clone());
            } else {
                self.indexes.insert(index, table);
            }
        }
        for (old, new) in renamed {
            rekey(&mut self.index_parents, &old, &new);
            self.index_parents.values_mut().for_each(|parent| replace(parent, &old, &new));
        }
        if from.schema() != to.schema() {
            let relation = self.seen(to)?;
            let names =
                relation.checks.keys().chain(relation.foreign_keys.keys()).chain(relation.keys.keys());
            for name in names.chain(relation.exclusions.keys()).cloned().collect::<Vec<_>>() {
                self.constraints.remove(&QualifiedName::new(from.schema().clone(), name.clone()));
                self.constraints.insert(QualifiedName::new(to.schema().clone(), name));
            }
        }
        Ok(())
    }

    /// `SET SCHEMA`: a table takes the sequences of its columns along.
    pub(super) fn set_schema(&mut self, name: &QualifiedName, schema: &Ident) -> Followed<QualifiedName> {
        self.assume_schema(schema);
        let to = QualifiedName::new(schema.clone(), name.name().clone());
        if to == *name {
            return Ok(to);
        }
        self.move_relation(name, &to)?;
        let of = |relation: &Relation| {
            let owner = relation.sequence.as_ref().and_then(|sequence| sequence.owned_by.as_ref());
            owner.is_some_and(|(table, _)| *table == to)
        };
        let owned =
            self.catalog.relations.iter().filter(|(_, relation)| of(relation)).map(|(name, _)| name.clone());
        for sequence in owned.collect::<Vec<_>>() {
            let moved = QualifiedName::new(schema.clone(), sequence.name().clone());
            if moved != sequence {
                self.move_relation(&sequence, &moved)?;
            }
        }
        Ok(to)
    }

    /// Gives a type another name.
    pub(super) fn move_type(&mut self, from: &QualifiedName, to: &QualifiedName) {
        self.rename_in_expressions(&[Object::Type(from.clone())], &Renamed::Type(from.clone(), to.clone()));
        rekey(&mut self.types, from, to);
        self.uses.rename(&Object::Type(from.clone()), &Object::Type(to.clone()));
        self.follow_type(from, to);
    }

    /// Follows the new name of a type, or of a relation whose rows are one, in columns and functions.
    fn follow_type(&mut self, from: &QualifiedName, to: &QualifiedName) {
        let (old, new) = (from.bare(), to.bare());
        let follow = |text: &mut String| {
            let inner = text.strip_prefix("SETOF ").unwrap_or(text);
            let is_it = inner
                .strip_prefix(&old)
                .is_some_and(|rest| rest.is_empty() || rest == "[]" || rest.starts_with('('));
            if is_it {
                *text = text.replacen(&old, &new, 1);
            }
        };
        for relation in self.catalog.relations.values_mut() {
            relation.columns.iter_mut().for_each(|column| follow(&mut column.data_type));
        }
        for outputs in self.outputs.values_mut() {
            outputs.iter_mut().filter_map(|(_, data_type)| data_type.as_mut()).for_each(follow);
        }
        for known in self.types.values_mut() {
            match known {
                super::super::types::Type::Domain(base) => follow(base),
                super::super::types::Type::Composite(attributes) => {
                    attributes.iter_mut().for_each(|(_, data_type)| follow(data_type));
                }
                _ => {}
            }
        }
        let functions = std::mem::take(&mut self.catalog.functions);
        for (signature, mut function) in functions {
            let mut followed = signature.clone();
            followed.arguments.iter_mut().for_each(follow);
            function.arguments.iter_mut().for_each(|argument| follow(&mut argument.data_type));
            match super::function::table_of(&function.arguments) {
                Some(table) => function.returns = Some(table),
                None => function.returns.iter_mut().for_each(follow),
            }
            if followed != signature {
                self.uses.rename(&Object::Function(signature), &Object::Function(followed.clone()));
            }
            self.catalog.functions.insert(followed, function);
        }
    }

    /// Gives a function another name.
    pub(super) fn move_function(&mut self, from: &Signature, to: &QualifiedName) -> Followed<()> {
        let signature = Signature { name: to.clone(), arguments: from.arguments.clone() };
        if self.catalog.functions.contains_key(&signature) {
            return Err(format!("{to} is already there"));
        }
        let change = Renamed::Function(from.name.clone(), to.clone());
        self.rename_in_expressions(&[Object::Function(from.clone())], &change);
        rekey(&mut self.catalog.functions, from, &signature);
        let others = !self.overloads(&from.name).is_empty();
        self.uses.rename(&Object::Function(from.clone()), &Object::Function(signature));
        // The function of a trigger has no arguments, so it is the one that was meant.
        if from.arguments.is_empty() || !others {
            for relation in self.catalog.relations.values_mut() {
                for trigger in relation.triggers.values_mut() {
                    replace(&mut trigger.function, &from.name, to);
                }
            }
        }
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
    for token in super::super::lex::tokens(text) {
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

/// Follows the new name of a relation in another one.
fn follow_relation(relation: &mut Relation, from: &QualifiedName, to: &QualifiedName) {
    for key in relation.foreign_keys.values_mut() {
        replace(&mut key.references, from, to);
    }
    if let Some(partition) = &mut relation.partition_of {
        replace(&mut partition.parent, from, to);
    }
    relation.inherits.iter_mut().for_each(|parent| replace(parent, from, to));
    if let Some((table, _)) = relation.sequence.as_mut().and_then(|sequence| sequence.owned_by.as_mut()) {
        replace(table, from, to);
    }
    let sets = relation.view.iter_mut().map(|view| &mut view.reads);
    for set in sets.chain(relation.rules.values_mut().map(|rule| &mut rule.uses)) {
        if set.remove(from) {
            set.insert(to.clone());
        }
    }
}
