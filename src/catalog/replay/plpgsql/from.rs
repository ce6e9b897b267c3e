//! The rows that a query stands on: lists, and the server's catalogs.

use sqlparser::ast::{self, Expr, JoinConstraint, JoinOperator, Select, TableFactor};

use super::catalogs::Wanted;
use super::eval::folded;
use super::function::MOST_NUMBERS;
use super::interpreter::{Interpreter, Scope};
use super::query::{Row, renamed};
use super::value::{Value, equal};

/// The rows that a query stands on.
pub(super) struct Found {
    pub(super) rows: Vec<Scope>,
    /// Whether there may be others.
    pub(super) may_be_more: bool,
}

impl Interpreter<'_> {
    /// The rows that a SELECT stands on; nothing where none of them is known.
    pub(super) fn found(&mut self, select: &Select) -> Option<Found> {
        let mut conditions: Vec<&Expr> = select.selection.iter().collect();
        let mut factors: Vec<(&TableFactor, Vec<String>)> = Vec::new();
        for table in &select.from {
            factors.push((&table.relation, Vec::new()));
            for join in &table.joins {
                let (constraint, outer) = match &join.join_operator {
                    JoinOperator::Join(on) | JoinOperator::Inner(on) | JoinOperator::CrossJoin(on) => {
                        (on, false)
                    }
                    JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (on, true),
                    _ => return None,
                };
                let mut shared = Vec::new();
                match constraint {
                    JoinConstraint::Using(columns) if !outer => {
                        for column in columns {
                            shared.push(column.0.last()?.as_ident().map(folded)?);
                        }
                    }
                    JoinConstraint::On(on) if !outer => conditions.push(on),
                    // Where the outer side finds nothing, there is a row all the same.
                    JoinConstraint::On(_) if outer => return None,
                    JoinConstraint::None => {}
                    _ => return None,
                }
                factors.push((&join.relation, shared));
            }
        }
        let mut found = Found { rows: vec![Scope::default()], may_be_more: false };
        for (place, (factor, shared)) in factors.iter().enumerate() {
            let is_last = place + 1 == factors.len();
            found = self.joined_with(found, factor, shared, &conditions, is_last)?;
        }
        if factors.is_empty() && !conditions.is_empty() {
            let holds = conditions.iter().map(|condition| self.eval(condition).holds()).collect::<Vec<_>>();
            if holds.contains(&Some(false)) {
                found.rows.clear();
            } else if holds.contains(&None) {
                found = Found { rows: Vec::new(), may_be_more: true };
            }
        }
        Some(found)
    }

    /// Each row with each row of one table more that the conditions let stand.
    fn joined_with(
        &mut self,
        found: Found,
        factor: &TableFactor,
        shared: &[String],
        conditions: &[&Expr],
        is_last: bool,
    ) -> Option<Found> {
        let mut joined = Found { rows: Vec::new(), may_be_more: found.may_be_more };
        for row in found.rows {
            self.scopes.push(row.clone());
            let more = self.factor(factor, conditions);
            self.scopes.pop();
            for table in more? {
                if self.rows_left == 0 {
                    return None;
                }
                self.rows_left -= 1;
                let mut scope = row.clone();
                let agreeing: Vec<Option<bool>> =
                    shared.iter().map(|column| agree(&scope, &table.1, column)).collect();
                if agreeing.contains(&Some(false)) {
                    continue;
                }
                scope.tables.push(table);
                self.scopes.push(scope);
                // What is not known yet lets a row stand until it is.
                let mut holds = if agreeing.contains(&None) { None } else { Some(true) };
                for condition in conditions {
                    match self.eval(condition).holds() {
                        Some(true) => {}
                        Some(false) => {
                            holds = Some(false);
                            break;
                        }
                        None => holds = None,
                    }
                }
                let Some(scope) = self.scopes.pop() else { continue };
                match holds {
                    Some(true) => joined.rows.push(scope),
                    None if !is_last => joined.rows.push(scope),
                    None => joined.may_be_more = true,
                    Some(false) => {}
                }
            }
        }
        Some(joined)
    }

    /// The rows of one table of FROM, each with what the table is called.
    fn factor(&mut self, factor: &TableFactor, conditions: &[&Expr]) -> Option<Vec<(String, Row)>> {
        let (rows, alias, name) = match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let mut parts = name.0.iter().rev().filter_map(|part| part.as_ident().map(folded));
                let (own, schema) = (parts.next()?, parts.next());
                let known = self.with.iter().rev().find(|(with, _)| schema.is_none() && *with == own);
                if let Some((_, rows)) = known {
                    (rows.clone()?, alias, own)
                } else {
                    let called = alias.as_ref().map_or_else(|| own.clone(), |alias| folded(&alias.name));
                    let wanted = self.wanted(&called, conditions);
                    (self.catalog(schema.as_deref(), &own, &wanted)?, alias, own)
                }
            }
            TableFactor::Table { name, alias, args: Some(arguments), .. } => {
                let mut parts = name.0.iter().rev().filter_map(|part| part.as_ident().map(folded));
                let (own, schema) = (parts.next()?, parts.next());
                let mut values = Vec::new();
                for argument in &arguments.args {
                    let ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument)) = argument else {
                        return None;
                    };
                    values.push(self.eval(argument));
                }
                let Some(rows) = set(&own, &values) else {
                    // It does what it does, whatever its rows are.
                    let arguments: Vec<_> = values.into_iter().map(|value| (None, value)).collect();
                    let _ = self.called(schema.as_deref(), &own, &arguments);
                    return None;
                };
                (single(&own, rows), alias, own)
            }
            TableFactor::UNNEST { array_exprs, alias, with_ordinality: false, .. } => {
                let [array] = &array_exprs[..] else { return None };
                let Value::List(values) = self.eval(array) else { return None };
                (single("unnest", values), alias, "unnest".to_owned())
            }
            TableFactor::Derived { subquery, alias, .. } => (self.rows(subquery)?, alias, String::new()),
            _ => return None,
        };
        let columns: Vec<String> =
            alias.iter().flat_map(|alias| alias.columns.iter().map(|column| folded(&column.name))).collect();
        let called = alias.as_ref().map_or_else(|| name.clone(), |alias| folded(&alias.name));
        // The one column of a function is called as the function is.
        let is_function =
            !matches!(factor, TableFactor::Derived { .. } | TableFactor::Table { args: None, .. });
        let columns = if columns.is_empty() && is_function { vec![called.clone()] } else { columns };
        let row = |row: Value| match renamed(row, &columns) {
            Value::Row(row) => (called.clone(), row),
            other => (called.clone(), vec![(called.clone(), other)]),
        };
        Some(rows.into_iter().map(row).collect())
    }

    /// What the conditions want the columns of a table to be, as far as that is known before its rows are.
    fn wanted(&mut self, table: &str, conditions: &[&Expr]) -> Wanted {
        let mut wanted = Wanted::default();
        let mut left: Vec<&Expr> = conditions.to_vec();
        while let Some(condition) = left.pop() {
            match condition {
                Expr::Nested(inner) => left.push(inner),
                Expr::BinaryOp { left: one, op: ast::BinaryOperator::And, right } => {
                    left.extend([&**one, right]);
                }
                Expr::BinaryOp { left: one, op: ast::BinaryOperator::Eq, right } => {
                    for (column, other) in [(one, right), (right, one)] {
                        let column = match &**column {
                            Expr::Identifier(column) => folded(column),
                            Expr::CompoundIdentifier(parts) => match &parts[..] {
                                [of, column] if folded(of) == table => folded(column),
                                _ => continue,
                            },
                            _ => continue,
                        };
                        if is_plain(other) {
                            let value = self.eval(other);
                            wanted.add(column, value);
                        }
                    }
                }
                _ => {}
            }
        }
        wanted
    }
}

