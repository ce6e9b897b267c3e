//! What falls along when something is dropped.

use std::collections::{BTreeMap, BTreeSet};

use super::super::depend::{Object, Part};
use super::super::state::{Followed, State};
use super::super::types::Type;
use crate::catalog::{ForeignKey, IndexColumn, Relation};
use crate::ident::{Ident, QualifiedName};

/// An object that needs another one, and whether it falls along without a word.
type Dependent = (Object, bool);

/// What relations, types and functions have to do with each other, whatever expressions say.
#[derive(Default)]
struct Links {
    /// The relations that need each relation.
    relations: BTreeMap<QualifiedName, Vec<Dependent>>,
    /// The foreign keys that refer to each relation.
    foreign_keys: BTreeMap<QualifiedName, Vec<(QualifiedName, Ident)>>,
    /// What is of each type, by the type's text.
    types: BTreeMap<String, Vec<Dependent>>,
}

impl State {
    /// Drops objects and whatever needs them, unless that takes CASCADE and it is not said.
    pub(super) fn drop_objects(&mut self, objects: Vec<Object>, cascade: bool) -> Followed<()> {
        if objects.is_empty() {
            return Ok(());
        }
        let links = self.links();
        let mut silent: BTreeSet<Object> = objects.iter().cloned().collect();
        let mut all = silent.clone();
        let mut left = objects;
        while let Some(object) = left.pop() {
            for (who, silently) in self.dependents(&object, &links) {
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

    fn links(&self) -> Links {
        let mut links = Links::default();
        for (name, relation) in &self.catalog.relations {
            let mut needs = |of: &QualifiedName, silently| {
                let dependent = (Object::Relation(name.clone()), silently);
                links.relations.entry(of.clone()).or_default().push(dependent);
            };
            if let Some(partition) = &relation.partition_of {
                needs(&partition.parent, true);
            }
            relation.inherits.iter().for_each(|parent| needs(parent, false));
            if let Some((table, _)) =
                relation.sequence.as_ref().and_then(|sequence| sequence.owned_by.as_ref())
            {
                needs(table, true);
            }
            for (key, of) in &relation.foreign_keys {
                links
                    .foreign_keys
                    .entry(of.references.clone())
                    .or_default()
                    .push((name.clone(), key.clone()));
            }
            // Those of the server have no schema.
            for column in relation.columns.iter().filter(|column| column.data_type.contains('.')) {
                links.of_type(&column.data_type, &Object::Column(name.clone(), column.name.clone()));
            }
        }
        for (signature, function) in &self.catalog.functions {
            let returns = function.returns.as_deref().map(|text| text.strip_prefix("SETOF ").unwrap_or(text));
            let arguments = function.arguments.iter().map(|argument| argument.data_type.as_str());
            for text in arguments.chain(returns).filter(|text| text.contains('.')) {
                links.of_type(text, &Object::Function(signature.clone()));
            }
        }
        for (name, known) in &self.types {
            if let Type::Domain(base) = known {
                links.of_type(base, &Object::Type(name.clone()));
            }
        }
        links
    }

    fn dependents(&self, object: &Object, links: &Links) -> Vec<Dependent> {
        let mut found: Vec<Dependent> =
            self.uses.users(object).map(|who| self.falling(who, object)).collect();
        match object {
            Object::Relation(name) => {
                found.extend(links.relations.get(name).into_iter().flatten().cloned());
                let keys = links.foreign_keys.get(name).into_iter().flatten();
                found.extend(keys.map(|(table, key)| (foreign_key(table, key), false)));
                found.extend(links.types.get(&name.bare()).into_iter().flatten().cloned());
            }
            Object::Type(name) => found.extend(links.types.get(&name.bare()).into_iter().flatten().cloned()),
            Object::Column(table, column) => self.need_column(table, column, links, &mut found),
            Object::Part(Part::Index, table, index) => self.need_index(table, index, links, &mut found),
            Object::Function(signature) if signature.arguments.is_empty() => {
                for (table, relation) in &self.catalog.relations {
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

    fn need_column(&self, table: &QualifiedName, column: &Ident, links: &Links, found: &mut Vec<Dependent>) {
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
        for (other, key) in links.foreign_keys.get(table).into_iter().flatten() {
            if self.foreign_key(other, key).is_some_and(|of| of.referenced_columns.contains(column)) {
                found.push((foreign_key(other, key), false));
            }
        }
        for (who, _) in links.relations.get(table).into_iter().flatten() {
            let Object::Relation(name) = who else { continue };
            let sequence = self.catalog.relations.get(name).and_then(|relation| relation.sequence.as_ref());
            let owned_by = sequence.and_then(|sequence| sequence.owned_by.as_ref());
            if owned_by.is_some_and(|(_, of)| of == column) {
                found.push((who.clone(), true));
            }
        }
    }

    fn need_index(&self, table: &QualifiedName, index: &Ident, links: &Links, found: &mut Vec<Dependent>) {
        let full = QualifiedName::new(table.schema().clone(), index.clone());
        for partition in self.partitions_of(table) {
            let Some(relation) = self.catalog.relations.get(&partition) else { continue };
            for name in relation.indexes.keys() {
                let part = QualifiedName::new(partition.schema().clone(), name.clone());
                if self.index_parents.get(&part) == Some(&full) {
                    found.push((Object::Part(Part::Index, partition.clone(), name.clone()), true));
                }
            }
        }
        let Some(relation) = self.catalog.relations.get(table) else { return };
        for (other, key) in links.foreign_keys.get(table).into_iter().flatten() {
            if self.foreign_key(other, key).is_some_and(|key| key_of(relation, key) == Some(index)) {
                found.push((foreign_key(other, key), false));
            }
        }
    }

    fn foreign_key(&self, table: &QualifiedName, name: &Ident) -> Option<&ForeignKey> {
        self.catalog.relations.get(table)?.foreign_keys.get(name)
    }
}

impl Links {
    fn of_type(&mut self, text: &str, who: &Object) {
        let text = super::super::state::without_modifier(text);
        let element = text.strip_suffix("[]").unwrap_or(&text);
        self.types.entry(element.to_owned()).or_default().push((who.clone(), false));
    }
}

fn foreign_key(table: &QualifiedName, name: &Ident) -> Object {
    Object::Part(Part::ForeignKey, table.clone(), name.clone())
}

/// Whether a partition key names a column.
fn names_column(key: &str, column: &Ident) -> bool {
    let tokens = super::super::lex::tokens(key);
    tokens.into_iter().any(|token| super::super::value::ident(token, key).is_some_and(|name| name == *column))
}

/// The index that a foreign key relies on.
fn key_of<'a>(referenced: &'a Relation, key: &ForeignKey) -> Option<&'a Ident> {
    let mut fitting = referenced.indexes.iter().filter(|(_, index)| index.is_referenced_by(key));
    fitting.next().map(|(name, _)| name)
}
