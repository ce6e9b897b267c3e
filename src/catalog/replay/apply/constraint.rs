//! Constraints but foreign keys.

use super::super::analyze::Place;
use super::super::depend::{Object, Part};
use super::super::parse::constraint::{Constraint, ConstraintKind, Timing};
use super::super::state::{Followed, State};
use super::index::NewIndex;
use crate::catalog::{CheckConstraint, ExclusionConstraint, Index, IndexColumn, IndexKey, KeyConstraint};
use crate::ident::{Ident, QualifiedName};

impl State {
    /// Adds a constraint to a table, and to its children where they get it.
    pub(super) fn add_constraint(
        &mut self,
        table: &QualifiedName,
        made: &Constraint,
        recurse: bool,
    ) -> Followed<()> {
        match &made.kind {
            ConstraintKind::NotNull(column) => self.add_not_null(table, column, made, recurse),
            ConstraintKind::Check(text) => self.add_check(table, made.name.as_ref(), text, made.timing),
            ConstraintKind::ForeignKey(key) => {
                self.add_foreign_key(table, made.name.as_ref(), key, made.timing)
            }
            ConstraintKind::KeyUsing { primary, index } => {
                self.key_using(table, made.name.as_ref(), *primary, index, made.timing)
            }
            ConstraintKind::Key { primary, nulls_not_distinct, columns, without_overlaps, include } => {
                let key = KeyConstraint {
                    primary: *primary,
                    columns: columns.clone(),
                    without_overlaps: *without_overlaps,
                    deferrable: made.timing.deferrable,
                    initially_deferred: made.timing.initially_deferred,
                };
                let index = self.unique_index(table, &key, include, *nulls_not_distinct)?;
                if *primary {
                    for column in columns {
                        self.set_not_null(table, column, recurse)?;
                    }
                }
                let known = self.seen(table)?.primary_key().is_some();
                if *primary && known {
                    return Err(format!("{table} has a primary key already"));
                }
                let new = NewIndex {
                    name: made.name.clone(),
                    index,
                    key: Some(key),
                    exclusion: None,
                    needs: Vec::new(),
                    columns: None,
                };
                self.add_index(table, &new, recurse, None).map(drop)
            }
            ConstraintKind::Exclude { method, elements, include, predicate } => {
                let (keys, operators): (Vec<_>, Vec<_>) = elements.iter().cloned().unzip();
                let keys = self.index_keys(table, method, &keys)?;
                let index = Index {
                    method: method.clone(),
                    keys,
                    include: include.clone(),
                    unique: false,
                    without_overlaps: false,
                    nulls_not_distinct: false,
                    immediate: true,
                    valid: true,
                    predicate: self.predicate(table, predicate.as_deref()),
                    inherited: false,
                };
                let needs = self.take_pending(table);
                let exclusion = ExclusionConstraint {
                    operators,
                    deferrable: made.timing.deferrable,
                    initially_deferred: made.timing.initially_deferred,
                };
                let exclusion = Some(exclusion);
                let new =
                    NewIndex { name: made.name.clone(), index, key: None, exclusion, needs, columns: None };
                self.add_index(table, &new, recurse, None).map(drop)
            }
        }
    }

    fn unique_index(
        &mut self,
        table: &QualifiedName,
        key: &KeyConstraint,
        include: &[Ident],
        nulls_not_distinct: bool,
    ) -> Followed<Index> {
        let element = |column: &Ident| super::super::parse::index::IndexElement {
            column: super::super::parse::index::ElementColumn::Column(column.clone()),
            collation: None,
            opclass: None,
        };
        let elements: Vec<_> = key.columns.iter().map(element).collect();
        let method = if key.without_overlaps { "gist" } else { "btree" };
        Ok(Index {
            method: method.to_owned(),
            keys: self.index_keys(table, method, &elements)?,
            include: include.to_vec(),
            unique: true,
            without_overlaps: key.without_overlaps,
            nulls_not_distinct,
            immediate: true,
            valid: true,
            predicate: None,
            inherited: false,
        })
    }

    /// `UNIQUE USING INDEX` and `PRIMARY KEY USING INDEX`.
    fn key_using(
        &mut self,
        table: &QualifiedName,
        name: Option<&Ident>,
        primary: bool,
        index: &Ident,
        timing: Timing,
    ) -> Followed<()> {
        let relation = self.relation(table)?;
        let Some(mut found) = relation.indexes.remove(index) else {
            return Err(format!("{table} has no index {index}"));
        };
        let column = |key: &IndexKey| match &key.column {
            IndexColumn::Column(column) => Some(column.clone()),
            IndexColumn::Expr(_) => None,
        };
        let columns: Vec<Ident> = found.keys.iter().filter_map(column).collect();
        let name = name.unwrap_or(index).clone();
        found.immediate = !timing.deferrable;
        relation.indexes.insert(name.clone(), found);
        let key = KeyConstraint {
            primary,
            columns: columns.clone(),
            without_overlaps: false,
            deferrable: timing.deferrable,
            initially_deferred: timing.initially_deferred,
        };
        relation.keys.insert(name.clone(), key);
        let with_schema = |name: &Ident| QualifiedName::new(table.schema().clone(), name.clone());
        if let Some(of) = self.indexes.remove(&with_schema(index)) {
            self.indexes.insert(with_schema(&name), of);
        }
        self.constraints.insert(with_schema(&name));
        if primary {
            for column in &columns {
                self.set_not_null(table, column, true)?;
            }
        }
        Ok(())
    }

    fn add_check(
        &mut self,
        table: &QualifiedName,
        name: Option<&Ident>,
        text: &str,
        timing: Timing,
    ) -> Followed<()> {
        let (analyzed, note) = self.analyze(text, Place::On(table), None);
        self.notes.extend(note);
        let name = if let Some(name) = name {
            name.clone()
        } else {
            let columns = analyzed.uses.iter().filter_map(|object| match object {
                Object::Column(of, column) if of == table => Some(column),
                _ => None,
            });
            let columns: Vec<&Ident> = columns.collect();
            let only = match columns[..] {
                [only] => Some(only.as_str()),
                _ => None,
            };
            self.constraint_name(table, only, "check")?
        };
        let check = CheckConstraint {
            expression: analyzed.expr,
            enforced: timing.is_enforced(),
            validated: timing.is_validated(),
            no_inherit: timing.no_inherit,
            inherited: false,
        };
        let known = self.seen(table)?.checks.get(&name);
        if known.is_some_and(|known| !known.inherited) {
            return Err(format!("{table} has a constraint {name} already"));
        }
        if known.is_some() {
            self.put_local_check(table, name);
            return Ok(());
        }
        self.constraints.insert(QualifiedName::new(table.schema().clone(), name.clone()));
        self.uses.set(&Object::Part(Part::Check, table.clone(), name.clone()), analyzed.uses);
        self.relation(table)?.checks.insert(name.clone(), check.clone());
        if !timing.no_inherit {
            self.check_children(table, &name, &check)?;
        }
        Ok(())
    }

    fn check_children(
        &mut self,
        table: &QualifiedName,
        name: &Ident,
        check: &CheckConstraint,
    ) -> Followed<()> {
        for child in self.children(table) {
            self.inherit_check(&child, table, name, check)?;
            self.check_children(&child, name, check)?;
        }
        Ok(())
    }
}
