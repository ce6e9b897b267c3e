//! The variables that statements of PL/pgSQL give values to.

use super::super::cursor::{Cursor, Parsed};

/// A variable, or a field of one: `x`, `r.a`.
pub(super) fn target(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let mut name = cursor.ident()?.as_str().to_owned();
    while cursor.take(".") {
        name = format!("{name}.{}", cursor.ident()?.as_str());
    }
    Ok(name)
}

/// Takes what stands before the expression of an assignment; an element of an array counts as the array.
pub(super) fn assigned(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut ahead = *cursor;
    let name = target(&mut ahead).ok()?;
    let mut whole = true;
    while ahead.take("[") {
        whole = false;
        ahead.until(&[]).ok()?;
        if !ahead.take("]") {
            return None;
        }
    }
    ahead.take_one_of(&[":=", "="])?;
    *cursor = ahead;
    // Of an array that has got another element nothing is known.
    Some(if whole { name } else { format!("{name}[]") })
}

/// The variables behind `INTO` of a statement of SQL that is no `INSERT INTO`.
pub(super) fn of_query(cursor: Cursor<'_>) -> Vec<String> {
    if !cursor.is_one_of(&["select", "with", "insert", "update", "delete", "merge", "values"]) {
        return Vec::new();
    }
    let Some(mut at) = place(cursor) else { return Vec::new() };
    let _ = at.take("into");
    let _ = at.take("strict");
    at.list(target).unwrap_or_default()
}

/// Where `INTO` stands that names variables.
pub(super) fn place(cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    let mut cursor = cursor;
    let (mut depth, mut before) = (0_usize, String::new());
    while !cursor.is_at_end() {
        match cursor.peek() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if depth == 0 && cursor.is("into") && !matches!(before.as_str(), "insert" | "merge") => {
                return Some(cursor);
            }
            _ => {}
        }
        before = cursor.peek().to_ascii_lowercase();
        cursor.any();
    }
    None
}

/// The variables of `GET DIAGNOSTICS`.
pub(super) fn diagnostics(cursor: Cursor<'_>) -> Vec<String> {
    let mut cursor = cursor;
    while !cursor.is_at_end() && !cursor.take("diagnostics") {
        cursor.any();
    }
    let one = |cursor: &mut Cursor<'_>| {
        let name = target(cursor)?;
        cursor.until(&[","]).map(|_| name)
    };
    cursor.list(one).unwrap_or_default()
}
