//! What falls along when something is dropped.

use std::collections::BTreeSet;

use super::super::depend::{Object, Part};
use super::super::links::Named;
use super::super::state::{Followed, State};
use super::super::types::Type;
use crate::catalog::{ForeignKey, IndexColumn, Relation};
use crate::ident::{Ident, QualifiedName};

/// An object that needs another one, and whether it falls along without a word.
type Dependent = (Object, bool);

impl State {
    /// Drops objects and whatever needs them, unless that takes CASCADE and it is not said.
    pub(super) fn drop_objects(&mut self, objects: Vec<Object>, cascade: bool) -> Followed<()> {
        if objects.is_empty() {
            return Ok(());
        }
        let mut silent: BTreeSet<Object> = objects.iter().cloned().collect();
        let mut all = silent.clone();
        let mut left = objects;
        while let Some(object) = left.pop() {
            for (who, silently) in self.dependents(&object) {
                if silently {
                    silent.insert(who.clone());
                }
                if all.insert(who.clone()) {
                    left.push(who);
                }
            }
        }
        let within = |object: &Object| match object {
            Object::Relation(_) | Object::Function(_) | Object::Type(_) => false,
            part => part.relation().is_some_and(|name| all.contains(&Object::Relation(name.clone()))),
        };
        if !cascade
            && let Some(blocking) = all.iter().find(|object| !silent.contains(*object) && !within(object))
        {
            return Err(format!("{blocking} needs what is dropped, and CASCADE is not said"));
        }
        for object in all {
            self.remove(&object);
        }
        Ok(())
    }

    fn dependents(&self, object: &Object) -> Vec<Dependent> {
        let mut found: Vec<Dependent> =
            self.uses.users(object).map(|who| self.falling(who, object)).collect();
        match object {
            Object::Relation(name) => {
                found.extend(self.below(name));
                found.extend(self.owned(name).map(|sequence| (Object::Relation(sequence), true)));
                found.extend(
                    self.foreign_keys_to(name).map(|(table, key, _)| (foreign_key(&table, key), false)),
                );
                found.extend(self.of_type(name));
            }
            Object::Type(name) => found.extend(self.of_type(name)),
            Object::Column(table, column) => self.need_column(table, column, &mut found),
            Object::Part(Part::Index, table, index) => self.need_index(table, index, &mut found),
            Object::Function(signature) if signature.arguments.is_empty() => {
                for table in self.catalog.relations.naming(&Named::Called(signature.name.clone())) {
                    let Some(relation) = self.catalog.relations.get(&table) else { continue };
                    let called =
                        relation.triggers.iter().filter(|(_, trigger)| trigger.function == signature.name);
                    let part = |name: &Ident| Object::Part(Part::Trigger, table.clone(), name.clone());
                    found.extend(called.map(|(name, _)| (part(name), false)));
                }
            }
            Object::Function(_) | Object::Part(..) => {}
        }
        found
    }

    /// The partitions of a table, which fall without a word, and what inherits from it.
    fn below(&self, table: &QualifiedName) -> impl Iterator<Item = Dependent> {
        self.children(table).into_iter().map(|name| {
            let relation = self.catalog.relations.get(&name);
            let partition = relation.is_some_and(|relation| relation.partition_of.is_some());
            (Object::Relation(name), partition)
        })
    }

    /// The sequences of a table's columns.
    fn owned(&self, table: &QualifiedName) -> impl Iterator<Item = QualifiedName> {
        self.catalog.relations.naming(&Named::Owner(table.clone())).into_iter()
    }

    /// The foreign keys that refer to a table, each with its own table.
    fn foreign_keys_to(
        &self,
        table: &QualifiedName,
    ) -> impl Iterator<Item = (QualifiedName, &Ident, &ForeignKey)> {
        let tables = self.catalog.relations.naming(&Named::Referenced(table.clone()));
        tables.into_iter().flat_map(move |other| {
            let keys = self.catalog.relations.get(&other).map(|relation| &relation.foreign_keys);
            let keys = keys.into_iter().flatten().filter(|(_, key)| key.references == *table);
            keys.map(|(name, key)| (other.clone(), name, &**key)).collect::<Vec<_>>()
        })
    }

    /// What is of a type, or of that of a relation's rows.
    fn of_type(&self, name: &QualifiedName) -> Vec<Dependent> {
        let text = name.bare();
        let named = Named::Type(text.clone());
        let is_it = |data_type: &str| Named::of_type(data_type).as_ref() == Some(&named);
        let mut found = Vec::new();
        for relation in self.catalog.relations.naming(&named) {
            let columns = self.catalog.relations.get(&relation).map(|relation| &relation.columns);
            let columns = columns.into_iter().flatten().filter(|column| is_it(&column.data_type));
            found
                .extend(columns.map(|column| (Object::Column(relation.clone(), column.name.clone()), false)));
        }
        let functions = self.catalog.functions.naming(&named).into_iter();
        found.extend(functions.map(|signature| (Object::Function(signature), false)));
        let domains = self.types.naming(&named).into_iter();
        let domains = domains.filter(|name| matches!(self.types.get(name), Some(Type::Domain(_))));
        found.extend(domains.map(|name| (Object::Type(name), false)));
        found
    }

