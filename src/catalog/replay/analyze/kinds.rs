//! Types of what trees are made of.

use sqlparser::ast::{
    self, BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator, Value,
};

use super::super::state::{State, without_modifier};
use super::super::types::{Type, builtin};
use super::ident;
use super::scope::name_of;
use super::walk::Walk;
use crate::ident::QualifiedName;

/// What a literal is before anybody has said what it is.
pub(super) const UNKNOWN: &str = "unknown";

/// The types of numbers, each before those that it is turned into by itself.
const NUMBERS: [&str; 6] = ["smallint", "integer", "bigint", "numeric", "real", "double precision"];

/// What the server's own functions return, as far as it is needed.
const RETURNS: &[(&str, &str)] = &[
    ("btrim", "text"),
    ("char_length", "integer"),
    ("character_length", "integer"),
    ("clock_timestamp", "timestamp with time zone"),
    ("concat", "text"),
    ("concat_ws", "text"),
    ("count", "bigint"),
    ("current_date", "date"),
    ("current_role", "name"),
    ("current_setting", "text"),
    ("current_timestamp", "timestamp with time zone"),
    ("current_user", "name"),
    ("date_part", "double precision"),
    ("format", "text"),
    ("gen_random_uuid", "uuid"),
    ("initcap", "text"),
    ("left", "text"),
    ("length", "integer"),
    ("lower", "text"),
    ("lpad", "text"),
    ("ltrim", "text"),
    ("md5", "text"),
    ("nextval", "bigint"),
    ("now", "timestamp with time zone"),
    ("octet_length", "integer"),
    ("regexp_replace", "text"),
    ("repeat", "text"),
    ("replace", "text"),
    ("reverse", "text"),
    ("right", "text"),
    ("rpad", "text"),
    ("rtrim", "text"),
    ("session_user", "name"),
    ("split_part", "text"),
    ("starts_with", "boolean"),
    ("statement_timestamp", "timestamp with time zone"),
    ("string_to_array", "text[]"),
    ("strpos", "integer"),
    ("substr", "text"),
    ("substring", "text"),
    ("to_char", "text"),
    ("to_date", "date"),
    ("to_tsquery", "tsquery"),
    ("to_tsvector", "tsvector"),
    ("transaction_timestamp", "timestamp with time zone"),
    ("translate", "text"),
    ("upper", "text"),
    ("user", "name"),
    ("websearch_to_tsquery", "tsquery"),
];

/// The server's own functions that take text, and turn what is like text into it.
const TAKE_TEXT: &[&str] = &[
    "ascii",
    "btrim",
    "char_length",
    "character_length",
    "current_setting",
    "initcap",
    "left",
    "length",
    "lower",
    "lpad",
    "ltrim",
    "md5",
    "quote_ident",
    "regexp_match",
    "regexp_replace",
    "regexp_split_to_array",
    "repeat",
    "replace",
    "reverse",
    "right",
    "rpad",
    "rtrim",
    "split_part",
    "starts_with",
    "string_to_array",
    "strpos",
    "substr",
    "substring",
    "to_tsquery",
    "to_tsvector",
    "translate",
    "upper",
];

pub(super) fn takes_text(function: &str) -> bool {
    TAKE_TEXT.contains(&function)
}

/// Where a type stands among the numbers, if it is one.
pub(super) fn number(data_type: &str) -> Option<usize> {
    NUMBERS.iter().position(|number| *number == data_type)
}

/// The type that two numbers meet in.
pub(super) fn common_number(one: &str, other: &str) -> Option<&'static str> {
    let both = number(one)?.max(number(other)?);
    NUMBERS.get(both).copied()
}

pub(super) fn is_comparison(op: &BinaryOperator) -> bool {
    use BinaryOperator as Op;
    matches!(op, Op::Eq | Op::NotEq | Op::Lt | Op::LtEq | Op::Gt | Op::GtEq)
}

pub(super) fn is_match(op: &BinaryOperator) -> bool {
    use BinaryOperator as Op;
    matches!(
        op,
        Op::PGLikeMatch
            | Op::PGILikeMatch
            | Op::PGNotLikeMatch
            | Op::PGNotILikeMatch
            | Op::PGRegexMatch
            | Op::PGRegexIMatch
            | Op::PGRegexNotMatch
            | Op::PGRegexNotIMatch
    )
}

impl State {
    /// The type of one's own, an array's element included, that a type's text names.
    pub(crate) fn own_type(&self, text: &str) -> Option<QualifiedName> {
        let text = without_modifier(text);
        let element = text.strip_suffix("[]").unwrap_or(&text);
        let name = QualifiedName::parse(element).ok()?;
        (self.types.contains_key(&name) || self.catalog.relations.contains_key(&name)).then_some(name)
    }

