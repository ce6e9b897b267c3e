//! Columns: what a definition makes of a table.

use super::super::analyze::Place;
use super::super::cursor::Name;
use super::super::depend::{Object, Part};
use super::super::parse::column::ColumnDef;
use super::super::parse::sequence::SequenceOptions;
use super::super::parse::type_name::{BaseType, TypeName};
use super::super::state::{Followed, State};
use super::super::types;
use crate::catalog::{Column, Generated, Identity, Relation, RelationKind, SequenceInfo};
use crate::ident::{Ident, QualifiedName};

/// How many columns the server lets a table have.
pub(super) const MOST_COLUMNS: usize = 1600;

/// What `serial` and its like stand for.
fn serial(written: &TypeName) -> Option<&'static str> {
    match &written.base {
        BaseType::Named(Name { schema: None, name }) if !written.array => types::serial(name.as_str()),
        _ => None,
    }
}

/// The column of a name, to be changed.
pub(super) fn column_mut<'a>(relation: &'a mut Relation, name: &Ident) -> Followed<&'a mut Column> {
    let found = relation.columns.iter_mut().find(|column| column.name == *name);
    found.ok_or_else(|| format!("the column {name} is not known"))
}

impl State {
    /// Adds a column without its expressions, or merges it into the one that a parent gives the table.
    pub(super) fn declare_column(&mut self, table: &QualifiedName, made: &ColumnDef) -> Followed<()> {
        let partition = made.data_type.is_none();
        let data_type = match &made.data_type {
            None => None,
            Some(written) => match serial(written) {
                Some(integer) => Some(integer.to_owned()),
                None => Some(self.type_text(written)?),
            },
        };
        let not_null =
            made.not_null || made.data_type.as_ref().is_some_and(|written| serial(written).is_some());
        let relation = self.relation(table)?;
        if let Ok(column) = column_mut(relation, &made.name) {
            if !column.inherited && !partition {
                return Err(format!("{table} has a column {} already", made.name));
            }
            column.not_null |= not_null;
            // One that the table defines itself stays when its parents lose theirs.
            column.inherited &= partition;
            return Ok(());
        }
        let data_type = data_type.ok_or_else(|| format!("the column {} is not known", made.name))?;
        if relation.columns.len() >= MOST_COLUMNS {
            return Err(format!("{table} cannot have more columns than {MOST_COLUMNS}"));
        }
        relation.columns.push(Column {
            name: made.name.clone(),
            data_type,
            not_null,
            not_null_unvalidated: None,
            default: None,
            generated: None,
            identity: None,
            inherited: false,
        });
        Ok(())
    }

    /// Gives a column its default, its sequence or what it is computed by.
    pub(super) fn define_column(&mut self, table: &QualifiedName, made: &ColumnDef) -> Followed<()> {
        if made.data_type.as_ref().and_then(serial).is_some() {
            let sequence = self.make_sequence_of(table, &made.name, &SequenceOptions::default(), false)?;
            let text = format!("nextval({}::regclass)", crate::ident::literal(&sequence.bare()));
            self.set_default(table, &made.name, Some(&text))?;
        }
        if let Some(default) = &made.default {
            self.set_default(table, &made.name, Some(default))?;
        }
        if let Some((expression, stored)) = &made.generated {
            let expression = self.on(table, Part::Default, &made.name, expression);
            let generated = Generated { expression, stored: *stored };
            column_mut(self.relation(table)?, &made.name)?.generated = Some(generated);
        }
        if let Some((identity, options)) = &made.identity {
            self.add_identity(table, &made.name, *identity, options)?;
        }
        Ok(())
    }

    /// Sets or drops a default.
    pub(super) fn set_default(
        &mut self,
        table: &QualifiedName,
        name: &Ident,
        text: Option<&str>,
    ) -> Followed<()> {
        let of = Object::Part(Part::Default, table.clone(), name.clone());
        self.uses.forget(&of);
        let data_type = column_mut(self.relation(table)?, name)?.data_type.clone();
        let default = match text {
            // It is the same as none, unless the server has to make it fit.
            Some(text) if text.eq_ignore_ascii_case("null") && !data_type.contains('(') => None,
            Some(text) => Some(self.expr(text, Place::On(table), Some(&data_type), &of)),
            None => None,
        };
        column_mut(self.relation(table)?, name)?.default = default;
        Ok(())
    }

    pub(super) fn add_identity(
        &mut self,
        table: &QualifiedName,
        name: &Ident,
        identity: Identity,
        options: &SequenceOptions,
    ) -> Followed<()> {
        self.make_sequence_of(table, name, options, true)?;
        let column = column_mut(self.relation(table)?, name)?;
        column.identity = Some(identity);
        column.not_null = true;
        Ok(())
    }

    /// Makes the sequence of a serial or identity column.
    fn make_sequence_of(
        &mut self,
        table: &QualifiedName,
        column: &Ident,
        options: &SequenceOptions,
        identity: bool,
    ) -> Followed<QualifiedName> {
        let (schema, name) = if let Some(name) = &options.name {
            (name.schema.clone(), name.name.clone())
        } else {
            (None, self.relation_name(table, Some(column.as_str()), "seq", false)?)
        };
        let name = QualifiedName::new(schema.unwrap_or_else(|| table.schema().clone()), name);
        let of = self.seen(table)?;
        let (owner, is_assumed, persistence) = (of.owner.clone(), of.owner_is_assumed, of.persistence);
        let mut sequence =
            self.new_relation(RelationKind::Sequence, super::super::parse::table::Life::Permanent, &name);
        // A column that is added later belongs to whoever owns the table.
        sequence.owner = owner;
        sequence.owner_is_assumed = is_assumed;
        sequence.persistence = persistence;
        sequence.sequence = Some(SequenceInfo { owned_by: Some((table.clone(), column.clone())), identity });
        self.catalog.relations.insert(name.clone(), sequence);
        Ok(name)
    }
}
