//! What a rule is.

use std::fmt;

use super::code::Code;
use super::finding::Findings;
use super::subject::Subject;
use super::watch::Watch;

/// A rule: what it finds and why that matters, with an example of either side.
///
/// The examples stand in a database called `example` that has the roles `erp_owner`, `erp_app` and `erp_system`, where the
/// tenant column is `tenant_id` of type `uuid` and the setting `app.tenant_id`. A line `-- file: 2.sql` begins another
/// file, and `-- manifest: [seal]` is a line of the manifest. They are what the tests of the rule run.
#[derive(Debug)]
pub struct Rule {
    /// What it is called, everywhere.
    pub code: &'static str,
    /// How much it matters, unless a finding says otherwise.
    pub severity: Severity,
    /// What it finds, in one line.
    pub finds: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// SQL that it finds something in.
    pub bad: &'static str,
    /// The same without what is wrong.
    pub good: &'static str,
    /// Where PostgreSQL's documentation tells of it.
    pub manual: &'static str,
    pub(super) check: Check,
}

/// What a rule looks at.
pub(super) enum Check {
    /// The model, wherever it comes from.
    Model(fn(&Subject<'_>, &mut Findings)),
    /// The model of a live server, of which files do not tell.
    Server(fn(&Subject<'_>, &mut Findings)),
    /// The statements of files, one by one.
    Sequence(fn() -> Box<dyn Watch>),
    /// Code: the bodies of functions, and files with their DO blocks.
    Code(fn(&Code<'_>, &Subject<'_>, &mut Findings)),
    /// What the engine itself sees.
    Engine,
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Model(_) => "Model",
            Self::Server(_) => "Server",
            Self::Sequence(_) => "Sequence",
            Self::Code(_) => "Code",
            Self::Engine => "Engine",
        })
    }
}

/// Where a rule can find something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// In files and in live databases.
    Both,
    /// In files.
    Files,
    /// In live databases.
    Database,
}

impl Rule {
    /// Where it can find something.
    #[must_use]
    pub fn reach(&self) -> Reach {
        match self.check {
            Check::Sequence(_) => Reach::Files,
            Check::Server(_) => Reach::Database,
            Check::Engine if self.code == "opaque-statement" => Reach::Files,
            Check::Model(_) | Check::Code(_) | Check::Engine => Reach::Both,
        }
    }
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    Info,
    /// It leaks little, or makes somebody's work harder.
    Low,
    /// It can leak or fail under circumstances, or slows every statement down.
    Medium,
    /// It leaks or fails in a case that will come.
    High,
    /// It shows or changes rows of other tenants now.
    Critical,
}

impl Severity {
    /// All of them, the least first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}
