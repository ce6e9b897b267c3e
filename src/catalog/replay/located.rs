//! Statements, and where they stand.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::plpgsql::Reach;
use super::source::Source;

/// A statement and where it stands.
#[derive(Clone, Debug)]
pub struct Located {
    source: Arc<Source>,
    // A file can have millions of statements, and none has 4 GiB.
    start: u32,
    end: u32,
    line: u32,
    column: u32,
    inner: Option<Box<Inner>>,
}

/// What is known of a statement that another one runs.
#[derive(Clone, Debug)]
struct Inner {
    /// The place among all of the one that runs it.
    within: usize,
    /// What is run, where it is not what is written there.
    run: Option<Box<str>>,
}

impl Located {
    pub(super) fn new(source: &Arc<Source>, range: Range<usize>, (line, column): (usize, usize)) -> Self {
        let small = |of: usize| u32::try_from(of).unwrap_or(u32::MAX);
        Self {
            source: Arc::clone(source),
            start: small(range.start),
            end: small(range.end),
            line: small(line),
            column: small(column),
            inner: None,
        }
    }

    /// The same, of a statement that another one runs, with the text that is run where it is not the one that stands there.
    pub(super) fn within(self, statement: usize, run: Option<&str>) -> Self {
        Self { inner: Some(Box::new(Inner { within: statement, run: run.map(Into::into) })), ..self }
    }

    pub(super) fn shared_source(&self) -> &Arc<Source> {
        &self.source
    }

    /// The statement that runs it, by its place among all, if it is one that stands in a DO block or in a function, or that
    /// `EXECUTE` runs.
    #[must_use]
    pub fn runs_within(&self) -> Option<usize> {
        self.inner.as_ref().map(|inner| inner.within)
    }

    /// What the file is called.
    #[must_use]
    pub fn file(&self) -> &str {
        self.source.name()
    }

    /// The file that it stands in.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The bytes of the file that it takes up.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The line that it begins on, from 1 on.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line as usize
    }

    /// The character of the line that it begins at, from 1 on.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column as usize
    }

    /// Its text, without what ends it. Of a statement that is made up where it is run, what it is then.
    #[must_use]
    pub fn text(&self) -> &str {
        let run = self.inner.as_ref().and_then(|inner| inner.run.as_deref());
        run.unwrap_or_else(|| self.written())
    }

    /// What is written where it stands.
    #[must_use]
    pub fn written(&self) -> &str {
        self.source.text().get(self.range()).unwrap_or_default()
    }
}

/// How much of a statement is not in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Extent {
    /// Nothing, if something holds that these files do not say, such as that a schema is there.
    Assumed,
    /// Some of it.
    Part,
    /// All of it: what it says is known, and not what comes of it.
    Effect,
    /// All of it, for what it says is not understood.
    Words,
    /// All of the file that it stands in, which is written for another database.
    File,
}

/// A statement that was not understood, or whose effect could not be followed.
///
/// `Display` writes one line: `file:line:column: why`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opaque {
    pub(super) file: Arc<str>,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) why: String,
    pub(super) statement: usize,
    pub(super) reach: Reach,
    pub(super) extent: Extent,
}

impl Opaque {
    /// The tables whose protection may not be what the model says.
    pub(crate) fn reach(&self) -> &Reach {
        &self.reach
    }

    /// What the file is called.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line that it begins on, from 1 on.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The character of the line that it begins at, from 1 on.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is not known of it.
    #[must_use]
    pub fn why(&self) -> &str {
        &self.why
    }

    /// How much of it is not in the schema.
    #[must_use]
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// Its place among [`Replayed::statements`](super::Replayed::statements).
    #[must_use]
    pub fn statement(&self) -> usize {
        self.statement
    }
}

impl fmt::Display for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = self.why.replace(['\n', '\r'], " ");
        write!(f, "{}:{}:{}: {why}", self.file, self.line, self.column)
    }
}
