//! Lists of options in parentheses.

use super::super::cursor::{Cursor, Parsed};

/// `(name = value, …)`: the names in lower case, with their namespace if they have one.
pub(crate) fn options(cursor: &mut Cursor<'_>) -> Parsed<Vec<(String, String)>> {
    cursor.in_parens(|cursor| {
        let mut name = cursor.ident()?.as_str().to_owned();
        while cursor.take(".") {
            name = format!("{name}.{}", cursor.ident()?.as_str());
        }
        let value = if cursor.take("=") { value(cursor)? } else { "true".to_owned() };
        Ok((name.to_ascii_lowercase(), value))
    })
}

/// A word, a number with its sign, or a literal.
pub(crate) fn value(cursor: &mut Cursor<'_>) -> Parsed<String> {
    if let Ok(text) = cursor.string() {
        return Ok(text);
    }
    let start = *cursor;
    let _ = cursor.take_one_of(&["-", "+"]);
    let written = cursor.peek();
    let value = match cursor.kind() {
        Some(crate::lex::Kind::Quoted) => cursor.ident()?.as_str().to_owned(),
        Some(_) if !cursor.is_one_of(&[",", ")", "("]) => {
            cursor.any();
            written.to_owned()
        }
        _ => return Err(cursor.unexpected("a value")),
    };
    // A qualified name, and the modifier of a type.
    while cursor.take(".") {
        cursor.any();
    }
    if cursor.is("(") {
        cursor.parens()?;
    }
    let all = cursor.since(&start);
    Ok(if all.words().len() > 1 { all.words().concat() } else { value })
}

/// Options in parentheses, whatever they say.
pub(crate) fn skip_options(cursor: &mut Cursor<'_>) -> Parsed<()> {
    cursor.parens().map(drop)
}
