//! Names of types, as SQL writes them.

use super::super::cursor::{Cursor, Name, Parsed};
use crate::ident::Ident;
use crate::lex::Kind;

/// A type, as a statement names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TypeName {
    pub(crate) base: BaseType,
    /// The modifier with its parentheses, such as `(10,2)`.
    pub(crate) modifier: String,
    pub(crate) array: bool,
    pub(crate) setof: bool,
}

/// What a type is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BaseType {
    /// By keywords of SQL, such as `double precision`; the two halves stand around the modifier.
    Keywords(&'static str, &'static str),
    /// `interval` with what it is confined to.
    Interval(String),
    /// By a name.
    Named(Name),
    /// By a column's, `table.column%TYPE`.
    OfColumn(Name, Ident),
}

/// The types whose names SQL spells in more words than one, or in a keyword. The longer ones come first.
const KEYWORDS: [(&str, &str); 27] = [
    ("double precision", "double precision"),
    ("national character varying", "character varying"),
    ("national char varying", "character varying"),
    ("national character", "character"),
    ("national char", "character"),
    ("character varying", "character varying"),
    ("char varying", "character varying"),
    ("nchar varying", "character varying"),
    ("character", "character"),
    ("nchar", "character"),
    ("char", "character"),
    ("varchar", "character varying"),
    ("bit varying", "bit varying"),
    ("bit", "bit"),
    ("integer", "integer"),
    ("int", "integer"),
    ("smallint", "smallint"),
    ("bigint", "bigint"),
    ("real", "real"),
    ("float", "float"),
    ("decimal", "numeric"),
    ("dec", "numeric"),
    ("numeric", "numeric"),
    ("boolean", "boolean"),
    ("timestamp", "timestamp"),
    ("time", "time"),
    ("interval", "interval"),
];

const FIELDS: [&str; 13] = [
    "year to month",
    "day to hour",
    "day to minute",
    "day to second",
    "hour to minute",
    "hour to second",
    "minute to second",
    "year",
    "month",
    "day",
    "hour",
    "minute",
    "second",
];

/// One type.
pub(crate) fn type_name(cursor: &mut Cursor<'_>) -> Parsed<TypeName> {
    let setof = cursor.take("setof");
    let found = KEYWORDS.iter().find(|(phrase, _)| cursor.take(phrase));
    let (base, modifier) = match found {
        Some((_, "interval")) => {
            let fields = FIELDS.into_iter().find(|fields| cursor.take(fields)).unwrap_or_default();
            (BaseType::Interval(fields.to_owned()), modifier(cursor)?)
        }
        Some((_, stamp @ ("timestamp" | "time"))) => {
            let modifier = modifier(cursor)?;
            let zoned = cursor.take("with time zone");
            let _ = !zoned && cursor.take("without time zone");
            (BaseType::Keywords(stamp, if zoned { "with time zone" } else { "without time zone" }), modifier)
        }
        Some((_, "float")) => {
            let modifier = modifier(cursor)?;
            let bits = modifier.trim_matches(['(', ')']).parse::<u8>().unwrap_or(53);
            (BaseType::Keywords(if bits <= 24 { "real" } else { "double precision" }, ""), String::new())
        }
        Some((_, canonical)) => (BaseType::Keywords(canonical, ""), modifier(cursor)?),
        None => named(cursor)?,
    };
    let array = brackets(cursor)?;
    Ok(TypeName { base, modifier, array, setof })
}

fn named(cursor: &mut Cursor<'_>) -> Parsed<(BaseType, String)> {
    let start = *cursor;
    let name = cursor.name()?;
    if cursor.is("% type") {
        *cursor = start;
        return of_column(cursor).map(|base| (base, String::new()));
    }
    Ok((BaseType::Named(name), modifier(cursor)?))
}

fn of_column(cursor: &mut Cursor<'_>) -> Parsed<BaseType> {
    let mut parts = vec![cursor.ident()?];
    while cursor.take(".") {
        parts.push(cursor.ident()?);
    }
    cursor.expect("% type")?;
    let (Some(column), Some(name)) = (parts.pop(), parts.pop()) else {
        return Err("expected table.column before %TYPE".to_owned());
    };
    Ok(BaseType::OfColumn(Name { schema: parts.pop(), name }, column))
}

/// `(10, 2)`, without its white space.
fn modifier(cursor: &mut Cursor<'_>) -> Parsed<String> {
    if !cursor.is("(") {
        return Ok(String::new());
    }
    let inner = cursor.parens()?;
    Ok(format!("({})", inner.words().join("")))
}

fn brackets(cursor: &mut Cursor<'_>) -> Parsed<bool> {
    let mut array = cursor.take("array");
    while cursor.take("[") {
        array = true;
        if cursor.kind() == Some(Kind::Number) {
            cursor.any();
        }
        cursor.expect("]")?;
    }
    Ok(array)
}
