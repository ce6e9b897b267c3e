//! Expressions of PL/pgSQL, computed.

use std::borrow::Cow;

use sqlparser::ast::{self, Array, BinaryOperator, DataType, Expr, InTarget, UnaryOperator};

use super::arrays::listed;
use super::function::of_texts;
use super::interpreter::{Interpreter, LONGEST};
use super::regex::is_match;
use super::server_version::asks_version;
use super::value::{Value, and, equal, less, like, not, or};
use crate::catalog::parser;
use crate::lex::tokens;

/// A query, if the text is one and no more.
pub(super) fn query_of(text: &str) -> Option<ast::Query> {
    let mut parser = parser(&with_named_lists(text)).ok()?;
    let query = parser.parse_query().ok()?;
    parser.expect_token(&sqlparser::tokenizer::Token::EOF).ok()?;
    Some(*query)
}

/// What a list of arguments is called here, `VARIADIC list`, since the parser knows arguments with names and no such lists.
pub(super) const VARIADIC: &str = "variadic";

fn with_named_lists(text: &str) -> Cow<'_, str> {
    if !text.to_ascii_lowercase().contains(VARIADIC) {
        return Cow::Borrowed(text);
    }
    let (mut named, mut from) = (String::new(), 0);
    for token in tokens(text).into_iter().filter(|token| token.is_word(text, VARIADIC)) {
        named.push_str(text.get(from..token.start).unwrap_or_default());
        named.push_str("variadic =>");
        from = token.end;
    }
    named.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(named)
}

/// A name as the server folds it.
pub(super) fn folded(ident: &ast::Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_ascii_lowercase() }
}

