//! What expressions of PL/pgSQL give, as far as that is known before anything runs.

use crate::ident::QualifiedName;

/// Stands in a text for a part of it that only the server knows. No text of the server's can hold it.
pub(super) const HOLE: char = '\0';

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// What only the server knows.
    Unknown,
    Null,
    Bool(bool),
    Int(i64),
    /// A text, with a [`HOLE`] for each part of it that is not known.
    Text(String),
    List(Vec<Value>),
    /// A record, with the names of its fields.
    Row(Vec<(String, Value)>),
    /// The identity of an object.
    Object(Oid),
    /// What an open cursor has still to give, the next row last; nothing where that is not known.
    Rows(Option<Vec<Value>>),
}

/// What an `oid` stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Oid {
    Relation(QualifiedName),
    /// What has a name and no schema, or a part of something, with the catalog that it is in.
    Other(&'static str, String),
}

impl Value {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(super) fn oid(catalog: &'static str, name: impl Into<String>) -> Self {
        Self::Object(Oid::Other(catalog, name.into()))
    }

    /// What a condition is: nothing where that is not known.
    pub(super) fn holds(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            Self::Null => Some(false),
            Self::Text(text) => truth(text),
            _ => None,
        }
    }

    /// It as an expression sees it: of an open cursor its name, which only the server knows.
    pub(super) fn seen(&self) -> Self {
        if matches!(self, Self::Rows(_)) { Self::Unknown } else { self.clone() }
    }

    /// Whether all of it is known.
    pub(super) fn is_known(&self) -> bool {
        match self {
            Self::Unknown | Self::Rows(_) => false,
            Self::Text(text) => !text.contains(HOLE),
            Self::List(values) => values.iter().all(Self::is_known),
            Self::Row(fields) => fields.iter().all(|(_, value)| value.is_known()),
            _ => true,
        }
    }

    /// It as a text, with a hole where it is not known; nothing for NULL.
    pub(super) fn written(&self) -> Option<String> {
        Some(match self {
            Self::Null => return None,
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Text(text) => text.clone(),
            Self::Object(Oid::Other(_, name)) => name.clone(),
            Self::Unknown | Self::List(_) | Self::Row(_) | Self::Rows(_) | Self::Object(Oid::Relation(_)) => {
                HOLE.to_string()
            }
        })
    }

    /// A number, if it is one.
    pub(super) fn int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            Self::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// The first column, of a record.
    pub(super) fn first(self) -> Self {
        match self {
            Self::Row(fields) => fields.into_iter().next().map_or(Self::Null, |(_, value)| value),
            other => other,
        }
    }

    /// A field, of a record.
    pub(super) fn field(&self, name: &str) -> Self {
        match self {
            Self::Row(fields) => fields
                .iter()
                .find(|(known, _)| known == name)
                .map_or(Self::Unknown, |(_, value)| value.clone()),
            _ => Self::Unknown,
        }
    }
}

/// `=`.
pub(super) fn equal(one: &Value, other: &Value) -> Value {
    match (one, other) {
        (Value::Null, _) | (_, Value::Null) => Value::Null,
        _ if !one.is_known() || !other.is_known() => Value::Unknown,
        (Value::Bool(one), Value::Bool(other)) => Value::Bool(one == other),
        (Value::Text(one), Value::Text(other)) => Value::Bool(one == other),
        (Value::List(one), Value::List(other)) => Value::Bool(one == other),
        (Value::Bool(value), Value::Text(text)) | (Value::Text(text), Value::Bool(value)) => {
            truth(text).map_or(Value::Unknown, |truth| Value::Bool(truth == *value))
        }
        (Value::Object(one), Value::Object(other)) => Value::Bool(one == other),
        _ => match (one.int(), other.int()) {
            (Some(one), Some(other)) => Value::Bool(one == other),
            _ => Value::Unknown,
        },
    }
}

