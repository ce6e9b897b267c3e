//! Errors that are made for tests.

use std::fmt;

use tokio_postgres::error::SqlState;

/// What a server would have said.
#[derive(Debug)]
pub(crate) struct Made {
    code: SqlState,
    message: String,
}

impl Made {
    pub(crate) fn new(code: SqlState, message: String) -> Self {
        Self { code, message }
    }

    pub(crate) fn code(&self) -> &SqlState {
        &self.code
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.code.code())
    }
}
