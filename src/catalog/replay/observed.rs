//! Files that have been run on a server as well, whose catalogs say what came of them.

use super::located::Extent;
use super::run::Run;
use super::step::{Effect, Step};
use crate::catalog::Catalog;

impl Run<'_> {
    /// Takes on what the server's catalogs say after the file that was run last, and what they said before the first one.
    ///
    /// Where that differs, the statement of the file has done it that was not followed. With that nothing is opaque any more.
    pub(crate) fn observe(&mut self, from: usize, now: &Catalog, before: &Catalog) {
        let opaque: Vec<_> =
            self.opaque.drain(..).filter(|opaque| opaque.extent != Extent::Assumed).collect();
        self.state.take_on(now, before);
        let changes = self.state.take_before();
        // A file without statements has changed nothing, but what is there is known from now on all the same.
        let Some(last) = self.statements.len().checked_sub(1).filter(|last| *last >= from) else { return };
        let by = |table: Option<&_>| {
            let reaches = opaque.iter().find(|opaque| table.is_some_and(|table| opaque.reach.has(table)));
            reaches.or(opaque.first()).map_or(last, |opaque| opaque.statement)
        };
        self.state.origins.add_unknown(&changes, &self.state.catalog, by);
        let index = by(None);
        let Some(located) = self.statements.get(index) else { return };
        let effect = Effect::new(&changes, &self.state);
        let transaction = self.transaction;
        (self.watch)(&Step { index, located, statement: None, transaction, asked: false, effect });
    }
}
