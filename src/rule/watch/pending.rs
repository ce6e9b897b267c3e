//! What is wrong unless the same transaction, or the same file, still mends it.

use crate::catalog::replay::{Session, Statement, Step};

/// How long something may stay wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rule) enum Until {
    /// Until the transaction ends.
    Transaction,
    /// Until the file ends.
    File,
}

/// Things that are wrong for now.
#[derive(Debug)]
pub(in crate::rule) struct Pending<T> {
    until: Until,
    file: String,
    transaction: usize,
    items: Vec<Item<T>>,
}

#[derive(Debug)]
struct Item<T> {
    /// The statement that made it wrong, and its transaction.
    statement: usize,
    transaction: usize,
    what: T,
}

impl<T> Pending<T> {
    pub(in crate::rule) fn new(until: Until) -> Self {
        Self { until, file: String::new(), transaction: 0, items: Vec::new() }
    }

    /// Goes on to a statement, and gives what it comes too late to mend, each with its statement.
    pub(in crate::rule) fn go_on(&mut self, step: &Step<'_>) -> Vec<(usize, T)> {
        let number = step.transaction.number;
        let late = match self.until {
            Until::Transaction => self.transaction != number,
            Until::File => self.file != step.located.file(),
        };
        let found = if late { self.take() } else { Vec::new() };
        self.transaction = number;
        if self.file != step.located.file() {
            step.located.file().clone_into(&mut self.file);
        }
        if let Some(Statement::Session(Session::Rollback { .. })) = step.statement {
            self.items.retain(|item| item.transaction != number);
        }
        found
    }

    /// Adds something that the statement has made wrong.
    pub(in crate::rule) fn add(&mut self, step: &Step<'_>, what: T) {
        self.items.push(Item { statement: step.index, transaction: step.transaction.number, what });
    }

    /// Adds something if there is something.
    pub(in crate::rule) fn extend(&mut self, step: &Step<'_>, what: Option<T>) {
        if let Some(what) = what {
            self.add(step, what);
        }
    }

    /// Takes out what has been mended.
    pub(in crate::rule) fn keep(&mut self, keep: impl FnMut(&mut T) -> bool) {
        let mut keep = keep;
        self.items.retain_mut(|item| keep(&mut item.what));
    }

    /// Everything that is still wrong.
    pub(in crate::rule) fn take(&mut self) -> Vec<(usize, T)> {
        std::mem::take(&mut self.items).into_iter().map(|item| (item.statement, item.what)).collect()
    }
}
