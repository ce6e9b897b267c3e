//! What `ALTER TABLE` does to columns.

use super::super::depend::{Object, Part};
use super::super::links::Named;
use super::super::parse::alter_table::Action;
use super::super::parse::column::ColumnDef;
use super::super::parse::constraint::Constraint;
use super::super::parse::type_name::TypeName;
use super::super::state::{Followed, State};
use super::column::column_mut;
use crate::catalog::{Generated, IndexColumn, IndexKey};
use crate::ident::{Ident, QualifiedName};

impl State {
    pub(super) fn alter_column(
        &mut self,
        table: &QualifiedName,
        action: &Action,
        recurse: bool,
    ) -> Followed<()> {
        match action {
            Action::AddColumn { if_not_exists, column } => {
                self.add_column(table, column, *if_not_exists, recurse)
            }
            Action::DropColumn { if_exists, name, cascade } => {
                if self.seen(table)?.column(name).is_none() {
                    let missing = format!("the column {name} of {table} is not known");
                    return if *if_exists { Ok(()) } else { Err(missing) };
                }
                let from_parent = self.has_from_parent(table, name);
                if from_parent {
                    return Err(format!("the column {name} of {table} comes from a parent"));
                }
                self.drop_column(table, name, *cascade, recurse)
            }
            Action::SetDefault(column, text) => {
                if self.seen(table)?.view.is_some() {
                    return Ok(());
                }
                self.for_each_child(table, recurse, &mut |state, table| {
                    state.set_default(table, column, Some(text))
                })
            }
            Action::DropDefault(column) => {
                if self.seen(table)?.view.is_some() {
                    return Ok(());
                }
                self.for_each_child(table, recurse, &mut |state, table| {
                    state.set_default(table, column, None)
                })
            }
            Action::NotNull(column, on) => self.for_each_child(table, recurse, &mut |state, table| {
                let own = column_mut(state.relation(table)?, column)?;
                own.not_null = *on;
                own.not_null_unvalidated = None;
                Ok(())
            }),
            Action::SetType(column, data_type) => self.set_type(table, column, data_type, recurse),
            Action::SetExpression(column, text) => {
                self.for_each_child(table, recurse, &mut |state, table| {
                    state.uses.forget(&Object::Part(Part::Default, table.clone(), column.clone()));
                    let expression = state.on(table, Part::Default, column, text);
                    let own = column_mut(state.relation(table)?, column)?;
                    let stored = own.generated.as_ref().is_some_and(|generated| generated.stored);
                    own.generated = Some(Generated { expression, stored });
                    Ok(())
                })
            }
            Action::DropExpression { name, if_exists } => {
                let generated =
                    self.seen(table)?.column(name).is_some_and(|column| column.generated.is_some());
                if !generated && !if_exists {
                    return Err(format!("the column {name} of {table} is not computed"));
                }
                self.for_each_child(table, recurse, &mut |state, table| {
                    state.uses.forget(&Object::Part(Part::Default, table.clone(), name.clone()));
                    column_mut(state.relation(table)?, name)?.generated = None;
                    Ok(())
                })
            }
            Action::AddIdentity(column, identity, options) => {
                self.add_identity(table, column, *identity, options)
            }
            Action::SetIdentity(column, identity) => {
                let own = column_mut(self.relation(table)?, column)?;
                if let Some(identity) = identity {
                    own.identity = Some(*identity);
                }
                Ok(())
            }
            Action::DropIdentity { name, if_exists } => self.drop_identity(table, name, *if_exists),
            _ => Ok(()),
        }
    }

    /// Does the same to a table and, if told, to all that inherit from it.
    fn for_each_child(
        &mut self,
        table: &QualifiedName,
        recurse: bool,
        change: &mut dyn FnMut(&mut Self, &QualifiedName) -> Followed<()>,
    ) -> Followed<()> {
        change(self, table)?;
        if recurse {
            for child in self.children(table) {
                self.for_each_child(&child, true, change)?;
            }
        }
        Ok(())
    }

    fn add_column(
        &mut self,
        table: &QualifiedName,
        made: &ColumnDef,
        if_not_exists: bool,
        recurse: bool,
    ) -> Followed<()> {
        if self.seen(table)?.column(&made.name).is_some() {
            let there = format!("{table} has a column {} already", made.name);
            return if if_not_exists { Ok(()) } else { Err(there) };
        }
        self.declare_column(table, made)?;
        self.define_column(table, made)?;
        if recurse {
            for child in self.children(table) {
                self.give_column(&child, table, &made.name)?;
            }
        }
        let constraints: Vec<&Constraint> = made.constraints.iter().collect();
        for constraint in super::table::merged(&constraints) {
            self.add_constraint(table, &constraint, recurse)?;
        }
        Ok(())
    }

