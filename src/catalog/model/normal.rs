//! One spelling for expressions that say the same.
//!
//! What `pg_get_expr` writes is not what its author wrote: `'x'` becomes `'x'::text`, `a IN (1, 2)` becomes
//! `a = ANY (ARRAY[1, 2])`, a subselect's column gets a name. Here both become one. Nothing that changes a meaning is
//! touched, the cast of a column above all: a policy that compares `tenant_id::text` is another policy.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Array, BinaryOperator, CastKind, DataType, Expr, Ident, ObjectName, ObjectNamePart, Query, SelectItem,
    SetExpr, TableFactor, UnaryOperator, Value, VisitMut, VisitorMut,
};

/// The tree in the one spelling.
pub(super) fn form(mut tree: Expr) -> Expr {
    let _ = VisitMut::visit(&mut tree, &mut Normalize);
    tree
}

struct Normalize;

impl VisitorMut for Normalize {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        if let SetExpr::Select(select) = &mut *query.body {
            for item in &mut select.projection {
                if let SelectItem::ExprWithAlias { expr, .. } = item {
                    *item = SelectItem::UnnamedExpr(expr.clone());
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<()> {
        name(relation);
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, table: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, .. } = table
            && let Some(named) = alias
        {
            named.explicit = false;
            plain(&mut named.name);
            let own = name.0.last().and_then(ObjectNamePart::as_ident).map(|own| own.value.clone());
            if own.as_ref() == Some(&named.name.value) && named.columns.is_empty() {
                *alias = None;
            }
        }
        ControlFlow::Continue(())
    }

    // After the children, so that what is inside is in the one spelling already.
    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        while let Expr::Nested(inner) = expr {
            *expr = (**inner).clone();
        }
        match expr {
            Expr::Identifier(ident) => plain(ident),
            Expr::Value(value) => {
                // How a text is escaped is not what it says.
                if let Value::EscapedStringLiteral(text) = &mut value.value {
                    value.value = Value::SingleQuotedString(std::mem::take(text));
                }
            }
            Expr::CompoundIdentifier(parts) => parts.iter_mut().for_each(plain),
            Expr::Function(function) => name(&mut function.name),
            Expr::Cast { kind, expr: inner, data_type, .. } => {
                *kind = CastKind::DoubleColon;
                typed(data_type);
                if let Some(literal) = literal(inner, data_type) {
                    *expr = literal;
                }
            }
            Expr::UnaryOp { op: UnaryOperator::Minus, expr: inner } => {
                if let Expr::Value(value) = &**inner
                    && let Value::Number(digits, long) = &value.value
                {
                    *expr = Expr::value(Value::Number(format!("-{digits}"), *long));
                }
            }
            Expr::InList { expr: left, list, negated } => {
                let array = Expr::Array(Array { elem: std::mem::take(list), named: true });
                let (left, right) = (left.clone(), Box::new(array));
                *expr = if *negated {
                    Expr::AllOp { left, compare_op: BinaryOperator::NotEq, right }
                } else {
                    Expr::AnyOp { left, compare_op: BinaryOperator::Eq, right, is_some: false }
                };
            }
            Expr::Like { negated, any: false, expr: left, pattern, escape_char: None } => {
                let op = if *negated { BinaryOperator::PGNotLikeMatch } else { BinaryOperator::PGLikeMatch };
                *expr = Expr::BinaryOp { left: left.clone(), op, right: pattern.clone() };
            }
            Expr::ILike { negated, any: false, expr: left, pattern, escape_char: None } => {
                let op =
                    if *negated { BinaryOperator::PGNotILikeMatch } else { BinaryOperator::PGILikeMatch };
                *expr = Expr::BinaryOp { left: left.clone(), op, right: pattern.clone() };
            }
            Expr::Between { expr: of, negated: false, low, high } => {
                let bound = |op, bound: &Expr| {
                    let comparison = Expr::BinaryOp { left: of.clone(), op, right: Box::new(bound.clone()) };
                    Box::new(Expr::Nested(Box::new(comparison)))
                };
                *expr = Expr::BinaryOp {
                    left: bound(BinaryOperator::GtEq, low),
                    op: BinaryOperator::And,
                    right: bound(BinaryOperator::LtEq, high),
                };
            }
            _ => {}
        }
        // The parentheses that were there are gone. New ones stand around all that has parts, so that what is written
        // reads as the tree is, and `a AND (b OR c)` is not `(a AND b) OR c`.
        if !is_whole(expr) {
            *expr = Expr::Nested(Box::new(expr.clone()));
        }
        ControlFlow::Continue(())
    }
}

/// Whether an expression reads the same wherever it stands.
fn is_whole(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Identifier(_)
            | Expr::CompoundIdentifier(_)
            | Expr::Value(_)
            | Expr::Function(_)
            | Expr::Subquery(_)
            | Expr::Exists { negated: false, .. }
            | Expr::Array(_)
            | Expr::Case { .. }
            | Expr::Nested(_)
    )
}

/// A name without quotes that is not in lower case means the one that is.
fn plain(ident: &mut Ident) {
    if ident.quote_style.take().is_none() {
        ident.value.make_ascii_lowercase();
    }
}

fn name(name: &mut ObjectName) {
    for part in &mut name.0 {
        if let ObjectNamePart::Identifier(ident) = part {
            plain(ident);
        }
    }
    // The server's own functions are found without it, and the server leaves it out.
    if name.0.len() == 2 && name.0[0].as_ident().is_some_and(|schema| schema.value == "pg_catalog") {
        name.0.remove(0);
    }
}

/// The type as `format_type` writes it, as far as the two differ.
fn typed(data_type: &mut DataType) {
    let written = super::data_type::canonical(&data_type.to_string());
    if written != data_type.to_string() {
        *data_type = DataType::Custom(ObjectName::from(vec![Ident::new(written)]), Vec::new());
    }
}

/// A cast of a literal that the server writes and people leave out: the type that the literal has anyway.
fn literal(inner: &Expr, data_type: &DataType) -> Option<Expr> {
    let Expr::Value(value) = inner else { return None };
    let Value::SingleQuotedString(text) = &value.value else { return None };
    match data_type.to_string().as_str() {
        "text" => Some(inner.clone()),
        "integer" | "bigint" | "numeric" if text.parse::<f64>().is_ok() => {
            Some(Expr::value(Value::Number(text.clone(), false)))
        }
        _ => None,
    }
}