    /// What a domain is over, or the type itself.
    pub(crate) fn base_type(&self, text: &str) -> String {
        let mut text = without_modifier(text);
        while let Some(Type::Domain(base)) =
            QualifiedName::parse(&text).ok().and_then(|name| self.types.get(&name))
        {
            text = without_modifier(base);
        }
        text
    }
}

impl Walk<'_> {
    /// The type of an expression, with its modifier where the expression has one.
    pub(super) fn full_type_of(&mut self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Nested(inner) => self.full_type_of(inner),
            Expr::Identifier(name) => self.find(None, &ident(name)?)?.data_type,
            Expr::CompoundIdentifier(parts) => match &parts[..] {
                [.., table, column] => self.find(Some(&ident(table)?), &ident(column)?)?.data_type,
                _ => None,
            },
            Expr::Cast { data_type, .. } => self.data_type(data_type),
            other => self.type_of(other),
        }
    }

    /// The type of an expression without its modifier, where it is known.
    pub(super) fn type_of(&mut self, expr: &Expr) -> Option<String> {
        let text = |text: &str| Some(text.to_owned());
        match expr {
            Expr::Value(value) => literal_type(&value.value),
            Expr::UnaryOp { op, expr: inner } if *op != UnaryOperator::Not => self.type_of(inner),
            Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => self.type_of(inner),
            Expr::Identifier(name) => {
                let found = self.find(None, &ident(name)?)?;
                Some(without_modifier(&found.data_type?))
            }
            Expr::CompoundIdentifier(parts) => match &parts[..] {
                [.., table, column] => {
                    let found = self.find_shown(&ident(table)?, &ident(column)?)?;
                    Some(without_modifier(&found.data_type?))
                }
                _ => None,
            },
            Expr::Cast { data_type, .. } => self.data_type(data_type).map(|text| without_modifier(&text)),
            Expr::BinaryOp { left, op, right } => self.operator_type(left, op, right),
            Expr::Function(function) => self.function_type(function),
            Expr::Case { conditions, else_result, .. } => {
                let results = conditions.iter().map(|when| &when.result).chain(else_result.as_deref());
                self.common_type(results)
            }
            Expr::Array(array) => {
                let element = self.common_type(array.elem.iter())?;
                let element = if element == UNKNOWN { "text" } else { element.as_str() };
                Some(format!("{}[]", element.trim_end_matches("[]")))
            }
            Expr::Subquery(query) => self.outputs(query)?.into_iter().next()?.1,
            Expr::Extract { .. } => text("numeric"),
            Expr::Substring { expr, .. } | Expr::Trim { expr, .. } | Expr::Overlay { expr, .. } => {
                let of = self.type_of(expr)?;
                (is_text(&of) || of == UNKNOWN).then(|| "text".to_owned())
            }
            Expr::Position { .. } => text("integer"),
            Expr::Interval(_) => text("interval"),
            Expr::AtTimeZone { timestamp, .. } => match self.type_of(timestamp)?.as_str() {
                "timestamp with time zone" => text("timestamp without time zone"),
                "timestamp without time zone" => text("timestamp with time zone"),
                _ => None,
            },
            Expr::UnaryOp { .. }
            | Expr::IsNull(_)
            | Expr::IsNotNull(_)
            | Expr::IsTrue(_)
            | Expr::IsNotTrue(_)
            | Expr::IsFalse(_)
            | Expr::IsNotFalse(_)
            | Expr::IsDistinctFrom(..)
            | Expr::IsNotDistinctFrom(..)
            | Expr::In { .. }
            | Expr::Between { .. }
            | Expr::Like { .. }
            | Expr::ILike { .. }
            | Expr::SimilarTo { .. }
            | Expr::AnyOp { .. }
            | Expr::AllOp { .. }
            | Expr::Exists { .. } => text("boolean"),
            _ => None,
        }
    }

    fn operator_type(&mut self, left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<String> {
        use BinaryOperator as Op;
        if is_comparison(op) || is_match(op) || matches!(op, Op::And | Op::Or | Op::AtArrow | Op::ArrowAt) {
            return Some("boolean".to_owned());
        }
        let (left, right) = (self.type_of(left), self.type_of(right));
        match op {
            Op::LongArrow | Op::HashLongArrow => Some("text".to_owned()),
            Op::Arrow | Op::HashArrow => left,
            Op::StringConcat => match left {
                Some(array) if array.ends_with("[]") || array == "jsonb" => Some(array),
                Some(_) | None => Some("text".to_owned()),
            },
            Op::Plus | Op::Minus | Op::Multiply | Op::Divide | Op::Modulo => {
                let (left, right) = (left?, right?);
                let (left, right) = (self.state.base_type(&left), self.state.base_type(&right));
                match common_number(&left, &right) {
                    Some(common) => Some(common.to_owned()),
                    None if right == UNKNOWN => Some(left),
                    None if left == UNKNOWN => Some(right),
                    None => match (left.as_str(), op, right.as_str()) {
                        ("date", Op::Minus, "date") => Some("integer".to_owned()),
                        ("date", _, "integer") => Some(left),
                        ("date", _, "interval") => Some("timestamp without time zone".to_owned()),
                        (stamp, _, "interval") if stamp.starts_with("timestamp") => Some(left),
                        _ => None,
                    },
                }
            }
            _ => None,
        }
    }

    /// The type that alternatives have in common.
    pub(super) fn common_type<'e>(&mut self, of: impl Iterator<Item = &'e Expr>) -> Option<String> {
        let mut common: Option<String> = None;
        for expr in of {
            let next = self.type_of(expr)?;
            common = match common {
                None => Some(next),
                Some(before) if before == next || next == UNKNOWN => Some(before),
                Some(before) if before == UNKNOWN => Some(next),
                Some(before) => match common_number(&before, &next) {
                    Some(number) => Some(number.to_owned()),
                    None if is_text(&before) && is_text(&next) => {
                        Some(if before == "text" || next == "text" { "text".to_owned() } else { before })
                    }
                    None => return None,
                },
            };
        }
        common
    }

    fn function_type(&mut self, function: &ast::Function) -> Option<String> {
        let name = name_of(&function.name)?;
        let overloads = self.state.functions_named(&name);
        let mut returns =
            overloads.iter().filter_map(|signature| self.state.catalog.functions.get(signature));
        if let Some(first) = returns.next() {
            let same = returns.all(|other| other.returns == first.returns);
            let one = first.returns.clone().filter(|returns| same && !returns.starts_with("SETOF"));
            return one.filter(|returns| !returns.starts_with("TABLE"));
        }
        let arguments: Vec<&Expr> = arguments(function).collect();
        match name.name.as_str() {
            "coalesce" | "greatest" | "least" => self.common_type(arguments.into_iter()),
            "nullif" | "abs" | "min" | "max" => self.type_of(arguments.first()?),
            "sum" => Some(match self.type_of(arguments.first()?)?.as_str() {
                "smallint" | "integer" => "bigint".to_owned(),
                "bigint" => "numeric".to_owned(),
                other => other.to_owned(),
            }),
            "array_agg" => Some(format!("{}[]", self.type_of(arguments.first()?)?)),
            range if range.ends_with("range") => builtin(range).map(str::to_owned),
            other => {
                RETURNS.iter().find(|(name, _)| *name == other).map(|(_, returns)| (*returns).to_owned())
            }
        }
    }
}

