//! Operators that are short for others, written out as the server writes them out.

use sqlparser::ast::{Array, BinaryOperator, Expr, InTarget, Query, UnaryOperator};

use super::super::visit::has_expr;
use super::{is_whole, nested};

/// Operators that are short for others.
pub(super) fn operator(expr: &mut Expr) {
    match expr {
        Expr::In { expr: left, target: InTarget::List(list), negated, .. } => {
            *expr = in_list(left, list, *negated);
        }
        Expr::In { expr: left, target: InTarget::Subquery(subquery), negated: true, .. } => {
            *expr = not(within(left, subquery));
        }
        Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, .. } => {
            let mut inner = &mut **right;
            while let Expr::Nested(nested) = inner {
                inner = nested;
            }
            if let Expr::Subquery(subquery) = inner {
                *expr = within(left, subquery);
            }
        }
        Expr::BinaryOp { left, op: op @ (BinaryOperator::Eq | BinaryOperator::NotEq), right } => {
            if let Some(rows) = rows(left, op, right) {
                *expr = rows;
            }
        }
        Expr::Exists { subquery, negated: true } => {
            *expr = not(Expr::Exists { subquery: subquery.clone(), negated: false });
        }
        Expr::IsNotDistinctFrom(left, right) => {
            *expr = not(Expr::IsDistinctFrom(left.clone(), right.clone()));
        }
        Expr::Like { negated, any: false, expr: left, pattern, escape_char: None } => {
            let op = if *negated { BinaryOperator::PGNotLikeMatch } else { BinaryOperator::PGLikeMatch };
            *expr = binary(left, op, pattern);
        }
        Expr::ILike { negated, any: false, expr: left, pattern, escape_char: None } => {
            let op = if *negated { BinaryOperator::PGNotILikeMatch } else { BinaryOperator::PGILikeMatch };
            *expr = binary(left, op, pattern);
        }
        Expr::Between { expr: of, negated, low, high } => {
            let (below, above, both) = if *negated {
                (BinaryOperator::Lt, BinaryOperator::Gt, BinaryOperator::Or)
            } else {
                (BinaryOperator::GtEq, BinaryOperator::LtEq, BinaryOperator::And)
            };
            let (below, above) = (nested(binary(of, below, low)), nested(binary(of, above, high)));
            *expr = binary(&below, both, &above);
        }
        _ => {}
    }
}

fn within(left: &Expr, subquery: &Query) -> Expr {
    let target = InTarget::Subquery(Box::new(subquery.clone()));
    Expr::In { expr: Box::new(left.clone()), target, negated: false, global: false }
}

/// What the server makes of a comparison of rows: comparisons of their columns.
fn rows(left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<Expr> {
    let (left, right) = (row(left)?, row(right)?);
    if left.len() != right.len() {
        return None;
    }
    let both = if *op == BinaryOperator::Eq { BinaryOperator::And } else { BinaryOperator::Or };
    let pairs = left.iter().zip(right).map(|(left, right)| nested(binary(left, op.clone(), right)));
    let mut whole = pairs.reduce(|before, next| nested(binary(&before, both.clone(), &next)))?;
    while let Expr::Nested(inner) = whole {
        whole = *inner;
    }
    Some(whole)
}

fn row(expr: &Expr) -> Option<&[Expr]> {
    match expr {
        Expr::Tuple(columns) => Some(columns),
        Expr::Nested(inner) => row(inner),
        _ => None,
    }
}

/// What the server makes of IN: a comparison with an array of the constants, and one with whatever else.
fn in_list(left: &Expr, list: &[Expr], negated: bool) -> Expr {
    let (mut constants, mut others): (Vec<Expr>, Vec<Expr>) =
        list.iter().cloned().partition(|element| !names_columns(element));
    if constants.len() == 1 {
        others.insert(0, constants.remove(0));
    }
    let (one, all) = if negated {
        (BinaryOperator::NotEq, BinaryOperator::And)
    } else {
        (BinaryOperator::Eq, BinaryOperator::Or)
    };
    let array = (!constants.is_empty()).then(|| {
        let right = Box::new(Expr::Array(Array { elem: constants, named: true }));
        let left = Box::new(left.clone());
        nested(if negated {
            Expr::AllOp { left, compare_op: one.clone(), right }
        } else {
            Expr::AnyOp { left, compare_op: one.clone(), right, is_some: false }
        })
    });
    let others = others.into_iter().map(|other| nested(binary(left, one.clone(), &other)));
    let parts = array.into_iter().chain(others);
    let whole = parts.reduce(|before, next| nested(binary(&before, all.clone(), &next)));
    let mut whole = whole.unwrap_or_else(|| left.clone());
    while let Expr::Nested(inner) = whole {
        whole = *inner;
    }
    whole
}

/// Whether an expression names a column, or asks a query.
pub(crate) fn names_columns(expr: &Expr) -> bool {
    has_expr(expr, &mut |part| {
        matches!(part, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Subquery(_))
    })
}

fn not(expr: Expr) -> Expr {
    let inner = if is_whole(&expr) { expr } else { nested(expr) };
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(inner) }
}

fn binary(left: &Expr, op: BinaryOperator, right: &Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left.clone()), op, right: Box::new(right.clone()) }
}
