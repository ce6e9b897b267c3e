//! Columns and constraints that tables have from their parents.

use std::collections::BTreeSet;

use super::super::depend::Part;
use super::super::links::Named;
use super::super::state::{Followed, State};
use super::column::column_mut;
use crate::catalog::{CheckConstraint, Column};
use crate::ident::{Ident, QualifiedName};

impl State {
    /// The columns that parents give a table, each once.
    pub(super) fn inherited_columns(&self, parents: &[QualifiedName]) -> Followed<Vec<Column>> {
        let mut columns: Vec<Column> = Vec::new();
        for parent in parents {
            for column in &self.seen(parent)?.columns {
                // What is NOT VALID in the parent has no rows to leave out in a new child.
                let not_null = column.not_null || column.not_null_unvalidated.is_some();
                match columns.iter_mut().find(|known| known.name == column.name) {
                    Some(known) => known.not_null |= not_null,
                    // Defaults and the like follow once the table is there.
                    None => columns.push(Column {
                        default: None,
                        generated: None,
                        identity: None,
                        inherited: true,
                        not_null,
                        not_null_unvalidated: None,
                        ..column.clone()
                    }),
                }
            }
        }
        Ok(columns)
    }

    /// Gives a new table the defaults and the checks of a parent.
    pub(super) fn inherit_expressions(
        &mut self,
        table: &QualifiedName,
        parent: &QualifiedName,
    ) -> Followed<()> {
        for column in self.seen(parent)?.columns.clone() {
            if column.default.is_some() || column.generated.is_some() {
                let own = column_mut(self.relation(table)?, &column.name)?;
                if own.default.is_some() || own.generated.is_some() {
                    continue;
                }
                own.default.clone_from(&column.default);
                own.generated.clone_from(&column.generated);
                self.copy_uses(Part::Default, &column.name, parent, table);
            }
            if self.version >= 170_000 && self.seen(parent)?.partition_key.is_some() {
                column_mut(self.relation(table)?, &column.name)?.identity = column.identity;
            }
        }
        let checks = self.seen(parent)?.checks.clone();
        for (name, check) in checks {
            if !check.no_inherit {
                self.inherit_check(table, parent, &name, &check)?;
            }
        }
        Ok(())
    }

    /// Gives a table a check of a parent, or lets the one that it has be the parent's too.
    pub(super) fn inherit_check(
        &mut self,
        table: &QualifiedName,
        parent: &QualifiedName,
        name: &Ident,
        check: &CheckConstraint,
    ) -> Followed<()> {
        let own = &mut self.relation(table)?.checks;
        if let Some(known) = own.get_mut(name) {
            if !known.inherited {
                known.inherited = true;
                self.put_local_check(table, name.clone());
            }
            return Ok(());
        }
        own.insert(name.clone(), CheckConstraint { inherited: true, ..check.clone() });
        self.constraints.insert(QualifiedName::new(table.schema().clone(), name.clone()));
        self.copy_uses(Part::Check, name, parent, table);
        Ok(())
    }

    /// The tables that have a parent, of either kind, directly.
    pub(super) fn children(&self, parent: &QualifiedName) -> Vec<QualifiedName> {
        if !self.has_children {
            return Vec::new();
        }
        self.catalog.relations.naming(&Named::Above(parent.clone()))
    }

    /// The parents of a table, of either kind.
    pub(super) fn parents_of(&self, table: &QualifiedName) -> Vec<QualifiedName> {
        let Some(relation) = self.catalog.relations.get(table) else { return Vec::new() };
        let partitioned = relation.partition_of.as_ref().map(|partition| partition.parent.clone());
        relation.inherits.iter().cloned().chain(partitioned).collect()
    }

    /// Whether a parent gives the table a column of the name.
    pub(super) fn has_from_parent(&self, table: &QualifiedName, column: &Ident) -> bool {
        let has = |parent: &QualifiedName| {
            self.catalog.relations.get(parent).is_some_and(|relation| relation.column(column).is_some())
        };
        self.parents_of(table).iter().any(has)
    }

    /// That a table is not what its new parent comes from, nor the parent itself, which the server refuses.
    pub(super) fn not_below_itself(&self, table: &QualifiedName, parent: &QualifiedName) -> Followed<()> {
        let mut left = vec![parent.clone()];
        let mut seen = BTreeSet::new();
        while let Some(above) = left.pop() {
            if above == *table {
                return Err(format!("{table} cannot be below {parent}, which is {table} or below it"));
            }
            if seen.insert(above.clone()) {
                left.extend(self.parents_of(&above));
            }
        }
        Ok(())
    }

    /// `ALTER TABLE … INHERIT`.
    pub(super) fn inherit(&mut self, table: &QualifiedName, parent: &QualifiedName) -> Followed<()> {
        self.not_below_itself(table, parent)?;
        for column in self.seen(parent)?.columns.clone() {
            if self.seen(table)?.column(&column.name).is_none() {
                return Err(format!("{table} has no column {}", column.name));
            }
        }
        let checks = self.seen(parent)?.checks.clone();
        for (name, check) in checks.into_iter().filter(|(_, check)| !check.no_inherit) {
            if !self.seen(table)?.checks.contains_key(&name) {
                return Err(format!("{table} has no check {name}"));
            }
            self.inherit_check(table, parent, &name, &check)?;
        }
        self.has_children = true;
        self.relation(table)?.inherits.push(parent.clone());
        Ok(())
    }

    /// `ALTER TABLE … NO INHERIT`.
    pub(super) fn no_inherit(&mut self, table: &QualifiedName, parent: &QualifiedName) -> Followed<()> {
        let relation = self.relation(table)?;
        let before = relation.inherits.len();
        relation.inherits.retain(|known| known != parent);
        if relation.inherits.len() == before {
            return Err(format!("{table} does not inherit from {parent}"));
        }
        self.stand_alone(table)
    }

    /// Makes a table's own what no parent gives it any more.
    pub(super) fn stand_alone(&mut self, table: &QualifiedName) -> Followed<()> {
        let columns = self.seen(table)?.columns.clone();
        for column in columns.iter().filter(|column| column.inherited) {
            if !self.has_from_parent(table, &column.name) {
                column_mut(self.relation(table)?, &column.name)?.inherited = false;
            }
        }
        let parents = self.parents_of(table);
        let checks: Vec<Ident> = self.seen(table)?.checks.keys().cloned().collect();
        for check in checks {
            let given = parents.iter().any(|parent| {
                let parent = self.catalog.relations.get(parent);
                parent.and_then(|parent| parent.checks.get(&check)).is_some_and(|check| !check.no_inherit)
            });
            if !given && let Some(check) = self.relation(table)?.checks.get_mut(&check) {
                check.inherited = false;
            }
        }
        Ok(())
    }
}
