//! `ALTER TABLE` and its like.

use super::super::depend::{Object, Part};
use super::super::links::Named;
use super::super::parse::alter_table::{Action, AlterTable, AlteredKind, WhichTrigger};
use super::super::parse::constraint::Timing;
use super::super::state::{Followed, State};
use crate::catalog::{ForeignKey, Persistence};
use crate::ident::{Ident, QualifiedName};

impl State {
    pub(super) fn alter_table(&mut self, altered: &AlterTable) -> Followed<()> {
        if altered.actions == [Action::Nothing] {
            return Ok(());
        }
        // ALTER TABLE is taken for an index too.
        if let Ok((index, table)) = self.find_index(&altered.name)
            && self.find(&altered.name).is_err()
        {
            return self.alter_index(&index, &table, &altered.actions);
        }
        let name = match self.find(&altered.name) {
            Ok(name) => name,
            Err(_) if altered.if_exists => return Ok(()),
            Err(why) => return Err(why),
        };
        if altered.kind == AlteredKind::Index {
            return Err(format!("{name} is no index"));
        }
        let mut name = name;
        for action in &altered.actions {
            match self.alter(&name, action, !altered.only) {
                Ok(now) => name = now,
                Err(why) if altered.actions.len() == 1 => return Err(why),
                // The others are followed all the same.
                Err(why) => self.note(why),
            }
        }
        Ok(())
    }

    /// Applies one action, and says what the relation is called afterwards.
    fn alter(&mut self, name: &QualifiedName, action: &Action, recurse: bool) -> Followed<QualifiedName> {
        match action {
            Action::RenameTo(to) => {
                let to = QualifiedName::new(name.schema().clone(), to.clone());
                self.move_relation(name, &to)?;
                return Ok(to);
            }
            Action::SetSchema(schema) => return self.set_schema(name, schema),
            Action::AddColumn { .. }
            | Action::DropColumn { .. }
            | Action::SetDefault(..)
            | Action::DropDefault(_)
            | Action::NotNull(..)
            | Action::SetType(..)
            | Action::SetExpression(..)
            | Action::DropExpression { .. }
            | Action::AddIdentity(..)
            | Action::SetIdentity(..)
            | Action::DropIdentity { .. } => self.alter_column(name, action, recurse)?,
            Action::RenameColumn(from, to) => self.rename_column(name, from, to)?,
            Action::AddConstraint(constraint) => self.add_constraint(name, constraint, recurse)?,
            Action::AlterConstraint(constraint, timing) => {
                self.alter_constraint(name, constraint, *timing)?;
            }
            Action::ValidateConstraint(constraint) => self.validate(name, constraint)?,
            Action::DropConstraint { if_exists, name: constraint, cascade } => {
                self.drop_constraint(name, constraint, *if_exists, *cascade)?;
            }
            Action::RenameConstraint(from, to) => self.rename_constraint(name, from, to)?,
            Action::RowSecurity(on) => self.relation(name)?.row_security = *on,
            Action::ForceRowSecurity(on) => self.relation(name)?.force_row_security = *on,
            Action::Trigger(which, on) => self.enable_triggers(name, which, *on)?,
            Action::Rule(rule, on) => {
                let found = self.relation(name)?.rules.get_mut(rule);
                found.ok_or_else(|| format!("{name} has no rule {rule}"))?.enabled = *on;
            }
            Action::Inherit(parent) => {
                let parent = self.find(parent)?;
                self.inherit(name, &parent)?;
            }
            Action::NoInherit(parent) => {
                let parent = self.find(parent)?;
                self.no_inherit(name, &parent)?;
            }
            Action::Attach(partition, bound) => {
                let partition = self.find(partition)?;
                self.attach(name, &partition, bound)?;
            }
            Action::Detach(partition) => {
                let partition = self.find(partition)?;
                self.detach(name, &partition)?;
            }
            Action::Owner(owner) => {
                let owner = self.new_owner(owner)?;
                self.own_relation(name, &owner)?;
            }
            Action::SetOptions(options) => {
                let options = super::object::options(options);
                self.relation(name)?.options.extend(options);
            }
            Action::ResetOptions(options) => {
                self.relation(name)?.options.retain(|option, _| !options.contains(option));
            }
            Action::Unlogged(unlogged) => self.set_unlogged(name, *unlogged)?,
            Action::Sequence(options) => self.alter_sequence(name, options)?,
            Action::AttachIndex(_) => return Err(format!("{name} is no index")),
            Action::Unread(why) => return Err(why.clone()),
            Action::Nothing => {}
        }
        Ok(name.clone())
    }

