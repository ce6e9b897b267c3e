//! A map that remembers what a statement has changed in it.

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::ops::Deref;

use super::links::{Links, Named, Names};
use super::undo::{Undo, Undoable};

/// A map, and each entry as it was before the statement that is being applied.
#[derive(Clone, Debug)]
pub(super) struct Tracked<K, V> {
    now: Undoable<K, V>,
    before: BTreeMap<K, Option<V>>,
    /// The entries that the statement has given another key, in order.
    moved: Vec<(K, K)>,
    links: RefCell<Links<K>>,
}

impl<K, V> Default for Tracked<K, V> {
    fn default() -> Self {
        Self {
            now: Undoable::default(),
            before: BTreeMap::new(),
            moved: Vec::new(),
            links: RefCell::default(),
        }
    }
}

impl<K, V> Deref for Tracked<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &BTreeMap<K, V> {
        &self.now
    }
}

impl<'a, K, V> IntoIterator for &'a Tracked<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = std::collections::btree_map::Iter<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.now.iter()
    }
}

impl<K: Ord + Clone, V: Clone> Tracked<K, V> {
    pub(super) fn of(now: BTreeMap<K, V>) -> Self {
        let mut links = Links::default();
        for key in now.keys() {
            links.change(key);
        }
        Self { now: Undoable::of(now), links: RefCell::new(links), ..Self::default() }
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.keep(key);
        self.now.get_mut(key)
    }

    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.keep(&key);
        self.now.insert(key, value)
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        self.keep(key);
        self.now.remove(key)
    }

    /// Gives an entry another key.
    pub(super) fn rekey(&mut self, from: &K, to: &K) {
        if let Some(value) = self.remove(from) {
            self.insert(to.clone(), value);
            self.moved.push((from.clone(), to.clone()));
        }
    }

    /// A value, to follow the new name of something that it refers to. That is no change of it.
    pub(super) fn follow(&mut self, key: &K) -> Option<&mut V> {
        self.links.get_mut().change(key);
        self.now.get_mut(key)
    }

    /// All values, to follow the new name of something that any of them may refer to.
    pub(super) fn follow_all(&mut self) -> impl Iterator<Item = &mut V> {
        let links = self.links.get_mut();
        for key in self.now.keys() {
            links.change(key);
        }
        self.now.values_mut()
    }

    /// The values of which something holds, to change them.
    pub(super) fn each_of(&mut self, holds: impl Fn(&V) -> bool) -> impl Iterator<Item = &mut V> {
        let found: Vec<K> =
            self.now.iter().filter(|(_, value)| holds(value)).map(|(key, _)| key.clone()).collect();
        for key in &found {
            self.keep(key);
        }
        // What is kept of all for whoever goes back is more than is needed, and no more than that.
        self.now.values_mut().filter(move |value| holds(value))
    }

    /// Each entry that the statement has touched, as it was before it; none for one that was not there.
    pub(super) fn take_before(&mut self) -> BTreeMap<K, Option<V>> {
        std::mem::take(&mut self.before)
    }

    /// The old and the new key of each entry that the statement has given another one.
    pub(super) fn take_moved(&mut self) -> Vec<(K, K)> {
        std::mem::take(&mut self.moved)
    }

    pub(super) fn into_inner(self) -> BTreeMap<K, V> {
        self.now.into_inner()
    }

    fn keep(&mut self, key: &K) {
        self.links.get_mut().change(key);
        if !self.before.contains_key(key) {
            self.before.insert(key.clone(), self.now.get(key).cloned());
        }
    }
}

impl<K: Ord + Clone, V: Clone + Names> Tracked<K, V> {
    /// Those that name something.
    pub(super) fn naming(&self, named: &Named) -> Vec<K> {
        self.links().by(named)
    }

    /// How many name something.
    pub(super) fn count_naming(&self, named: &Named) -> usize {
        self.links().count(named)
    }

    fn links(&self) -> Ref<'_, Links<K>> {
        self.links.borrow_mut().follow(&self.now);
        self.links.borrow()
    }
}

impl<K: Ord + Clone, V: Clone> Undo for Tracked<K, V> {
    fn mark(&mut self) -> usize {
        self.now.mark()
    }

    fn back_to(&mut self, mark: usize) {
        let links = self.links.get_mut();
        self.now.changed_since(mark).for_each(|key| links.change(key));
        self.now.back_to(mark);
    }

    fn stop(&mut self) {
        self.now.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::Tracked;

    #[test]
    fn an_entry_is_kept_as_it_was_before_the_statement() {
        let mut map = Tracked::default();
        map.insert("a", 1);
        map.insert("b", 1);
        assert_eq!(map.take_before().into_iter().collect::<Vec<_>>(), [("a", None), ("b", None)]);
        if let Some(value) = map.get_mut(&"a") {
            *value = 2;
        }
        map.insert("a", 3);
        map.rekey(&"b", &"c");
        map.follow_all().for_each(|value| *value += 10);
        map.each_of(|value| *value == 11).for_each(|value| *value = 12);
        let before = map.take_before().into_iter().collect::<Vec<_>>();
        assert_eq!(before, [("a", Some(1)), ("b", Some(1)), ("c", None)]);
        assert_eq!((map.take_moved(), map.take_moved()), (vec![("b", "c")], Vec::new()));
        assert_eq!(map.into_inner().into_iter().collect::<Vec<_>>(), [("a", 13), ("c", 12)]);
    }
}
