//! Why something failed, in words.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io;

use tokio_postgres::Error as PgError;
use tokio_postgres::error::DbError;

use super::column::problem;
use super::fault::{Fault, Mismatch};
use super::lost::connection_is_lost;
use super::{NO_TENANT, NOT_AS_EXPECTED, farewell, parameter};

/// Why a step failed, from what the server reports about schema and state, never from what it quotes.
pub(crate) fn reason(error: &PgError) -> String {
    match Fault::of(error) {
        Fault::Server(db) => server_reason(error, db),
        Fault::Closed => "the connection is closed".to_owned(),
        Fault::Io | Fault::Connect | Fault::Tls => transport_reason(error),
        Fault::Parameter(number) => parameter::problem(number, &Mismatch::of(error)),
        Fault::ParameterCount { given, expected } => parameter::counts(given, expected),
        Fault::Unwritable => {
            "the protocol cannot carry more than 65,535 parameters, a text of 2 GB or a NUL character in it"
                .to_owned()
        }
        Fault::Column(index) => problem(&format!("column {index}, counted from 0,"), error),
        Fault::NoColumn(name) => format!("the row has no column {name:?}"),
        Fault::Unexpected => {
            "its answer is none to such a request; run COPY FROM STDIN with copy_in, COPY TO STDOUT with copy_out, and other statements with query or execute".to_owned()
        }
        Fault::Unreadable => "its answer cannot be decoded, see its source".to_owned(),
        Fault::Authentication | Fault::Config | Fault::Other => {
            "it was stopped by the driver, whose error is the source".to_owned()
        }
    }
}

/// A line of its own for an error of the driver's.
pub(super) fn line(error: &PgError) -> String {
    let reason = reason(error);
    match Fault::of(error) {
        Fault::Server(_) => format!("the server reports an error: {reason}"),
        fault if fault.is_of_the_caller() => format!("the statement was not sent: {reason}"),
        Fault::Unexpected | Fault::Unreadable | Fault::Other => format!("the request failed: {reason}"),
        _ => reason,
    }
}

/// What the socket says. The kind in words; the error itself is the source.
fn transport_reason(error: &PgError) -> String {
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    io.map_or_else(|| "the connection broke".to_owned(), |io| io.kind().to_string())
}

fn server_reason(error: &PgError, db: &DbError) -> String {
    let code = db.code();
    if code.code() == NOT_AS_EXPECTED {
        // The crate's own words about roles and schema, so they can be shown, and say what to do.
        let said: Vec<&str> = [Some(db.message()), db.hint()].into_iter().flatten().collect();
        return said.join("; ").replace(char::is_control, " ");
    }
    if connection_is_lost(error) && farewell::why(code).is_some() {
        return farewell::ended(code);
    }
    if code.code() == "42601" && db.routine() == Some("exec_parse_message") {
        // Of a syntax error speaks another routine, and the message may be translated.
        return "the text holds more than one statement; run each by itself (SQLSTATE 42601)".to_owned();
    }
    let mut line = match explain(code.code()) {
        Some(known) => format!("{known} (SQLSTATE {})", code.code()),
        None => format!("SQLSTATE {}", code.code()),
    };
    for (what, name) in [("table", db.table()), ("column", db.column()), ("constraint", db.constraint())] {
        if let Some(name) = name {
            // Writing to a String does not fail.
            let _ = write!(line, ", {what} {name:?}");
        }
    }
    line
}

/// The server's own words, for errors in which it speaks of nothing but its own objects.
#[cfg(feature = "lint")]
pub(super) fn message(error: &PgError) -> String {
    error.as_db_error().map_or_else(|| reason(error), |db| db.message().replace(char::is_control, " "))
}

/// What the SQLSTATEs that users of row-level security meet mean, and what to do about them.
///
/// Condition names are those of [PostgreSQL Error Codes](https://www.postgresql.org/docs/current/errcodes-appendix.html).
fn explain(code: &str) -> Option<&'static str> {
    Some(match code {
        NO_TENANT => "no tenant is bound; run the statement through TenantPool::tenant",
        "0A000" => "feature not supported",
        "22021" => "character not in repertoire",
        "22P02" => "invalid text representation",
        "23502" => "not-null violation",
        "23503" => "foreign key violation",
        "23505" => "unique violation",
        "23514" => "check violation",
        "23P01" => "exclusion violation",
        "25001" => {
            "it has to come first in a transaction, or to run in none; see TenantContext, or run it on a connection of your own"
        }
        "25006" => "the transaction is read-only",
        "25P02" => "the transaction has failed; roll it back",
        "26000" => "the server does not know the prepared statement",
        "28000" => "the server does not let this role in; check that the role exists and pg_hba.conf",
        "28P01" => "the server does not accept the password, or the role does not exist",
        "2D000" => {
            "it ends its transaction from within, which carries the tenant; leave COMMIT and ROLLBACK out of it"
        }
        "3D000" => "the database does not exist",
        "40001" => "serialization failure; run the transaction again",
        "40P01" => "deadlock; run the transaction again",
        "42501" => "insufficient privilege: a missing grant, or a row that belongs to another tenant",
        "42601" => "syntax error",
        "42703" => "undefined column",
        "42704" => "undefined object",
        "42883" => "undefined function",
        "42P01" => "undefined table",
        "42P17" => "invalid object definition",
        "42710" => "duplicate object",
        "53300" => "too many connections",
        "55P03" => "a lock was not available in time",
        "57014" => "the statement was canceled, or ran into its timeout",
        "57P01" => "admin shutdown",
        "57P03" => "the server is not taking connections now",
        _ => return None,
    })
}
