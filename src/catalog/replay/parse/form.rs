//! Statements whose words are checked and that say nothing more: their grammar, as text.
//!
//! A form is a row of words. What is in lower case, and every sign, stands for itself. `[ … ]` may be there, `{ … }` may be there
//! several times, `( … | … )` is one of several, and `'('` is a parenthesis. `...` is whatever comes before the next word. Words in
//! upper case stand for what [`one`] reads, or for a part that [`PARTS`] spells out. The first thing that fits is taken, and nothing is
//! tried twice.

use std::sync::LazyLock;

use super::super::cursor::{Cursor, Parsed};
use super::type_name::type_name;
use crate::lex::Kind;

/// Parts that several forms share.
const PARTS: [(&str, &str); 18] = [
    (
        "CLASS",
        "{ operator NUMBER OPERATOR [ PARENS ] [ for search | for order by NAME ] | function NUMBER [ PARENS ] ROUTINE | storage TYPE | , }",
    ),
    ("CHANGE", "( rename to WORD | owner to WORD | set schema WORD )"),
    ("FALL", "[ cascade | restrict ]"),
    ("FAMILY", "{ operator NUMBER PARENS | function NUMBER PARENS | , }"),
    ("LANGUAGE", "[ handler NAME ] [ inline NAME ] [ validator NAME | no validator ]"),
    ("LIST", "NAME { , NAME }"),
    ("MAPPED", "WORD server WORD"),
    (
        "MODES",
        "{ isolation level ( serializable | repeatable read | read committed | read uncommitted ) | read only | read write | \
         not deferrable | deferrable | , }",
    ),
    (
        "OBJECT",
        "( access method WORD | cast '(' TYPE as TYPE ')' | constraint WORD on [ domain ] NAME | event trigger WORD | \
         foreign data wrapper WORD | foreign table NAME | large object NUMBER | materialized view NAME | \
         operator class NAME using WORD | operator family NAME using WORD | operator OPERATOR PARENS | \
         [ procedural ] language WORD | ( policy | rule | trigger ) WORD on NAME | \
         text search ( configuration | dictionary | parser | template ) NAME | transform for TYPE language WORD | \
         ( aggregate | function | procedure | routine ) ROUTINE | ( type | domain ) TYPE | column NAME [ . WORD ] | \
         ( collation | conversion | database | extension | index | publication | role | schema | sequence | server | statistics | \
         subscription | table | tablespace | view ) NAME )",
    ),
    (
        "MOVED",
        "{ next | prior | first | last | absolute NUMBER | relative NUMBER | forward | backward | all | NUMBER | from | in } WORD",
    ),
    ("MOVE_ALL", "WORD [ owned by LIST ] set tablespace WORD [ nowait ]"),
    ("OPTIONS", "[ options PARENS ]"),
    ("REL", "[ only ] NAME [ * ] [ PARENS ]"),
    ("RELS", "REL { , REL }"),
    ("ROUTINE", "NAME [ PARENS ]"),
    ("SEARCH", "( configuration | dictionary | parser | template )"),
    ("SETTING", "NAME ( = | to ) VALUE { , VALUE }"),
    ("WRAPPER", "{ handler NAME | validator NAME | no handler | no validator } OPTIONS"),
];

/// The same, cut into their words.
static CUT: LazyLock<Vec<(&str, Vec<&str>)>> =
    LazyLock::new(|| PARTS.iter().map(|(name, part)| (*name, cut(part))).collect());

/// A form in its words.
pub(super) fn cut(form: &'static str) -> Vec<&'static str> {
    form.split_whitespace().collect()
}

/// Reads what a form says, and nothing after it.
pub(super) fn form(cursor: &mut Cursor<'_>, form: &'static str) -> Parsed<()> {
    words(cursor, &cut(form))
}

/// The same, of a form that has been cut.
pub(super) fn words(cursor: &mut Cursor<'_>, words: &[&'static str]) -> Parsed<()> {
    row(cursor, words).map_err(|miss| miss.told(cursor))
}

