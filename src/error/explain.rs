//! What SQLSTATEs mean to those who meet them.

use super::NO_TENANT;

/// What the SQLSTATEs that users of row-level security meet mean, and what to do about them.
///
/// Condition names are those of [PostgreSQL Error Codes](https://www.postgresql.org/docs/current/errcodes-appendix.html).
pub(super) fn explain(code: &str) -> Option<&'static str> {
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
        "25006" => "the transaction is read-only",
        "25P02" => "the transaction has failed; roll it back",
        "26000" => "the server does not know the prepared statement",
        "28000" => "the server does not let this role in; check that the role exists and pg_hba.conf",
        "28P01" => "the server does not accept the password, or the role does not exist",
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
