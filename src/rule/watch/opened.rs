//! Settings other than the tenant's that let a session see rows, such as `current_setting('app.scope', true) = 'system' OR …`.

use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, InTarget, SetExpr, Value,
};

use crate::catalog::Relation;
use crate::catalog::replay::Step;

/// Whether the settings as they are now make the policies of a table show rows, whatever the tenant.
pub(in crate::rule) fn is_opened(step: &Step<'_>, relation: &Relation) -> bool {
    let opens = |policy: &crate::catalog::Policy| {
        let tree = policy.using.as_ref().and_then(crate::catalog::Expr::tree);
        tree.is_some_and(|tree| holds(&tree, step))
    };
    let mut permissive = relation.policies.values().filter(|policy| policy.permissive);
    permissive.any(opens) && relation.policies.values().filter(|policy| !policy.permissive).all(opens)
}

/// Whether a condition holds for every row by the settings alone.
fn holds(expr: &Expr, step: &Step<'_>) -> bool {
    match expr {
        Expr::Nested(inner) => holds(inner, step),
        Expr::BinaryOp { left, op: BinaryOperator::Or, right } => holds(left, step) || holds(right, step),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => holds(left, step) && holds(right, step),
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
            let is = |setting: &Expr, wanted: &Expr| {
                setting_of(setting, step)
                    .zip(literal(wanted))
                    .is_some_and(|(value, wanted)| is_same(value, &wanted))
            };
            is(left, right) || is(right, left)
        }
        Expr::In { expr, target: InTarget::List(list), negated: false, .. } => {
            let value = setting_of(expr, step);
            let mut wanted = list.iter().filter_map(literal);
            value.is_some_and(|value| wanted.any(|wanted| is_same(value, &wanted)))
        }
        // `current_setting('app.system', true)::boolean`
        expr => setting_of(expr, step).is_some_and(|value| is_same(value, "true") || is_same(value, "on")),
    }
}

/// Whether a setting has a value, or may have it.
fn is_same(value: &str, wanted: &str) -> bool {
    value == wanted || value.contains('\0')
}

/// What is set of the setting that an expression reads, whatever stands around it.
fn setting_of<'s>(expr: &Expr, step: &Step<'s>) -> Option<&'s str> {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } | Expr::Collate { expr: inner, .. } => {
            setting_of(inner, step)
        }
        Expr::Subquery(query) => match &*query.body {
            SetExpr::Select(select) if select.from.is_empty() => match &select.projection[..] {
                [sqlparser::ast::SelectItem::UnnamedExpr(inner)] => setting_of(inner, step),
                _ => None,
            },
            _ => None,
        },
        Expr::Function(function) => {
            let name = function.name.0.last()?.as_ident()?.value.to_ascii_lowercase();
            let first = first_argument(function)?;
            match name.as_str() {
                "current_setting" => step.setting(&literal(first)?.to_ascii_lowercase()),
                "nullif" | "coalesce" | "lower" => setting_of(first, step),
                _ => None,
            }
        }
        _ => None,
    }
}

fn first_argument(function: &Function) -> Option<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return None };
    match list.args.first()? {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    }
}

fn literal(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => literal(inner),
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            Value::Number(number, _) => Some(number.clone()),
            Value::Boolean(value) => Some(value.to_string()),
            _ => None,
        },
        _ => None,
    }
}
