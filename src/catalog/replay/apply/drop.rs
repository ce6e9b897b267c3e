//! `DROP`, with whatever falls along.

use std::collections::{BTreeMap, BTreeSet};

use super::super::depend::{Object, Part};
use super::super::parse::drop::{Drop, Dropped};
use super::super::parse::function::FunctionName;
use super::super::state::{Followed, State};
use super::super::types::Type;
use crate::catalog::Signature;
use crate::ident::{Ident, QualifiedName};

/// Who needs an object, and whether it falls along without a word.
#[derive(Default)]
struct Dependents(BTreeMap<Object, Vec<(Object, bool)>>);

impl Dependents {
    fn add(&mut self, of: Object, who: Object, silently: bool) {
        self.0.entry(of).or_default().push((who, silently));
    }
}

impl State {
    pub(super) fn drop_statement(&mut self, drop: &Drop) -> Followed<()> {
        let objects = match &drop.what {
            Dropped::Relations(names) => {
                self.existing(names, drop.if_exists, |state, name| state.find(name).map(Object::Relation))?
            }
            Dropped::Indexes(names) => self.existing(names, drop.if_exists, |state, name| {
                let (index, table) = state.find_index(name)?;
                Ok(Object::Part(Part::Index, table, index.name().clone()))
            })?,
            Dropped::Functions(names) => self.existing(names, drop.if_exists, |state, name| {
                state.find_function(name).map(Object::Function)
            })?,
            Dropped::Types(names) => self.existing(names, drop.if_exists, |state, name| {
                let candidates = state.candidates(name);
                let found = candidates.into_iter().find(|candidate| state.types.contains_key(candidate));
                found.map(Object::Type).ok_or_else(|| format!("the type {name} is not known"))
            })?,
            Dropped::Policy(name, table) => self.part(Part::Policy, name, table, drop.if_exists)?,
            Dropped::Trigger(name, table) => self.part(Part::Trigger, name, table, drop.if_exists)?,
            Dropped::Rule(name, table) => self.part(Part::Rule, name, table, drop.if_exists)?,
            Dropped::Schemas(names) => return self.drop_schemas(names, drop.if_exists, drop.cascade),
            Dropped::Roles(names) => return self.drop_roles(names, drop.if_exists),
            Dropped::Extensions(names) => return self.drop_extensions(names, drop.if_exists, drop.cascade),
            Dropped::Publications(names) => {
                for name in names {
                    if self.catalog.publications.remove(name).is_none() && !drop.if_exists {
                        return Err(format!("the publication {name} is not known"));
                    }
                }
                return Ok(());
            }
            Dropped::Owned(roles) => return self.drop_owned(roles, drop.cascade),
            Dropped::Other if drop.cascade => {
                return Err("what falls along with it is not followed".to_owned());
            }
            Dropped::Other => return Ok(()),
        };
        self.drop_objects(objects, drop.cascade)
    }

    fn existing<T>(
        &self,
        names: &[T],
        if_exists: bool,
        find: impl Fn(&Self, &T) -> Followed<Object>,
    ) -> Followed<Vec<Object>> {
        let mut found = Vec::new();
        for name in names {
            match find(self, name) {
                Ok(object) => found.push(object),
                Err(_) if if_exists => {}
                Err(why) => return Err(why),
            }
        }
        Ok(found)
    }

    fn part(
        &self,
        part: Part,
        name: &Ident,
        table: &super::super::cursor::Name,
        if_exists: bool,
    ) -> Followed<Vec<Object>> {
        let found = self.find(table).and_then(|table| {
            let relation = self.seen(&table)?;
            let there = match part {
                Part::Policy => relation.policies.contains_key(name),
                Part::Trigger => relation.triggers.contains_key(name),
                _ => relation.rules.contains_key(name),
            };
            let object = Object::Part(part, table, name.clone());
            if there { Ok(object) } else { Err(format!("{object} is not known")) }
        });
        match found {
            Ok(object) => Ok(vec![object]),
            Err(_) if if_exists => Ok(Vec::new()),
            Err(why) => Err(why),
        }
    }

