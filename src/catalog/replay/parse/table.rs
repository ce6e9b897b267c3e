//! `CREATE TABLE`, `CREATE FOREIGN TABLE` and `CREATE TABLE AS`.

use super::super::cursor::{Cursor, Name, Parsed};
use super::column::{ColumnDef, column, column_options};
use super::constraint::{Constraint, constraint, is_constraint};
use super::index::{IndexElement, element};
use super::options::{options, skip_options};
use crate::ident::Ident;

/// How long a relation lives, as a statement says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Life {
    #[default]
    Permanent,
    Unlogged,
    Temporary,
}

/// `CREATE TABLE`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CreateTable {
    pub(crate) name: Name,
    pub(crate) if_not_exists: bool,
    pub(crate) life: Life,
    pub(crate) foreign: bool,
    pub(crate) elements: Vec<Element>,
    pub(crate) inherits: Vec<Name>,
    pub(crate) partition_by: Option<PartitionBy>,
    pub(crate) partition_of: Option<(Name, Bound)>,
    pub(crate) of_type: Option<Name>,
    pub(crate) options: Vec<(String, String)>,
    /// Why the rest of it is not read, if it is not.
    pub(crate) unread: Option<String>,
}

/// What stands in the parentheses of `CREATE TABLE`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Element {
    Column(ColumnDef),
    Constraint(Constraint),
    Like(Name, Vec<Included>),
    /// What is not understood, and why.
    Unread(String),
}

/// `INCLUDING` and `EXCLUDING` of `LIKE`: the keyword, and whether it is included.
pub(crate) type Included = (&'static str, bool);

/// `PARTITION BY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartitionBy {
    /// `RANGE`, `LIST` or `HASH`.
    pub(crate) strategy: &'static str,
    pub(crate) keys: Vec<IndexElement>,
}

/// Which rows are in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    Default,
    /// `FROM (…) TO (…)`, each value as it is written.
    Range(Vec<String>, Vec<String>),
    List(Vec<String>),
    Hash {
        modulus: String,
        remainder: String,
    },
}

/// A table or materialized view that a query fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CreateTableAs {
    pub(crate) name: Name,
    pub(crate) if_not_exists: bool,
    pub(crate) life: Life,
    pub(crate) materialized: bool,
    pub(crate) columns: Vec<Ident>,
    pub(crate) options: Vec<(String, String)>,
    pub(crate) query: String,
}

/// `TEMPORARY`, `UNLOGGED` and the like.
pub(crate) fn life(cursor: &mut Cursor<'_>) -> Life {
    let _ = cursor.take_one_of(&["global", "local"]);
    match cursor.take_one_of(&["temporary", "temp", "unlogged"]) {
        Some("unlogged") => Life::Unlogged,
        Some(_) => Life::Temporary,
        None => Life::Permanent,
    }
}

/// What a statement that makes a table makes.
pub(crate) enum Made {
    Table(CreateTable),
    As(CreateTableAs),
}

/// What follows `CREATE`.
pub(crate) fn create_table(cursor: &mut Cursor<'_>) -> Parsed<Made> {
    let life = life(cursor);
    let foreign = cursor.take("foreign");
    cursor.expect("table")?;
    let if_not_exists = cursor.take("if not exists");
    let name = cursor.name()?;
    if let Some(as_query) = as_query(cursor, &name, life, if_not_exists)? {
        return Ok(Made::As(as_query));
    }
    let mut table = CreateTable {
        name,
        if_not_exists,
        life,
        foreign,
        elements: Vec::new(),
        inherits: Vec::new(),
        partition_by: None,
        partition_of: None,
        of_type: None,
        options: Vec::new(),
        unread: None,
    };
    if cursor.take("partition of") {
        let parent = cursor.name()?;
        if cursor.is("(") {
            table.elements = elements(cursor, typed_element)?;
        }
        table.partition_of = Some((parent, bound(cursor)?));
    } else if cursor.take("of") {
        table.of_type = Some(cursor.name()?);
        if cursor.is("(") {
            table.elements = elements(cursor, typed_element)?;
        }
    } else {
        table.elements = elements(cursor, any_element)?;
    }
    // A table is there whatever is said of it that is not understood.
    if let Err(why) = tail(cursor, &mut table) {
        table.unread = Some(why);
        cursor.rest();
    }
    Ok(Made::Table(table))
}

