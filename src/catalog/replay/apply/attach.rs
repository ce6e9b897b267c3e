//! `ATTACH PARTITION` and `DETACH PARTITION`.

use super::super::parse::table::Bound;
use super::super::state::{Followed, State};
use crate::ident::{Ident, QualifiedName};

impl State {
    pub(super) fn attach(
        &mut self,
        parent: &QualifiedName,
        table: &QualifiedName,
        bound: &Bound,
    ) -> Followed<()> {
        if self.seen(table)?.partition_of.is_some() {
            return Err(format!("{table} is a partition already"));
        }
        self.not_below_itself(table, parent)?;
        for column in self.seen(parent)?.columns.clone() {
            let own = super::column::column_mut(self.relation(table)?, &column.name)?;
            own.inherited = true;
        }
        let checks = self.seen(parent)?.checks.clone();
        for (name, check) in checks.into_iter().filter(|(_, check)| !check.no_inherit) {
            if !self.seen(table)?.checks.contains_key(&name) {
                return Err(format!("{table} has no check {name}"));
            }
            self.inherit_check(table, parent, &name, &check)?;
            // A partition has nothing of its own that its table has too.
            self.take_local_check(table, &name);
        }
        self.become_partition(table, parent, bound)
    }

    pub(super) fn detach(&mut self, parent: &QualifiedName, table: &QualifiedName) -> Followed<()> {
        let of = self.seen(parent)?.clone();
        let relation = self.relation(table)?;
        if relation.partition_of.as_ref().is_none_or(|partition| partition.parent != *parent) {
            return Err(format!("{table} is no partition of {parent}"));
        }
        relation.partition_of = None;
        for key in relation.foreign_keys.values_mut() {
            key.inherited = false;
        }
        let names: Vec<Ident> = relation.indexes.keys().cloned().collect();
        for name in names {
            self.parts.remove(&QualifiedName::new(table.schema().clone(), name.clone()));
            if let Some(index) = self.relation(table)?.indexes.get_mut(&name) {
                index.inherited = false;
            }
        }
        for (name, trigger) in &of.triggers {
            if trigger.for_each_row {
                self.drop_trigger_of_partition(table, name)?;
            }
        }
        self.stand_alone(table)
    }

    /// Takes from a partition, and from its own partitions, a trigger that they have from their table.
    pub(super) fn drop_trigger_of_partition(
        &mut self,
        partition: &QualifiedName,
        name: &Ident,
    ) -> Followed<()> {
        let triggers = &mut self.relation(partition)?.triggers;
        if triggers.get(name).is_some_and(|trigger| trigger.inherited) {
            triggers.remove(name);
            for further in self.partitions_of(partition) {
                self.drop_trigger_of_partition(&further, name)?;
            }
        }
        Ok(())
    }
}
