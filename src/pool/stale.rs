//! Statements whose description is out of date, and what is done about them.

use tokio_postgres::error::{DbError, SqlState};

use super::cache::OutOfDate;
use super::connection::Connection;
use super::statement::sealed::Source;
use crate::error::{Error, Result};

/// What the server may say of a statement that was prepared before a type, a column or a function changed,
/// or of parameters that were encoded for what it took then.
///
/// Condition names are those of [PostgreSQL Error Codes](https://www.postgresql.org/docs/current/errcodes-appendix.html).
const STALE: [&SqlState; 13] = [
    // "cached plan must not change result type"
    &SqlState::FEATURE_NOT_SUPPORTED,
    &SqlState::INVALID_SQL_STATEMENT_NAME,
    // "cache lookup failed for type …"
    &SqlState::INTERNAL_ERROR,
    &SqlState::DATATYPE_MISMATCH,
    &SqlState::INDETERMINATE_DATATYPE,
    &SqlState::AMBIGUOUS_PARAMETER,
    &SqlState::CANNOT_COERCE,
    &SqlState::UNDEFINED_OBJECT,
    &SqlState::UNDEFINED_FUNCTION,
    &SqlState::AMBIGUOUS_FUNCTION,
    &SqlState::INVALID_BINARY_REPRESENTATION,
    &SqlState::INVALID_TEXT_REPRESENTATION,
    &SqlState::PROTOCOL_VIOLATION,
];

/// Whether the server may say this of a statement that is out of date.
pub(super) fn is_stale(code: &SqlState) -> bool {
    STALE.contains(&code)
}

/// Whether a statement may be out of date by what the server says of it, which may have described it just now (`fresh`).
///
/// Even that can have changed before it ran. Then it says so in a routine of its own, which counts here: a plan that can never be made
/// has the same SQLSTATE, and the message may be translated.
pub(super) fn may_be_outdated(error: &Error, fresh: bool) -> bool {
    let has_changed = error.as_db_error().and_then(DbError::routine) == Some("RevalidateCachedQuery");
    has_changed || (!fresh && error.code().is_some_and(is_stale))
}

/// How often a statement is run anew behind a pooler: others may have had it prepare the same text, in the
/// same minute, before another change.
pub(super) const ATTEMPTS: u32 = 3;

/// How a statement came to be run.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) source: Source<'a>,
    /// Whether the server has described it just now.
    pub(super) fresh: bool,
    /// Whether it is run for the first time, and not anew already.
    pub(super) first: bool,
    /// Whether it may be run once more: it has not been, and nothing of its unit of work has run.
    pub(super) may_repeat: bool,
}

impl Connection {
    /// Judges the error of a statement. One that may be stale is forgotten; where nothing of it has run, its
    /// text is returned, to be prepared and run anew.
    pub(super) fn judge(&self, run: Run<'_>, error: Error) -> Result<String> {
        // What the server has described just now is not out of date, unless it was changed or deallocated since.
        let unknown = error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME);
        if run.fresh && !unknown && !may_be_outdated(&error, true) && !self.lease.is_old_at_the_pooler(&error)
        {
            return Err(error);
        }
        if error.is_of_a_parameter() {
            // The driver has sent nothing, so this is no matter of what has run.
            let sql = self.forget(run.source, OutOfDate::Here);
            return if run.first { Ok(sql) } else { Err(error) };
        }
        if !error.code().is_some_and(is_stale) {
            return Err(error);
        }
        let before_it_ran = self.failed_at_bind();
        let out_of_date = if before_it_ran { OutOfDate::There } else { OutOfDate::Here };
        let sql = self.forget(run.source, out_of_date);
        if !before_it_ran {
            return Err(error);
        }
        if run.may_repeat { Ok(sql) } else { Err(error.stale()) }
    }

    /// Forgets a statement and returns its text.
    pub(super) fn forget(&self, source: Source<'_>, out_of_date: OutOfDate) -> String {
        self.lease.forget(source.sql(), out_of_date);
        source.sql().to_owned()
    }
}
