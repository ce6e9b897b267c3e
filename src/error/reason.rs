//! Why something failed, in words.

use std::fmt::Write as _;

use tokio_postgres::Error as PgError;

use super::{NO_TENANT, NOT_AS_EXPECTED, Refusal, connection_is_lost, io_error};

/// Why a step failed, from what the server reports about schema and state, never from what it quotes.
pub(crate) fn reason(error: &PgError) -> String {
    let Some(db) = error.as_db_error() else {
        return if let Some(io) = io_error(error) {
            // The kind in words; the error itself is the source.
            io.kind().to_string()
        } else if connection_is_lost(error) {
            "the connection is closed".to_owned()
        } else {
            // The rest of the driver's own errors: conversion of a parameter or column, TLS, protocol.
            "it was stopped by the driver, whose error is the source".to_owned()
        };
    };
    let code = db.code();
    if code.code() == NOT_AS_EXPECTED {
        // The crate's own words about roles and schema, so they can be shown, and say what to do.
        let said: Vec<&str> = [Some(db.message()), db.hint()].into_iter().flatten().collect();
        return said.join("; ").replace(char::is_control, " ");
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

pub(super) fn connect_reason(error: &PgError) -> String {
    if let Some(Refusal(why)) = std::error::Error::source(error).and_then(|source| source.downcast_ref()) {
        return (*why).to_owned();
    }
    let reason = reason(error);
    match error.as_db_error() {
        // The server itself said no, and why.
        Some(_) => reason,
        None => format!("{reason}; check host and port, and that the server listens there"),
    }
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
        "57P01" => "the server ended the connection",
        "57P03" => "the server is not taking connections now",
        _ => return None,
    })
}
