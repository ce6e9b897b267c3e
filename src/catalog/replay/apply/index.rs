//! Indexes.

use super::super::analyze::{Place, figured_name};
use super::super::depend::{Object, Part};
use super::super::links::Named;
use super::super::names::{addition, distinct};
use super::super::opclass;
use super::super::parse::index::{CreateIndex, ElementColumn, IndexElement};
use super::super::state::{Followed, IndexOf, State};
use crate::catalog::{ExclusionConstraint, Expr, Index, IndexColumn, IndexKey, KeyConstraint, RelationKind};
use crate::ident::{Ident, QualifiedName};

/// An index that is to be made, with the constraint that it is for.
pub(super) struct NewIndex {
    /// Its name, unless the server makes one up.
    pub(super) name: Option<Ident>,
    pub(super) index: Index,
    pub(super) key: Option<KeyConstraint>,
    pub(super) exclusion: Option<ExclusionConstraint>,
    /// What its expressions need.
    pub(super) needs: Vec<Object>,
    /// What the index that it is copied from calls its columns.
    pub(super) columns: Option<Vec<String>>,
}

/// The expressions of an index.
pub(super) fn exprs(index: &mut Index) -> Vec<&mut Expr> {
    let keys = index.keys.iter_mut().filter_map(|key| match &mut key.column {
        IndexColumn::Expr(expr) => Some(expr),
        IndexColumn::Column(_) => None,
    });
    keys.chain(&mut index.predicate).collect()
}

/// Whether one index could be a part of the other.
fn alike(one: &Index, other: &Index) -> bool {
    let comparable =
        |index: &Index| Index { valid: true, inherited: false, immediate: true, ..index.clone() };
    comparable(one) == comparable(other)
}

/// What the columns of a new index are called.
pub(in crate::catalog::replay) fn column_names(index: &Index) -> Vec<String> {
    let key = |key: &IndexKey| match &key.column {
        IndexColumn::Column(name) => name.as_str().to_owned(),
        IndexColumn::Expr(expr) => figured_name(expr.as_str()).unwrap_or_else(|| "expr".to_owned()),
    };
    let include = index.include.iter().map(|name| name.as_str().to_owned());
    index.keys.iter().map(key).chain(include).collect()
}

impl State {
    pub(super) fn create_index(&mut self, made: &CreateIndex) -> Followed<()> {
        let table = self.find(&made.table)?;
        if let Some(name) = &made.name
            && self.is_taken(&QualifiedName::new(table.schema().clone(), name.clone()))
        {
            return if made.if_not_exists { Ok(()) } else { Err(format!("{name} is already there")) };
        }
        let keys = self.index_keys(&table, &made.method, &made.elements)?;
        let index = Index {
            method: made.method.clone(),
            keys,
            include: made.include.clone(),
            unique: made.unique,
            without_overlaps: false,
            nulls_not_distinct: made.nulls_not_distinct,
            immediate: true,
            valid: true,
            predicate: None,
            inherited: false,
        };
        let index = Index { predicate: self.predicate(&table, made.predicate.as_deref()), ..index };
        let needs = self.take_pending(&table);
        let new =
            NewIndex { name: made.name.clone(), index, key: None, exclusion: None, needs, columns: None };
        self.add_index(&table, &new, !made.only, None).map(drop)
    }

    /// A place to keep what the expressions of an index need until the index has its name.
    fn pending(table: &QualifiedName) -> Object {
        Object::Part(Part::Index, table.clone(), Ident::known("?"))
    }

    pub(super) fn take_pending(&mut self, table: &QualifiedName) -> Vec<Object> {
        let pending = Self::pending(table);
        let needs = self.uses.of(&pending).cloned().collect();
        self.uses.forget(&pending);
        needs
    }

    pub(super) fn predicate(&mut self, table: &QualifiedName, text: Option<&str>) -> Option<Expr> {
        let predicate = self.expr(text?, Place::On(table), Some("boolean"), &Self::pending(table));
        // One that is always true is none.
        (predicate.normal() != "true").then_some(predicate)
    }

