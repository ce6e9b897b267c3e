//! Rows that a policy may open by what else they hold: those that its own constants name, and a tenant that is a pattern.

use std::collections::BTreeSet;

use sqlparser::tokenizer::Token;

use super::{Cast, Table};
use crate::catalog::tokens;
use crate::error::Result;
use crate::ident::Ident;
use crate::policy::matrix::Verb;
use crate::prove::attempt::{OF_NEW_ROWS, ON_ROWS, Reads};
use crate::prove::judge::judge;
use crate::prove::made::Values;
use crate::prove::report::{Aim, Cell};
use crate::prove::row::Scene;
use crate::prove::seat::{Answer, Binding};
use crate::prove::tenants::Who;

/// How many values are tried that policies name.
const MOST: usize = 8;

impl Table<'_> {
    /// Tries rows of another tenant's that hold what a policy compares columns with.
    pub(super) async fn lures(&self, scene: &mut Scene<'_>, cells: &mut Vec<Cell>) -> Result<()> {
        for lure in self.named_by_policies().into_iter().take(MOST) {
            let row = match scene.row_that_says(self.name, Who::Other, &lure).await {
                Ok(row) => row,
                // A check or a key does not let such a row be.
                Err(stop) => {
                    stop.reason()?;
                    continue;
                }
            };
            let what: Vec<String> = lure.keys().map(Ident::plain).collect();
            let lured = |name: &str| format!("{name} by {}", what.join(", "));
            let cast = Cast {
                new: vec![(Who::Other, scene.another(self.relation, &row))],
                rows: vec![(Who::Other, row)],
            };
            let (Some(row), Some(new)) = (cast.row(Who::Other), cast.values(Who::Other)) else { continue };
            let on_rows = ON_ROWS.iter().filter(|of| matches!(of.name, "select" | "update" | "delete"));
            for attempt in on_rows {
                let mut cell = self.on_row(scene, attempt, Aim::Other, &row.predicate()).await?;
                cell.attempt = lured(attempt.name);
                cells.push(cell);
            }
            for attempt in OF_NEW_ROWS.iter().take(1) {
                cells.push(self.insert(scene, attempt, &lured(attempt.name), Aim::Other, new).await?);
            }
        }
        Ok(())
    }

    /// Tries to be every tenant at once, by a tenant that matches all where it is taken for a pattern.
    pub(super) async fn pattern(&self, scene: &Scene<'_>, cast: &Cast, cells: &mut Vec<Cell>) -> Result<()> {
        let Some(row) = cast.row(Who::Other) else { return Ok(()) };
        for attempt in ON_ROWS.iter().filter(|of| of.name == "select") {
            let mut cell = self.on_row(scene, attempt, Aim::Other, &row.predicate()).await?;
            let settings = vec![(scene.tenants.setting().to_owned(), "%".to_owned())];
            let binding = Binding { settings, ..scene.bound(Aim::Other) };
            let answer = scene.seat.attempt(&binding, &cell.sql, Reads::Rows).await?;
            let is_of_data = matches!(&answer, Answer::Error { code, .. } if code.code().starts_with("22"));
            "select as %".clone_into(&mut cell.attempt);
            if !is_of_data {
                cell.verdict = judge(self.expected(scene, Verb::Select, Aim::Other), &answer);
            }
            cell.answer = answer.to_string();
            cells.push(cell);
        }
        Ok(())
    }

    /// Columns with constants that a policy names beside them.
    fn named_by_policies(&self) -> BTreeSet<Values> {
        let tenant = self.place.tenant_column().map(|column| &column.name);
        let policies = self.relation.policies.values().filter(|policy| policy.permissive);
        let expressions = policies.flat_map(|policy| [&policy.using, &policy.with_check]).flatten();
        let mut found = BTreeSet::new();
        for expression in expressions {
            let tokens = tokens(expression.as_str()).unwrap_or_default();
            let (mut columns, mut constants) = (Vec::new(), Vec::new());
            for (token, _) in tokens {
                match token {
                    Token::Word(word) => {
                        let named = |name: &Ident| name.as_str() == word.value && Some(name) != tenant;
                        columns.extend(self.relation.columns.iter().filter(|column| named(&column.name)));
                    }
                    Token::SingleQuotedString(text) => constants.push(Some(text)),
                    Token::Number(digits, _) => constants.push(Some(digits)),
                    _ => {}
                }
            }
            for column in columns {
                let of_type: Vec<Option<String>> = match column.data_type.as_str() {
                    "boolean" => vec![Some("true".to_owned()), Some("false".to_owned())],
                    _ => constants.clone(),
                };
                let values = of_type.into_iter().chain((!column.not_null).then_some(None));
                found.extend(values.map(|value| Values::from([(column.name.clone(), value)])));
            }
        }
        found
    }
}