    /// What falls when something falls that it needs.
    fn falling(&self, who: &Object, needed: &Object) -> Dependent {
        match who {
            // What makes a view a view.
            Object::Part(Part::Rule, view, rule) if rule.as_str() == "_RETURN" => {
                (Object::Relation(view.clone()), false)
            }
            Object::Part(Part::Default, table, column) if self.is_generated(table, column) => {
                (Object::Column(table.clone(), column.clone()), false)
            }
            // A check or an index on a column falls with the column.
            Object::Part(Part::Check | Part::Index, table, _) => {
                let own = matches!(needed, Object::Column(of, _) if of == table);
                (who.clone(), own)
            }
            other => (other.clone(), false),
        }
    }

    fn is_generated(&self, table: &QualifiedName, column: &Ident) -> bool {
        let column = self.catalog.relations.get(table).and_then(|relation| relation.column(column));
        column.is_some_and(|column| column.generated.is_some())
    }

    fn need_column(&self, table: &QualifiedName, column: &Ident, found: &mut Vec<Dependent>) {
        let Some(relation) = self.catalog.relations.get(table) else { return };
        // A table cannot be without what it is partitioned by.
        if relation.partition_key.as_deref().is_some_and(|key| names_column(key, column)) {
            found.push((Object::Relation(table.clone()), true));
        }
        let part = |part, name: &Ident| Object::Part(part, table.clone(), name.clone());
        if relation.column(column).is_some_and(|column| column.default.is_some()) {
            found.push((part(Part::Default, column), true));
        }
        let names = |index: &crate::catalog::Index| {
            let is_it = |key: &crate::catalog::IndexKey| matches!(&key.column, IndexColumn::Column(name) if name == column);
            index.keys.iter().any(is_it) || index.include.contains(column)
        };
        let indexes = relation.indexes.iter().filter(|(_, index)| names(index));
        found.extend(indexes.map(|(name, _)| (part(Part::Index, name), true)));
        let keys = relation.foreign_keys.iter().filter(|(_, key)| key.columns.contains(column));
        found.extend(keys.map(|(name, _)| (part(Part::ForeignKey, name), true)));
        let triggers = relation.triggers.iter().filter(|(_, trigger)| trigger.columns.contains(column));
        found.extend(triggers.map(|(name, _)| (part(Part::Trigger, name), false)));
        for (other, name, key) in self.foreign_keys_to(table) {
            if key.referenced_columns.contains(column) {
                found.push((foreign_key(&other, name), false));
            }
        }
        for name in self.owned(table) {
            let sequence = self.catalog.relations.get(&name).and_then(|relation| relation.sequence.as_ref());
            let owned_by = sequence.and_then(|sequence| sequence.owned_by.as_ref());
            if owned_by.is_some_and(|(_, of)| of == column) {
                found.push((Object::Relation(name), true));
            }
        }
    }

    fn need_index(&self, table: &QualifiedName, index: &Ident, found: &mut Vec<Dependent>) {
        let full = QualifiedName::new(table.schema().clone(), index.clone());
        for partition in self.partitions_of(table) {
            let Some(relation) = self.catalog.relations.get(&partition) else { continue };
            for name in relation.indexes.keys() {
                let part = QualifiedName::new(partition.schema().clone(), name.clone());
                if self.parts.whole(&part) == Some(&full) {
                    found.push((Object::Part(Part::Index, partition.clone(), name.clone()), true));
                }
            }
        }
        let Some(relation) = self.catalog.relations.get(table) else { return };
        for (other, name, key) in self.foreign_keys_to(table) {
            if key_of(relation, key) == Some(index) {
                found.push((foreign_key(&other, name), false));
            }
        }
    }
}

fn foreign_key(table: &QualifiedName, name: &Ident) -> Object {
    Object::Part(Part::ForeignKey, table.clone(), name.clone())
}

/// Whether a partition key names a column.
fn names_column(key: &str, column: &Ident) -> bool {
    let tokens = crate::lex::tokens(key);
    tokens.into_iter().any(|token| super::super::value::ident(token, key).is_some_and(|name| name == *column))
}

/// The index that a foreign key relies on.
fn key_of<'a>(referenced: &'a Relation, key: &ForeignKey) -> Option<&'a Ident> {
    let mut fitting = referenced.indexes.iter().filter(|(_, index)| index.is_referenced_by(key));
    fitting.next().map(|(name, _)| name)
}