impl Interpreter<'_> {
    /// What an expression gives, as it stands behind `:=` or `IF`.
    pub(super) fn value_of(&mut self, text: &str) -> Value {
        let Some(query) = query_of(&format!("SELECT {text}")) else { return Value::Unknown };
        self.scalar(&query)
    }

    pub(super) fn eval(&mut self, expr: &Expr) -> Value {
        self.deeper(|own| own.computed(expr)).unwrap_or(Value::Unknown)
    }

    fn computed(&mut self, expr: &Expr) -> Value {
        match expr {
            Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => self.eval(inner),
            Expr::Value(value) => literal(&value.value, self),
            Expr::Identifier(name) => self.named(&[folded(name)]),
            Expr::CompoundIdentifier(parts) => {
                let parts: Vec<String> = parts.iter().map(folded).collect();
                self.named(&parts)
            }
            Expr::UnaryOp { op, expr } => {
                let value = self.eval(expr);
                match (op, value) {
                    (UnaryOperator::Not, value) => not(&value),
                    (UnaryOperator::Minus, Value::Int(value)) => {
                        value.checked_neg().map_or(Value::Unknown, Value::Int)
                    }
                    (UnaryOperator::Plus, value) => value,
                    _ => Value::Unknown,
                }
            }
            Expr::BinaryOp { left, op, right } if asks_version(left) => self.version(op, right),
            Expr::BinaryOp { .. } => self.chain(expr),
            Expr::IsNull(inner) => is_null(&self.eval(inner)),
            Expr::IsNotNull(inner) => not(&is_null(&self.eval(inner))),
            Expr::IsTrue(inner) => is_truth(&self.eval(inner), true),
            Expr::IsNotTrue(inner) => not(&is_truth(&self.eval(inner), true)),
            Expr::IsFalse(inner) => is_truth(&self.eval(inner), false),
            Expr::IsNotFalse(inner) => not(&is_truth(&self.eval(inner), false)),
            Expr::IsDistinctFrom(one, other) => not(&self.same(one, other)),
            Expr::IsNotDistinctFrom(one, other) => self.same(one, other),
            Expr::In { expr, target: InTarget::List(list), negated, .. } => {
                let value = self.eval(expr);
                let others: Vec<Value> = list.iter().map(|other| self.eval(other)).collect();
                negated_if(*negated, any_equal(&value, &others))
            }
            Expr::In { expr, target: InTarget::Subquery(subquery), negated, .. } => {
                let value = self.eval(expr);
                let Some(rows) = self.rows(subquery) else { return Value::Unknown };
                let others: Vec<Value> = rows.into_iter().map(Value::first).collect();
                negated_if(*negated, any_equal(&value, &others))
            }
            Expr::Exists { subquery, negated } => {
                let exists = self.exists(subquery).map_or(Value::Unknown, Value::Bool);
                negated_if(*negated, exists)
            }
            Expr::Subquery(query) => self.scalar(query),
            Expr::Between { expr, negated, low, high } => {
                let (value, low, high) = (self.eval(expr), self.eval(low), self.eval(high));
                let within = less(&value, &low).zip(less(&high, &value)).map(|(under, over)| !under && !over);
                negated_if(*negated, within.map_or(Value::Unknown, Value::Bool))
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char: None } => {
                let (text, pattern) = (self.eval(expr), self.eval(pattern));
                negated_if(*negated, matches(&text, &pattern, like))
            }
            Expr::ILike { negated, any: false, expr, pattern, escape_char: None } => {
                let (text, pattern) = (self.eval(expr), self.eval(pattern));
                let ignoring =
                    |text: &str, pattern: &str| like(&text.to_lowercase(), &pattern.to_lowercase());
                negated_if(*negated, matches(&text, &pattern, ignoring))
            }
            Expr::AnyOp { left, compare_op, right, .. } => self.quantified(left, compare_op, right, true),
            Expr::AllOp { left, compare_op, right } => self.quantified(left, compare_op, right, false),
            Expr::Cast { expr, data_type, .. } => {
                let value = self.eval(expr);
                self.cast(value, data_type)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                let operand = operand.as_ref().map(|operand| self.eval(operand));
                for case in conditions {
                    let asked = self.eval(&case.condition);
                    let asked = operand.as_ref().map_or(asked.clone(), |operand| equal(operand, &asked));
                    match asked.holds() {
                        Some(true) => return self.eval(&case.result),
                        Some(false) => {}
                        None => return Value::Unknown,
                    }
                }
                else_result.as_ref().map_or(Value::Null, |result| self.eval(result))
            }
            Expr::Array(Array { elem, .. }) => Value::List(elem.iter().map(|one| self.eval(one)).collect()),
            Expr::Function(function) => self.function(function),
            Expr::Trim { expr, trim_what: None, trim_characters: None, .. } => match self.eval(expr) {
                Value::Text(text) => Value::Text(text.trim_matches(' ').to_owned()),
                _ => Value::Unknown,
            },
            Expr::Substring { expr, substring_from: Some(from), substring_for, .. } => {
                let parts = [Some(expr), Some(from), substring_for.as_ref()].into_iter().flatten();
                let values: Vec<Value> = parts.map(|part| self.eval(part)).collect();
                of_texts("substring", &values).unwrap_or(Value::Unknown)
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                let mut value = self.eval(root);
                for access in access_chain {
                    value = self.accessed(&value, access);
                }
                value
            }
            _ => Value::Unknown,
        }
    }

    fn accessed(&mut self, value: &Value, access: &ast::AccessExpr) -> Value {
        match (&listed(value), access) {
            (Value::List(values), ast::AccessExpr::Subscript(ast::Subscript::Index { index })) => {
                let Some(index) = self.eval(index).int() else { return Value::Unknown };
                let at = usize::try_from(index).ok().and_then(|index| index.checked_sub(1));
                at.and_then(|at| values.get(at)).cloned().unwrap_or(Value::Null)
            }
            (Value::Row(_), ast::AccessExpr::Dot(Expr::Identifier(field))) => value.field(&folded(field)),
            _ => Value::Unknown,
        }
    }

    /// Operators that follow each other, as `a || b || c`, from the left to the right.
    fn chain(&mut self, expr: &Expr) -> Value {
        let (mut first, mut rest) = (expr, Vec::new());
        while let Expr::BinaryOp { left, op, right } = first {
            rest.push((op, right));
            first = left;
        }
        let first = self.eval(first);
        rest.into_iter().rev().fold(first, |value, (op, right)| self.binary(value, op, right))
    }

    fn binary(&mut self, one: Value, op: &BinaryOperator, right: &Expr) -> Value {
        // The server need not ask the other side either.
        match (op, one.holds()) {
            (BinaryOperator::And, Some(false)) if one != Value::Null => return one,
            (BinaryOperator::Or, Some(true)) => return one,
            _ => {}
        }
        let other = self.eval(right);
        let compared = |found: Option<bool>| match (&one, &other) {
            (Value::Null, _) | (_, Value::Null) => Value::Null,
            _ => found.map_or(Value::Unknown, Value::Bool),
        };
        let number = |of: fn(i64, i64) -> Option<i64>| match (&one, &other) {
            (Value::Null, _) | (_, Value::Null) => Value::Null,
            (Value::Int(one), Value::Int(other)) => of(*one, *other).map_or(Value::Unknown, Value::Int),
            _ => Value::Unknown,
        };
        match op {
            BinaryOperator::And => and(&one, &other),
            BinaryOperator::Or => or(&one, &other),
            BinaryOperator::Eq => equal(&one, &other),
            BinaryOperator::NotEq => not(&equal(&one, &other)),
            BinaryOperator::Lt => compared(less(&one, &other)),
            BinaryOperator::Gt => compared(less(&other, &one)),
            BinaryOperator::LtEq => compared(less(&other, &one).map(|over| !over)),
            BinaryOperator::GtEq => compared(less(&one, &other).map(|under| !under)),
            BinaryOperator::Plus => number(i64::checked_add),
            BinaryOperator::Minus => number(i64::checked_sub),
            BinaryOperator::Multiply => number(i64::checked_mul),
            BinaryOperator::StringConcat => self.joined(one, other),
            BinaryOperator::PGLikeMatch => matches(&one, &other, like),
            BinaryOperator::PGNotLikeMatch => not(&matches(&one, &other, like)),
            BinaryOperator::PGRegexMatch => matches_if_known(&one, &other, is_match),
            BinaryOperator::PGRegexNotMatch => not(&matches_if_known(&one, &other, is_match)),
            _ => Value::Unknown,
        }
    }

    /// `||`, of texts or arrays.
    fn joined(&mut self, one: Value, other: Value) -> Value {
        match (one, other) {
            (Value::Null, Value::List(values)) | (Value::List(values), Value::Null) => Value::List(values),
            (Value::Null, _) | (_, Value::Null) => Value::Null,
            (Value::List(mut values), Value::List(more)) => {
                values.extend(more);
                Value::List(values)
            }
            (Value::List(_), Value::Unknown) | (Value::Unknown, Value::List(_)) => Value::Unknown,
            (Value::List(mut values), one) => {
                values.push(one);
                Value::List(values)
            }
            (one, Value::List(values)) => Value::List([one].into_iter().chain(values).collect()),
            (one, other) => self.texts("", &[one, other]),
        }
    }

    /// The texts of some values, joined; those of NULL are left out. What is longer than anybody runs is not known.
    pub(super) fn texts(&mut self, separator: &str, values: &[Value]) -> Value {
        let mut joined = String::new();
        let mut is_first = true;
        for value in values {
            let Some(text) = self.text_of(value) else { continue };
            if !std::mem::take(&mut is_first) {
                joined.push_str(separator);
            }
            joined.push_str(&text);
            if joined.len() > LONGEST {
                return Value::Unknown;
            }
        }
        Value::Text(joined)
    }

    fn same(&mut self, one: &Expr, other: &Expr) -> Value {
        match (self.eval(one), self.eval(other)) {
            (Value::Null, Value::Null) => Value::Bool(true),
            (Value::Null, value) | (value, Value::Null) if value.is_known() => Value::Bool(false),
            (one, other) => equal(&one, &other),
        }
    }

    /// `ANY` and `ALL`.
    fn quantified(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr, any: bool) -> Value {
        let value = self.eval(left);
        let right = match right {
            Expr::Nested(inner) => inner,
            other => other,
        };
        let others = match right {
            Expr::Subquery(query) => {
                let Some(rows) = self.rows(query) else { return Value::Unknown };
                rows.into_iter().map(Value::first).collect()
            }
            other => match listed(&self.eval(other)) {
                Value::List(values) => values,
                _ => return Value::Unknown,
            },
        };
        match (op, any) {
            (BinaryOperator::Eq, true) => any_equal(&value, &others),
            (BinaryOperator::NotEq, false) => not(&any_equal(&value, &others)),
            _ => Value::Unknown,
        }
    }

    fn cast(&mut self, value: Value, to: &DataType) -> Value {
        let name = to.to_string().to_ascii_lowercase();
        let bare = name.split('(').next().unwrap_or_default().trim();
        match (bare, value) {
            (_, Value::Null) => Value::Null,
            (_, value @ Value::List(_)) | ("oid", value @ Value::Object(_)) => value,
            ("text" | "varchar" | "character varying" | "name" | "citext" | "bpchar" | "uuid", value) => {
                self.text_of(&value).map_or(Value::Null, Value::Text)
            }
            ("int" | "integer" | "int4" | "bigint" | "int8" | "smallint" | "int2", value) => {
                value.int().map_or(Value::Unknown, Value::Int)
            }
            ("boolean" | "bool", value) => value.holds().map_or(Value::Unknown, Value::Bool),
            ("regclass", value) => self.regclass(&value).unwrap_or(Value::Unknown),
            ("regnamespace", Value::Text(name)) => Value::oid("pg_namespace", name),
            ("regrole", Value::Text(name)) => Value::oid("pg_authid", name),
            ("text[]" | "varchar[]" | "name[]", value @ Value::Text(_)) => match listed(&value) {
                Value::Text(_) => Value::Unknown,
                list => list,
            },
            _ => Value::Unknown,
        }
    }
}

