//! What the companies were answered, all together.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::client::Answer;

#[derive(Default)]
pub struct Tally {
    counted: Mutex<Counted>,
}

#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// How many answers each kind of request has had with each status.
    pub answers: BTreeMap<(&'static str, u16), usize>,
    /// What no answer may be: a few of the failures, as they were.
    pub wrong: Vec<String>,
}

impl Counted {
    pub fn all(&self) -> usize {
        self.answers.values().sum()
    }

    pub fn successes(&self) -> usize {
        self.with(|status| matches!(status, 200 | 201))
    }

    pub fn with(&self, is_meant: impl Fn(u16) -> bool) -> usize {
        self.answers.iter().filter(|((_, status), _)| is_meant(*status)).map(|(_, count)| count).sum()
    }
}

impl Tally {
    pub fn count(&self, what: &'static str, answer: &Answer) {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        *counted.answers.entry((what, answer.status)).or_default() += 1;
        let is_expected = match answer.status {
            200 | 201 | 500 | 502 | 0 => true,
            503 | 429 => answer.says_when,
            _ => false,
        };
        if !is_expected {
            counted.wrong.push(format!("{what}: {answer:?}"));
        }
    }

    pub fn wrong(&self, what: String) {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).wrong.push(what);
    }

    /// What was counted since it was last asked.
    pub fn take(&self) -> Counted {
        std::mem::take(&mut *self.counted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
