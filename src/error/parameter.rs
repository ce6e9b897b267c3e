//! Parameters that do not fit their statement.

use std::error::Error as StdError;

use super::fault::Mismatch;
use super::{Error, Kind};

impl Error {
    /// A parameter that does not convert, the first of which is 1. Nothing was sent.
    pub(crate) fn parameter(number: usize, source: Box<dyn StdError + Send + Sync>) -> Self {
        Kind::Parameter { number, source }.into()
    }
}

/// Why a parameter does not convert, without its value.
pub(super) fn problem(number: usize, mismatch: &Mismatch) -> String {
    match mismatch {
        Mismatch::Types { rust, postgres } => format!(
            "parameter ${number} is of the PostgreSQL type {postgres}, to which the Rust type {rust} does not convert; pass one that does, or cast the parameter in the statement"
        ),
        Mismatch::Null | Mismatch::Value => format!("parameter ${number} does not convert, see its source"),
    }
}

/// The same of a column of a row.
pub(super) fn value_problem(column: &str, row: u64, mismatch: &Mismatch) -> String {
    match mismatch {
        Mismatch::Types { rust, postgres } => format!(
            "column {column:?} is of the PostgreSQL type {postgres}, to which the Rust type {rust} of row {row}, counted from 0, does not convert; pass one that does"
        ),
        Mismatch::Null | Mismatch::Value => format!(
            "the value for column {column:?} in row {row}, counted from 0, does not convert, see its source"
        ),
    }
}

/// How many there are, and how many there should be.
pub(super) fn counts(given: usize, expected: usize) -> String {
    match expected {
        1 => format!("it takes 1 parameter and got {given}"),
        _ => format!("it takes {expected} parameters and got {given}"),
    }
}
