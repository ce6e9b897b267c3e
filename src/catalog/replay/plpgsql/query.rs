//! Queries that are answered without a server: of lists, and of the server's catalogs.

use std::ops::ControlFlow;

use sqlparser::ast::{
    self, Expr, JoinConstraint, JoinOperator, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
    SetOperator, SetQuantifier, TableFactor,
};

use super::catalogs::Wanted;
use super::eval::folded;
use super::function::MOST_NUMBERS;
use super::interpreter::{Interpreter, Scope};
use super::value::{Value, equal};

/// The rows that a query stands on.
struct Found {
    rows: Vec<Scope>,
    /// Whether there may be others.
    may_be_more: bool,
}

/// A row: columns with their names.
type Row = Vec<(String, Value)>;

impl Interpreter<'_> {
    /// The rows of a query, if they are known. What it calls is called, once at least.
    pub(super) fn rows(&mut self, query: &Query) -> Option<Vec<Value>> {
        let before = self.with.len();
        for table in query.with.iter().flat_map(|with| &with.cte_tables) {
            let rows = self.rows(&table.query);
            let columns: Vec<String> = table.alias.columns.iter().map(|column| folded(&column.name)).collect();
            let rows = rows.map(|rows| rows.into_iter().map(|row| renamed(row, &columns)).collect());
            self.with.push((folded(&table.alias.name), rows));
        }
        let rows = self.body(&query.body);
        self.with.truncate(before);
        let most = match &query.limit_clause {
            None => None,
            Some(ast::LimitClause::LimitOffset { limit, offset: None, .. }) => match limit {
                None => None,
                Some(limit) => Some(usize::try_from(self.eval(limit).int()?).ok()?),
            },
            Some(_) => return None,
        };
        let rows = rows?;
        match most {
            // Which ones are left is for the order to say.
            Some(most) if rows.len() > most && most > 0 => None,
            Some(0) => Some(Vec::new()),
            _ => Some(rows),
        }
    }

    /// Whether a query gives a row.
    pub(super) fn exists(&mut self, query: &Query) -> Option<bool> {
        if query.with.is_none()
            && let SetExpr::Select(select) = &*query.body
            && !is_grouped(select)
        {
            let found = self.found(select)?;
            return if found.rows.is_empty() && found.may_be_more { None } else { Some(!found.rows.is_empty()) };
        }
        self.rows(query).map(|rows| !rows.is_empty())
    }

    /// The one value that a query gives.
    pub(super) fn scalar(&mut self, query: &Query) -> Value {
        match self.rows(query) {
            None => Value::Unknown,
            Some(rows) => rows.into_iter().next().map_or(Value::Null, Value::first),
        }
    }

    fn body(&mut self, body: &SetExpr) -> Option<Vec<Value>> {
        match body {
            SetExpr::Select(select) => self.select(select),
            SetExpr::Query(query) => self.rows(query),
            SetExpr::Values(values) => {
                let row = |(_, row): (usize, Vec<Value>)| {
                    let columns = row.into_iter().enumerate();
                    Value::Row(columns.map(|(at, value)| (format!("column{}", at + 1), value)).collect())
                };
                let mut rows = Vec::new();
                for of in &values.rows {
                    rows.push(of.content.iter().map(|expr| self.eval(expr)).collect::<Vec<_>>());
                }
                Some(rows.into_iter().enumerate().map(row).collect())
            }
            SetExpr::SetOperation { op: SetOperator::Union, set_quantifier, left, right } => {
                let (left, right) = (self.body(left), self.body(right));
                let (mut rows, right) = (left?, right?);
                let names: Vec<String> = rows.first().map(names).unwrap_or_default();
                rows.extend(right.into_iter().map(|row| renamed(row, &names)));
                if *set_quantifier == SetQuantifier::All { Some(rows) } else { distinct(rows) }
            }
            _ => None,
        }
    }

    fn select(&mut self, select: &Select) -> Option<Vec<Value>> {
        if select.distinct.is_some() && !matches!(select.distinct, Some(ast::Distinct::Distinct)) {
            return None;
        }
        let found = self.found(select);
        let Some(Found { rows, may_be_more: false }) = found else {
            // What it calls may be called for any number of rows.
            self.doubt += 1;
            self.scopes.push(Scope::default());
            let _ = self.projected(select);
            self.scopes.pop();
            self.doubt -= 1;
            return None;
        };
        let mut projected = Vec::new();
        if is_grouped(select) {
            if !is_whole_group(select) {
                return None;
            }
            self.scopes.push(Scope { tables: Vec::new(), group: Some(rows) });
            let row = self.projected(select);
            self.scopes.pop();
            projected.extend(row?);
        } else {
            for row in rows {
                self.scopes.push(row);
                let row = self.projected(select);
                self.scopes.pop();
                projected.extend(row?);
            }
        }
        if select.distinct.is_some() { distinct(projected) } else { Some(projected) }
    }

    /// The columns of one row, or of several where a function gives rows.
    fn projected(&mut self, select: &Select) -> Option<Vec<Value>> {
        let mut rows: Vec<Row> = vec![Vec::new()];
        for item in &select.projection {
            let (name, expr) = match item {
                SelectItem::UnnamedExpr(expr) => (name_of(expr), expr),
                SelectItem::ExprWithAlias { expr, alias } => (folded(alias), expr),
                SelectItem::Wildcard(_) => {
                    let tables = self.scopes.last().map(|scope| scope.tables.clone()).unwrap_or_default();
                    let columns: Row = tables.into_iter().flat_map(|(_, row)| row).collect();
                    rows.iter_mut().for_each(|row| row.extend(columns.clone()));
                    continue;
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(of), _) => {
                    let name = of.0.last().and_then(|part| part.as_ident()).map(folded)?;
                    let tables = self.scopes.last().map(|scope| scope.tables.clone()).unwrap_or_default();
                    let columns: Row = tables.into_iter().find(|(alias, _)| *alias == name)?.1;
                    rows.iter_mut().for_each(|row| row.extend(columns.clone()));
                    continue;
                }
                _ => return None,
            };
            if let Some(values) = self.set_of(expr) {
                let values = values?;
                let times = |row: &Row| -> Vec<Row> {
                    let with = |value: &Value| {
                        row.iter().cloned().chain([(name.clone(), value.clone())]).collect()
                    };
                    values.iter().map(with).collect()
                };
                rows = rows.iter().flat_map(times).collect();
            } else {
                let value = self.eval(expr);
                rows.iter_mut().for_each(|row| row.push((name.clone(), value.clone())));
            }
        }
        Some(rows.into_iter().map(Value::Row).collect())
    }

    /// The values of a call that gives rows, if the expression is such a call; nothing within where they are not known.
    fn set_of(&mut self, expr: &Expr) -> Option<Option<Vec<Value>>> {
        let Expr::Function(function) = expr else { return None };
        let name = function.name.0.last()?.as_ident().map(folded)?;
        let ast::FunctionArguments::List(list) = &function.args else { return None };
        if !matches!(name.as_str(), "unnest" | "generate_series" | "regexp_split_to_table" | "string_to_table") {
            return None;
        }
        let mut arguments = Vec::new();
        for argument in &list.args {
            let ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument)) = argument else {
                return Some(None);
            };
            arguments.push(self.eval(argument));
        }
        Some(set(&name, arguments))
    }

    /// The rows that a SELECT stands on; nothing where none of them is known.
    fn found(&mut self, select: &Select) -> Option<Found> {
        let mut conditions: Vec<&Expr> = select.selection.iter().collect();
        let mut factors: Vec<(&TableFactor, bool)> = Vec::new();
        for table in &select.from {
            factors.push((&table.relation, false));
            for join in &table.joins {
                let (constraint, outer) = match &join.join_operator {
                    JoinOperator::Join(on) | JoinOperator::Inner(on) => (on, false),
                    JoinOperator::CrossJoin(on) => (on, false),
                    JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (on, true),
                    _ => return None,
                };
                match constraint {
                    JoinConstraint::On(on) if !outer => conditions.push(on),
                    // Where the outer side finds nothing, there is a row all the same.
                    JoinConstraint::On(_) if outer => return None,
                    JoinConstraint::None => {}
                    _ => return None,
                }
                factors.push((&join.relation, outer));
            }
        }
        let mut found = Found { rows: vec![Scope::default()], may_be_more: false };
        for (place, (factor, _)) in factors.iter().enumerate() {
            let is_last = place + 1 == factors.len();
            found = self.joined_with(found, factor, &conditions, is_last)?;
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
                scope.tables.push(table);
                self.scopes.push(scope);
                // What is not known yet lets a row stand until it is.
                let mut holds = Some(true);
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
                let own = name.0.last()?.as_ident().map(folded)?;
                let mut values = Vec::new();
                for argument in &arguments.args {
                    let ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument)) = argument else {
                        return None;
                    };
                    values.push(self.eval(argument));
                }
                (single(&own, set(&own, values)?), alias, own)
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
        let is_function = !matches!(factor, TableFactor::Derived { .. } | TableFactor::Table { args: None, .. });
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
                Expr::BinaryOp { left: one, op: ast::BinaryOperator::And, right } => left.extend([&**one, right]),
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

