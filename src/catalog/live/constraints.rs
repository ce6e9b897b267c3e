//! Constraints.

use futures_util::future::try_join;
use tokio_postgres::Transaction;

use super::super::{
    CheckConstraint, ExclusionConstraint, Expr, ForeignKey, KeyConstraint, MatchType, ReferentialAction,
};
use super::building::Building;
use super::read::{Line, Oid, Query, rows};
use crate::error::Result;
use crate::ident::Ident;

const CONSTRAINTS: Query =
    Query { what: "the constraints", sql: include_str!("../../../sql/catalog/constraint.sql") };
const FOREIGN_KEYS: Query =
    Query { what: "the foreign keys", sql: include_str!("../../../sql/catalog/foreign_key.sql") };

pub(super) struct Constraints {
    constraints: Vec<(Oid, Ident, Constraint)>,
    foreign_keys: Vec<(Oid, Ident, ForeignKey)>,
}

enum Constraint {
    Key(KeyConstraint),
    Check(CheckConstraint),
    Exclusion(ExclusionConstraint),
    /// NOT NULL of a column, NOT VALID.
    NotNull(Ident),
}

pub(super) async fn read(transaction: &Transaction<'_>) -> Result<Constraints> {
    let (constraints, foreign_keys) =
        try_join(rows(transaction, CONSTRAINTS, constraint), rows(transaction, FOREIGN_KEYS, foreign_key))
            .await?;
    Ok(Constraints { constraints, foreign_keys })
}

impl Constraints {
    pub(super) fn add_to(self, building: &mut Building) {
        for (oid, name, constraint) in self.constraints {
            let Some(relation) = building.relation(oid) else { continue };
            match constraint {
                Constraint::Key(key) => drop(relation.keys.insert(name, key)),
                Constraint::Check(check) => drop(relation.checks.insert(name, check)),
                Constraint::Exclusion(exclusion) => drop(relation.exclusions.insert(name, exclusion)),
                Constraint::NotNull(column) => {
                    for column in relation.columns.iter_mut().filter(|of| of.name == column) {
                        column.not_null = false;
                        column.not_null_unvalidated = Some(name.clone());
                    }
                }
            }
        }
        for (oid, name, key) in self.foreign_keys {
            if let Some(relation) = building.relation(oid) {
                relation.foreign_keys.insert(name, Box::new(key));
            }
        }
    }
}

fn constraint(row: &Line) -> Result<(Oid, Ident, Constraint)> {
    let deferrable = row.get("condeferrable")?;
    let initially_deferred = row.get("condeferred")?;
    let constraint = match row.letter("contype")? {
        kind @ ('p' | 'u') => Constraint::Key(KeyConstraint {
            primary: kind == 'p',
            columns: row.idents("columns")?,
            without_overlaps: row.get("period")?,
            deferrable,
            initially_deferred,
        }),
        'c' => Constraint::Check(CheckConstraint {
            expression: row.get::<&str>("expression").map(Expr::new)?,
            enforced: row.get("enforced")?,
            validated: row.get("convalidated")?,
            no_inherit: row.get("connoinherit")?,
            inherited: row.get("inherited")?,
        }),
        'x' => Constraint::Exclusion(ExclusionConstraint {
            operators: row.get("operators")?,
            deferrable,
            initially_deferred,
        }),
        'n' => {
            let column = row.idents("columns")?.into_iter().next();
            Constraint::NotNull(column.ok_or_else(|| row.unknown("conkey", "no column"))?)
        }
        other => return Err(row.unknown("contype", other)),
    };
    Ok((row.get("relation")?, row.ident("conname")?, constraint))
}

fn foreign_key(row: &Line) -> Result<(Oid, Ident, ForeignKey)> {
    let key = ForeignKey {
        columns: row.idents("columns")?,
        references: row.qualified("referenced_schema", "referenced_name")?,
        referenced_columns: row.idents("referenced_columns")?,
        period: row.get("period")?,
        on_update: action(row, "confupdtype")?,
        on_delete: action(row, "confdeltype")?,
        on_delete_columns: row.idents("on_delete_columns")?,
        match_type: if row.get("match_full")? { MatchType::Full } else { MatchType::Simple },
        deferrable: row.get("condeferrable")?,
        initially_deferred: row.get("condeferred")?,
        enforced: row.get("enforced")?,
        validated: row.get("convalidated")?,
        inherited: row.get("inherited")?,
    };
    Ok((row.get("relation")?, row.ident("conname")?, key))
}

fn action(row: &Line, column: &str) -> Result<ReferentialAction> {
    Ok(match row.letter(column)? {
        'a' => ReferentialAction::NoAction,
        'r' => ReferentialAction::Restrict,
        'c' => ReferentialAction::Cascade,
        'n' => ReferentialAction::SetNull,
        'd' => ReferentialAction::SetDefault,
        other => return Err(row.unknown(column, other)),
    })
}