    /// The one function that a statement names.
    pub(super) fn find_function(&self, name: &FunctionName) -> Followed<Signature> {
        let unknown = || format!("the function {} is not known", name.name);
        let Some(arguments) = &name.arguments else {
            let found = self.functions_named(&name.name);
            return match &found[..] {
                [only] => Ok(only.clone()),
                [] => Err(unknown()),
                _ => Err(format!("there are several functions {}", name.name)),
            };
        };
        let types = |inputs: bool| {
            let wanted =
                arguments.iter().filter(|argument| !inputs || !matches!(argument.mode, "OUT" | "TABLE"));
            let text = |argument: &super::super::parse::function::ArgumentDef| {
                let (text, _) = self.written_type(&argument.data_type)?;
                Ok(super::super::state::without_modifier(&text))
            };
            wanted.map(text).collect::<Followed<Vec<String>>>()
        };
        let (inputs, all) = (types(true)?, types(false)?);
        for candidate in self.candidates(&name.name) {
            for arguments in [&inputs, &all] {
                let signature = Signature { name: candidate.clone(), arguments: arguments.clone() };
                if self.catalog.functions.contains_key(&signature) {
                    return Ok(signature);
                }
            }
        }
        Err(unknown())
    }

    /// Drops objects and whatever needs them, unless that takes CASCADE and it is not said.
    pub(super) fn drop_objects(&mut self, objects: Vec<Object>, cascade: bool) -> Followed<()> {
        let dependents = self.dependents();
        let mut silent: BTreeSet<Object> = objects.iter().cloned().collect();
        let mut all = silent.clone();
        let mut left = objects;
        while let Some(object) = left.pop() {
            for (who, silently) in dependents.0.get(&object).into_iter().flatten() {
                if *silently {
                    silent.insert(who.clone());
                }
                if all.insert(who.clone()) {
                    left.push(who.clone());
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

    fn dependents(&self) -> Dependents {
        let mut found = Dependents::default();
        for (who, needs) in self.uses.iter() {
            let falls = match who {
                // What makes a view a view.
                Object::Part(Part::Rule, view, rule) if rule.as_str() == "_RETURN" => {
                    Object::Relation(view.clone())
                }
                Object::Part(Part::Default, table, column) if self.is_generated(table, column) => {
                    Object::Column(table.clone(), column.clone())
                }
                other => other.clone(),
            };
            for need in needs {
                // A check or an index on a column falls with the column.
                let silently = matches!((who, need), (Object::Part(Part::Check | Part::Index, table, _), Object::Column(of, _)) if table == of);
                found.add(need.clone(), falls.clone(), silently);
            }
        }
        for (name, relation) in &self.catalog.relations {
            self.relation_dependents(name, relation, &mut found);
        }
        for (signature, function) in &self.catalog.functions {
            let of_arguments = function.arguments.iter().map(|argument| &argument.data_type);
            let types = of_arguments.chain(&function.returns);
            for used in types.filter_map(|text| self.own_type(text.strip_prefix("SETOF ").unwrap_or(text))) {
                let who = Object::Function(signature.clone());
                found.add(Object::Type(used.clone()), who.clone(), false);
                found.add(Object::Relation(used), who, false);
            }
        }
        for (name, known) in &self.types {
            if let Type::Domain(base) = known
                && let Some(base) = self.own_type(base)
            {
                found.add(Object::Type(base), Object::Type(name.clone()), false);
            }
        }
        for (part, whole) in &self.index_parents {
            let of = |index: &QualifiedName| {
                let table = self.indexes.get(index)?.clone();
                Some(Object::Part(Part::Index, table, index.name().clone()))
            };
            if let (Some(part), Some(whole)) = (of(part), of(whole)) {
                found.add(whole, part, true);
            }
        }
        found
    }

    fn is_generated(&self, table: &QualifiedName, column: &Ident) -> bool {
        let column = self.catalog.relations.get(table).and_then(|relation| relation.column(column));
        column.is_some_and(|column| column.generated.is_some())
    }

    fn relation_dependents(
        &self,
        name: &QualifiedName,
        relation: &crate::catalog::Relation,
        found: &mut Dependents,
    ) {
        let own = Object::Relation(name.clone());
        let column = |column: &Ident| Object::Column(name.clone(), column.clone());
        let part = |part, of: &Ident| Object::Part(part, name.clone(), of.clone());
        if let Some(partition) = &relation.partition_of {
            found.add(Object::Relation(partition.parent.clone()), own.clone(), true);
        }
        for parent in &relation.inherits {
            found.add(Object::Relation(parent.clone()), own.clone(), false);
        }
        if let Some((table, of)) = relation.sequence.as_ref().and_then(|sequence| sequence.owned_by.as_ref())
        {
            found.add(Object::Relation(table.clone()), own.clone(), true);
            found.add(Object::Column(table.clone(), of.clone()), own.clone(), true);
        }
        for known in &relation.columns {
            if known.default.is_some() {
                found.add(column(&known.name), part(Part::Default, &known.name), true);
            }
            if let Some(used) = self.own_type(&known.data_type) {
                found.add(Object::Type(used.clone()), column(&known.name), false);
                found.add(Object::Relation(used), column(&known.name), false);
            }
        }
        for (index, of) in &relation.indexes {
            let keys = of.keys.iter().filter_map(|key| match &key.column {
                crate::catalog::IndexColumn::Column(name) => Some(name),
                crate::catalog::IndexColumn::Expr(_) => None,
            });
            for key in keys.chain(&of.include) {
                found.add(column(key), part(Part::Index, index), true);
            }
        }
        for (key, of) in &relation.foreign_keys {
            let who = part(Part::ForeignKey, key);
            for own in &of.columns {
                found.add(column(own), who.clone(), true);
            }
            found.add(Object::Relation(of.references.clone()), who.clone(), false);
            for referenced in &of.referenced_columns {
                found.add(Object::Column(of.references.clone(), referenced.clone()), who.clone(), false);
            }
            if let Some(index) = self.key_of(of) {
                found.add(Object::Part(Part::Index, of.references.clone(), index), who.clone(), false);
            }
        }
        for (trigger, of) in &relation.triggers {
            for signature in self.overloads(&of.function) {
                found.add(Object::Function(signature), part(Part::Trigger, trigger), false);
            }
            for used in &of.columns {
                found.add(column(used), part(Part::Trigger, trigger), false);
            }
        }
    }

    /// The index that a foreign key relies on.
    fn key_of(&self, key: &crate::catalog::ForeignKey) -> Option<Ident> {
        let referenced = self.catalog.relations.get(&key.references)?;
        let columns: Vec<&Ident> = key.referenced_columns.iter().collect();
        let mut fitting = referenced.indexes.iter().filter(|(_, index)| index.is_key_of(&columns));
        fitting.next().map(|(name, _)| name.clone())
    }

    /// Takes an object out of the model.
    fn remove(&mut self, object: &Object) {
        self.uses.forget(object);
        match object {
            Object::Relation(name) => self.forget_relation(name),
            Object::Column(table, column) => self.remove_column(table, column),
            Object::Function(signature) => drop(self.catalog.functions.remove(signature)),
            Object::Type(name) => drop(self.types.remove(name)),
            Object::Part(part, table, name) => self.remove_part(*part, table, name),
        }
    }

    fn remove_part(&mut self, part: Part, table: &QualifiedName, name: &Ident) {
        let full = QualifiedName::new(table.schema().clone(), name.clone());
        if part == Part::Trigger {
            for partition in self.partitions_of(table) {
                let _ = self.drop_trigger_of_partition(&partition, name);
            }
        }
        let Some(relation) = self.catalog.relations.get_mut(table) else { return };
        match part {
            Part::Policy => drop(relation.policies.remove(name)),
            Part::Trigger => drop(relation.triggers.remove(name)),
            Part::Rule => drop(relation.rules.remove(name)),
            Part::Default => {
                if let Ok(column) = super::column::column_mut(relation, name) {
                    column.default = None;
                }
            }
            Part::Check => {
                relation.checks.remove(name);
                self.constraints.remove(&full);
                for child in self.children(table) {
                    self.lose_check(&child, name);
                }
            }
            Part::ForeignKey => {
                let key = relation.foreign_keys.remove(name);
                self.constraints.remove(&full);
                for partition in self.partitions_of(table) {
                    if let Some(inherited) = key.as_ref().and_then(|key| self.inherited_key(&partition, key))
                    {
                        self.remove_part(Part::ForeignKey, &partition, &inherited);
                    }
                }
            }
            Part::Index => {
                relation.indexes.remove(name);
                relation.keys.remove(name);
                relation.exclusions.remove(name);
                self.indexes.remove(&full);
                self.index_parents.remove(&full);
                self.constraints.remove(&full);
            }
        }
    }

    fn lose_check(&mut self, table: &QualifiedName, name: &Ident) {
        let others = self.parents_of(table).iter().any(|parent| {
            let parent = self.catalog.relations.get(parent);
            parent.and_then(|parent| parent.checks.get(name)).is_some_and(|check| !check.no_inherit)
        });
        if others {
            return;
        }
        if self.local_checks.remove(&(table.clone(), name.clone())) {
            if let Some(check) = self.catalog.relations.get_mut(table).and_then(|of| of.checks.get_mut(name))
            {
                check.inherited = false;
            }
        } else {
            self.uses.forget(&Object::Part(Part::Check, table.clone(), name.clone()));
            self.remove_part(Part::Check, table, name);
        }
    }

    /// Takes a relation out of the model, with all that stands with it.
    pub(super) fn forget_relation(&mut self, name: &QualifiedName) {
        self.catalog.relations.remove(name);
        self.uses.forget_relation(name);
        self.outputs.remove(name);
        self.local_checks.retain(|(table, _)| table != name);
        let gone: Vec<QualifiedName> =
            self.indexes.iter().filter(|(_, table)| *table == name).map(|(index, _)| index.clone()).collect();
        for index in gone {
            self.indexes.remove(&index);
            self.index_parents.remove(&index);
        }
        self.recount_constraints(name.schema());
        for publication in self.catalog.publications.values_mut() {
            publication.tables.remove(name);
        }
    }

    /// The names of constraints in a schema, after some have gone with their table.
    fn recount_constraints(&mut self, schema: &Ident) {
        self.constraints.retain(|name| name.schema() != schema);
        for (table, relation) in &self.catalog.relations {
            if table.schema() == schema {
                let names =
                    relation.checks.keys().chain(relation.foreign_keys.keys()).chain(relation.keys.keys());
                for name in names.chain(relation.exclusions.keys()) {
                    self.constraints.insert(QualifiedName::new(schema.clone(), name.clone()));
                }
            }
        }
    }

    /// Drops a column, and those that children have from it alone.
    pub(super) fn drop_column(
        &mut self,
        table: &QualifiedName,
        name: &Ident,
        cascade: bool,
        recurse: bool,
    ) -> Followed<()> {
        self.drop_objects(vec![Object::Column(table.clone(), name.clone())], cascade)?;
        for child in self.children(table) {
            let Some(column) = self.seen(&child)?.column(name) else { continue };
            let inherited = column.inherited;
            if self.has_from_parent(&child, name) {
                continue;
            }
            if inherited && recurse {
                self.drop_column(&child, name, cascade, true)?;
            } else {
                super::column::column_mut(self.relation(&child)?, name)?.inherited = false;
            }
        }
        Ok(())
    }

    fn remove_column(&mut self, table: &QualifiedName, name: &Ident) {
        self.uses.forget(&Object::Part(Part::Default, table.clone(), name.clone()));
        if let Some(outputs) = self.outputs.get_mut(table) {
            outputs.retain(|(output, _)| output != name);
        }
        if let Some(relation) = self.catalog.relations.get_mut(table) {
            relation.columns.retain(|column| column.name != *name);
            relation.grants.retain(|grant| grant.column.as_ref() != Some(name));
        }
    }
}
