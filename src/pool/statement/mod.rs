//! What may stand as a statement: one SQL text that leaves transaction and session alone.

mod advice;
mod company;
mod copy;
mod into;
mod prepared;
mod set;
#[cfg(test)]
mod tests;
pub(super) mod tokens;

use self::tokens::{Token, Tokens};
use crate::error::{Error, Kind, Result};
use crate::tenant::refuse_nul;

pub(super) use self::company::keeps_to_itself;
pub(super) use self::copy::Way;
pub use self::prepared::Statement;

/// A statement to run: SQL text, which goes through the connection's statement cache, or a
/// [`Statement`] that [`Statements::prepare`](crate::Statements::prepare) gave.
///
/// The trait is sealed: a raw client's own ways to name a statement do not fit here.
pub trait ToStatement: sealed::Sealed {
    /// Its text.
    fn sql(&self) -> &str {
        self.source().sql()
    }
}

impl ToStatement for str {}
impl ToStatement for String {}
impl ToStatement for Statement {}

pub(super) mod sealed {
    use super::Statement;

    #[derive(Clone, Copy, Debug)]
    pub enum Source<'a> {
        Sql(&'a str),
        /// A text that has been judged already: a `DECLARE CURSOR` of this crate's own, or a COPY.
        Judged(&'a str),
        Prepared(&'a Statement),
    }

    impl<'a> Source<'a> {
        pub fn sql(self) -> &'a str {
            match self {
                Self::Sql(sql) | Self::Judged(sql) => sql,
                Self::Prepared(statement) => statement.sql(),
            }
        }
    }

    pub trait Sealed {
        fn source(&self) -> Source<'_>;
    }

    impl Sealed for str {
        fn source(&self) -> Source<'_> {
            Source::Sql(self)
        }
    }

    impl Sealed for String {
        fn source(&self) -> Source<'_> {
            Source::Sql(self)
        }
    }

    impl Sealed for Statement {
        fn source(&self) -> Source<'_> {
            Source::Prepared(self)
        }
    }
}

/// What a statement leaves behind on its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trace {
    /// Nothing that outlives the transaction, as far as its text tells.
    None,
    /// Possibly an object of the session, such as a temporary table that would shadow a real one
    /// for the next tenant. The connection is closed after the transaction.
    Session,
}

/// Where a statement is to run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    /// As a transaction of its own.
    Scope,
    /// In a transaction, whose tenant this setting carries.
    Transaction(&'a str),
}

/// Judges a statement that is to return rows or a count, before anything is sent.
///
/// The extended query protocol takes one statement per message, so the first word tells which
/// command it is. Where that does not tell what the command does, more of it is read.
pub(super) fn judge(sql: &str, place: Place<'_>) -> Result<Trace> {
    refuse_nul("the statement", sql)?;
    let (first, rest) = word(sql);
    let mut upper = [0; LONGEST_KEYWORD];
    let keyword = uppercase(first, &mut upper);
    let refused = match keyword {
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "" | "SHOW" | "FETCH" | "MOVE" | "CLOSE" | "NOTIFY"
        | "TRUNCATE" | "ANALYZE" | "REFRESH" => return Ok(Trace::None),
        "SELECT" | "WITH" | "VALUES" | "TABLE" => return Ok(trace_of_query(sql)),
        "EXPLAIN" => return judge_explained(Tokens::new(rest)),
        "BEGIN" | "START" | "COMMIT" | "END" | "ABORT" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" => {
            advice::ENDS_TRANSACTION
        }
        "PREPARE" if Tokens::new(rest).accept("transaction") => advice::ENDS_TRANSACTION,
        "PREPARE" | "EXECUTE" | "DEALLOCATE" => advice::PREPARED,
        "DISCARD" => advice::DISCARD,
        "RESET" => advice::RESET,
        "LISTEN" | "UNLISTEN" => advice::LISTEN,
        "LOAD" => advice::LOAD,
        "DECLARE" => advice::USE_CURSOR,
        "COPY" => advice::USE_COPY,
        "SET" => match set::judge(Tokens::new(rest), place) {
            Ok(()) => return Ok(Trace::None),
            Err((what, advice)) => return refuse(what, advice),
        },
        "LOCK" => match place {
            Place::Scope => advice::ALONE,
            Place::Transaction(_) => return Ok(Trace::None),
        },
        "VACUUM" => advice::NO_TRANSACTION,
        "CREATE" | "ALTER" | "DROP" | "REINDEX" => match judge_definition(keyword, Tokens::new(rest)) {
            None => return Ok(Trace::Session),
            Some(advice) => advice,
        },
        _ => return Ok(Trace::Session),
    };
    refuse(keyword, refused)
}

/// Whether a statement is a `FETCH`. Its columns are those of the cursor that is open when it runs, and the
/// server does not describe a prepared one anew.
pub(super) fn is_fetch(sql: &str) -> bool {
    word(sql).0.eq_ignore_ascii_case("FETCH")
}

