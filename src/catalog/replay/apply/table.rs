//! `CREATE TABLE`.

use super::super::analyze::Place;
use super::super::depend::{Object, Part};
use super::super::parse::column::ColumnDef;
use super::super::parse::constraint::{Constraint, ConstraintKind, Timing};
use super::super::parse::table::{CreateTable, CreateTableAs, Element, Life};
use super::super::state::{Followed, State};
use super::super::types::Type;
use super::column::MOST_COLUMNS;
use crate::catalog::{Column, Expr, ObjectKind, Persistence, Relation, RelationKind, View};
use crate::ident::{Ident, QualifiedName};

impl State {
    pub(super) fn create_table(&mut self, made: &CreateTable) -> Followed<()> {
        let name = self.make_at(&made.name, made.life == Life::Temporary)?;
        if self.is_taken(&name) {
            return if made.if_not_exists { Ok(()) } else { Err(format!("{name} is already there")) };
        }
        let columns = made.elements.iter().filter(|element| matches!(element, Element::Column(_)));
        if columns.count() > MOST_COLUMNS {
            return Err(format!("{name} cannot have more columns than {MOST_COLUMNS}"));
        }
        let kind = match (&made.partition_by, made.foreign) {
            (Some(_), _) => RelationKind::PartitionedTable,
            (None, true) => RelationKind::ForeignTable,
            (None, false) => RelationKind::Table,
        };
        let mut relation = self.new_relation(kind, made.life, &name);
        relation.options = super::object::options(&made.options);
        let parents = self.parents(made)?;
        relation.columns = self.inherited_columns(&parents)?;
        if made.partition_of.is_none() {
            relation.inherits.clone_from(&parents);
        }
        self.catalog.relations.insert(name.clone(), relation);
        let before = self.notes.len();
        self.fill_table(&name, made, &parents);
        // Of one without columns nothing is known.
        if self.seen(&name)?.columns.is_empty() && self.notes.len() > before {
            self.forget_relation(&name);
            return Err(self.notes.split_off(before).join("; "));
        }
        Ok(())
    }

    /// A relation that is made now, with what it grants by itself.
    pub(super) fn new_relation(&self, kind: RelationKind, life: Life, name: &QualifiedName) -> Relation {
        let mut relation = Relation::new(kind, self.role());
        relation.owner_is_assumed = self.role_is_assumed();
        if life == Life::Unlogged {
            relation.persistence = Persistence::Unlogged;
        }
        let of = if kind == RelationKind::Sequence { ObjectKind::Sequence } else { ObjectKind::Table };
        relation.grants = self.granted_by_default(Some(name.schema()), of);
        relation
    }

    fn parents(&mut self, made: &CreateTable) -> Followed<Vec<QualifiedName>> {
        if let Some((parent, _)) = &made.partition_of {
            return Ok(vec![self.find(parent)?]);
        }
        let found: Vec<_> = made.inherits.iter().map(|parent| self.find(parent)).collect();
        Ok(found.into_iter().filter_map(|parent| self.tried(parent)).collect())
    }

    /// What was followed; otherwise it is said why it was not.
    fn tried<T>(&mut self, followed: Followed<T>) -> Option<T> {
        followed.map_err(|why| self.note(why)).ok()
    }

    /// Gives a new table what the statement says of it. What is not followed keeps nothing else from being so.
    fn fill_table(&mut self, name: &QualifiedName, made: &CreateTable, parents: &[QualifiedName]) {
        let mut own: Vec<Constraint> = Vec::new();
        let mut likes = Vec::new();
        let mut columns: Vec<&ColumnDef> = Vec::new();
        self.notes.extend(made.unread.clone());
        if let Some(of_type) = &made.of_type {
            let typed = self.typed_columns(name, of_type);
            self.tried(typed);
        }
        for element in &made.elements {
            match element {
                Element::Column(column) => {
                    self.notes.extend(column.unread.clone());
                    let declared = self.declare_column(name, column);
                    if self.tried(declared).is_some() {
                        columns.push(column);
                    }
                }
                Element::Constraint(constraint) => {
                    // A new table has no rows that NOT VALID could leave out.
                    let timing = Timing { not_valid: false, ..constraint.timing };
                    own.push(Constraint { timing, ..constraint.clone() });
                }
                Element::Like(source, included) => {
                    let found = self.find(source);
                    let Some(source) = self.tried(found) else { continue };
                    let copied = self.like_columns(name, &source, included);
                    self.tried(copied);
                    likes.push((source, included));
                }
                Element::Unread(why) => self.note(why.clone()),
            }
        }
        for parent in parents {
            let inherited = self.inherit_expressions(name, parent);
            self.tried(inherited);
        }
        for column in &columns {
            let defined = self.define_column(name, column);
            self.tried(defined);
        }
        if let Some(by) = &made.partition_by {
            let key = self.partition_key(name, by);
            let keyed = self.relation(name).map(|relation| relation.partition_key = Some(key));
            self.tried(keyed);
        }
        if let (Some((_, bound)), [parent]) = (&made.partition_of, parents) {
            let partition = self.become_partition(name, parent, bound);
            self.tried(partition);
        }
        let of_columns = columns.iter().flat_map(|column| &column.constraints);
        let constraints: Vec<&Constraint> = own.iter().chain(of_columns).collect();
        self.table_constraints(name, &constraints, |kind| {
            matches!(kind, ConstraintKind::Check(_) | ConstraintKind::NotNull(_))
        });
        for (source, included) in likes {
            let copied = self.like_parts(name, &source, included);
            self.tried(copied);
        }
        // The server makes the primary key first and the foreign keys last.
        let is_primary = |kind: &ConstraintKind| matches!(kind, ConstraintKind::Key { primary: true, .. });
        let is_foreign = |kind: &ConstraintKind| matches!(kind, ConstraintKind::ForeignKey(_));
        let is_check =
            |kind: &ConstraintKind| matches!(kind, ConstraintKind::Check(_) | ConstraintKind::NotNull(_));
        let constraints = merged(&constraints);
        let constraints: Vec<&Constraint> = constraints.iter().collect();
        self.table_constraints(name, &constraints, is_primary);
        self.table_constraints(name, &constraints, |kind| {
            !is_primary(kind) && !is_foreign(kind) && !is_check(kind)
        });
        self.table_constraints(name, &constraints, is_foreign);
    }

