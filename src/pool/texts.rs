//! What is known of statements by their texts, on whatever connection they ran.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::sharing::SHORT;
use super::statement::keeps_to_itself;
use crate::wire::Timing;

/// What is known of the statements that may share connections.
pub(super) struct Texts {
    known: Mutex<HashMap<Box<str>, Arc<Text>>>,
    most: usize,
}

/// What is known of one statement.
pub(super) struct Text {
    sql: Box<str>,
    /// Whether what it does ends with its transaction, as far as its text tells.
    ends: bool,
    timing: Arc<Timing>,
}

impl Texts {
    /// Room for so many statements.
    pub(super) fn new(most: usize) -> Self {
        Self { known: Mutex::default(), most }
    }

    /// What is known of a statement, from now on if nothing is.
    pub(super) fn get(&self, sql: &str) -> Arc<Text> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known.get(sql) {
            return Arc::clone(text);
        }
        if known.len() >= self.most {
            // They are soon known again.
            known.clear();
        }
        let text = Arc::new(Text { sql: sql.into(), ends: keeps_to_itself(sql), timing: Arc::default() });
        known.insert(sql.into(), Arc::clone(&text));
        text
    }
}

impl Text {
    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    pub(super) fn timing(&self) -> &Arc<Timing> {
        &self.timing
    }

    /// Whether it may share a connection: it has run, in a short time.
    pub(super) fn may_share(&self) -> bool {
        self.ends && self.timing.get().is_some_and(|took| took <= SHORT)
    }
}