    fn alter_index(
        &mut self,
        index: &QualifiedName,
        table: &QualifiedName,
        actions: &[Action],
    ) -> Followed<()> {
        for action in actions {
            match action {
                Action::RenameTo(to) => self.rename_index(table, index.name(), to)?,
                Action::AttachIndex(part) => {
                    let (part, partition) = self.find_index(part)?;
                    self.attach_index_to(&partition, part.name(), index)?;
                }
                Action::Nothing | Action::SetOptions(_) | Action::ResetOptions(_) | Action::Owner(_) => {}
                _ => return Err(format!("an action on the index {index} is not followed")),
            }
        }
        Ok(())
    }

    fn alter_constraint(&mut self, table: &QualifiedName, name: &Ident, timing: Timing) -> Followed<()> {
        self.change_foreign_key(table, name, &|key: &mut ForeignKey| {
            // Up to PostgreSQL 17 there is nothing else that it could say.
            if timing.says_when || timing.enforced.is_none() {
                key.deferrable = timing.deferrable;
                key.initially_deferred = timing.initially_deferred;
            }
            if let Some(enforced) = timing.enforced
                && enforced != key.enforced
            {
                key.enforced = enforced;
                key.validated = enforced;
            }
        })
    }

    fn validate(&mut self, table: &QualifiedName, name: &Ident) -> Followed<()> {
        if self.seen(table)?.checks.contains_key(name) {
            if let Some(check) = self.relation(table)?.checks.get_mut(name) {
                check.validated = check.enforced;
            }
            for child in self.children(table) {
                if self.seen(&child)?.checks.contains_key(name) {
                    self.validate(&child, name)?;
                }
            }
            return Ok(());
        }
        if let Some(column) = self.unvalidated_not_null(table, name) {
            return self.set_not_null(table, &column, true);
        }
        self.change_foreign_key(table, name, &|key: &mut ForeignKey| key.validated = key.enforced)
    }

    fn drop_constraint(
        &mut self,
        table: &QualifiedName,
        name: &Ident,
        if_exists: bool,
        cascade: bool,
    ) -> Followed<()> {
        if let Some(column) = self.unvalidated_not_null(table, name) {
            return self.alter_column(table, &Action::NotNull(column, false), true);
        }
        let relation = self.seen(table)?;
        let part = if relation.checks.contains_key(name) {
            Part::Check
        } else if relation.foreign_keys.contains_key(name) {
            Part::ForeignKey
        } else if relation.keys.contains_key(name) || relation.exclusions.contains_key(name) {
            Part::Index
        } else if if_exists {
            return Ok(());
        } else {
            return Err(format!("{table} has no constraint {name}"));
        };
        self.drop_objects(vec![Object::Part(part, table.clone(), name.clone())], cascade)
    }

    fn enable_triggers(&mut self, table: &QualifiedName, which: &WhichTrigger, on: bool) -> Followed<()> {
        let triggers = &mut self.relation(table)?.triggers;
        match which {
            WhichTrigger::All | WhichTrigger::User => {
                for trigger in triggers.values_mut() {
                    trigger.enabled = on;
                }
            }
            WhichTrigger::Named(name) => {
                let found = triggers.get_mut(name);
                found.ok_or_else(|| format!("{table} has no trigger {name}"))?.enabled = on;
                for partition in self.partitions_of(table) {
                    let own = self.seen(&partition)?.triggers.get(name);
                    if own.is_some_and(|trigger| trigger.inherited) {
                        self.enable_triggers(&partition, which, on)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn set_unlogged(&mut self, name: &QualifiedName, unlogged: bool) -> Followed<()> {
        let persistence = if unlogged { Persistence::Unlogged } else { Persistence::Permanent };
        self.relation(name)?.persistence = persistence;
        for sequence in self.catalog.relations.naming(&Named::Owner(name.clone())) {
            self.relation(&sequence)?.persistence = persistence;
        }
        Ok(())
    }
}
