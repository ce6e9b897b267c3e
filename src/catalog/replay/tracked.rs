//! A map that remembers what a statement has changed in it.

use std::collections::BTreeMap;
use std::ops::Deref;

/// A map, and each entry as it was before the statement that is being applied.
#[derive(Clone, Debug)]
pub(super) struct Tracked<K, V> {
    now: BTreeMap<K, V>,
    before: BTreeMap<K, Option<V>>,
    /// The entries that the statement has given another key, in order.
    moved: Vec<(K, K)>,
}

impl<K, V> Default for Tracked<K, V> {
    fn default() -> Self {
        Self { now: BTreeMap::new(), before: BTreeMap::new(), moved: Vec::new() }
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
        Self { now, before: BTreeMap::new(), moved: Vec::new() }
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

    /// All values, to follow the new name of something that they refer to. That is no change of theirs.
    pub(super) fn follow(&mut self) -> impl Iterator<Item = &mut V> {
        self.now.values_mut()
    }

    /// The values of which something holds, to change them.
    pub(super) fn each_of(&mut self, holds: impl Fn(&V) -> bool) -> impl Iterator<Item = &mut V> {
        let before = &mut self.before;
        self.now.iter_mut().filter(move |(_, value)| holds(value)).map(|(key, value)| {
            before.entry(key.clone()).or_insert_with(|| Some(value.clone()));
            value
        })
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
        self.now
    }

    fn keep(&mut self, key: &K) {
        let now = &self.now;
        self.before.entry(key.clone()).or_insert_with(|| now.get(key).cloned());
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
        map.follow().for_each(|value| *value += 10);
        map.each_of(|value| *value == 11).for_each(|value| *value = 12);
        let before = map.take_before().into_iter().collect::<Vec<_>>();
        assert_eq!(before, [("a", Some(1)), ("b", Some(1)), ("c", None)]);
        assert_eq!((map.take_moved(), map.take_moved()), (vec![("b", "c")], Vec::new()));
        assert_eq!(map.into_inner().into_iter().collect::<Vec<_>>(), [("a", 13), ("c", 12)]);
    }
}
