//! Bodies in standard SQL.

use super::super::cursor::Cursor;
use crate::lex;

/// The statements of a body in SQL: of `BEGIN ATOMIC … END` those that stand in it.
pub(super) fn statements(body: &str) -> &str {
    let tokens = lex::tokens(body);
    let mut cursor = Cursor::new(body, &tokens);
    let end = tokens.last().filter(|last| last.is_word(body, "end"));
    match end.filter(|_| cursor.take("begin atomic")) {
        Some(end) => body.get(cursor.place()..end.start).unwrap_or_default(),
        None => body,
    }
}

/// The expression that a body of the form `RETURN x` gives.
pub(super) fn expression(body: &str) -> Option<&str> {
    let tokens = lex::tokens(body);
    let mut cursor = Cursor::new(body, &tokens);
    let is_one = cursor.take("return");
    body.get(cursor.place()..).filter(|_| is_one)
}

#[cfg(test)]
mod tests {
    use super::{expression, statements};

    #[test]
    fn what_stands_around_the_statements_is_left_out() {
        for (body, within) in [
            (
                "BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 1 END; END",
                "SELECT 1; SELECT CASE WHEN a THEN 1 END; ",
            ),
            ("begin  atomic end", ""),
            ("SELECT 1", "SELECT 1"),
            ("BEGIN ATOMIC SELECT 1", "BEGIN ATOMIC SELECT 1"),
        ] {
            assert_eq!(statements(body), within);
        }
        assert_eq!((expression("return a + 1"), expression("select a")), (Some("a + 1"), None));
    }
}