fn matches_if_known(text: &Value, pattern: &Value, with: impl Fn(&str, &str) -> Option<bool>) -> Value {
    match (text, pattern) {
        (Value::Null, _) | (_, Value::Null) => Value::Null,
        (Value::Text(one), Value::Text(other)) if text.is_known() && pattern.is_known() => {
            with(one, other).map_or(Value::Unknown, Value::Bool)
        }
        _ => Value::Unknown,
    }
}

fn literal(value: &ast::Value, interpreter: &mut Interpreter<'_>) -> Value {
    match value {
        ast::Value::Null => Value::Null,
        ast::Value::Boolean(value) => Value::Bool(*value),
        ast::Value::Number(number, _) => number.parse().map_or(Value::Unknown, Value::Int),
        ast::Value::SingleQuotedString(text)
        | ast::Value::EscapedStringLiteral(text)
        | ast::Value::UnicodeStringLiteral(text)
        | ast::Value::NationalStringLiteral(text) => Value::text(text),
        ast::Value::DollarQuotedString(text) => Value::text(&text.value),
        ast::Value::Placeholder(name) => interpreter.named(std::slice::from_ref(name)),
        _ => Value::Unknown,
    }
}

fn negated_if(negated: bool, value: Value) -> Value {
    if negated { not(&value) } else { value }
}

fn is_null(value: &Value) -> Value {
    match value {
        Value::Unknown => Value::Unknown,
        value => Value::Bool(*value == Value::Null),
    }
}

fn is_truth(value: &Value, wanted: bool) -> Value {
    match value {
        Value::Null => Value::Bool(false),
        value => value.holds().map_or(Value::Unknown, |holds| Value::Bool(holds == wanted)),
    }
}

fn any_equal(value: &Value, others: &[Value]) -> Value {
    others.iter().fold(Value::Bool(false), |found, other| or(&found, &equal(value, other)))
}

fn matches(text: &Value, pattern: &Value, with: impl Fn(&str, &str) -> bool) -> Value {
    match (text, pattern) {
        (Value::Null, _) | (_, Value::Null) => Value::Null,
        (Value::Text(one), Value::Text(other)) if text.is_known() && pattern.is_known() => {
            Value::Bool(with(one, other))
        }
        _ => Value::Unknown,
    }
}