/// `<`, by numbers or by texts; nothing where it is not known, or for NULL.
pub(super) fn less(one: &Value, other: &Value) -> Option<bool> {
    match (one, other) {
        // Letters stand in the same order in every collation.
        (Value::Text(one), Value::Text(other)) => {
            let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase());
            (plain(one) && plain(other)).then(|| one < other)
        }
        _ => Some(one.int()? < other.int()?),
    }
}

pub(super) fn not(value: &Value) -> Value {
    match value {
        Value::Null => Value::Null,
        value => value.holds().map_or(Value::Unknown, |holds| Value::Bool(!holds)),
    }
}

pub(super) fn and(one: &Value, other: &Value) -> Value {
    match (one, other) {
        (Value::Bool(false), _) | (_, Value::Bool(false)) => Value::Bool(false),
        (Value::Bool(true), other) => other.clone(),
        (one, Value::Bool(true)) => one.clone(),
        (Value::Null, Value::Null) => Value::Null,
        _ => Value::Unknown,
    }
}

pub(super) fn or(one: &Value, other: &Value) -> Value {
    match (one, other) {
        (Value::Bool(true), _) | (_, Value::Bool(true)) => Value::Bool(true),
        (Value::Bool(false), other) => other.clone(),
        (one, Value::Bool(false)) => one.clone(),
        (Value::Null, Value::Null) => Value::Null,
        _ => Value::Unknown,
    }
}

/// A truth value as the server reads it.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "true" | "yes" | "on" | "1" => Some(true),
        "f" | "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// Whether a text is like a pattern.
pub(super) fn like(text: &str, pattern: &str) -> bool {
    // The places of the pattern that the text so far can have led to.
    let pattern: Vec<(char, bool)> = unescaped(pattern);
    let mut reached = vec![false; pattern.len() + 1];
    let pass = |reached: &mut Vec<bool>| {
        for at in 0..pattern.len() {
            if reached[at] && pattern[at] == ('%', true) {
                reached[at + 1] = true;
            }
        }
    };
    reached[0] = true;
    pass(&mut reached);
    for c in text.chars() {
        let mut next = vec![false; pattern.len() + 1];
        for (at, (wanted, wild)) in pattern.iter().enumerate().filter(|(at, _)| reached[*at]) {
            match (wanted, wild) {
                ('%', true) => next[at] = true,
                ('_', true) => next[at + 1] = true,
                (wanted, _) => next[at + 1] |= *wanted == c,
            }
        }
        pass(&mut next);
        reached = next;
    }
    reached.last().copied().unwrap_or_default()
}

/// The characters of a pattern, each with whether it stands for others.
fn unescaped(pattern: &str) -> Vec<(char, bool)> {
    let mut found = Vec::new();
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => found.extend(characters.next().map(|c| (c, false))),
            c => found.push((c, matches!(c, '%' | '_'))),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Value, and, equal, like, or};

    #[test]
    fn what_is_not_known_stays_so_unless_it_is_of_no_account() {
        let (yes, no) = (Value::Bool(true), Value::Bool(false));
        assert_eq!(and(&Value::Unknown, &no), no);
        assert_eq!(and(&Value::Unknown, &yes), Value::Unknown);
        assert_eq!(or(&yes, &Value::Unknown), yes);
        assert_eq!(or(&no, &Value::Null), Value::Null);
        assert_eq!(equal(&Value::Int(1), &Value::text("1")), yes);
        assert_eq!(equal(&Value::text("a\0"), &Value::text("a")), Value::Unknown);
        assert_eq!(equal(&Value::Null, &Value::Unknown), Value::Null);
    }

    #[test]
    fn patterns_match_as_the_server_matches_them() {
        for (text, pattern, matches) in [
            ("crm_invoice", "crm\\_%", true),
            ("crmxinvoice", "crm\\_%", false),
            ("crmxinvoice", "crm_%", true),
            ("a", "%", true),
            ("", "%", true),
            ("abcabd", "%ab_", true),
            ("abc", "ab", false),
        ] {
            assert_eq!(like(text, pattern), matches, "{text} {pattern}");
        }
    }
}
