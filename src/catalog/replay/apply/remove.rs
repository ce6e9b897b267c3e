//! What leaves the model.

use super::super::depend::{Object, Part};
use super::super::state::{Followed, State};
use super::super::types::Type;
use crate::catalog::Relation;
use crate::ident::{Ident, QualifiedName};

impl State {
    /// Takes an object out of the model.
    pub(super) fn remove(&mut self, object: &Object) {
        self.uses.forget(object);
        match object {
            Object::Relation(name) => self.forget_relation(name),
            Object::Column(table, column) => self.remove_column(table, column),
            Object::Function(signature) => drop(self.catalog.functions.remove(signature)),
            Object::Type(name) => {
                let known = self.types.remove(name);
                self.catalog.types.remove(name);
                if let Some(Type::Range(several)) = known {
                    self.types.remove(&several);
                    self.catalog.types.remove(&several);
                    for maker in self.overloads(&several) {
                        self.catalog.functions.remove(&maker);
                    }
                }
            }
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
                self.parts.remove(&full);
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
        if self.take_local_check(table, name) {
            if let Some(check) = self.catalog.relations.get_mut(table).and_then(|of| of.checks.get_mut(name))
            {
                check.inherited = false;
            }
        } else {
            self.uses.forget(&Object::Part(Part::Check, table.clone(), name.clone()));
            self.remove_part(Part::Check, table, name);
        }
    }

    /// Takes out of the model that a table has an inherited check of its own as well, and says whether it had.
    pub(super) fn take_local_check(&mut self, table: &QualifiedName, name: &Ident) -> bool {
        self.local_checks.contains_key(table)
            && self.local_checks.get_mut(table).is_some_and(|checks| checks.remove(name))
    }

    /// Says that a table has an inherited check of its own as well.
    pub(super) fn put_local_check(&mut self, table: &QualifiedName, name: Ident) {
        let mut checks = self.local_checks.get(table).cloned().unwrap_or_default();
        checks.insert(name);
        self.local_checks.insert(table.clone(), checks);
    }

    /// Takes a relation out of the model, with all that stands with it.
    pub(super) fn forget_relation(&mut self, name: &QualifiedName) {
        let Some(relation) = self.catalog.relations.remove(name) else { return };
        self.outputs.remove(name);
        self.typed.remove(name);
        let columns: Vec<Ident> = relation.columns.iter().map(|column| column.name.clone()).collect();
        let parts: [(Part, Vec<&Ident>); 6] = [
            (Part::Default, columns.iter().collect()),
            (Part::Check, relation.checks.keys().collect()),
            (Part::Index, relation.indexes.keys().collect()),
            (Part::Policy, relation.policies.keys().collect()),
            (Part::Trigger, relation.triggers.keys().collect()),
            (Part::Rule, relation.rules.keys().collect()),
        ];
        for (part, own) in parts.iter().flat_map(|(part, names)| names.iter().map(move |own| (*part, *own))) {
            self.uses.forget(&Object::Part(part, name.clone(), own.clone()));
        }
        self.uses.forget(&Object::Part(Part::Rule, name.clone(), super::view::return_rule()));
        let full = |own: &Ident| QualifiedName::new(name.schema().clone(), own.clone());
        for index in relation.indexes.keys() {
            self.indexes.remove(&full(index));
            self.parts.remove(&full(index));
        }
        for constraint in constraint_names(&relation) {
            self.constraints.remove(&full(constraint));
        }
        self.local_checks.remove(name);
        for publication in self.catalog.publications.each_of(|of| of.tables.contains_key(name)) {
            publication.tables.remove(name);
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

/// The names of a relation's constraints.
pub(super) fn constraint_names(relation: &Relation) -> impl Iterator<Item = &Ident> {
    let keys = relation.checks.keys().chain(relation.foreign_keys.keys()).chain(relation.keys.keys());
    keys.chain(relation.exclusions.keys())
}