    /// Gives a table that inherits a column that its parent has got.
    fn give_column(&mut self, table: &QualifiedName, parent: &QualifiedName, name: &Ident) -> Followed<()> {
        let Some(column) = self.seen(parent)?.column(name).cloned() else { return Ok(()) };
        let relation = self.relation(table)?;
        if let Ok(own) = column_mut(relation, name) {
            own.not_null |= column.not_null;
            return Ok(());
        }
        let mut copy = column;
        copy.inherited = true;
        copy.identity = None;
        relation.columns.push(copy);
        self.copy_uses(Part::Default, name, parent, table);
        for child in self.children(table) {
            self.give_column(&child, table, name)?;
        }
        Ok(())
    }

    fn set_type(
        &mut self,
        table: &QualifiedName,
        name: &Ident,
        written: &TypeName,
        recurse: bool,
    ) -> Followed<()> {
        let data_type = self.type_text(written)?;
        self.for_each_child(table, recurse, &mut |state, table| {
            let before = column_mut(state.relation(table)?, name)?.data_type.clone();
            let opclasses = state.opclasses_after(table, name, &data_type);
            let relation = state.relation(table)?;
            column_mut(relation, name)?.data_type.clone_from(&data_type);
            for (index, place, leakproof) in opclasses {
                if let Some(key) =
                    relation.indexes.get_mut(&index).and_then(|index| index.keys.get_mut(place))
                {
                    key.leakproof = leakproof;
                }
            }
            state.analyze_again(table, name, &before, &data_type);
            Ok(())
        })
    }

    /// Which keys of indexes change with the type of a column, and how.
    fn opclasses_after(
        &self,
        table: &QualifiedName,
        column: &Ident,
        data_type: &str,
    ) -> Vec<(Ident, usize, Option<bool>)> {
        let Ok(relation) = self.seen(table) else { return Vec::new() };
        let base = self.base_type(data_type);
        let mut found = Vec::new();
        for (name, index) in &relation.indexes {
            for (place, key) in index.keys.iter().enumerate() {
                if let IndexKey { column: IndexColumn::Column(own), opclass: None, .. } = key
                    && own == column
                {
                    let opclass = super::super::opclass::find(&index.method, None, Some(&base), |name| {
                        self.type_kind(name)
                    });
                    found.push((name.clone(), place, opclass.map(|opclass| opclass.leakproof)));
                }
            }
        }
        found
    }

    /// The server puts other casts into expressions on a column that has another type now.
    fn analyze_again(&mut self, table: &QualifiedName, column: &Ident, before: &str, after: &str) {
        if before == after {
            return;
        }
        let parts: Vec<(Part, Ident)> = self
            .uses
            .users(&Object::Column(table.clone(), column.clone()))
            .filter_map(|user| match user {
                Object::Part(part, of, name) if of == table => Some((*part, name.clone())),
                _ => None,
            })
            .collect();
        for (part, name) in parts.into_iter().chain([(Part::Default, column.clone())]) {
            let Some(mut relation) = self.catalog.relations.get(table).cloned() else { return };
            let target = (part == Part::Default && name == *column).then_some(after);
            for expr in super::exprs(&mut relation, part, &name) {
                let (analyzed, _) = self.analyze(expr.as_str(), super::place(part, table), target);
                *expr = analyzed.expr;
            }
            self.catalog.relations.insert(table.clone(), relation);
        }
    }

    fn drop_identity(&mut self, table: &QualifiedName, name: &Ident, if_exists: bool) -> Followed<()> {
        let column = column_mut(self.relation(table)?, name)?;
        if column.identity.take().is_none() && !if_exists {
            return Err(format!("the column {name} of {table} is no identity column"));
        }
        if let Some(sequence) = self.sequence_of(table, name, true) {
            self.forget_relation(&sequence);
        }
        Ok(())
    }

    /// The sequence that belongs to a column.
    fn sequence_of(&self, table: &QualifiedName, column: &Ident, identity: bool) -> Option<QualifiedName> {
        let mut sequences = self.catalog.relations.naming(&Named::Owner(table.clone())).into_iter();
        sequences.find(|name| {
            let sequence = self.catalog.relations.get(name).and_then(|relation| relation.sequence.as_ref());
            sequence.is_some_and(|sequence| {
                let owned_by = sequence.owned_by.as_ref();
                sequence.identity == identity && owned_by.is_some_and(|(_, own)| own == column)
            })
        })
    }
}
