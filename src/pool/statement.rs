//! What may stand as a statement: one SQL text that leaves transaction and session alone.

use tokio_postgres::Statement;

use crate::error::{Error, Kind, Result};
use crate::tenant::refuse_nul;

/// A statement to run: SQL text, which goes through the connection's statement cache, or a
/// [`Statement`] that [`TransactionBlock::prepare`](crate::TransactionBlock::prepare) gave.
///
/// The trait is sealed: a raw client's own ways to name a statement do not fit here.
pub trait ToStatement: sealed::Sealed {}

impl ToStatement for str {}
impl ToStatement for String {}
impl ToStatement for Statement {}

pub(super) mod sealed {
    use tokio_postgres::Statement;

    #[derive(Clone, Copy, Debug)]
    pub enum Source<'a> {
        Sql(&'a str),
        /// The text of a `DECLARE CURSOR` that this crate has written.
        Declare(&'a str),
        Prepared(&'a Statement),
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
    /// Nothing that outlives the transaction, as far as its first word tells.
    None,
    /// Data outside of rows, which another method has to send or to take.
    Copy,
    /// Possibly an object of the session, such as a temporary table that would shadow a real one
    /// for the next tenant. The connection is closed after the transaction.
    Session,
}

const ENDS_TRANSACTION: &str =
    "it would end or split the transaction that carries the tenant; use begin, commit, rollback or savepoint";
const OUTLIVES_TRANSACTION: &str = "its effect would outlive the transaction and meet the next tenant of the connection; \
     SET LOCAL ends with the transaction";
const USE_CURSOR: &str = "use TransactionBlock::cursor, whose cursors end with the transaction";

const FETCH_ONCE: &str = "its columns are those of the cursor that is open when it runs; run it by its text";

const USE_COPY: &str = "use TransactionBlock::copy_in or copy_out, which take and give its data";

/// Judges a statement by its first words, before anything is sent.
///
/// The extended query protocol takes one statement per message, so the first word tells exactly
/// which command it is.
pub(super) fn judge(sql: &str) -> Result<Trace> {
    refuse_nul("the statement", sql)?;
    let (first, rest) = word(sql);
    let mut upper = [0; LONGEST_KEYWORD];
    let advice = match uppercase(first, &mut upper) {
        "BEGIN" | "START" | "COMMIT" | "END" | "ABORT" | "ROLLBACK" | "SAVEPOINT" | "RELEASE" => {
            ENDS_TRANSACTION
        }
        // PREPARE TRANSACTION ends a transaction too, but what is said of PREPARE holds for both.
        "PREPARE" | "EXECUTE" | "DEALLOCATE" | "DISCARD" | "RESET" | "LISTEN" | "UNLISTEN" | "LOAD" => {
            OUTLIVES_TRANSACTION
        }
        "DECLARE" => USE_CURSOR,
        "SET" => {
            let (second, _) = word(rest);
            let mut upper = [0; LONGEST_KEYWORD];
            match uppercase(second, &mut upper) {
                "LOCAL" | "CONSTRAINTS" | "TRANSACTION" => return Ok(Trace::None),
                _ => OUTLIVES_TRANSACTION,
            }
        }
        "" | "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "WITH" | "VALUES" | "TABLE"
        | "EXPLAIN" | "SHOW" | "FETCH" | "MOVE" | "CLOSE" | "LOCK" | "NOTIFY" | "TRUNCATE" | "ANALYZE"
        | "REFRESH" => return Ok(Trace::None),
        "COPY" => return Ok(Trace::Copy),
        _ => return Ok(Trace::Session),
    };
    Err(Error::from(Kind::StatementRefused { keyword: first.to_ascii_uppercase(), advice }))
}

/// Judges a statement that is to return rows or a count.
pub(super) fn judge_rows(sql: &str) -> Result<Trace> {
    match judge(sql)? {
        Trace::Copy => {
            let keyword = "COPY".to_owned();
            Err(Error::from(Kind::StatementRefused { keyword, advice: USE_COPY }))
        }
        trace => Ok(trace),
    }
}

/// Whether a statement is a `FETCH`. Its columns are those of the cursor that is open when it runs, and the
/// server does not describe a prepared one anew.
pub(super) fn is_fetch(sql: &str) -> bool {
    word(sql).0.eq_ignore_ascii_case("FETCH")
}

/// Judges a statement that is to be prepared, and not run now.
pub(super) fn judge_prepared(sql: &str) -> Result<Trace> {
    if is_fetch(sql) {
        return Err(Error::from(Kind::StatementRefused { keyword: "FETCH".to_owned(), advice: FETCH_ONCE }));
    }
    judge(sql)
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
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c', ';', '(']);
        rest = if let Some(comment) = rest.strip_prefix("--") {
            comment.find(['\n', '\r']).map_or("", |end| &comment[end..])
        } else if let Some(comment) = rest.strip_prefix("/*") {
            past_block_comment(comment)
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            return rest.split_at(end);
        };
    }
}

/// Block comments nest in PostgreSQL.
fn past_block_comment(mut rest: &str) -> &str {
    let mut depth = 1;
    while depth > 0 {
        let Some(at) = rest.find(['*', '/']) else { return "" };
        let tail = &rest[at..];
        if let Some(after) = tail.strip_prefix("*/") {
            depth -= 1;
            rest = after;
        } else if let Some(after) = tail.strip_prefix("/*") {
            depth += 1;
            rest = after;
        } else {
            rest = &tail[1..];
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::{Trace, judge, judge_rows};

    #[test]
    fn transaction_and_session_control_are_refused_however_they_are_written() {
        for sql in [
            "commit",
            "  COMMIT AND CHAIN",
            ";commit",
            "/* a /* b */ */ rollback",
            "-- x\nend",
            "-- x\rabort",
            "\u{b}begin",
            "prepare transaction 'x'",
            "SET app.tenant_id = 'b'",
            "set session app.tenant_id to 'b'",
            "set role postgres",
            "set/**/session authorization postgres",
            "reset all",
            "discard all",
            "listen x",
            "declare c cursor with hold for select 1",
        ] {
            assert!(judge(sql).is_err_and(|error| error.is_usage()), "{sql:?} was taken");
        }
    }

    #[test]
    fn data_statements_leave_nothing_behind() {
        for sql in [
            "select 1",
            "(select 1)",
            "with x as (select 1) table x",
            "SET LOCAL work_mem = '1MB'",
            "set constraints all deferred",
            "",
            "-- only a comment",
            "/* open",
        ] {
            assert_eq!(judge(sql).unwrap(), Trace::None, "{sql:?}");
        }
    }

    #[test]
    fn a_copy_is_no_statement_for_rows() {
        assert_eq!(judge("copy t from stdin").unwrap(), Trace::Copy);
        assert!(judge_rows("/* */ Copy t to stdout").unwrap_err().is_usage());
        assert_eq!(judge_rows("select 1").unwrap(), Trace::None);
    }

    #[test]
    fn what_may_leave_an_object_in_the_session_is_noticed() {
        for sql in ["create temp table t (x int)", "do $$ begin end $$", "call p()"] {
            assert_eq!(judge(sql).unwrap(), Trace::Session, "{sql:?}");
        }
    }
}
