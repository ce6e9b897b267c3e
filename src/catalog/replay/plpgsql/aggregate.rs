//! Aggregates of rows that are known.

use sqlparser::ast::{self, Expr, InTarget, Select};

use super::interpreter::Interpreter;
use super::query::name_of;
use super::value::{Value, equal};
use crate::catalog::has_expr;

const AGGREGATES: [&str; 8] =
    ["array_agg", "bool_and", "bool_or", "count", "max", "min", "string_agg", "sum"];

/// Whether a SELECT counts or gathers its rows.
pub(super) fn is_grouped(select: &Select) -> bool {
    let by = !matches!(&select.group_by, ast::GroupByExpr::Expressions(by, _) if by.is_empty());
    by || select.having.is_some() || (!select.from.is_empty() && aggregates(select))
}

fn aggregates(select: &Select) -> bool {
    has_expr(&select.projection, &mut |expr| {
        let Expr::Function(function) = expr else { return false };
        AGGREGATES.contains(&name_of(expr).as_str()) && function.over.is_none()
    })
}

/// Whether all its rows are one group, and nothing else is asked of them.
pub(super) fn is_whole_group(select: &Select) -> bool {
    let by = matches!(&select.group_by, ast::GroupByExpr::Expressions(by, _) if by.is_empty());
    let asks = has_expr(&select.projection, &mut |expr| {
        matches!(
            expr,
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::In { target: InTarget::Subquery(_), .. }
        )
    });
    by && select.having.is_none() && !asks
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
        "array_agg" | "string_agg" if values.is_empty() => Value::Null,
        "array_agg" => Value::List(firsts().cloned().collect()),
        "string_agg" => {
            let mut separator = String::new();
            for arguments in &values {
                let [_, by, ..] = &arguments[..] else { return Some(Value::Unknown) };
                separator = interpreter.text_of(by).unwrap_or_default();
            }
            let texts: Vec<Value> = firsts().cloned().collect();
            interpreter.texts(&separator, &texts)
        }
        "bool_or" if firsts().any(|value| equal(value, &Value::Bool(true)) == Value::Bool(true)) => {
            Value::Bool(true)
        }
        _ => Value::Unknown,
    })
}
