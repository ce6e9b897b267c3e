//! The functions of the server that are computed without it.

use sqlparser::ast;

use super::super::value::cut;
use super::aggregate::rows_of_aggregate;
use super::arrays::{listed, of_arrays};
use super::eval::VARIADIC;
use super::interpreter::{Interpreter, LONGEST};
use super::reach::Reach;
use super::value::{HOLE, Value, equal};
use crate::ident;

/// How many numbers `generate_series` gives at most.
pub(super) const MOST_NUMBERS: i64 = 10_000;

impl Interpreter<'_> {
    pub(super) fn function(&mut self, function: &ast::Function) -> Value {
        let mut parts = function.name.0.iter().rev().filter_map(|part| part.as_ident());
        let (Some(own), schema) = (parts.next(), parts.next()) else { return Value::Unknown };
        let (own, schema) = (super::eval::folded(own), schema.map(super::eval::folded));
        let list = match &function.args {
            ast::FunctionArguments::None => return self.keyword(&own),
            // `ARRAY(SELECT …)`
            ast::FunctionArguments::Subquery(query) => {
                let Some(rows) = self.rows(query) else { return Value::Unknown };
                return Value::List(rows.into_iter().map(Value::first).collect());
            }
            ast::FunctionArguments::List(list) => &list.args,
        };
        let of_server = schema.as_deref().is_none_or(|schema| schema == "pg_catalog");
        if of_server && let Some(value) = rows_of_aggregate(self, &own, function) {
            return value;
        }
        let mut arguments = Vec::new();
        for argument in list {
            use ast::{FunctionArg, FunctionArgExpr};
            let (name, argument) = match argument {
                FunctionArg::Unnamed(argument) => (None, argument),
                FunctionArg::Named { name, arg, .. } => (Some(super::eval::folded(name)), arg),
                FunctionArg::ExprNamed { name: ast::Expr::Identifier(name), arg, .. } => {
                    (Some(super::eval::folded(name)), arg)
                }
                FunctionArg::ExprNamed { .. } => return Value::Unknown,
            };
            let FunctionArgExpr::Expr(argument) = argument else { return Value::Unknown };
            let value = self.eval(argument);
            match value {
                Value::List(values) if name.as_deref() == Some(VARIADIC) => {
                    arguments.extend(values.into_iter().map(|value| (None, value)));
                }
                _ if name.as_deref() == Some(VARIADIC) => return Value::Unknown,
                value => arguments.push((name, value)),
            }
        }
        let values: Vec<Value> = arguments.iter().map(|(_, value)| value.clone()).collect();
        if of_server && let Some(value) = self.builtin(&own, &values) {
            return value;
        }
        self.called(schema.as_deref(), &own, &arguments)
    }

    /// What a function of the server gives, if it is one that is known here.
    fn builtin(&mut self, name: &str, values: &[Value]) -> Option<Value> {
        Some(match (name, values) {
            ("current_schema", []) => self.keyword(name),
            ("set_config", [name, value, local]) => self.set_config(name, value, local),
            ("current_setting", [name, ..]) => self.current_setting(name),
            ("format", [template, arguments @ ..]) => self.format(template, arguments),
            ("coalesce", values) => {
                let decided = values.iter().find(|value| **value != Value::Null);
                decided.cloned().unwrap_or(Value::Null)
            }
            ("nullif", [one, other]) => match equal(one, other) {
                Value::Bool(true) => Value::Null,
                Value::Unknown => Value::Unknown,
                _ => one.clone(),
            },
            ("quote_ident", [value]) => self.mapped(value, |text| quote_ident(&text)),
            ("quote_literal", [value]) => self.mapped(value, |text| ident::literal(&text)),
            ("quote_nullable", [Value::Null]) => Value::text("NULL"),
            ("quote_nullable", [value]) => self.mapped(value, |text| ident::literal(&text)),
            ("lower", [value]) => self.mapped(value, |text| text.to_lowercase()),
            ("upper", [value]) => self.mapped(value, |text| text.to_uppercase()),
            ("btrim" | "trim", [value]) => self.mapped(value, |text| text.trim_matches(' ').to_owned()),
            ("ltrim", [value]) => self.mapped(value, |text| text.trim_start_matches(' ').to_owned()),
            ("rtrim", [value]) => self.mapped(value, |text| text.trim_end_matches(' ').to_owned()),
            ("concat", values) => self.texts("", values),
            ("concat_ws", [separator, values @ ..]) => match self.text_of(separator) {
                Some(separator) => self.texts(&separator, values),
                None => Value::Null,
            },
            ("array_to_string", [array, separator]) if matches!(listed(array), Value::List(_)) => {
                let (Value::List(values), separator) = (listed(array), self.text_of(separator)?) else {
                    return None;
                };
                self.texts(&separator, &values)
            }
            ("string_to_array", [Value::Text(text), Value::Text(separator)]) if !separator.is_empty() => {
                if text.contains(HOLE) {
                    return Some(Value::Unknown);
                }
                Value::List(text.split(separator.as_str()).map(Value::text).collect())
            }
            ("to_regclass", [value]) => self.regclass(value).unwrap_or(Value::Unknown),
            _ => return of_arrays(name, values).or_else(|| of_texts(name, values)),
        })
    }

    fn mapped(&mut self, value: &Value, with: impl FnOnce(String) -> String) -> Value {
        self.text_of(value).map_or(Value::Null, |text| Value::Text(with(text)))
    }

    /// `format`.
    fn format(&mut self, template: &Value, arguments: &[Value]) -> Value {
        let Value::Text(template) = template else {
            return if *template == Value::Null { Value::Null } else { Value::Unknown };
        };
        // An array behind VARIADIC, which is all that an array can be here.
        let arguments = match arguments {
            [Value::List(values)] => values.as_slice(),
            others => others,
        };
        let (mut written, mut next) = (String::new(), 0);
        let mut characters = template.chars().peekable();
        while let Some(c) = characters.next() {
            if c != '%' {
                written.push(c);
                continue;
            }
            let mut digits = String::new();
            while let Some(c) = characters.next_if(|c| c.is_ascii_digit() || matches!(c, '$' | '-' | '*')) {
                digits.push(c);
            }
            if let Some(place) = digits.strip_suffix('$').and_then(|place| place.parse::<usize>().ok()) {
                next = place.saturating_sub(1);
            } else if digits.contains(['*', '$']) {
                return Value::Unknown;
            }
            let kind = characters.next();
            if kind == Some('%') {
                written.push('%');
                continue;
            }
            let value = arguments.get(next).cloned().unwrap_or(Value::Unknown);
            next += 1;
            let text = self.text_of(&value);
            if written.len() > LONGEST {
                return Value::Unknown;
            }
            match (kind, text) {
                (Some('s'), text) => written.push_str(&text.unwrap_or_default()),
                (Some('I'), Some(text)) => written.push_str(&quote_ident(&text)),
                (Some('L'), text) => {
                    written.push_str(&text.map_or_else(|| "NULL".to_owned(), |text| ident::literal(&text)));
                }
                _ => return Value::Unknown,
            }
        }
        Value::Text(written)
    }

    fn current_setting(&mut self, name: &Value) -> Value {
        let Value::Text(name) = name else { return Value::Unknown };
        let told = &self.state().session.now;
        match name.to_ascii_lowercase().as_str() {
            "search_path" => {
                let names: Vec<String> = told.path.iter().map(ToString::to_string).collect();
                Value::Text(names.join(", "))
            }
            name => told.settings.get(name).map_or(Value::Unknown, Value::text),
        }
    }

    /// `set_config`.
    fn set_config(&mut self, name: &Value, value: &Value, local: &Value) -> Value {
        let (Value::Text(name), Some(local)) = (name, local.holds()) else {
            self.not_followed("which setting is set is not known", Reach::default());
            return Value::Unknown;
        };
        let name = name.to_ascii_lowercase();
        let text = self.text_of(value).unwrap_or_default();
        if text.contains(HOLE) && matches!(name.as_str(), "search_path" | "role" | "session_authorization") {
            self.not_followed(format!("what {name} is set to is not known"), Reach::default());
            return Value::Unknown;
        }
        if let Err(why) = self.state().set_config(&name, &text, local) {
            self.not_followed(why, Reach::default());
        }
        value.clone()
    }
}

