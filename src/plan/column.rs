//! The tenant column: never NULL, and filled from the transaction.

use std::collections::BTreeMap;

use super::adopt::without_tenant;
use super::draft::{Draft, Kind};
use super::step::{Lock, Work};
use crate::catalog::{Catalog, Column, Expr, Relation};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::policy::ddl as sql;
use crate::policy::place::Place;

const DEFAULT: Kind = Kind {
    lock: Lock::AccessExclusive,
    work: Work::None,
    closes: "an INSERT that does not name the tenant would need to be told it",
};

const NOT_NULL: Kind = Kind {
    lock: Lock::AccessExclusive,
    work: Work::Scan,
    closes: "a row without a tenant is seen by nobody, and checked by no foreign key",
};

const VALIDATED: Kind = Kind { lock: Lock::ShareUpdateExclusive, ..NOT_NULL };

/// What a column is like after the steps so far.
#[derive(Clone)]
struct State {
    default: Option<Expr>,
    not_null: bool,
    not_null_unvalidated: Option<Ident>,
}

/// The columns that steps have changed.
struct States<'a> {
    /// Partitions and heirs, by the tables that they are under.
    under: BTreeMap<&'a QualifiedName, Vec<(&'a QualifiedName, &'a Relation)>>,
    changed: BTreeMap<QualifiedName, State>,
}

pub(super) fn steps(draft: &mut Draft<'_>) -> Result<()> {
    let mut states = States::of(draft.catalog);
    for (name, relation, place) in draft.relations() {
        let (column, may_be_null, defaults) = match place {
            Place::Tenant { column, .. } | Place::Tree { column } => (column, false, true),
            Place::SharedRows { column } => (column, true, true),
            // Which of a user's tenants a new row belongs to is for the statement to say.
            Place::Membership { column } => (column, false, false),
            _ => continue,
        };
        // The table of the tenants themselves: its key is not the tenant's that makes a new one.
        let is_the_key = relation.primary_key() == Some(std::slice::from_ref(&column.name));
        if defaults && !is_the_key && column.identity.is_none() {
            default(draft, &mut states, name, column)?;
        }
        if !may_be_null && !states.get(name, column).not_null {
            not_null(draft, &mut states, name, column)?;
        }
    }
    Ok(())
}

fn default(
    draft: &mut Draft<'_>,
    states: &mut States<'_>,
    name: &QualifiedName,
    column: &Column,
) -> Result<()> {
    let context = Expr::new(draft.manifest.tenancy.context()?);
    let before = states.get(name, column);
    if before.default.as_ref() == Some(&context) {
        return Ok(());
    }
    let up = sql::default(name, &column.name, Some(context.as_str()))?;
    let restored = |default: &Option<Expr>| default.as_ref().map(Expr::as_str).map(str::to_owned);
    let mut down = vec![sql::default(name, &column.name, restored(&before.default).as_deref())?];
    for (below, state) in states.below(name, column) {
        if state.default != before.default {
            down.push(sql::default(&below, &column.name, restored(&state.default).as_deref())?);
        }
        states.change(below, State { default: Some(context.clone()), ..state });
    }
    states.change(name.clone(), State { default: Some(context), ..before });
    let what = format!("column {} defaults to the tenant of the transaction", column.name.as_str());
    draft.push(name.plain(), what, DEFAULT, (up, down.join("\n\n")));
    Ok(())
}

fn not_null(
    draft: &mut Draft<'_>,
    states: &mut States<'_>,
    name: &QualifiedName,
    column: &Column,
) -> Result<()> {
    let before = states.get(name, column);
    let was =
        |state: &State| Column { not_null_unvalidated: state.not_null_unvalidated.clone(), ..column.clone() };
    let up = sql::prove_not_null(name, &was(&before))?;
    let mut down = vec![sql::unprove_not_null(name, &was(&before))?];
    for (below, state) in states.below(name, column) {
        if state.not_null {
            down.push(sql::not_null(&below, &column.name, true)?);
        } else if state.not_null_unvalidated.is_some() && before.not_null_unvalidated.is_none() {
            // Otherwise it comes from above again.
            down.push(sql::unprove_not_null(&below, &was(&state))?);
        }
        states.change(below, State { not_null: true, not_null_unvalidated: None, ..state });
    }
    let (what, kind) = match before.not_null_unvalidated {
        Some(_) => (format!("column {} is not null in any row", column.name.as_str()), VALIDATED),
        None => (format!("column {} is not null", column.name.as_str()), NOT_NULL),
    };
    states.change(name.clone(), State { not_null: true, not_null_unvalidated: None, ..before });
    draft.push(name.plain(), what, kind, (up, down.join("\n\n")));
    draft.in_the_way(name, without_tenant(name, &column.name)?);
    Ok(())
}

impl<'a> States<'a> {
    fn of(catalog: &'a Catalog) -> Self {
        let mut under: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (name, relation) in &catalog.relations {
            let partitioned = relation.partition_of.as_ref().map(|part| &part.parent);
            for above in relation.inherits.iter().chain(partitioned) {
                under.entry(above).or_default().push((name, relation));
            }
        }
        Self { under, changed: BTreeMap::new() }
    }

    fn get(&self, name: &QualifiedName, column: &Column) -> State {
        let from_catalog = || State {
            default: column.default.clone(),
            not_null: column.not_null,
            not_null_unvalidated: column.not_null_unvalidated.clone(),
        };
        self.changed.get(name).cloned().unwrap_or_else(from_catalog)
    }

    fn change(&mut self, name: QualifiedName, state: State) {
        self.changed.insert(name, state);
    }

    /// The partitions and heirs of a table, which ALTER TABLE changes along, those nearer to it first.
    fn below(&self, name: &QualifiedName, column: &Column) -> Vec<(QualifiedName, State)> {
        let mut found: Vec<(QualifiedName, State)> = Vec::new();
        let mut at = 0;
        let mut above = name.clone();
        loop {
            for (below, relation) in self.under.get(&above).into_iter().flatten() {
                let seen = found.iter().any(|(seen, _)| seen == *below);
                if let Some(own) = relation.column(&column.name).filter(|_| !seen) {
                    found.push(((*below).clone(), self.get(below, own)));
                }
            }
            let Some((next, _)) = found.get(at) else { return found };
            above = next.clone();
            at += 1;
        }
    }
}

/// The columns as a list to show.
pub(super) fn names(columns: &[&Ident]) -> String {
    columns.iter().map(|column| column.as_str()).collect::<Vec<_>>().join(", ")
}