    /// The keys of an index as the model has them.
    pub(super) fn index_keys(
        &mut self,
        table: &QualifiedName,
        method: &str,
        elements: &[IndexElement],
    ) -> Followed<Vec<IndexKey>> {
        let mut keys = Vec::new();
        for element in elements {
            let (column, data_type) = match &element.column {
                ElementColumn::Column(name) => {
                    let columns = self.columns_of(table).unwrap_or_default();
                    let known = columns.into_iter().find(|(column, _)| column == name);
                    let Some((_, data_type)) = known else {
                        return Err(format!("the column {name} of {table} is not known"));
                    };
                    (IndexColumn::Column(name.clone()), data_type)
                }
                ElementColumn::Expr(text) => {
                    let (analyzed, note) = self.analyze(text, Place::On(table), None);
                    self.notes.extend(note);
                    self.uses.add(&Self::pending(table), analyzed.uses);
                    match analyzed.expr.column() {
                        Some(column) => (IndexColumn::Column(column), analyzed.data_type),
                        None => (IndexColumn::Expr(analyzed.expr), analyzed.data_type),
                    }
                }
            };
            let written = element.opclass.as_ref().map(|name| name.name.as_str());
            let data_type = data_type.map(|data_type| self.base_type(&data_type));
            let known = opclass::find(method, written, data_type.as_deref(), |name| self.type_kind(name));
            let opclass = match (&element.opclass, &known) {
                (None, _) => None,
                (Some(_), Some(known)) if known.default => None,
                (Some(_), Some(known)) => Some(known.name.to_owned()),
                (Some(name), None) => Some(self.foreign_opclass(name)),
            };
            let leakproof = known.map(|known| known.leakproof);
            keys.push(IndexKey { column, opclass, leakproof });
        }
        Ok(keys)
    }

    /// The name of an operator class that is not the server's own.
    fn foreign_opclass(&self, name: &super::super::cursor::Name) -> String {
        let schema = name.schema.clone().or_else(|| {
            // An extension brings it, most likely the one whose name it begins with.
            let mut others = self
                .catalog
                .extensions
                .values()
                .filter(|extension| extension.schema.as_str() != "pg_catalog");
            others.next().map(|extension| extension.schema.clone())
        });
        match schema {
            Some(schema) => QualifiedName::new(schema, name.name.clone()).bare(),
            None => name.name.bare().into_owned(),
        }
    }

    /// Makes an index on a table and on its partitions, and says what it is called.
    pub(super) fn add_index(
        &mut self,
        table: &QualifiedName,
        new: &NewIndex,
        recurse: bool,
        parent: Option<&QualifiedName>,
    ) -> Followed<Ident> {
        let constraint = new.key.is_some() || new.exclusion.is_some();
        let name = match &new.name {
            Some(name) => name.clone(),
            None => self.index_name(table, new)?,
        };
        let full = QualifiedName::new(table.schema().clone(), name.clone());
        if self.is_taken(&full) {
            return Err(format!("{full} is already there"));
        }
        let partitions = self.partitions_of(table);
        let mut index = new.index.clone();
        index.inherited = parent.is_some();
        if let Some(key) = &new.key {
            index.immediate = !key.deferrable;
        }
        if let Some(exclusion) = &new.exclusion {
            index.immediate = !exclusion.deferrable;
        }
        index.valid = recurse || partitions.is_empty();
        let relation = self.relation(table)?;
        relation.indexes.insert(name.clone(), Box::new(index));
        if let Some(key) = &new.key {
            relation.keys.insert(name.clone(), key.clone());
            if key.primary {
                for column in relation.columns.iter_mut().filter(|column| key.columns.contains(&column.name))
                {
                    column.not_null = true;
                    column.not_null_unvalidated = None;
                }
            }
        }
        if let Some(exclusion) = &new.exclusion {
            relation.exclusions.insert(name.clone(), exclusion.clone());
        }
        self.uses.add(&Object::Part(Part::Index, table.clone(), name.clone()), new.needs.iter().cloned());
        let columns = new.columns.clone().unwrap_or_else(|| column_names(&new.index));
        self.indexes.insert(full.clone(), IndexOf { table: table.clone(), columns });
        if constraint {
            self.constraints.insert(full.clone());
        }
        if let Some(parent) = parent {
            self.parts.insert(full.clone(), parent.clone());
        }
        if recurse {
            for partition in partitions {
                self.index_partition(&partition, &full, table)?;
            }
        }
        Ok(name)
    }

