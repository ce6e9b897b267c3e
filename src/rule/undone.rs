//! What the rest of some code takes back of what it does before.

use std::collections::BTreeSet;

use super::sentence::Sentence;

/// The names of what is taken back, as far as the code has been read from its end.
#[derive(Debug, Default)]
pub(super) struct Undone {
    names: BTreeSet<String>,
    all: bool,
}

impl Undone {
    /// Adds every name that a statement takes back.
    pub(super) fn add_words(&mut self, sentence: &Sentence) {
        self.names.extend(sentence.words.iter().skip(1).map(|word| word.text.clone()));
    }

    pub(super) fn add(&mut self, name: impl Into<String>) {
        self.names.insert(name.into());
    }

    /// Adds whatever there is.
    pub(super) fn add_all(&mut self) {
        self.all = true;
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }
}
