//! `CREATE INDEX`.

use super::super::cursor::{Cursor, Name, Parsed};
use super::options::skip_options;
use crate::ident::Ident;

/// `CREATE INDEX`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword that is there or not")]
pub(crate) struct CreateIndex {
    pub(crate) name: Option<Ident>,
    pub(crate) if_not_exists: bool,
    pub(crate) unique: bool,
    pub(crate) concurrently: bool,
    pub(crate) only: bool,
    pub(crate) table: Name,
    pub(crate) method: String,
    pub(crate) elements: Vec<IndexElement>,
    pub(crate) include: Vec<Ident>,
    pub(crate) nulls_not_distinct: bool,
    pub(crate) predicate: Option<String>,
}

/// A key of an index, as a statement defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IndexElement {
    pub(crate) column: ElementColumn,
    pub(crate) collation: Option<Name>,
    pub(crate) opclass: Option<Name>,
}

/// What a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ElementColumn {
    Column(Ident),
    /// An expression, without the parentheses around the whole of it.
    Expr(String),
}

/// What follows `CREATE`.
pub(crate) fn create_index(cursor: &mut Cursor<'_>) -> Parsed<CreateIndex> {
    let unique = cursor.take("unique");
    cursor.expect("index")?;
    let concurrently = cursor.take("concurrently");
    let if_not_exists = cursor.take("if not exists");
    let name = if cursor.is("on") { None } else { Some(cursor.ident()?) };
    cursor.expect("on")?;
    let only = cursor.take("only");
    let table = cursor.name()?;
    let method = if cursor.take("using") { cursor.ident()?.as_str().to_owned() } else { "btree".to_owned() };
    let elements = cursor.in_parens(element)?;
    let include = include(cursor)?;
    let nulls_not_distinct = cursor.take("nulls not distinct");
    let _ = cursor.take("nulls distinct");
    if cursor.take("with") {
        skip_options(cursor)?;
    }
    if cursor.take("tablespace") {
        cursor.ident()?;
    }
    let predicate = if cursor.take("where") { Some(cursor.rest().text().to_owned()) } else { None };
    cursor.end()?;
    Ok(CreateIndex {
        name,
        if_not_exists,
        unique,
        concurrently,
        only,
        table,
        method,
        elements,
        include,
        nulls_not_distinct,
        predicate,
    })
}

/// `INCLUDE (…)`, where it is written.
pub(crate) fn include(cursor: &mut Cursor<'_>) -> Parsed<Vec<Ident>> {
    if cursor.take("include") { cursor.in_parens(Cursor::ident) } else { Ok(Vec::new()) }
}

/// One key.
pub(crate) fn element(cursor: &mut Cursor<'_>) -> Parsed<IndexElement> {
    let column = if cursor.is("(") {
        ElementColumn::Expr(cursor.parens()?.text().to_owned())
    } else {
        column_or_call(cursor)?
    };
    let collation = if cursor.take("collate") { Some(cursor.name()?) } else { None };
    let ordered = ["asc", "desc", "nulls", "with", ",", ")"];
    let opclass = if cursor.is_at_end() || cursor.is_one_of(&ordered) { None } else { Some(cursor.name()?) };
    if opclass.is_some() && cursor.is("(") {
        skip_options(cursor)?;
    }
    let _ = cursor.take_one_of(&["asc", "desc"]);
    let _ = cursor.take_one_of(&["nulls first", "nulls last"]);
    Ok(IndexElement { column, collation, opclass })
}

/// A column by its name, or a function's call, which needs no parentheses around it.
fn column_or_call(cursor: &mut Cursor<'_>) -> Parsed<ElementColumn> {
    let start = *cursor;
    let name = cursor.name()?;
    if cursor.is("(") {
        cursor.parens()?;
        return Ok(ElementColumn::Expr(cursor.since(&start).text().to_owned()));
    }
    Ok(ElementColumn::Column(name.name))
}