    /// Gives a partition its part of an index: one that it has already, or a new one.
    pub(super) fn index_partition(
        &mut self,
        partition: &QualifiedName,
        index: &QualifiedName,
        table: &QualifiedName,
    ) -> Followed<()> {
        let of = self.seen(table)?;
        let Some(parent) = of.indexes.get(index.name()).map(|of| Index::clone(of)) else { return Ok(()) };
        let (key, exclusion) = (of.keys.get(index.name()).cloned(), of.exclusions.get(index.name()).cloned());
        let own = self.seen(partition)?;
        if own.kind == RelationKind::ForeignTable {
            return Ok(());
        }
        let fits = |name: &Ident, candidate: &Index| {
            let full = QualifiedName::new(partition.schema().clone(), name.clone());
            let same_key = own.keys.get(name).map(|key| key.primary) == key.as_ref().map(|key| key.primary);
            self.parts.whole(&full).is_none() && same_key && alike(candidate, &parent)
        };
        let found = own.indexes.iter().find(|(name, index)| fits(name, index)).map(|(name, _)| name.clone());
        if let Some(name) = found {
            return self.attach_index_to(partition, &name, index);
        }
        let needs = self.copied_uses(Part::Index, index.name(), table, partition);
        let columns = self.indexes.get(index).map(|index| index.columns.clone());
        let new = NewIndex { name: None, index: parent, key, exclusion, needs, columns };
        self.add_index(partition, &new, true, Some(index)).map(drop)
    }

    /// Makes an index part of another one.
    pub(super) fn attach_index_to(
        &mut self,
        partition: &QualifiedName,
        name: &Ident,
        parent: &QualifiedName,
    ) -> Followed<()> {
        let of = self.seen(partition)?.partition_of.as_ref();
        let table = self.indexes.get(parent).map(|index| &index.table);
        if of.map(|of| &of.parent) != table {
            return Err(format!("the table of {name} is no partition of that of {parent}"));
        }
        if let Some(index) = self.relation(partition)?.indexes.get_mut(name) {
            index.inherited = true;
        }
        let full = QualifiedName::new(partition.schema().clone(), name.clone());
        self.parts.insert(full, parent.clone());
        self.validate_index(parent)
    }

    /// An index on a partitioned table is valid once each partition has its part.
    fn validate_index(&mut self, index: &QualifiedName) -> Followed<()> {
        let Some(table) = self.indexes.get(index).map(|index| index.table.clone()) else { return Ok(()) };
        let partitions = self.catalog.relations.count_naming(&Named::Above(table.clone()));
        let complete = self.parts.count(index) >= partitions;
        if let Some(index) = self.relation(&table)?.indexes.get_mut(index.name()) {
            index.valid |= complete;
        }
        Ok(())
    }

    fn index_name(&self, table: &QualifiedName, new: &NewIndex) -> Followed<Ident> {
        if new.key.as_ref().is_some_and(|key| key.primary) {
            return self.relation_name(table, None, "pkey", true);
        }
        let names = distinct(new.columns.clone().unwrap_or_else(|| column_names(&new.index)));
        let columns = addition(names.iter().map(String::as_str));
        let constraint = new.key.is_some() || new.exclusion.is_some();
        let label = match (&new.key, &new.exclusion) {
            (_, Some(_)) => "excl",
            // The copy of a key WITHOUT OVERLAPS is named after what it is made of.
            (Some(key), None) if key.without_overlaps && new.columns.is_some() => "excl",
            (Some(_), None) => "key",
            (None, None) => "idx",
        };
        self.relation_name(table, Some(&columns), label, constraint)
    }
}