/// Whether an expression calls nothing.
fn is_plain(expr: &Expr) -> bool {
    match expr {
        Expr::Value(_) | Expr::Identifier(_) | Expr::CompoundIdentifier(_) => true,
        Expr::Cast { expr, .. } | Expr::Nested(expr) => is_plain(expr),
        _ => false,
    }
}

/// The values of a function that gives rows.
fn set(name: &str, arguments: Vec<Value>) -> Option<Vec<Value>> {
    match (name, &arguments[..]) {
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

fn names(row: &Value) -> Vec<String> {
    match row {
        Value::Row(fields) => fields.iter().map(|(name, _)| name.clone()).collect(),
        _ => Vec::new(),
    }
}

/// A row whose columns are called otherwise, as far as there are names.
fn renamed(row: Value, columns: &[String]) -> Value {
    let Value::Row(mut fields) = row else { return row };
    for ((name, _), new) in fields.iter_mut().zip(columns) {
        name.clone_from(new);
    }
    Value::Row(fields)
}

/// Each row once; nothing where two may be the same.
fn distinct(rows: Vec<Value>) -> Option<Vec<Value>> {
    let mut found: Vec<Value> = Vec::new();
    for row in rows {
        if !row.is_known() {
            return None;
        }
        if !found.contains(&row) {
            found.push(row);
        }
    }
    Some(found)
}

/// What a column is called that no one names.
fn name_of(expr: &Expr) -> String {
    match expr {
        Expr::Identifier(name) => folded(name),
        Expr::CompoundIdentifier(parts) => parts.last().map(folded).unwrap_or_default(),
        Expr::Function(function) => {
            function.name.0.last().and_then(|part| part.as_ident()).map(folded).unwrap_or_default()
        }
        Expr::Cast { expr, .. } | Expr::Nested(expr) => name_of(expr),
        Expr::Exists { .. } => "exists".to_owned(),
        _ => "?column?".to_owned(),
    }
}

const AGGREGATES: [&str; 8] =
    ["array_agg", "bool_and", "bool_or", "count", "max", "min", "string_agg", "sum"];

/// Whether a SELECT counts or gathers its rows.
fn is_grouped(select: &Select) -> bool {
    let by = !matches!(&select.group_by, ast::GroupByExpr::Expressions(by, _) if by.is_empty());
    by || select.having.is_some() || (!select.from.is_empty() && aggregates(select))
}

fn aggregates(select: &Select) -> bool {
    let found = ast::visit_expressions(&select.projection, |expr| match expr {
        Expr::Function(function) if AGGREGATES.contains(&name_of(expr).as_str()) && function.over.is_none() => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

/// Whether all its rows are one group, and nothing else is asked of them.
fn is_whole_group(select: &Select) -> bool {
    let by = matches!(&select.group_by, ast::GroupByExpr::Expressions(by, _) if by.is_empty());
    let inner = ast::visit_expressions(&select.projection, |expr| match expr {
        Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    by && select.having.is_none() && inner.is_continue()
}

/// What an aggregate gives of the rows that are grouped where it stands, if it is one.
pub(super) fn rows_of_aggregate(
    interpreter: &mut Interpreter<'_>,
    name: &str,
    function: &ast::Function,
) -> Option<Value> {
    if !AGGREGATES.contains(&name) {
        return None;
    }
    let group = interpreter.scopes.last().and_then(|scope| scope.group.clone());
    let (Some(group), ast::FunctionArguments::List(list)) = (group, &function.args) else {
        return Some(Value::Unknown);
    };
    if function.filter.is_some() || list.duplicate_treatment.is_some() {
        return Some(Value::Unknown);
    }
    let mut values: Vec<Vec<Value>> = Vec::new();
    for row in group {
        interpreter.scopes.push(row);
        let mut arguments = Vec::new();
        for argument in &list.args {
            arguments.push(match argument {
                ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument)) => interpreter.eval(argument),
                _ => Value::Bool(true),
            });
        }
        interpreter.scopes.pop();
        values.push(arguments);
    }
    let firsts = || values.iter().filter_map(|arguments| arguments.first());
    Some(match name {
        _ if firsts().any(|value| *value == Value::Unknown) => Value::Unknown,
        "count" => {
            let count = firsts().filter(|value| **value != Value::Null).count();
            i64::try_from(count).map_or(Value::Unknown, Value::Int)
        }
        "array_agg" if values.is_empty() => Value::Null,
        "array_agg" => Value::List(firsts().cloned().collect()),
        "string_agg" if values.is_empty() => Value::Null,
        "string_agg" => {
            let mut texts = Vec::new();
            let mut separator = String::new();
            for arguments in &values {
                let [one, by, ..] = &arguments[..] else { return Some(Value::Unknown) };
                texts.extend(interpreter.text_of(one));
                separator = interpreter.text_of(by).unwrap_or_default();
            }
            interpreter.bounded(texts.join(&separator))
        }
        "bool_or" if firsts().any(|value| equal(value, &Value::Bool(true)) == Value::Bool(true)) => Value::Bool(true),
        _ => Value::Unknown,
    })
}
