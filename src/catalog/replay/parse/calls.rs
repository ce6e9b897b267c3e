//! The functions that code calls.

use std::collections::BTreeSet;

use super::super::cursor::{Inner, Name};
use crate::lex::Kind;

/// Behind these a parenthesis opens no arguments.
const KEYWORDS: [&str; 66] = [
    "all",
    "and",
    "any",
    "array",
    "as",
    "between",
    "by",
    "case",
    "cast",
    "coalesce",
    "conflict",
    "default",
    "distinct",
    "do",
    "else",
    "elsif",
    "except",
    "exists",
    "extract",
    "filter",
    "for",
    "foreach",
    "from",
    "greatest",
    "group",
    "having",
    "if",
    "ilike",
    "in",
    "intersect",
    "interval",
    "into",
    "is",
    "join",
    "lateral",
    "least",
    "like",
    "limit",
    "loop",
    "materialized",
    "next",
    "not",
    "null",
    "nullif",
    "offset",
    "on",
    "only",
    "operator",
    "or",
    "order",
    "over",
    "overlay",
    "partition",
    "position",
    "query",
    "return",
    "returning",
    "row",
    "select",
    "set",
    "some",
    "then",
    "union",
    "using",
    "values",
    "when",
];

/// The functions that code calls, as far as its tokens tell; nothing where it runs other code.
pub(crate) fn calls(code: Inner<'_>) -> Option<Vec<Name>> {
    let mut cursor = code.cursor();
    let mut before = String::new();
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    while let Some(kind) = cursor.kind() {
        let word = cursor.peek().to_ascii_lowercase();
        let mut ahead = cursor;
        if kind == Kind::Word && word == "execute" {
            return None;
        }
        if kind == Kind::Word && (KEYWORDS.binary_search(&word.as_str()).is_ok() || word == "where") {
            cursor.any();
            before = word;
        } else if let Ok(name) = ahead.name() {
            // The columns of a table, or of what is called so, are no arguments.
            let columns = matches!(before.as_str(), "into" | "as" | "with" | "recursive" | ")");
            if ahead.is("(") && !columns && seen.insert(name.clone()) {
                found.push(name);
            }
            cursor = ahead;
            before = word;
        } else {
            cursor.any();
            before.clear();
            before.push_str(if word == ")" { &word } else { "" });
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::{KEYWORDS, calls};
    use crate::catalog::replay::cursor::Cursor;
    use crate::lex;

    #[test]
    fn the_keywords_are_in_order() {
        assert!(KEYWORDS.is_sorted());
    }

    #[test]
    fn calls_are_told_from_lists() {
        for (text, expected) in [
            ("select f(a), s.g (1) from t where x in (1) and (y)", "\"f\" \"s\".\"g\""),
            (
                "insert into t (a, b) values (h(1)) on conflict (a) do update set b = lower(k(2))",
                "\"h\" \"lower\" \"k\"",
            ),
            ("with w (a) as (select 1) select coalesce(a, (2)) from unnest(x) as u(v)", "\"unnest\""),
            (
                "select f(x) from (values (1)) v(x), unnest(a) u(b) where (x) in (select g(1))",
                "\"f\" \"unnest\" \"g\"",
            ),
            ("x := 'f(1)' || \"F\"(2)", "\"F\""),
        ] {
            let tokens = lex::tokens(text);
            let found = calls(Cursor::new(text, &tokens).rest()).unwrap();
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(found.join(" "), expected);
        }
    }
}