/// What stands in the parentheses of `CREATE TABLE`. What is not understood of it keeps nothing else from being read.
fn elements(
    cursor: &mut Cursor<'_>,
    one: impl Fn(&mut Cursor<'_>) -> Parsed<Element>,
) -> Parsed<Vec<Element>> {
    cursor.expect("(")?;
    let mut found = Vec::new();
    if cursor.take(")") {
        return Ok(found);
    }
    loop {
        found.push(cursor.one_of_list(&one).unwrap_or_else(Element::Unread));
        if !cursor.take(",") {
            break;
        }
    }
    if let Err(why) = cursor.expect(")") {
        found.push(Element::Unread(why));
        cursor.rest();
    }
    Ok(found)
}

fn tail(cursor: &mut Cursor<'_>, table: &mut CreateTable) -> Parsed<()> {
    loop {
        if cursor.take("inherits") {
            table.inherits = cursor.in_parens(Cursor::name)?;
        } else if cursor.take("partition by") {
            table.partition_by = Some(partition_by(cursor)?);
        } else if cursor.take("without oids")
            || cursor.take("on commit preserve rows")
            || cursor.take("on commit delete rows")
            || cursor.take("on commit drop")
        {
            // Of no account here.
        } else if cursor.take("using") || cursor.take("tablespace") {
            cursor.ident()?;
        } else if table.foreign && cursor.take("server") {
            cursor.ident()?;
            if cursor.take("options") {
                skip_options(cursor)?;
            }
        } else if cursor.take("with") {
            table.options = options(cursor)?;
        } else {
            return cursor.end();
        }
    }
}

fn any_element(cursor: &mut Cursor<'_>) -> Parsed<Element> {
    if cursor.take("like") {
        let source = cursor.name()?;
        let mut included = Vec::new();
        while let Some(verb) = cursor.take_one_of(&["including", "excluding"]) {
            let what = cursor.take_one_of(&[
                "all",
                "comments",
                "compression",
                "constraints",
                "defaults",
                "generated",
                "identity",
                "indexes",
                "statistics",
                "storage",
            ]);
            let Some(what) = what else { return Err(cursor.unexpected("what LIKE includes")) };
            included.push((what, verb == "including"));
        }
        return Ok(Element::Like(source, included));
    }
    if is_constraint(cursor) {
        constraint(cursor).map(Element::Constraint)
    } else {
        column(cursor).map(Element::Column)
    }
}

fn typed_element(cursor: &mut Cursor<'_>) -> Parsed<Element> {
    if is_constraint(cursor) {
        constraint(cursor).map(Element::Constraint)
    } else {
        column_options(cursor).map(Element::Column)
    }
}

fn partition_by(cursor: &mut Cursor<'_>) -> Parsed<PartitionBy> {
    let strategy = match cursor.take_one_of(&["range", "list", "hash"]) {
        Some("range") => "RANGE",
        Some("list") => "LIST",
        Some(_) => "HASH",
        None => return Err(cursor.unexpected("RANGE, LIST or HASH")),
    };
    Ok(PartitionBy { strategy, keys: cursor.in_parens(element)? })
}

/// `DEFAULT` or `FOR VALUES …`.
pub(crate) fn bound(cursor: &mut Cursor<'_>) -> Parsed<Bound> {
    if cursor.take("default") {
        return Ok(Bound::Default);
    }
    cursor.expect("for values")?;
    let value = |cursor: &mut Cursor<'_>| Ok(cursor.until(&[","])?.text().to_owned());
    if cursor.take("from") {
        let from = cursor.in_parens(value)?;
        cursor.expect("to")?;
        return Ok(Bound::Range(from, cursor.in_parens(value)?));
    }
    if cursor.take("in") {
        return Ok(Bound::List(cursor.in_parens(value)?));
    }
    cursor.expect("with (")?;
    let (mut modulus, mut remainder) = (String::new(), String::new());
    for (name, value) in cursor.list(|cursor| {
        let name = cursor.ident()?;
        Ok((name, super::options::value(cursor)?))
    })? {
        if name.as_str() == "modulus" { modulus = value } else { remainder = value }
    }
    cursor.expect(")")?;
    Ok(Bound::Hash { modulus, remainder })
}

/// The rest of `CREATE TABLE name … AS query`, if it is one.
fn as_query(
    cursor: &mut Cursor<'_>,
    name: &Name,
    life: Life,
    if_not_exists: bool,
) -> Parsed<Option<CreateTableAs>> {
    let mut ahead = *cursor;
    let columns = if ahead.is("(") { ahead.in_parens(Cursor::ident) } else { Ok(Vec::new()) };
    let options = table_as_options(&mut ahead);
    let (Ok(columns), Ok(options), true) = (columns, options, ahead.take("as")) else { return Ok(None) };
    let query = query(&mut ahead)?;
    *cursor = ahead;
    let name = name.clone();
    Ok(Some(CreateTableAs { name, if_not_exists, life, materialized: false, columns, options, query }))
}

fn table_as_options(cursor: &mut Cursor<'_>) -> Parsed<Vec<(String, String)>> {
    let mut found = Vec::new();
    loop {
        if cursor.take("using") || cursor.take("tablespace") {
            cursor.ident()?;
        } else if cursor.is("with (") {
            cursor.take("with");
            found = options(cursor)?;
        } else if cursor
            .take_one_of(&[
                "without oids",
                "on commit preserve rows",
                "on commit delete rows",
                "on commit drop",
            ])
            .is_none()
        {
            return Ok(found);
        }
    }
}

/// The query, without `WITH DATA`.
fn query(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let query = cursor.until(&["with no data", "with data"])?.text().to_owned();
    let _ = cursor.take_one_of(&["with no data", "with data"]);
    cursor.end()?;
    Ok(query)
}

/// `MATERIALIZED VIEW …`, after `CREATE`.
pub(crate) fn materialized_view(cursor: &mut Cursor<'_>) -> Parsed<CreateTableAs> {
    let life = life(cursor);
    cursor.expect("materialized view")?;
    let if_not_exists = cursor.take("if not exists");
    let name = cursor.name()?;
    let columns = if cursor.is("(") { cursor.in_parens(Cursor::ident)? } else { Vec::new() };
    let options = table_as_options(cursor)?;
    cursor.expect("as")?;
    let query = query(cursor)?;
    Ok(CreateTableAs { name, if_not_exists, life, materialized: true, columns, options, query })
}
