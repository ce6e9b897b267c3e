//! Which indexes of partitions are parts of which index of their table.

use std::collections::{BTreeMap, BTreeSet};

use super::undo::{Undo, Undoable};
use crate::ident::QualifiedName;

/// Each part of a partitioned table's index with that index.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    whole: Undoable<QualifiedName, QualifiedName>,
    parts: BTreeMap<QualifiedName, BTreeSet<QualifiedName>>,
}

impl Parts {
    /// The index that an index is a part of.
    pub(super) fn whole(&self, part: &QualifiedName) -> Option<&QualifiedName> {
        self.whole.get(part)
    }

    /// How many parts an index has.
    pub(super) fn count(&self, whole: &QualifiedName) -> usize {
        self.parts.get(whole).map_or(0, BTreeSet::len)
    }

    pub(super) fn insert(&mut self, part: QualifiedName, whole: QualifiedName) {
        self.remove(&part);
        self.parts.entry(whole.clone()).or_default().insert(part.clone());
        self.whole.insert(part, whole);
    }

    pub(super) fn remove(&mut self, part: &QualifiedName) {
        let Some(whole) = self.whole.get(part) else { return };
        if let Some(parts) = self.parts.get_mut(whole) {
            parts.remove(part);
        }
        self.whole.remove(part);
    }

    /// Follows the new name of an index.
    pub(super) fn rename(&mut self, from: &QualifiedName, to: &QualifiedName) {
        if let Some(whole) = self.whole.get(from).cloned() {
            self.remove(from);
            self.insert(to.clone(), whole);
        }
        for part in self.parts.remove(from).unwrap_or_default() {
            self.insert(part, to.clone());
        }
    }
}

impl Undo for Parts {
    fn mark(&mut self) -> usize {
        self.whole.mark()
    }

    fn back_to(&mut self, mark: usize) {
        let changed: BTreeSet<QualifiedName> = self.whole.changed_since(mark).cloned().collect();
        for part in &changed {
            if let Some(parts) = self.whole.get(part).and_then(|whole| self.parts.get_mut(whole)) {
                parts.remove(part);
            }
        }
        self.whole.back_to(mark);
        for part in changed {
            if let Some(whole) = self.whole.get(&part) {
                self.parts.entry(whole.clone()).or_default().insert(part);
            }
        }
    }

    fn stop(&mut self) {
        self.whole.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::{Parts, Undo};
    use crate::ident::QualifiedName;

    #[test]
    fn an_index_and_its_parts_know_one_another() {
        let name = |text: &str| QualifiedName::parse(&format!("s.{text}")).unwrap();
        let mut parts = Parts::default();
        parts.insert(name("a"), name("all"));
        let mark = parts.mark();
        parts.insert(name("b"), name("all"));
        assert_eq!(parts.count(&name("all")), 2);
        parts.rename(&name("all"), &name("whole"));
        parts.rename(&name("b"), &name("c"));
        assert_eq!((parts.count(&name("all")), parts.count(&name("whole"))), (0, 2));
        assert_eq!((parts.whole(&name("b")), parts.whole(&name("c"))), (None, Some(&name("whole"))));
        parts.back_to(mark);
        assert_eq!((parts.count(&name("all")), parts.count(&name("whole"))), (1, 0));
        parts.stop();
        parts.remove(&name("a"));
        assert_eq!(parts.count(&name("all")), 0);
    }
}
