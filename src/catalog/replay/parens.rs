//! Parentheses, as far as they decide where a statement ends.

/// A parenthesis without its counterpart, and where it stands, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unbalanced {
    /// It is not closed.
    Open {
        at: usize,
        /// Whether it has taken in a semicolon, and with it what would have been other statements.
        swallows: bool,
    },
    /// It was not opened.
    Closed { at: usize },
}

/// Those of a statement that is being read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parens {
    depth: usize,
    /// The outermost one that is open, or the first that was not opened.
    first: Option<Unbalanced>,
}

impl Parens {
    /// Whether one is open.
    pub(super) fn are_open(self) -> bool {
        self.depth > 0
    }

    pub(super) fn open(&mut self, at: usize) {
        if self.depth == 0 {
            self.first.get_or_insert(Unbalanced::Open { at, swallows: false });
        }
        self.depth += 1;
    }

    pub(super) fn close(&mut self, at: usize) {
        if self.depth == 0 {
            self.first.get_or_insert(Unbalanced::Closed { at });
            return;
        }
        self.depth -= 1;
        if self.depth == 0 && matches!(self.first, Some(Unbalanced::Open { .. })) {
            self.first = None;
        }
    }

    /// Takes in a semicolon that ends no statement.
    pub(super) fn swallow(&mut self) {
        if let Some(Unbalanced::Open { swallows, .. }) = &mut self.first {
            *swallows = true;
        }
    }

    /// What has no counterpart now that the statement has ended.
    pub(super) fn end(&mut self) -> Option<Unbalanced> {
        std::mem::take(self).first
    }
}
