//! Foreign keys.

use super::super::names::addition;
use super::super::parse::constraint::{ForeignKeyDef, Timing};
use super::super::state::{Followed, State};
use crate::catalog::ForeignKey;
use crate::ident::{Ident, QualifiedName};

impl State {
    pub(super) fn add_foreign_key(
        &mut self,
        table: &QualifiedName,
        name: Option<&Ident>,
        made: &ForeignKeyDef,
        timing: Timing,
    ) -> Followed<()> {
        let references = self.find(&made.references)?;
        let referenced_columns = if made.referenced.is_empty() {
            let key = self.seen(&references)?.primary_key();
            key.ok_or_else(|| format!("{references} has no primary key"))?.to_vec()
        } else {
            made.referenced.clone()
        };
        let of = self.seen(table)?;
        if let Some(missing) = made.columns.iter().find(|column| of.column(column).is_none()) {
            return Err(format!("the column {missing} of {table} is not known"));
        }
        let name = if let Some(name) = name {
            name.clone()
        } else {
            let columns = addition(made.columns.iter().map(Ident::as_str));
            self.constraint_name(table, Some(&columns), "fkey")?
        };
        if self.seen(table)?.foreign_keys.contains_key(&name) {
            return Err(format!("{table} has a constraint {name} already"));
        }
        let key = ForeignKey {
            columns: made.columns.clone(),
            references,
            referenced_columns,
            period: made.period,
            on_update: made.on_update,
            on_delete: made.on_delete,
            on_delete_columns: made.on_delete_columns.clone(),
            match_type: made.match_type,
            deferrable: timing.deferrable,
            initially_deferred: timing.initially_deferred,
            enforced: timing.is_enforced(),
            validated: timing.is_validated(),
            inherited: false,
        };
        self.put_foreign_key(table, &name, &key)
    }

    /// Adds a foreign key to a table and to its partitions.
    fn put_foreign_key(&mut self, table: &QualifiedName, name: &Ident, key: &ForeignKey) -> Followed<()> {
        self.constraints.insert(QualifiedName::new(table.schema().clone(), name.clone()));
        self.relation(table)?.foreign_keys.insert(name.clone(), Box::new(key.clone()));
        for partition in self.partitions_of(table) {
            self.foreign_key_of_partition(&partition, name, key)?;
        }
        Ok(())
    }

    /// Gives a partition a foreign key of its table: one that it has already, or a new one.
    pub(super) fn foreign_key_of_partition(
        &mut self,
        partition: &QualifiedName,
        name: &Ident,
        key: &ForeignKey,
    ) -> Followed<()> {
        let own = &mut self.relation(partition)?.foreign_keys;
        let known = own.values_mut().find(|known| {
            let comparable =
                ForeignKey { validated: key.validated, inherited: key.inherited, ..ForeignKey::clone(known) };
            !known.inherited && comparable == *key
        });
        if let Some(known) = known {
            known.inherited = true;
            return Ok(());
        }
        let name = if own.contains_key(name) {
            let columns = addition(key.columns.iter().map(Ident::as_str));
            self.constraint_name(partition, Some(&columns), "fkey")?
        } else {
            name.clone()
        };
        let copy = ForeignKey { inherited: true, ..key.clone() };
        self.put_foreign_key(partition, &name, &copy)
    }

    /// Changes a foreign key, and in partitions the ones that they have from it.
    pub(super) fn change_foreign_key(
        &mut self,
        table: &QualifiedName,
        name: &Ident,
        change: &dyn Fn(&mut ForeignKey),
    ) -> Followed<()> {
        let key = self.relation(table)?.foreign_keys.get_mut(name);
        let key = key.ok_or_else(|| format!("{table} has no foreign key {name}"))?;
        let before = key.clone();
        change(key);
        for partition in self.partitions_of(table) {
            if let Some(name) = self.inherited_key(&partition, &before) {
                self.change_foreign_key(&partition, &name, change)?;
            }
        }
        Ok(())
    }

    /// The foreign key that a partition has from one of its table.
    pub(super) fn inherited_key(&self, partition: &QualifiedName, key: &ForeignKey) -> Option<Ident> {
        let own = &self.seen(partition).ok()?.foreign_keys;
        let same = |known: &ForeignKey| {
            known.inherited
                && known.columns == key.columns
                && known.references == key.references
                && known.referenced_columns == key.referenced_columns
        };
        own.iter().find(|(_, known)| same(known)).map(|(name, _)| name.clone())
    }
}
