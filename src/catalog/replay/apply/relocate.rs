//! Relations, types and functions under another name or in another schema, followed wherever they are named.

use std::collections::BTreeSet;

use super::super::analyze::Renamed;
use super::super::depend::{Object, Part};
use super::super::links::Named;
use super::super::state::{Followed, IndexOf, State};
use super::super::types::Type;
use super::rename::{rekey, replace};
use crate::catalog::{Relation, Signature};
use crate::ident::{Ident, QualifiedName};

impl State {
    /// Gives a relation another name or another schema, and nothing else.
    pub(super) fn move_relation(&mut self, from: &QualifiedName, to: &QualifiedName) -> Followed<()> {
        if self.is_taken(to) {
            return Err(format!("{to} is already there"));
        }
        self.rename_in_expressions(
            &[Object::Relation(from.clone())],
            &Renamed::Relation(from.clone(), to.clone()),
        );
        self.catalog.relations.rekey(from, to);
        for named in [Named::Above, Named::Owner, Named::Referenced, Named::Read] {
            for name in self.catalog.relations.naming(&named(from.clone())) {
                if let Some(relation) = self.catalog.relations.follow(&name) {
                    follow_relation(relation, from, to);
                }
            }
        }
        for publication in self.catalog.publications.follow_all() {
            rekey(&mut publication.tables, from, to);
        }
        self.follow_type(from, to);
        self.outputs.rekey(from, to);
        self.uses.rename_relation(from, to);
        self.local_checks.rekey(from, to);
        for name in self.seen(to)?.indexes.keys().cloned().collect::<Vec<_>>() {
            let old = QualifiedName::new(from.schema().clone(), name.clone());
            let new = QualifiedName::new(to.schema().clone(), name);
            if let Some(of) = self.indexes.remove(&old) {
                self.indexes.insert(new.clone(), IndexOf { table: to.clone(), ..of });
            }
            if old != new {
                self.parts.rename(&old, &new);
            }
        }
        if from.schema() != to.schema() {
            let names = super::remove::constraint_names(self.seen(to)?);
            for name in names.cloned().collect::<Vec<_>>() {
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
        for sequence in self.catalog.relations.naming(&Named::Owner(to.clone())) {
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
        self.types.rekey(from, to);
        self.catalog.types.rekey(from, to);
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
        let named = Named::Type(old.clone());
        for name in self.catalog.relations.naming(&named) {
            if let Some(relation) = self.catalog.relations.follow(&name) {
                relation.columns.iter_mut().for_each(|column| follow(&mut column.data_type));
            }
        }
        for view in self.views_above(from, to) {
            if let Some(outputs) = self.outputs.get_mut(&view) {
                outputs.iter_mut().filter_map(|(_, data_type)| data_type.as_mut()).for_each(follow);
            }
        }
        for name in self.types.naming(&named) {
            match self.types.follow(&name) {
                Some(Type::Domain(base)) => follow(base),
                Some(Type::Range(several)) => replace(several, from, to),
                Some(Type::Composite(attributes)) => {
                    for (_, data_type) in attributes {
                        follow(data_type);
                    }
                }
                _ => {}
            }
        }
        for signature in self.catalog.functions.naming(&named) {
            let Some(function) = self.catalog.functions.follow(&signature) else { continue };
            function.arguments.iter_mut().for_each(|argument| follow(&mut argument.data_type));
            match super::function::table_of(&function.arguments) {
                Some(table) => function.returns = Some(table),
                None => function.returns.iter_mut().for_each(follow),
            }
            let mut followed = signature.clone();
            followed.arguments.iter_mut().for_each(follow);
            if followed != signature {
                self.catalog.functions.rekey(&signature, &followed);
                self.uses.rename(&Object::Function(signature), &Object::Function(followed));
            }
        }
    }

    /// The views that read a relation or a type, be it through others, under the old name or the new one.
    fn views_above(&self, from: &QualifiedName, to: &QualifiedName) -> BTreeSet<QualifiedName> {
        let mut left: Vec<Object> = [from, to]
            .into_iter()
            .flat_map(|name| [Object::Relation(name.clone()), Object::Type(name.clone())])
            .collect();
        let mut found = BTreeSet::new();
        while let Some(object) = left.pop() {
            for user in self.uses.users(&object) {
                if let Object::Part(Part::Rule, view, _) = user
                    && found.insert(view.clone())
                {
                    left.push(Object::Relation(view.clone()));
                }
            }
        }
        found
    }

    /// Gives a function another name.
    pub(super) fn move_function(&mut self, from: &Signature, to: &QualifiedName) -> Followed<()> {
        let signature = Signature { name: to.clone(), arguments: from.arguments.clone() };
        if self.catalog.functions.contains_key(&signature) {
            return Err(format!("{to} is already there"));
        }
        let change = Renamed::Function(from.name.clone(), to.clone());
        self.rename_in_expressions(&[Object::Function(from.clone())], &change);
        self.catalog.functions.rekey(from, &signature);
        let others = !self.overloads(&from.name).is_empty();
        self.uses.rename(&Object::Function(from.clone()), &Object::Function(signature));
        // The function of a trigger has no arguments, so it is the one that was meant.
        if from.arguments.is_empty() || !others {
            for name in self.catalog.relations.naming(&Named::Called(from.name.clone())) {
                let Some(relation) = self.catalog.relations.follow(&name) else { continue };
                for trigger in relation.triggers.values_mut() {
                    replace(&mut trigger.function, &from.name, to);
                }
            }
        }
        Ok(())
    }
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