/// What does not stand where the cursor does. It is put into words only where nothing else has fitted.
enum Miss {
    /// A keyword or a sign.
    Word(&'static str),
    /// Something else.
    Kind(&'static str),
    /// What was told already.
    Told(String),
}

impl Miss {
    fn told(self, cursor: &Cursor<'_>) -> String {
        match self {
            Self::Word(word) => cursor.unexpected(&word.to_uppercase()),
            Self::Kind(kind) => cursor.unexpected(kind),
            Self::Told(why) => why,
        }
    }
}

impl From<String> for Miss {
    fn from(why: String) -> Self {
        Self::Told(why)
    }
}

fn row(cursor: &mut Cursor<'_>, words: &[&'static str]) -> Result<(), Miss> {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let end = if matches!(*word, "[" | "{" | "(") { closing(words, at) } else { at };
        let inner = words.get(at + 1..end).unwrap_or_default();
        let start = *cursor;
        match *word {
            "[" => {
                if one_of(cursor, inner).is_err() {
                    *cursor = start;
                }
            }
            "{" => {
                let mut last = start;
                while one_of(cursor, inner).is_ok() && cursor.is_behind(&last) {
                    last = *cursor;
                }
                *cursor = last;
            }
            "(" => one_of(cursor, inner)?,
            "..." => drop(cursor.until(words.get(at + 1..at + 2).unwrap_or_default())?),
            word => one(cursor, word)?,
        }
        at = end + 1;
    }
    Ok(())
}

/// Where the bracket is closed that is opened there.
fn closing(words: &[&str], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, word) in words.iter().enumerate().skip(from) {
        match *word {
            "[" | "{" | "(" => depth += 1,
            "]" | "}" | ")" if depth == 1 => return at,
            "]" | "}" | ")" => depth -= 1,
            _ => {}
        }
    }
    words.len()
}

/// Reads the first of several rows that is there. What is said of none is what the one says that got the furthest.
fn one_of(cursor: &mut Cursor<'_>, words: &[&'static str]) -> Result<(), Miss> {
    let start = *cursor;
    let mut furthest = (start, Err(Miss::Kind("something else")));
    let mut depth = 0_usize;
    let rows = words.split(|word| {
        match *word {
            "[" | "{" | "(" => depth += 1,
            "]" | "}" | ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        *word == "|" && depth == 0
    });
    for words in rows {
        *cursor = start;
        let read = row(cursor, words);
        if read.is_ok() {
            return read;
        }
        if cursor.is_behind(&furthest.0) {
            furthest = (*cursor, read);
        }
    }
    *cursor = furthest.0;
    furthest.1
}

/// Reads what one word of a form stands for.
fn one(cursor: &mut Cursor<'_>, word: &'static str) -> Result<(), Miss> {
    let is_name = || matches!(cursor.kind(), Some(Kind::Word | Kind::Quoted));
    match word {
        "NAME" | "WORD" if !is_name() => return Err(Miss::Kind("a name")),
        "NAME" => drop(cursor.name()?),
        "NUMBER" | "VALUE" if cursor.is_at_end() => return Err(Miss::Kind("a value")),
        "NUMBER" => {
            let _ = cursor.take_one_of(&["-", "+"]);
            if cursor.kind() != Some(Kind::Number) {
                return Err(Miss::Kind("a number"));
            }
            cursor.any();
        }
        "OPERATOR" => {
            let mut ahead = *cursor;
            if ahead.ident().is_ok() && ahead.take(".") {
                *cursor = ahead;
            }
            if cursor.kind() != Some(Kind::Operator) {
                return Err(Miss::Kind("an operator"));
            }
            cursor.any();
        }
        "DEFAULT" => {
            cursor.expect("default")?;
            cursor.until(&super::column::AFTER_DEFAULT)?;
        }
        "PARENS" if !cursor.is("(") => return Err(Miss::Word("(")),
        "PARENS" => {
            cursor.parens()?;
        }
        "REST" if cursor.is_at_end() => return Err(Miss::Kind("more")),
        "REST" => {
            cursor.rest();
        }
        "TEXT" if cursor.kind() != Some(Kind::Text) => return Err(Miss::Kind("a literal")),
        "TEXT" => drop(cursor.string()?),
        "TYPE" => drop(type_name(cursor)?),
        "VALUE" => drop(super::options::value(cursor)?),
        "WORD" => drop(cursor.ident()?),
        "'('" => take(cursor, "(")?,
        "')'" => take(cursor, ")")?,
        word => match CUT.iter().find(|(name, _)| *name == word) {
            Some((_, part)) => row(cursor, part)?,
            None => take(cursor, word)?,
        },
    }
    Ok(())
}

fn take(cursor: &mut Cursor<'_>, word: &'static str) -> Result<(), Miss> {
    if cursor.take(word) { Ok(()) } else { Err(Miss::Word(word)) }
}
