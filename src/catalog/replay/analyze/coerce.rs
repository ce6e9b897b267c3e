//! The casts that the server puts into a tree by itself, and writes back.

use sqlparser::ast::{self, BinaryOperator, CastKind, DataType, Expr, InTarget, ObjectName, Value};

use super::super::state::without_modifier;
use super::kinds::{
    UNKNOWN, arguments, arguments_mut, common_number, is_comparison, is_match, is_text, number, takes_text,
};
use super::scope::{Found, name_of};
use super::walk::Walk;
use crate::ident::Ident;

/// A type by the text that `format_type` has for it.
pub(super) fn custom(text: &str) -> DataType {
    DataType::Custom(ObjectName::from(vec![ast::Ident::new(text)]), Vec::new())
}

/// `expr::text`.
pub(super) fn cast(expr: Expr, to: &str) -> Expr {
    Expr::Cast { kind: CastKind::DoubleColon, expr: Box::new(expr), data_type: custom(to), format: None }
}

pub(super) fn cast_in_place(expr: &mut Expr, to: &str) {
    let inner = std::mem::replace(expr, Expr::value(Value::Null));
    *expr = cast(inner, to);
}

fn take(expr: &mut Expr) -> Expr {
    std::mem::replace(expr, Expr::value(Value::Null))
}

/// Whether it is a literal of which nobody has said what it is.
pub(super) fn is_bare_literal(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_bare_literal(inner),
        Expr::Value(value) => !matches!(value.value, Value::Number(..) | Value::Boolean(_) | Value::Null),
        _ => false,
    }
}

/// The columns of a row that is written out.
fn row_mut(expr: &mut Expr) -> Option<&mut Vec<Expr>> {
    match expr {
        Expr::Tuple(columns) => Some(columns),
        Expr::Nested(inner) => row_mut(inner),
        _ => None,
    }
}