/// Whether a type is one of text.
pub(super) fn is_text(data_type: &str) -> bool {
    matches!(data_type, "text" | "character varying" | "character" | "name")
}

fn literal_type(value: &Value) -> Option<String> {
    let text = match value {
        Value::Number(digits, _) if digits.contains(['.', 'e', 'E']) => "numeric",
        Value::Number(digits, _) if digits.parse::<i32>().is_ok() => "integer",
        Value::Number(digits, _) if digits.parse::<i64>().is_ok() => "bigint",
        Value::Number(..) => "numeric",
        Value::Boolean(_) => "boolean",
        Value::Null
        | Value::SingleQuotedString(_)
        | Value::EscapedStringLiteral(_)
        | Value::UnicodeStringLiteral(_)
        | Value::DollarQuotedString(_)
        | Value::NationalStringLiteral(_) => UNKNOWN,
        _ => return None,
    };
    Some(text.to_owned())
}

/// The arguments of a call that are expressions.
pub(super) fn arguments(function: &ast::Function) -> impl Iterator<Item = &Expr> {
    let list = match &function.args {
        FunctionArguments::List(list) => list.args.as_slice(),
        FunctionArguments::None | FunctionArguments::Subquery(_) => &[],
    };
    list.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
        | FunctionArg::Named { arg: FunctionArgExpr::Expr(expr), .. } => Some(expr),
        _ => None,
    })
}

/// The same, to be changed.
pub(super) fn arguments_mut(function: &mut ast::Function) -> impl Iterator<Item = &mut Expr> {
    let list = match &mut function.args {
        FunctionArguments::List(list) => list.args.as_mut_slice(),
        FunctionArguments::None | FunctionArguments::Subquery(_) => &mut [],
    };
    list.iter_mut().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
        | FunctionArg::Named { arg: FunctionArgExpr::Expr(expr), .. } => Some(expr),
        _ => None,
    })
}
