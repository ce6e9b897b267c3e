//! Queries that are answered without a server: of lists, and of the server's catalogs.

use sqlparser::ast::{
    self, Expr, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator,
    SetQuantifier,
};

use super::aggregate::{is_grouped, is_whole_group};
use super::eval::folded;
use super::from::{Found, set};
use super::interpreter::{Interpreter, Scope};
use super::value::Value;

/// A row: columns with their names.
pub(super) type Row = Vec<(String, Value)>;

impl Interpreter<'_> {
    /// The rows of a query, if they are known. What it calls is called, once at least.
    pub(super) fn rows(&mut self, query: &Query) -> Option<Vec<Value>> {
        let before = self.with.len();
        for table in query.with.iter().flat_map(|with| &with.cte_tables) {
            let rows = self.rows(&table.query);
            let columns: Vec<String> =
                table.alias.columns.iter().map(|column| folded(&column.name)).collect();
            let rows = rows.map(|rows| rows.into_iter().map(|row| renamed(row, &columns)).collect());
            self.with.push((folded(&table.alias.name), rows));
        }
        let rows = self.body(&query.body);
        self.with.truncate(before);
        let most = match &query.limit_clause {
            None | Some(ast::LimitClause::LimitOffset { limit: None, offset: None, .. }) => None,
            Some(ast::LimitClause::LimitOffset { limit: Some(limit), offset: None, .. }) => {
                Some(usize::try_from(self.eval(limit).int()?).ok()?)
            }
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
            return if found.rows.is_empty() && found.may_be_more {
                None
            } else {
                Some(!found.rows.is_empty())
            };
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
                    add_columns(&mut rows, &columns);
                    continue;
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(of), _) => {
                    let name = of.0.last().and_then(|part| part.as_ident()).map(folded)?;
                    let tables = self.scopes.last().map(|scope| scope.tables.clone()).unwrap_or_default();
                    let columns: Row = tables.into_iter().find(|(alias, _)| *alias == name)?.1;
                    add_columns(&mut rows, &columns);
                    continue;
                }
                _ => return None,
            };
            if is_set(expr) {
                let values = self.set_of(expr)?;
                let times = |row: &Row| -> Vec<Row> {
                    let with =
                        |value: &Value| row.iter().cloned().chain([(name.clone(), value.clone())]).collect();
                    values.iter().map(with).collect()
                };
                rows = rows.iter().flat_map(times).collect();
            } else {
                let value = self.eval(expr);
                add_columns(&mut rows, &[(name, value)]);
            }
        }
        Some(rows.into_iter().map(Value::Row).collect())
    }

    /// The values of a call that gives rows, if they are known.
    fn set_of(&mut self, expr: &Expr) -> Option<Vec<Value>> {
        let Expr::Function(function) = expr else { return None };
        let ast::FunctionArguments::List(list) = &function.args else { return None };
        let mut arguments = Vec::new();
        for argument in &list.args {
            let ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument)) = argument else {
                return None;
            };
            arguments.push(self.eval(argument));
        }
        set(&name_of(expr), &arguments)
    }
}

fn names(row: &Value) -> Vec<String> {
    match row {
        Value::Row(fields) => fields.iter().map(|(name, _)| name.clone()).collect(),
        _ => Vec::new(),
    }
}

/// A row whose columns are called otherwise, as far as there are names.
pub(super) fn renamed(row: Value, columns: &[String]) -> Value {
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
pub(super) fn name_of(expr: &Expr) -> String {
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

/// Whether an expression is a call that gives rows.
fn is_set(expr: &Expr) -> bool {
    let sets = ["unnest", "generate_series", "regexp_split_to_table", "string_to_table"];
    matches!(expr, Expr::Function(_)) && sets.contains(&name_of(expr).as_str())
}

fn add_columns(rows: &mut [Row], columns: &[(String, Value)]) {
    for row in rows {
        row.extend(columns.iter().cloned());
    }
}
