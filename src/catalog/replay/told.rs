//! What a session has been told.

use std::collections::BTreeMap;

use crate::ident::Ident;

/// What a session has been told.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// What holds now.
    pub(super) now: Told,
    /// What will hold when the transaction has ended.
    pub(super) after: Told,
    /// What a new session starts with.
    start: Told,
}

/// What a session can be told that matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// `session_user`.
    pub(super) user: Ident,
    /// `current_user`.
    pub(super) role: Ident,
    /// Whether nobody says which role each of the two is: it is the one that runs the files.
    pub(super) assumed: Assumed,
    pub(super) path: Vec<Ident>,
    /// Any other settings, by their names in lower case.
    pub(super) settings: BTreeMap<String, String>,
}

/// Which roles of a session nobody has named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Assumed {
    pub(super) user: bool,
    pub(super) role: bool,
}

impl Session {
    pub(super) fn new(told: Told) -> Self {
        Self { now: told.clone(), after: told.clone(), start: told }
    }

    pub(super) fn restart(&mut self) {
        self.now = self.start.clone();
        self.after = self.start.clone();
    }

    pub(super) fn start(&self) -> &Told {
        &self.start
    }

    pub(super) fn end_transaction(&mut self) {
        self.now = self.after.clone();
    }
}
