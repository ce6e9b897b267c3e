//! What the code of a statement stands in: the file, and whatever looks at the statements that are run.

use std::sync::Arc;

use super::super::located::{Extent, Located};
use super::super::source::Source;
use super::super::state::State;
use super::super::statement::Statement;
use super::reach::Reach;

/// Runs statements that stand in the code of another one.
pub(in super::super) trait Host {
    fn state(&mut self) -> &mut State;

    /// Counts a statement, and says whether there may be more.
    fn goes_on(&mut self) -> bool;

    /// Takes down a statement that has been applied, with how it was read.
    fn done(&mut self, located: Located, statement: &Statement, asked: bool);

    /// Takes down that a statement was not followed, why, and how much of it was not.
    fn not_followed(&mut self, spot: &Spot, why: String, reach: Reach, extent: Extent);
}

/// Where a statement stands in a file.
#[derive(Clone, Debug)]
pub(in super::super) struct Spot {
    pub(super) source: Arc<Source>,
    /// In bytes.
    pub(super) start: usize,
    pub(super) end: usize,
    /// The line and the character, both from one.
    pub(super) position: (usize, usize),
    /// The statement of the file that it stands in, by its place among all.
    pub(super) within: usize,
}

impl Spot {
    pub(in super::super) fn new(located: &Located, within: usize) -> Self {
        let range = located.range();
        Self {
            source: Arc::clone(located.shared_source()),
            start: range.start,
            end: range.end,
            position: (located.line(), located.column()),
            within,
        }
    }

    /// Something that stands in what stands here, by its place and its line and character there.
    pub(super) fn inner(&self, (start, end): (usize, usize), (line, column): (usize, usize)) -> Self {
        let position = if line == 1 {
            (self.position.0, self.position.1 + column - 1)
        } else {
            (self.position.0 + line - 1, column)
        };
        Self { start: self.start + start, end: self.start + end, position, ..self.clone() }
    }

    /// The body that begins at a place of the file, in bytes.
    pub(super) fn body(&self, at: usize) -> Self {
        let before = self.source.text().get(self.start..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let length = at - self.start.min(at);
        self.inner((length, self.end - self.start), (line, column))
    }

    /// The statement that stands here, with what is run where that is another text.
    pub(in super::super) fn located(&self, run: Option<&str>) -> Located {
        let located = Located::new(&self.source, self.start..self.end, self.position);
        located.within(self.within, run)
    }

    /// What is written here.
    pub(super) fn written(&self) -> &str {
        self.source.text().get(self.start..self.end).unwrap_or_default()
    }
}
