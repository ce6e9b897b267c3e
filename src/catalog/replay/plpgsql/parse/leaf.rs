//! Statements of PL/pgSQL that have none within them.

use super::super::super::cursor::{Cursor, Inner, Parsed};
use super::super::block::{Code, Kind, Leave};
use super::super::into;
use super::cursors::{self, Declared};
use super::{code, codes};
use crate::lex::Kind as TokenKind;

/// A statement that has none within it.
pub(super) fn leaf(statement: Inner<'_>, declared: &Declared) -> Parsed<Kind> {
    let mut cursor = statement.cursor();
    if cursor.take("raise") {
        return Ok(raise(&mut cursor, code(statement)));
    }
    if cursor.is_one_of(&["return next", "return query"]) {
        return Ok(Kind::ReturnRows(code(statement)));
    }
    if cursor.take("return") {
        return Ok(Kind::Return((!cursor.is_at_end()).then(|| code(cursor.rest()))));
    }
    if let Some(word) = cursor.take_one_of(&["exit", "continue"]) {
        let label = if cursor.is("when") || cursor.is_at_end() { None } else { Some(cursor.ident()?) };
        let when = cursor.take("when").then(|| code(cursor.rest()));
        return Ok(Kind::Leave(Leave { goes_on: word == "continue", label, when }));
    }
    if cursor.take("perform") {
        return Ok(Kind::Perform(code(cursor.rest())));
    }
    if cursor.take("execute") {
        let text = code(cursor.until(&["into", "using"])?);
        let (mut into, mut using) = (Vec::new(), Vec::new());
        while let Some(word) = cursor.take_one_of(&["into", "using"]) {
            if word == "into" {
                let _ = cursor.take("strict");
                into = cursor.list(into::target)?;
            } else {
                using = codes(&mut cursor, &["into"])?;
            }
        }
        return Ok(Kind::Execute { text, into, using });
    }
    if cursor.take("assert") {
        let asked = code(cursor.until(&[","])?);
        return Ok(Kind::Perform(asked));
    }
    if cursor.is("get") {
        return Ok(Kind::Forget(into::diagnostics(cursor), code(statement)));
    }
    if cursor.take("open") {
        return cursors::open(&mut cursor, declared);
    }
    if cursor.take_one_of(&["fetch", "move"]).is_some() {
        return cursors::fetch(&mut cursor);
    }
    if cursor.is_one_of(&["null", "close"]) {
        return Ok(Kind::Nothing(code(statement)));
    }
    if let Some(target) = into::assigned(&mut cursor) {
        return Ok(Kind::Assign(target, code(cursor.rest())));
    }
    let into = into::of_query(statement.cursor());
    let statement_read = super::super::super::parse::statement(statement.cursor()).ok().map(Box::new);
    Ok(Kind::Sql { code: code(statement), into, statement: statement_read })
}

/// What follows `RAISE`.
fn raise(cursor: &mut Cursor<'_>, whole: Code) -> Kind {
    if cursor.is_one_of(&["debug", "log", "info", "notice", "warning"]) {
        return Kind::Nothing(whole);
    }
    let _ = cursor.take("exception");
    // `RAISE division_by_zero` and `RAISE SQLSTATE '22012'`, or `… USING ERRCODE = '…'`.
    let mut condition = match cursor.kind() {
        Some(TokenKind::Word) if cursor.take("sqlstate") => cursor.string().ok(),
        Some(TokenKind::Word) if !cursor.is("using") => Some(cursor.peek().to_ascii_lowercase()),
        _ => None,
    };
    while !cursor.is_at_end() {
        if cursor.take("errcode =") || cursor.take("errcode :=") {
            condition = cursor.string().ok().map(|code| code.to_ascii_lowercase());
        }
        cursor.any();
    }
    Kind::Raise(condition, whole)
}
