//! How a run of migrations has ended.

use std::fmt;
use std::time::Duration;

use super::migration::Mode;
use super::review::Refusal;
use crate::error::Error;
use crate::ident::QualifiedName;
use crate::rule::{self, Place};

/// What a run has done.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The migrations that this run has applied, or taken back, in order.
    pub applied: Vec<Applied>,
    /// Those that are still to be applied or taken back, in order, as their files name them.
    pub pending: Vec<String>,
    /// The tenants that were asked for are done, and others are not; so what comes after was not begun.
    pub waits_for_tenants: Option<usize>,
    /// Relations that this run has made and that belong to the superuser who ran it, although the manifest names an owner.
    pub strays: Vec<QualifiedName>,
}

impl Report {
    /// Whether there was nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.applied.is_empty() && self.pending.is_empty()
    }
}

/// A migration that has been applied, or taken back.
#[derive(Clone, Debug)]
pub struct Applied {
    /// Its version and name, such as `V7__invoice`.
    pub name: String,
    /// How it was run.
    pub mode: Mode,
    /// How long it took.
    pub took: Duration,
    /// How many rows its data statements have changed.
    pub rows: u64,
    /// For how many tenants it was run, if once for each.
    pub tenants: Option<usize>,
}

/// Why a run has ended before its end, and what it had done by then.
#[derive(Debug)]
pub struct Stopped {
    /// Why.
    pub why: Why,
    /// What it has done. That is committed, and in the ledger.
    pub report: Report,
}

/// Why a run has ended before its end.
#[derive(Debug)]
#[non_exhaustive]
pub enum Why {
    /// Nothing was run, since what is to be run speaks against it.
    Refused(Vec<Refusal>),
    /// Nothing was run, since rules have found something in the files that are to be run.
    Lint(rule::Report),
    /// Everything was run, and rules have found something in the database that they had not found before.
    Audit(rule::Report),
    /// Something failed that is no statement of a migration's: the connection, the ledger, the lock.
    Failed(Error),
    /// A migration failed. Nothing of it remains, unless it is without a transaction.
    Migration {
        /// Which one: `V7__invoice`.
        name: String,
        /// The statement that failed, if it was one of the file's.
        place: Option<Place>,
        /// How many of its statements are done and stay so, of one without a transaction.
        done: Option<usize>,
        /// What failed.
        error: Error,
    },
    /// A migration failed for some tenants, for whom nothing of it remains. For the others it is done.
    Tenants {
        /// Which one: `V7__invoice`.
        name: String,
        /// For how many tenants it is done.
        done: usize,
        /// How many there are.
        of: usize,
        /// The tenants for which it failed.
        failed: Vec<TenantFailure>,
    },
}

/// A tenant for whom a migration failed. `Debug` does not show which.
pub struct TenantFailure {
    /// The tenant, as the setting carries it.
    pub tenant: String,
    /// The statement that failed, if it was one of the file's.
    pub place: Option<Place>,
    /// What failed.
    pub error: Error,
}

impl fmt::Debug for TenantFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantFailure")
            .field("place", &self.place)
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl Why {
    /// What to do next, in one line.
    #[must_use]
    pub fn next(&self) -> &'static str {
        match self {
            Self::Refused(_) => "nothing was run; change the files and run it again",
            Self::Lint(_) => {
                "nothing was run; change the files, or allow what is found with -- tenantry: allow RULE \"reason\""
            }
            Self::Audit(_) => "what was to be run has been run; mend what is found with another migration",
            Self::Failed(error) if error.is_usage() => {
                "put that right and run it again; what is in the ledger is not repeated"
            }
            Self::Failed(_) => "run it again; what is in the ledger is not repeated",
            Self::Migration { done: Some(_), .. } => {
                "the statements before it are done and are not repeated; put the rest in order, and run it again"
            }
            Self::Migration { done: None, .. } => {
                "nothing of this migration remains; mend it, and run it again"
            }
            Self::Tenants { .. } => {
                "for those tenants nothing of it remains; mend what stands in the way, and run it again: the others are not \
                 repeated"
            }
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = |report: &rule::Report| report.findings.len();
        match self {
            Self::Refused(refusals) => match &refusals[..] {
                [] => f.write_str("the migrations are refused"),
                [first, ..] => {
                    write!(f, "{}:{}: {}", first.place.file, first.place.line, first.what)?;
                    if refusals.len() > 1 { write!(f, " (and {} more)", refusals.len() - 1) } else { Ok(()) }
                }
            },
            Self::Lint(report) => {
                write!(f, "rules have found {} in the files that are to be run", things(found(report)))
            }
            Self::Audit(report) => {
                write!(
                    f,
                    "rules have found {} in the database that were not there before",
                    things(found(report))
                )
            }
            Self::Failed(error) => error.fmt(f),
            Self::Migration { name, place: Some(place), error, .. } => {
                write!(f, "{name} failed at {}:{}: {error}", place.file, place.line)
            }
            Self::Migration { name, place: None, error, .. } => write!(f, "{name} failed: {error}"),
            Self::Tenants { name, done, of, failed } => {
                write!(f, "{name} failed for {} of {of} tenants, and is done for {done}", failed.len())
            }
        }
    }
}

fn things(number: usize) -> String {
    if number == 1 { "1 thing".to_owned() } else { format!("{number} things") }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.why, self.why.next())
    }
}

impl std::error::Error for Stopped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.why {
            Why::Failed(error) | Why::Migration { error, .. } => std::error::Error::source(error),
            Why::Tenants { failed, .. } => {
                failed.first().and_then(|first| std::error::Error::source(&first.error))
            }
            _ => None,
        }
    }
}