/// Judges a statement that is to be prepared. A COPY may be: `copy_in` and `copy_out` take it from
/// the cache, and elsewhere the driver stops it.
pub(super) fn judge_prepared(sql: &str, place: Place<'_>) -> Result<Trace> {
    if is_fetch(sql) {
        return refuse("FETCH", advice::FETCH_ONCE);
    }
    if word(sql).0.eq_ignore_ascii_case("copy") {
        return refuse_nul("the statement", sql).map(|()| Trace::None);
    }
    judge(sql, place)
}

/// Judges a statement whose data [`CopyIn`](super::CopyIn) or [`CopyOut`](super::CopyOut) is to carry.
pub(super) fn judge_copy(sql: &str, way: Way) -> Result<()> {
    refuse_nul("the statement", sql)?;
    let (first, rest) = word(sql);
    if !first.eq_ignore_ascii_case("copy") {
        let keyword = if first.is_empty() { "the statement" } else { first };
        return refuse(keyword, advice::COPY_ONLY);
    }
    copy::judge(Tokens::new(rest), way).or_else(|advice| refuse("COPY", advice))
}

fn refuse<T>(what: &str, advice: &'static str) -> Result<T> {
    let keyword = if what.contains(' ') { what.to_owned() } else { what.to_ascii_uppercase() };
    Err(Error::from(Kind::StatementRefused { keyword, advice }))
}

fn trace_of_query(query: &str) -> Trace {
    if into::makes_table(query) { Trace::Session } else { Trace::None }
}

/// Judges what `EXPLAIN` explains, which with `ANALYZE` it runs.
fn judge_explained(mut tokens: Tokens<'_>) -> Result<Trace> {
    const QUERIES: [&str; 4] = ["select", "with", "values", "table"];
    // Options stand in parentheses, and so may a query.
    let mut inside = tokens.clone();
    let in_parentheses = inside.next() == Some(Token::Sign(b'('))
        && !inside.peek().is_some_and(|token| token == Token::Sign(b'(') || token.is_one_of(&QUERIES));
    if in_parentheses {
        tokens.by_ref().find(|token| *token == Token::Sign(b')'));
    }
    while tokens.peek().is_some_and(|token| token.is_one_of(&["analyze", "analyse", "verbose"])) {
        tokens.next();
    }
    let explained = tokens.rest();
    let (first, _) = word(explained);
    let mut upper = [0; LONGEST_KEYWORD];
    match uppercase(first, &mut upper) {
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "" => Ok(Trace::None),
        "SELECT" | "WITH" | "VALUES" | "TABLE" => Ok(trace_of_query(explained)),
        "EXECUTE" => refuse("EXPLAIN EXECUTE", advice::PREPARED),
        _ => Ok(Trace::Session),
    }
}

/// Judges a statement that defines something. What it leaves in the session is not known.
fn judge_definition(keyword: &str, mut tokens: Tokens<'_>) -> Option<&'static str> {
    let object = tokens.next()?;
    let alters = keyword == "ALTER";
    if (alters && object.is("system")) || (!alters && object.is_one_of(&["database", "tablespace"])) {
        return Some(advice::NO_TRANSACTION);
    }
    if keyword == "REINDEX" {
        let whole =
            tokens.clone().chain([object]).any(|token| token.is_one_of(&["schema", "database", "system"]));
        return (whole || tokens.any(|token| token.is("concurrently"))).then_some(advice::NO_TRANSACTION);
    }
    if object.is_one_of(&["index", "unique"]) || (alters && object.is("table")) {
        return tokens.any(|token| token.is("concurrently")).then_some(advice::NO_TRANSACTION);
    }
    if alters && object.is_one_of(&["role", "user", "group", "database"]) {
        // Its name, which may be one of the words.
        let name = tokens.next()?;
        if name.is("mapping") && tokens.accept("for") {
            return None;
        }
        return tokens.any(|token| token.is_one_of(&["set", "reset"])).then_some(advice::SETS_FOR_ALL);
    }
    None
}

/// More letters than any keyword has that is looked for.
const LONGEST_KEYWORD: usize = 16;

/// A word in upper case, as PostgreSQL's scanner compares keywords. A word that is longer than any
/// keyword stays as it is.
fn uppercase<'a>(word: &'a str, upper: &'a mut [u8; LONGEST_KEYWORD]) -> &'a str {
    let Some(upper) = upper.get_mut(..word.len()) else { return word };
    upper.copy_from_slice(word.as_bytes());
    upper.make_ascii_uppercase();
    std::str::from_utf8(upper).unwrap_or(word)
}

/// The first word of a statement and what follows it, past what PostgreSQL's scanner skips:
/// white space, comments, empty statements and opening parentheses.
fn word(sql: &str) -> (&str, &str) {
    let mut tokens = Tokens::new(sql);
    loop {
        match tokens.next() {
            Some(Token::Sign(b';' | b'(')) => {}
            Some(Token::Word(word)) => return (word, tokens.rest()),
            _ => return ("", sql),
        }
    }
}
