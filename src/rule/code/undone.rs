//! What the rest of some code takes back of what it does before.

use std::collections::BTreeSet;

use crate::rule::code::sentence::Sentence;

/// The names of what is taken back, as far as the code has been read from its end.
#[derive(Debug, Default)]
pub(in crate::rule) struct Undone {
    names: BTreeSet<String>,
    all: bool,
}

impl Undone {
    /// Adds every name that a statement takes back.
    pub(in crate::rule) fn add_words(&mut self, sentence: &Sentence) {
        self.names.extend(sentence.words.iter().skip(1).map(|word| word.text.clone()));
    }

    pub(in crate::rule) fn add(&mut self, name: impl Into<String>) {
        self.names.insert(name.into());
    }

    /// Adds whatever there is.
    pub(in crate::rule) fn add_all(&mut self) {
        self.all = true;
    }

    pub(in crate::rule) fn has(&self, name: &str) -> bool {
        self.all || self.names.contains(name)
    }
}