    fn table_constraints(
        &mut self,
        name: &QualifiedName,
        constraints: &[&Constraint],
        which: impl Fn(&ConstraintKind) -> bool,
    ) {
        for constraint in constraints.iter().filter(|constraint| which(&constraint.kind)) {
            let added = self.add_constraint(name, constraint, true);
            self.tried(added);
        }
    }

    fn typed_columns(&mut self, name: &QualifiedName, of: &super::super::cursor::Name) -> Followed<()> {
        let full = self.candidates(of).into_iter().find(|candidate| self.types.contains_key(candidate));
        let found = full.as_ref().and_then(|full| self.types.get(full).cloned());
        if let Some(full) = full {
            self.typed.insert(name.clone(), full);
        }
        let Some(Type::Composite(attributes)) = found else {
            return Err(format!("the type {of} is not known"));
        };
        let column = |(name, data_type)| Column {
            name,
            data_type,
            not_null: false,
            not_null_unvalidated: None,
            default: None,
            generated: None,
            identity: None,
            inherited: false,
        };
        self.relation(name)?.columns.extend(attributes.into_iter().map(column));
        Ok(())
    }

    /// `CREATE TABLE … AS` and `CREATE MATERIALIZED VIEW`.
    pub(super) fn create_table_as(&mut self, made: &CreateTableAs) -> Followed<()> {
        let name = self.make_at(&made.name, made.life == Life::Temporary)?;
        if self.is_taken(&name) {
            return if made.if_not_exists { Ok(()) } else { Err(format!("{name} is already there")) };
        }
        let kind = if made.materialized { RelationKind::MaterializedView } else { RelationKind::Table };
        let mut relation = self.new_relation(kind, made.life, &name);
        relation.options = super::object::options(&made.options);
        let (mut analyzed, note) = self.analyze_query(&made.query);
        self.notes.extend(note);
        for (output, column) in analyzed.outputs.iter_mut().flatten().zip(&made.columns) {
            output.0 = column.clone();
        }
        if made.materialized {
            relation.view = Some(View { reads: super::view::reads(&analyzed.uses, &name) });
            self.uses.set(&Object::Part(Part::Rule, name.clone(), super::view::return_rule()), analyzed.uses);
            if let Some(outputs) = analyzed.outputs {
                self.outputs.insert(name.clone(), outputs);
            }
        } else {
            relation.columns = self.columns_as(&name, analyzed.outputs);
        }
        self.catalog.relations.insert(name, relation);
        Ok(())
    }

    /// The columns of a table that a query fills.
    fn columns_as(
        &mut self,
        name: &QualifiedName,
        outputs: Option<Vec<(Ident, Option<String>)>>,
    ) -> Vec<Column> {
        let Some(outputs) = outputs else {
            self.note(format!("the columns of {name}, which a query fills, are not known"));
            return Vec::new();
        };
        let mut columns = Vec::new();
        for (column, data_type) in outputs {
            let data_type = match data_type.as_deref() {
                Some("unknown") => "text".to_owned(),
                Some(known) => known.to_owned(),
                None => {
                    self.note(format!("the type of {column} of {name}, which a query fills, is not known"));
                    "unknown".to_owned()
                }
            };
            columns.push(Column {
                name: column,
                data_type,
                not_null: false,
                not_null_unvalidated: None,
                default: None,
                generated: None,
                identity: None,
                inherited: false,
            });
        }
        columns
    }

    /// A query that is run for what it does.
    pub(super) fn select(&mut self, query: &str) -> Followed<()> {
        super::session::told_by_query(self, query)
    }

    /// An expression that stands with a table. A condition is one of truth.
    pub(super) fn on(&mut self, table: &QualifiedName, part: Part, name: &Ident, text: &str) -> Expr {
        let target = matches!(part, Part::Policy | Part::Check).then_some("boolean");
        self.expr(text, Place::On(table), target, &Object::Part(part, table.clone(), name.clone()))
    }
}

/// Of keys that are alike the server makes one, which is the primary key if one of them is.
pub(super) fn merged(constraints: &[&Constraint]) -> Vec<Constraint> {
    let mut merged: Vec<Constraint> = Vec::new();
    let is_primary =
        |constraint: &Constraint| matches!(constraint.kind, ConstraintKind::Key { primary: true, .. });
    let mut ordered = constraints.to_vec();
    ordered.sort_by_key(|constraint| !is_primary(constraint));
    for constraint in ordered {
        let known = merged.iter_mut().find(|known| match (&known.kind, &constraint.kind) {
            (
                ConstraintKind::Key {
                    columns: one,
                    include,
                    nulls_not_distinct: distinct,
                    without_overlaps: apart,
                    ..
                },
                ConstraintKind::Key { columns, include: other, nulls_not_distinct, without_overlaps, .. },
            ) => {
                one == columns
                    && apart == without_overlaps
                    && include == other
                    && distinct == nulls_not_distinct
                    && known.timing == constraint.timing
            }
            _ => false,
        });
        match known {
            Some(known) if known.name.is_none() => known.name.clone_from(&constraint.name),
            Some(_) => {}
            None => merged.push(constraint.clone()),
        }
    }
    merged
}
