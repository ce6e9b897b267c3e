//! Triggers and rewrite rules.

use std::collections::BTreeSet;

use super::super::analyze::Place;
use super::super::cursor::Name;
use super::super::depend::{Object, Part};
use super::super::parse::trigger::{CreateRule, CreateTrigger};
use super::super::state::{Followed, State};
use crate::catalog::{RelationKind, Rule, Trigger};
use crate::ident::{Ident, QualifiedName};

impl State {
    pub(super) fn create_trigger(&mut self, made: &CreateTrigger) -> Followed<()> {
        let table = self.find(&made.table)?;
        let known = self.seen(&table)?.triggers.contains_key(&made.name);
        if known && !made.or_replace {
            return Err(format!("{table} has a trigger {} already", made.name));
        }
        let function =
            match self.functions_named(&made.function).into_iter().find(|found| found.arguments.is_empty()) {
                Some(found) => found.name,
                None => match &made.function.schema {
                    Some(schema) => QualifiedName::new(schema.clone(), made.function.name.clone()),
                    None => self.function_of_server(&made.function),
                },
            };
        let part = Object::Part(Part::Trigger, table.clone(), made.name.clone());
        self.uses.forget(&part);
        let when = made.when.as_ref().map(|text| self.expr(text, Place::Trigger(&table), None, &part));
        let trigger = Trigger {
            timing: made.timing,
            events: made.events.clone(),
            columns: made.columns.clone(),
            for_each_row: made.for_each_row,
            when,
            function,
            enabled: true,
            constraint: made.constraint,
            inherited: false,
        };
        self.relation(&table)?.triggers.insert(made.name.clone(), trigger.clone());
        if made.for_each_row && self.seen(&table)?.kind == RelationKind::PartitionedTable {
            for partition in self.partitions_of(&table) {
                self.trigger_of_partition(&partition, &made.name, &trigger)?;
            }
        }
        Ok(())
    }

    /// A function that no file makes: one of the server, of which there are few, or of an extension.
    fn function_of_server(&mut self, name: &Name) -> QualifiedName {
        if let Some(found) = self.extension_function(name) {
            return found;
        }
        let of_server = [
            "suppress_redundant_updates_trigger",
            "tsvector_update_trigger",
            "tsvector_update_trigger_column",
        ];
        if !of_server.contains(&name.name.as_str()) {
            self.note(format!("the function {name} is not known"));
        }
        QualifiedName::new(Ident::known("pg_catalog"), name.name.clone())
    }

    pub(super) fn create_rule(&mut self, made: &CreateRule) -> Followed<()> {
        let table = self.find(&made.table)?;
        if self.seen(&table)?.rules.contains_key(&made.name) && !made.or_replace {
            return Err(format!("{table} has a rule {} already", made.name));
        }
        let mut uses = BTreeSet::new();
        if let Some(condition) = &made.condition {
            let (analyzed, note) = self.analyze(condition, Place::Trigger(&table), None);
            self.notes.extend(note);
            uses.extend(analyzed.uses);
        }
        for action in &made.actions {
            let (named, note) = self.analyze_action(action, &table);
            self.notes.extend(note);
            uses.extend(named);
        }
        let rule = Rule {
            event: made.event,
            instead: made.instead,
            enabled: true,
            uses: self.readable(super::view::reads(&uses, &table)),
        };
        self.relation(&table)?.rules.insert(made.name.clone(), rule);
        self.uses.set(&Object::Part(Part::Rule, table, made.name.clone()), uses);
        Ok(())
    }

    /// `ALTER TRIGGER … RENAME` and `ALTER RULE … RENAME`.
    pub(super) fn rename_on_table(
        &mut self,
        trigger: bool,
        name: &Ident,
        table: &Name,
        to: &Ident,
    ) -> Followed<()> {
        let table = self.find(table)?;
        self.rename_part(trigger, name, &table, to)
    }

    fn rename_part(
        &mut self,
        trigger: bool,
        name: &Ident,
        table: &QualifiedName,
        to: &Ident,
    ) -> Followed<()> {
        let relation = self.relation(table)?;
        let part = if trigger { Part::Trigger } else { Part::Rule };
        let found = if trigger {
            relation.triggers.remove(name).map(|found| drop(relation.triggers.insert(to.clone(), found)))
        } else {
            relation.rules.remove(name).map(|found| drop(relation.rules.insert(to.clone(), found)))
        };
        found.ok_or_else(|| format!("{} is not known", Object::Part(part, table.clone(), name.clone())))?;
        let object = |name: &Ident| Object::Part(part, table.clone(), name.clone());
        self.uses.rename(&object(name), &object(to));
        // Before, those of partitions keep their names.
        if trigger && self.version >= 150_000 {
            for partition in self.partitions_of(table) {
                if self.seen(&partition)?.triggers.get(name).is_some_and(|trigger| trigger.inherited) {
                    self.rename_part(true, name, &partition, to)?;
                }
            }
        }
        Ok(())
    }
}
