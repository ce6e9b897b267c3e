//! What a proof has come to.

use std::fmt;
use std::time::Duration;

use super::plans::Plan;
use crate::policy::matrix::Whose;

/// What no proof tries, each with the reason. A reviewer has to look at it in another way.
pub const NOT_TRIED: [(&str, &str); 3] = [
    (
        "notifications",
        "A notification is sent at the commit, and a proof commits nothing. A channel asks for no privilege: whoever listens gets \
         what triggers send of the rows of all tenants. The rule notify-payload finds such triggers.",
    ),
    (
        "what a connection keeps when a transaction is over",
        "Cursors WITH HOLD, prepared statements, temporary tables, advisory locks and settings of the session stay with the \
         connection in every database, whatever its policies. To hold a cursor takes a commit, and it would then show its rows to \
         the next tenant however the schema is made; the rules with-hold-cursor, session-set and their like find code that does it.",
    ),
    (
        "new statistics",
        "No rollback takes back all that ANALYZE writes. What is gathered already is looked for in the statistics views, and it is \
         asked whether they would show what is gathered later.",
    ),
];

/// What was tried on a database, and what each attempt came to.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The database.
    pub database: String,
    /// The server's version, such as `18.6`.
    pub server: String,
    /// The role whose attempts these are.
    pub app: String,
    /// The role that has made rows, where that is another one.
    pub seeder: Option<String>,
    /// How long it took.
    pub took: Duration,
    /// What was tried upon, the session first.
    pub subjects: Vec<Subject>,
    /// The plans that a tenant's statements get, where they were looked at.
    pub plans: Vec<Plan>,
}

/// Something that the app role may try to reach.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What it is called, such as `public.invoice`.
    pub name: String,
    /// What it is, such as `table`.
    pub kind: &'static str,
    /// Where it stands among the tenants, such as `child`.
    pub place: &'static str,
    /// Why nothing is promised of it, where that is so; then nothing was tried.
    pub apart: Option<String>,
    /// What was tried.
    pub cells: Vec<Cell>,
}

/// One attempt, and what it came to.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What was tried, such as `select for update`.
    pub attempt: String,
    /// On whose row.
    pub aim: Aim,
    /// The statement.
    pub sql: String,
    /// What the server said: a number of rows, or an error with its SQLSTATE.
    pub answer: String,
    /// What that means.
    pub verdict: Verdict,
}

/// On whose row something is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aim {
    /// On a row of the tenant that is bound.
    Own,
    /// On a row of a tenant below.
    Below,
    /// On a row of no tenant.
    Nobodys,
    /// On a row of another tenant.
    Other,
    /// On a tenant's row, with the setting an empty text.
    Empty,
    /// On a tenant's row, with the setting never made.
    None,
    /// On no row.
    Session,
}

/// What an answer means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is what the manifest promises.
    Held,
    /// It reached what it must not reach.
    Leaked,
    /// It did not reach what it is to reach.
    Denied,
    /// It failed in another way than is promised.
    Differs,
    /// Nothing was shown, for a reason.
    Unproved(String),
}

impl Aim {
    /// As a column of a table names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Below => "below",
            Self::Nobodys => "nobody's",
            Self::Other => "other",
            Self::Empty => "empty",
            Self::None => "none",
            Self::Session => "session",
        }
    }

    /// Whose row that is to the one who asks.
    #[must_use]
    pub fn whose(self) -> Whose {
        match self {
            Self::Own | Self::Session => Whose::Own,
            Self::Below => Whose::Below,
            Self::Nobodys => Whose::Nobodys,
            Self::Other => Whose::Others,
            Self::Empty | Self::None => Whose::Unasked,
        }
    }
}

impl Cell {
    /// What stands for everything that was not tried because no row could be made.
    pub(crate) fn without_row(reason: String) -> Self {
        let (sql, answer) = (String::new(), String::new());
        Self {
            attempt: "make a row".to_owned(),
            aim: Aim::Own,
            sql,
            answer,
            verdict: Verdict::Unproved(reason),
        }
    }
}

impl Verdict {
    /// Whether a promise is broken.
    #[must_use]
    pub fn is_red(&self) -> bool {
        matches!(self, Self::Leaked | Self::Denied | Self::Differs)
    }

    /// In one word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Leaked => "leaked",
            Self::Denied => "denied",
            Self::Differs => "differs",
            Self::Unproved(_) => "unproved",
        }
    }
}

impl Proof {
    /// Every cell with its subject.
    pub fn cells(&self) -> impl Iterator<Item = (&Subject, &Cell)> {
        self.subjects.iter().flat_map(|subject| subject.cells.iter().map(move |cell| (subject, cell)))
    }

    /// The attempts that broke a promise.
    pub fn broken(&self) -> impl Iterator<Item = (&Subject, &Cell)> {
        self.cells().filter(|(_, cell)| cell.verdict.is_red())
    }

    /// The attempts that showed nothing, each with the reason.
    pub fn unproved(&self) -> impl Iterator<Item = (&Subject, &Cell, &str)> {
        self.cells().filter_map(|(subject, cell)| match &cell.verdict {
            Verdict::Unproved(reason) => Some((subject, cell, reason.as_str())),
            _ => None,
        })
    }

    /// The plans that are not as they should be.
    pub fn slow(&self) -> impl Iterator<Item = &Plan> {
        self.plans.iter().filter(|plan| !plan.remarks.is_empty())
    }

    /// Whether every promise was shown to hold.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.cells().all(|(_, cell)| cell.verdict == Verdict::Held)
    }

    /// Fails a test unless every promise was shown to hold, and says which was not.
    ///
    /// # Panics
    ///
    /// A promise is broken, or was not shown to hold.
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.is_clean(), "{self}");
    }
}

/// What is not as promised, one line each.
impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (red, grey) = (self.broken().count(), self.unproved().count());
        write!(f, "{} attempts on {}: {red} broken, {grey} unproved", self.cells().count(), self.database)?;
        for (subject, cell) in self.cells().filter(|(_, cell)| cell.verdict != Verdict::Held) {
            let Cell { attempt, aim, sql, answer, verdict } = cell;
            write!(f, "\n{} {}, {attempt}, {}: {answer}", verdict.name(), subject.name, aim.name())?;
            if let Verdict::Unproved(reason) = verdict {
                write!(f, " ({reason})")?;
            }
            write!(f, "\n    {}", sql.replace('\n', "\n    "))?;
        }
        Ok(())
    }
}
