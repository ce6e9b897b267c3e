//! Cursors, as code declares, opens and reads them.

use super::super::super::cursor::{Cursor, Parsed};
use super::super::block::{Code, Kind, Opens};
use super::super::into;
use super::{code, codes};
use crate::ident::Ident;

/// What is declared where the reader stands, the inner ones last: each name, and the query if it is a cursor that has one.
#[derive(Default)]
pub(super) struct Declared(Vec<(Ident, Option<Bound>)>);

/// The query of a cursor, and the names of its arguments.
struct Bound {
    arguments: Vec<String>,
    query: Code,
}

impl Declared {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Goes back to what is declared outside of a block.
    pub(super) fn forget(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Adds a variable, by what stands behind its name, and says whether it is a cursor with a query:
    /// `[NO] SCROLL CURSOR (arguments) FOR query`.
    pub(super) fn add(&mut self, name: &Ident, cursor: &mut Cursor<'_>) -> Parsed<bool> {
        let is_cursor = cursor.take_one_of(&["no scroll cursor", "scroll cursor", "cursor"]).is_some();
        let bound = if is_cursor { Some(bound(cursor)?) } else { None };
        self.0.push((name.clone(), bound));
        Ok(is_cursor)
    }

    fn bound(&self, name: &Ident) -> Option<&Bound> {
        self.0.iter().rfind(|(declared, _)| declared == name)?.1.as_ref()
    }
}

fn bound(cursor: &mut Cursor<'_>) -> Parsed<Bound> {
    let argument = |cursor: &mut Cursor<'_>| {
        let name = cursor.ident()?.as_str().to_owned();
        cursor.until(&[","]).map(|_| name)
    };
    let arguments = if cursor.is("(") { cursor.in_parens(argument)? } else { Vec::new() };
    if cursor.take_one_of(&["for", "is"]).is_none() {
        return Err(cursor.unexpected("FOR"));
    }
    Ok(Bound { arguments, query: code(cursor.rest()) })
}

/// A declared cursor with how it is opened, if its name comes next, up to what ends it or the end.
pub(super) fn declared(
    cursor: &mut Cursor<'_>,
    declared: &Declared,
    end: &str,
) -> Parsed<Option<(String, Opens)>> {
    let mut ahead = *cursor;
    let Ok(name) = ahead.ident() else { return Ok(None) };
    let Some(bound) = declared.bound(&name) else { return Ok(None) };
    let mut places = bound.arguments.iter();
    let argument = |cursor: &mut Cursor<'_>| {
        let given = cursor.until(&[","])?;
        let by_place = places.next().cloned().unwrap_or_default();
        let mut named = given.cursor();
        Ok(match named.ident() {
            Ok(name) if named.take_one_of(&[":=", "=>"]).is_some() => {
                (name.as_str().to_owned(), code(named.rest()))
            }
            _ => (by_place, code(given)),
        })
    };
    let arguments = if ahead.is("(") { ahead.in_parens(argument)? } else { Vec::new() };
    if !ahead.is_at_end() && !ahead.is(end) {
        return Ok(None);
    }
    *cursor = ahead;
    Ok(Some((name.as_str().to_owned(), Opens::Query { arguments, query: bound.query.clone() })))
}

/// What follows `OPEN`.
pub(super) fn open(cursor: &mut Cursor<'_>, known: &Declared) -> Parsed<Kind> {
    if let Some((name, opens)) = declared(cursor, known, ";")? {
        return Ok(Kind::Open(name, opens));
    }
    let name = into::target(cursor)?;
    let _ = cursor.take_one_of(&["no scroll", "scroll"]);
    cursor.expect("for")?;
    let opens = if cursor.take("execute") {
        let text = code(cursor.until(&["using"])?);
        Opens::Execute { text, using: if cursor.take("using") { codes(cursor, &[])? } else { Vec::new() } }
    } else {
        Opens::of(code(cursor.rest()))
    };
    Ok(Kind::Open(name, opens))
}

/// What follows `FETCH` and `MOVE`.
pub(super) fn fetch(cursor: &mut Cursor<'_>) -> Parsed<Kind> {
    let said = cursor.until(&["into"])?;
    let into = if cursor.take("into") { cursor.list(into::target)? } else { Vec::new() };
    let words = said.words();
    let direction = words.split_last().map_or(&[][..], |(_, direction)| direction);
    let ahead = ["next", "forward", "from", "in"];
    let is_next = direction.iter().all(|word| ahead.iter().any(|ahead| word.eq_ignore_ascii_case(ahead)));
    let mut name = said.cursor();
    for _ in direction {
        name.any();
    }
    Ok(Kind::Fetch { cursor: name.ident()?.as_str().to_owned(), into, is_next })
}