/// Whether a row of one table has the same in a column as those before it, as USING asks.
fn agree(before: &Scope, row: &Row, column: &str) -> Option<bool> {
    let of =
        |row: &[(String, Value)]| row.iter().find(|(name, _)| name == column).map(|(_, value)| value.clone());
    let known = before.tables.iter().find_map(|(_, row)| of(row))?;
    equal(&known, &of(row)?).holds()
}

/// Whether an expression calls nothing.
fn is_plain(expr: &Expr) -> bool {
    match expr {
        Expr::Value(_) | Expr::Identifier(_) | Expr::CompoundIdentifier(_) => true,
        Expr::Cast { expr, .. } | Expr::Nested(expr) => is_plain(expr),
        _ => false,
    }
}

/// The values of a function that gives rows.
pub(super) fn set(name: &str, arguments: &[Value]) -> Option<Vec<Value>> {
    match (name, arguments) {
        ("unnest", [Value::List(values)]) => Some(values.clone()),
        ("generate_series", [from, to, step @ ..]) => {
            let (from, to) = (from.int()?, to.int()?);
            let step = match step {
                [] => 1,
                [step] => step.int().filter(|step| *step > 0)?,
                _ => return None,
            };
            if to.checked_sub(from)? / step > MOST_NUMBERS {
                return None;
            }
            let numbers = (0..).map_while(|at: i64| from.checked_add(at.checked_mul(step)?));
            Some(numbers.take_while(|number| *number <= to).map(Value::Int).collect())
        }
        ("regexp_split_to_table" | "string_to_table", [Value::Text(text), Value::Text(separator)]) => {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ',' | ';' | ' ' | '_' | '-');
            let known = arguments.iter().all(Value::is_known) && !separator.is_empty();
            (known && separator.chars().all(plain))
                .then(|| text.split(separator.as_str()).map(Value::text).collect())
        }
        _ => None,
    }
}

fn single(name: &str, values: Vec<Value>) -> Vec<Value> {
    values.into_iter().map(|value| Value::Row(vec![(name.to_owned(), value)])).collect()
}
