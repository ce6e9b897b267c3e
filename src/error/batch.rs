//! Errors of one statement of several, and what every error shows of itself.

use std::error::Error as StdError;
use std::fmt;

use super::{Error, Kind};

impl Error {
    /// Which statement of a [`Batch`](crate::Batch) has failed, where it was one of them and not the whole. The first is 0.
    #[must_use]
    pub fn batch_index(&self) -> Option<usize> {
        match &*self.0 {
            Kind::InBatch { index, .. } => Some(*index),
            _ => None,
        }
    }

    /// The error of a statement that is one of several.
    pub(crate) fn in_batch(self, index: usize) -> Self {
        Kind::InBatch { index, error: self }.into()
    }

    /// What it is, of whichever statement.
    pub(super) fn kind(&self) -> &Kind {
        match &*self.0 {
            Kind::InBatch { error, .. } => error.kind(),
            kind => kind,
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Error").field(&self.0).finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.kind().source()
    }
}
