//! NOT NULL, which PostgreSQL 18 keeps among the constraints.

use super::super::parse::constraint::Constraint;
use super::super::state::{Followed, State};
use super::column::column_mut;
use crate::ident::{Ident, QualifiedName};

impl State {
    /// `ADD NOT NULL column`, which can leave out the rows that are there.
    pub(super) fn add_not_null(
        &mut self,
        table: &QualifiedName,
        column: &Ident,
        made: &Constraint,
        recurse: bool,
    ) -> Followed<()> {
        let known = column_mut(self.relation(table)?, column)?;
        if let Some(unvalidated) = &known.not_null_unvalidated {
            let differs =
                made.name.as_ref().is_some_and(|name| name != unvalidated) || !made.timing.not_valid;
            let there = format!("{table} has a constraint {unvalidated} already, which is NOT VALID");
            return if differs { Err(there) } else { Ok(()) };
        }
        if !made.timing.not_valid || known.not_null {
            return self.set_not_null(table, column, recurse);
        }
        let name = match &made.name {
            Some(name) => name.clone(),
            None => self.constraint_name(table, Some(column.as_str()), "not_null")?,
        };
        self.leave_not_null_unvalidated(table, column, &name)
    }

    fn leave_not_null_unvalidated(
        &mut self,
        table: &QualifiedName,
        column: &Ident,
        name: &Ident,
    ) -> Followed<()> {
        let own = column_mut(self.relation(table)?, column)?;
        // One that has been proven stays so.
        if !own.not_null && own.not_null_unvalidated.is_none() {
            own.not_null_unvalidated = Some(name.clone());
            self.constraints.insert(QualifiedName::new(table.schema().clone(), name.clone()));
        }
        for child in self.children(table) {
            self.leave_not_null_unvalidated(&child, column, name)?;
        }
        Ok(())
    }

    /// Sets NOT NULL, in the children too.
    pub(super) fn set_not_null(
        &mut self,
        table: &QualifiedName,
        column: &Ident,
        recurse: bool,
    ) -> Followed<()> {
        let own = column_mut(self.relation(table)?, column)?;
        own.not_null = true;
        own.not_null_unvalidated = None;
        if recurse {
            for child in self.children(table) {
                self.set_not_null(&child, column, true)?;
            }
        }
        Ok(())
    }

    /// Children have it under the same name.
    pub(super) fn rename_unvalidated_not_null(
        &mut self,
        table: &QualifiedName,
        from: &Ident,
        to: &Ident,
    ) -> Followed<()> {
        let Some(column) = self.unvalidated_not_null(table, from) else { return Ok(()) };
        column_mut(self.relation(table)?, &column)?.not_null_unvalidated = Some(to.clone());
        self.rename_constraint_name(table, from, to);
        for child in self.children(table) {
            self.rename_unvalidated_not_null(&child, from, to)?;
        }
        Ok(())
    }

    /// The column that a NOT NULL constraint is of which is NOT VALID.
    pub(super) fn unvalidated_not_null(&self, table: &QualifiedName, name: &Ident) -> Option<Ident> {
        let columns = &self.seen(table).ok()?.columns;
        let mut of = columns.iter().filter(|column| column.not_null_unvalidated.as_ref() == Some(name));
        of.next().map(|column| column.name.clone())
    }
}
