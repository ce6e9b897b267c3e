//! Statements whose description is out of date, and what is done about them.

use tokio_postgres::error::SqlState;

use super::connection::Connection;
use super::kept::kept_number;
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

/// How often a statement is run anew behind a pooler: others may have had it prepare the same text, in the
/// same minute, before another change.
pub(super) const ATTEMPTS: u32 = 3;

/// What becomes of a statement that failed.
pub(super) enum Outcome {
    /// Its rows are kept, and this is the text that asks for them.
    Kept(String),
    /// Nothing of it has run, and it was forgotten: its text is to be prepared and run anew.
    Again(String),
}

/// How a statement came to be run.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) source: Source<'a>,
    /// Whether the server has described it just now.
    pub(super) fresh: bool,
    /// Whether it may be run once more: it has not been, and nothing of its unit of work has run.
    pub(super) may_repeat: bool,
}

impl Connection {
    /// Judges the error of a statement, which is returned where nothing can be done. One that may be stale
    /// is forgotten.
    pub(super) async fn judge(&self, run: Run<'_>, error: Error) -> Result<Outcome> {
        if let Some(number) = kept_number(&error) {
            self.forget(run.source);
            return self.lease.kept(number).await.map(Outcome::Kept);
        }
        // What the server has described just now is not out of date, unless it was deallocated since.
        let unknown = error.code() == Some(&SqlState::INVALID_SQL_STATEMENT_NAME);
        if run.fresh && !unknown && !self.lease.is_old_at_the_pooler(&error) {
            return Err(error);
        }
        if error.is_of_a_parameter() {
            // The driver has sent nothing, so this is no matter of what has run.
            return self.forget(run.source).map(Outcome::Again).ok_or(error);
        }
        if !error.code().is_some_and(|code| STALE.contains(&code)) {
            return Err(error);
        }
        let Some(sql) = self.forget(run.source) else { return Err(error) };
        if !self.lease.link().failed_at_bind() {
            return Err(error);
        }
        if run.may_repeat { Ok(Outcome::Again(sql)) } else { Err(error.stale()) }
    }

    /// Forgets a statement and returns its text, unless the caller has it from elsewhere.
    fn forget(&self, source: Source<'_>) -> Option<String> {
        let sql = match source {
            Source::Sql(sql) | Source::Declare(sql) => sql.to_owned(),
            Source::Prepared(statement) => {
                let cache = self.client().cache();
                cache.text_of(statement).or_else(|| cache.text_of_outdated(statement))?
            }
        };
        self.lease.forget(&sql);
        Some(sql)
    }
}
