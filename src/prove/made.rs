//! What rows are made from, and what the making comes to.

use std::collections::{BTreeMap, BTreeSet};

use super::value::Types;
use crate::catalog::Catalog;
use crate::error::Error;
use crate::ident::Ident;
use crate::policy::Places;
use crate::policy::manifest::Manifest;

/// What a row is made from.
pub(crate) struct Known<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) manifest: &'a Manifest,
    pub(crate) places: &'a Places<'a>,
    pub(crate) types: &'a Types,
}

/// The columns of a row that are said, each with its value as text.
pub(crate) type Values = BTreeMap<Ident, Option<String>>;

/// A row that is there.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The table that it lies in, a partition perhaps, by its number.
    pub(crate) table: String,
    pub(crate) ctid: String,
    /// What was said when it was made.
    pub(crate) said: Values,
    /// Which of that another row has to say differently.
    pub(crate) free: BTreeSet<Ident>,
    /// What its key columns, and those that others refer to, hold now.
    pub(crate) holds: Values,
}

impl Row {
    /// What is true of this row alone, in a statement that calls the table `t`.
    pub(crate) fn predicate(&self) -> String {
        format!("t.tableoid = {}::oid AND t.ctid = '{}'::tid", self.table, self.ctid)
    }
}

/// Why there is no row.
pub(crate) enum Stop {
    /// The connection is gone.
    Failed(Error),
    /// It cannot be made.
    Because(String),
    /// It cannot be made now: whatever else is tried there would wait as long.
    Late(String),
}

impl Stop {
    /// Why the row is not there; an error of the connection ends the proof.
    pub(crate) fn reason(self) -> Result<String, Error> {
        match self {
            Self::Failed(error) => Err(error),
            Self::Because(reason) | Self::Late(reason) => Ok(reason),
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

pub(crate) type Made<T> = Result<T, Stop>;