/// The literal that an expression is, whatever stands around it.
fn literal_mut(expr: &mut Expr) -> Option<&mut String> {
    match expr {
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => literal_mut(inner),
        Expr::Value(value) => match &mut value.value {
            Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

impl Walk<'_> {
    /// The column of a table under the name that the server has given it.
    pub(super) fn find_shown(&self, table: &Ident, column: &Ident) -> Option<Found> {
        self.scopes.iter().rev().find_map(|scope| {
            let range = scope.ranges.iter().find(|range| range.shown == *table)?;
            let (_, data_type) = range.columns.as_ref()?.iter().find(|(name, _)| name == column)?;
            Some(Found {
                shown: range.shown.clone(),
                relation: range.relation.clone(),
                column: column.clone(),
                data_type: data_type.clone(),
                prefixed: scope.prefixed,
            })
        })
    }

    /// Puts into one node, whose parts are done, what the server puts there.
    pub(super) fn coerce(&mut self, expr: &mut Expr) {
        self.relations_by_name(expr);
        if self.renamed.is_some() {
            return;
        }
        spelt_out(expr);
        match expr {
            Expr::BinaryOp { left, op, right } => {
                let op = op.clone();
                if let (Some(left), Some(right)) = (row_mut(left), row_mut(right)) {
                    for (left, right) in left.iter_mut().zip(right) {
                        self.operands(left, &op, right);
                    }
                    return;
                }
                self.operands(left, &op, right);
            }
            Expr::IsDistinctFrom(left, right) | Expr::IsNotDistinctFrom(left, right) => {
                self.operands(left, &BinaryOperator::Eq, right);
            }
            Expr::In { expr: left, target: InTarget::List(list), negated, .. } => {
                let (left, list) = (take(left), std::mem::take(list));
                *expr = self.in_list(left, list, *negated);
            }
            Expr::Between { expr: of, negated, low, high } => {
                let (below, above, both) = match negated {
                    false => (BinaryOperator::GtEq, BinaryOperator::LtEq, BinaryOperator::And),
                    true => (BinaryOperator::Lt, BinaryOperator::Gt, BinaryOperator::Or),
                };
                let below = self.compared((**of).clone(), below, take(low));
                let above = self.compared(take(of), above, take(high));
                *expr = Expr::BinaryOp { left: Box::new(below), op: both, right: Box::new(above) };
            }
            Expr::AnyOp { left, right, .. } | Expr::AllOp { left, right, .. } => self.any_of(left, right),
            Expr::Function(function) => self.call(function),
            Expr::Case { conditions, else_result, .. } => {
                let results = conditions.iter().map(|when| &when.result).chain(else_result.as_deref());
                if let Some(common) = self.common_type(results) {
                    let results = conditions.iter_mut().map(|when| &mut when.result);
                    for result in results.chain(else_result.as_deref_mut()) {
                        self.meet(result, &common);
                    }
                }
            }
            Expr::Array(array) => {
                if let Some(common) = self.common_type(array.elem.iter()) {
                    for element in &mut array.elem {
                        self.meet(element, &common);
                    }
                }
            }
            Expr::Cast { expr: inner, data_type, .. } => {
                let (to, from) = (self.data_type(data_type), self.type_of(inner));
                // The server leaves out what changes nothing.
                // ANY takes what a query gives otherwise than its rows.
                let query = matches!(**inner, Expr::Subquery(_));
                if let (Some(to), Some(from)) = (to, from)
                    && to == from
                    && !is_bare_literal(inner)
                    && !query
                {
                    *expr = take(inner);
                }
            }
            Expr::Substring { expr: inner, .. } | Expr::Trim { expr: inner, .. } => self.as_text(inner),
            _ => {}
        }
    }

    /// Gives the name of a relation in a literal its schema.
    fn relations_by_name(&mut self, expr: &mut Expr) {
        match expr {
            Expr::Cast { expr: inner, data_type, .. } if data_type.to_string() == "regclass" => {
                if let Some(text) = literal_mut(inner)
                    && let Some(full) = self.relation_literal(&text.clone())
                {
                    *text = full;
                }
            }
            Expr::Function(function)
                if name_of(&function.name).is_some_and(|name| of_sequences(&name.name)) =>
            {
                let Some(first) = arguments_mut(function).next() else { return };
                if !is_bare_literal(first) {
                    return;
                }
                if let Some(text) = literal_mut(first)
                    && let Some(full) = self.relation_literal(&text.clone())
                {
                    *text = full;
                }
                cast_in_place(first, "regclass");
            }
            _ => {}
        }
    }

    /// The operands of an operator.
    pub(super) fn operands(&mut self, left: &mut Expr, op: &BinaryOperator, right: &mut Expr) {
        use BinaryOperator as Op;
        let arithmetic = matches!(op, Op::Plus | Op::Minus | Op::Multiply | Op::Divide | Op::Modulo);
        let concatenated = matches!(op, Op::StringConcat);
        if !(is_comparison(op) || is_match(op) || arithmetic || concatenated) {
            self.other_operands(left, op, right);
            return;
        }
        let (Some(one), Some(other)) = (self.type_of(left), self.type_of(right)) else {
            return;
        };
        if one == UNKNOWN && other == UNKNOWN {
            return;
        }
        let (one, other) = (self.plain(left, &one), self.plain(right, &other));
        let matched = is_match(op) || concatenated;
        if is_text(&one) || is_text(&other) {
            if matched && other == UNKNOWN && one == "character" {
                return;
            }
            self.texts(left, &one, right, &other);
        } else if one == UNKNOWN {
            self.meet(left, &other);
        } else if other == UNKNOWN {
            let interval = arithmetic && (one.starts_with("timestamp") || one == "date");
            self.meet(right, if interval { "interval" } else { &one });
        } else {
            Self::numbers(left, &one, right, &other);
        }
    }

    /// The operands of operators on arrays, ranges, addresses and JSON, of which a literal is what the other operand is.
    fn other_operands(&mut self, left: &mut Expr, op: &BinaryOperator, right: &mut Expr) {
        use BinaryOperator as Op;
        match op {
            Op::HashArrow | Op::HashLongArrow if is_bare_literal(right) => cast_in_place(right, "text[]"),
            Op::AtArrow | Op::ArrowAt | Op::PGOverlap | Op::PGBitwiseShiftLeft | Op::PGBitwiseShiftRight => {
                let types = (self.type_of(left), self.type_of(right));
                match (types.0.as_deref(), types.1.as_deref()) {
                    (Some(UNKNOWN), Some(of)) => self.meet(left, of),
                    (Some(of), Some(UNKNOWN)) => self.meet(right, of),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// An operand whose type is a domain becomes one of the type below it.
    pub(super) fn plain(&self, expr: &mut Expr, data_type: &str) -> String {
        let base = self.state.base_type(data_type);
        if base != data_type {
            cast_in_place(expr, &base);
        }
        base
    }

    fn texts(&mut self, left: &mut Expr, one: &str, right: &mut Expr, other: &str) {
        // Where both are of a type that has operators of its own, it stays.
        for (expr, own, others) in [(left, one, other), (right, other, one)] {
            match own {
                "character varying" => cast_in_place(expr, "text"),
                "character" if others == "text" || others == "character varying" => {
                    cast_in_place(expr, "text");
                }
                UNKNOWN => self.meet(
                    expr,
                    match others {
                        "character" => "bpchar",
                        "name" => "name",
                        _ => "text",
                    },
                ),
                _ => {}
            }
        }
    }

    fn numbers(left: &mut Expr, one: &str, right: &mut Expr, other: &str) {
        let (Some(low), Some(high)) = (number(one), number(other)) else { return };
        let wide = |at: usize| at >= 3;
        // Integers have operators with each other, and so have the two floating points.
        let mixed = (wide(low) != wide(high)) || (low == 3) != (high == 3);
        if !mixed {
            return;
        }
        let to = match common_number(one, other) {
            Some("real") => "double precision",
            Some(common) => common,
            None => return,
        };
        for (expr, own) in [(left, one), (right, other)] {
            if own != to && own != "real" {
                cast_in_place(expr, to);
            }
        }
    }

    /// Gives a literal the type that it meets, or a number the wider one.
    pub(super) fn meet(&mut self, expr: &mut Expr, to: &str) {
        if to == UNKNOWN {
            return;
        }
        match self.type_of(expr).as_deref() {
            Some(UNKNOWN) if is_bare_literal(expr) => {
                let base = self.state.base_type(to);
                self.use_type(&base);
                cast_in_place(expr, if base == "character" { "bpchar" } else { &base });
            }
            Some(own) if number(own) < number(to) && number(own).is_some() => cast_in_place(expr, to),
            Some("character varying" | "character") if to == "text" => cast_in_place(expr, "text"),
            _ => {}
        }
    }

    fn as_text(&mut self, expr: &mut Expr) {
        if let Some("character varying" | "character") = self.type_of(expr).as_deref() {
            cast_in_place(expr, "text");
        }
    }

    fn call(&mut self, function: &mut ast::Function) {
        let Some(name) = name_of(&function.name) else { return };
        let overloads = self.state.functions_named(&name);
        if let [only] = &overloads[..] {
            let types = only.arguments.clone();
            for (argument, data_type) in arguments_mut(function).zip(types) {
                if !data_type.starts_with("any") {
                    self.meet(argument, &data_type);
                }
            }
            return;
        }
        if !overloads.is_empty() {
            return;
        }
        match name.name.as_str() {
            "coalesce" | "greatest" | "least" => {
                if let Some(common) = self.common_type(arguments(function)) {
                    for argument in arguments_mut(function) {
                        self.meet(argument, &common);
                    }
                }
            }
            "nullif" => {
                let mut both = arguments_mut(function);
                if let (Some(one), Some(other)) = (both.next(), both.next()) {
                    self.operands(one, &BinaryOperator::Eq, other);
                }
            }
            "pg_has_role" => {
                let count = arguments(function).count();
                for argument in arguments_mut(function).take(count.saturating_sub(1)) {
                    if is_bare_literal(argument) {
                        cast_in_place(argument, "name");
                    }
                }
            }
            name if takes_text(name) => {
                for argument in arguments_mut(function) {
                    self.as_text(argument);
                }
            }
            _ => {}
        }
    }

    /// What is assigned to a column: a literal gets the column's type. What the server casts besides, it does not write.
    pub(super) fn assign(&mut self, expr: &mut Expr, to: &str) {
        while let Expr::Nested(inner) = expr {
            *expr = take(inner);
        }
        let null = matches!(expr, Expr::Value(value) if value.value == Value::Null);
        if is_bare_literal(expr) || null {
            let base = self.state.base_type(&without_modifier(to));
            self.use_type(&base);
            cast_in_place(expr, if base == "character" { "bpchar" } else { &base });
        } else if let Expr::Array(array) = expr
            && array.elem.is_empty()
        {
            cast_in_place(expr, to);
        }
    }
}

fn of_sequences(name: &Ident) -> bool {
    matches!(name.as_str(), "nextval" | "currval" | "setval")
}

/// BETWEEN and LIKE in the operators that the server makes of them.
fn spelt_out(expr: &mut Expr) {
    use BinaryOperator as Op;
    let binary =
        |left: Expr, op, right: Expr| Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) };
    match expr {
        Expr::Like { negated, any: false, expr: left, pattern, escape_char: None } => {
            let op = if *negated { Op::PGNotLikeMatch } else { Op::PGLikeMatch };
            *expr = binary(take(left), op, take(pattern));
        }
        Expr::ILike { negated, any: false, expr: left, pattern, escape_char: None } => {
            let op = if *negated { Op::PGNotILikeMatch } else { Op::PGILikeMatch };
            *expr = binary(take(left), op, take(pattern));
        }
        _ => {}
    }
}
