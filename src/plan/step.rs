//! What a plan is made of.

use std::fmt;

use crate::error::Result;
use crate::ident::QualifiedName;
use crate::policy::Script;

/// One change, with the SQL that makes it and the SQL that takes it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it changes, such as `public.invoice`.
    pub object: String,
    /// What it does, such as `tenant column is not null`.
    pub what: String,
    /// The SQL that does it: one statement or several.
    pub up: String,
    /// The SQL that restores what was there before.
    pub down: String,
    /// The strongest lock that it takes on a table, and keeps until the end of the transaction.
    pub lock: Lock,
    /// What the server has to do with the rows while it holds the lock.
    pub work: Work,
    /// What was possible before it and is not after it.
    pub closes: &'static str,
    /// The rows because of which the server would refuse it, where there can be any.
    pub in_the_way: Option<Box<InTheWay>>,
}

/// Rows that a step does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InTheWay {
    /// The table whose rows they are.
    pub table: QualifiedName,
    /// A query for them.
    pub query: String,
}

/// A lock on a table, by its name in [Explicit Locking](https://www.postgresql.org/docs/current/explicit-locking.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lock {
    /// None: the step touches the catalogs alone.
    None,
    /// Reads and writes go on; other changes of the schema wait.
    ShareUpdateExclusive,
    /// Reads go on, writes wait.
    Share,
    /// Reads go on; writes wait, and so do other changes of the schema.
    ShareRowExclusive,
    /// Everybody waits.
    AccessExclusive,
}

/// What the server has to do with the rows of a table.
///
/// No step of a plan rewrites a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Work {
    /// Nothing: it takes a moment, whatever the size of the table.
    None,
    /// It reads every row.
    Scan,
}

impl Lock {
    /// As PostgreSQL's manual writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Work {
    /// In one word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Scan => "scan",
        }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The steps from what a database is to what its manifest declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What stays open, since no step can close it.
    pub remarks: Vec<Remark>,
}

/// Something that a plan leaves as it is, and that somebody should know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// What it is about, such as `public.invoice`.
    pub object: String,
    /// What stays open and why.
    pub what: String,
}

impl Plan {
    /// Whether the database is what the manifest declares.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The steps as a script of one transaction.
    ///
    /// # Errors
    ///
    /// Those of [`Script::lock_timeout`], which do not occur.
    pub fn up(&self) -> Result<Script> {
        script(self.steps.iter().map(|step| (step, &step.up)))
    }

    /// The script that takes all steps back, the last one first.
    ///
    /// # Errors
    ///
    /// As for [`Plan::up`].
    pub fn down(&self) -> Result<Script> {
        script(self.steps.iter().rev().map(|step| (step, &step.down)))
    }
}

fn script<'s>(steps: impl Iterator<Item = (&'s Step, &'s String)>) -> Result<Script> {
    let mut script = Script::new()?;
    for (step, sql) in steps.filter(|(_, sql)| !sql.is_empty()) {
        script.add(format!("{}: {}", step.object, step.what), sql.clone());
    }
    Ok(script)
}