/// A name as SQL takes it; a hole where some of it is not known.
fn quote_ident(name: &str) -> String {
    if name.contains(HOLE) {
        return HOLE.to_string();
    }
    cut(name.to_owned()).map_or_else(|| HOLE.to_string(), |name| name.bare().into_owned())
}

/// The functions that cut texts up; of a text that is not wholly known they give nothing that is.
pub(super) fn of_texts(name: &str, values: &[Value]) -> Option<Value> {
    let known = [
        "replace",
        "split_part",
        "left",
        "right",
        "length",
        "char_length",
        "substr",
        "substring",
        "starts_with",
        "strpos",
        "btrim",
        "trim",
        "ltrim",
        "rtrim",
        "reverse",
        "translate",
    ];
    if !known.contains(&name) {
        return None;
    }
    if values.contains(&Value::Null) {
        return Some(Value::Null);
    }
    if !values.iter().all(Value::is_known) {
        return Some(Value::Unknown);
    }
    let size = |count: i64| usize::try_from(count).unwrap_or_default();
    Some(match (name, values) {
        ("replace", [Value::Text(text), Value::Text(from), Value::Text(to)]) => {
            let times = if from.is_empty() { 0 } else { text.matches(from.as_str()).count() };
            match times.saturating_mul(to.len()) > LONGEST {
                true => Value::Unknown,
                false if times == 0 => Value::text(text),
                false => Value::Text(text.replace(from.as_str(), to)),
            }
        }
        ("split_part", [Value::Text(text), Value::Text(by), Value::Int(at @ 1..)]) if !by.is_empty() => {
            Value::text(text.split(by.as_str()).nth(size(at - 1)).unwrap_or_default())
        }
        ("left", [Value::Text(text), Value::Int(count @ 0..)]) => {
            Value::Text(text.chars().take(size(*count)).collect())
        }
        ("right", [Value::Text(text), Value::Int(count @ 0..)]) => {
            let skipped = text.chars().count().saturating_sub(size(*count));
            Value::Text(text.chars().skip(skipped).collect())
        }
        ("length" | "char_length", [Value::Text(text)]) => {
            i64::try_from(text.chars().count()).map_or(Value::Unknown, Value::Int)
        }
        ("substr" | "substring", [Value::Text(text), Value::Int(from @ 1..)]) => {
            Value::Text(text.chars().skip(size(from - 1)).collect())
        }
        ("substr" | "substring", [Value::Text(text), Value::Int(from @ 1..), Value::Int(count @ 0..)]) => {
            Value::Text(text.chars().skip(size(from - 1)).take(size(*count)).collect())
        }
        ("btrim" | "trim", [Value::Text(text), Value::Text(of)]) => {
            Value::text(text.trim_matches(|c| of.contains(c)))
        }
        ("ltrim", [Value::Text(text), Value::Text(of)]) => {
            Value::text(text.trim_start_matches(|c| of.contains(c)))
        }
        ("rtrim", [Value::Text(text), Value::Text(of)]) => {
            Value::text(text.trim_end_matches(|c| of.contains(c)))
        }
        ("reverse", [Value::Text(text)]) => Value::Text(text.chars().rev().collect()),
        ("translate", [Value::Text(text), Value::Text(from), Value::Text(to)]) => {
            let kept = text.chars().filter_map(|c| match from.chars().position(|of| of == c) {
                Some(at) => to.chars().nth(at),
                None => Some(c),
            });
            Value::Text(kept.collect())
        }
        ("starts_with", [Value::Text(text), Value::Text(start)]) => {
            Value::Bool(text.starts_with(start.as_str()))
        }
        ("strpos", [Value::Text(text), Value::Text(part)]) => {
            let before = text.find(part.as_str()).and_then(|at| text.get(..at));
            let at = before.map_or(0, |before| before.chars().count() + 1);
            i64::try_from(at).map_or(Value::Unknown, Value::Int)
        }
        _ => Value::Unknown,
    })
}
