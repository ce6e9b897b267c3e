//! Maps that can go back to what they were, at the cost of what has changed since.

use std::collections::BTreeMap;
use std::ops::Deref;

/// What can go back to what it was.
pub(super) trait Undo {
    /// A place to go back to. From now on it is written down what changes.
    fn mark(&mut self) -> usize;

    /// Goes back.
    fn back_to(&mut self, mark: usize);

    /// Nobody goes back any more.
    fn stop(&mut self);
}

/// A map that can go back.
#[derive(Clone, Debug)]
pub(super) struct Undoable<K, V> {
    now: BTreeMap<K, V>,
    /// Entries as they were before they were changed, the last change last, if somebody may go back.
    before: Option<Vec<(K, Option<V>)>>,
}

impl<K, V> Default for Undoable<K, V> {
    fn default() -> Self {
        Self { now: BTreeMap::new(), before: None }
    }
}

impl<K, V> Deref for Undoable<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &BTreeMap<K, V> {
        &self.now
    }
}

impl<K: Ord + Clone, V: Clone> Undoable<K, V> {
    pub(super) fn of(now: BTreeMap<K, V>) -> Self {
        Self { now, before: None }
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
        }
    }

    /// All values, to change any of them.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        if let Some(before) = &mut self.before {
            before.extend(self.now.iter().map(|(key, value)| (key.clone(), Some(value.clone()))));
        }
        self.now.values_mut()
    }

    pub(super) fn into_inner(self) -> BTreeMap<K, V> {
        self.now
    }

    fn keep(&mut self, key: &K) {
        if let Some(before) = &mut self.before {
            before.push((key.clone(), self.now.get(key).cloned()));
        }
    }

    /// The keys of what has changed since.
    pub(super) fn changed_since(&self, mark: usize) -> impl Iterator<Item = &K> {
        self.before.iter().flatten().skip(mark).map(|(key, _)| key)
    }
}

impl<K: Ord + Clone, V: Clone> Undo for Undoable<K, V> {
    fn mark(&mut self) -> usize {
        self.before.get_or_insert_default().len()
    }

    fn back_to(&mut self, mark: usize) {
        let Some(before) = &mut self.before else { return };
        for (key, value) in before.drain(mark..).rev() {
            match value {
                Some(value) => drop(self.now.insert(key, value)),
                None => drop(self.now.remove(&key)),
            }
        }
    }

    fn stop(&mut self) {
        self.before = None;
    }
}

#[cfg(test)]
mod tests {
    use super::{Undo, Undoable};

    #[test]
    fn a_map_goes_back_to_what_it_was() {
        let mut map = Undoable::default();
        map.insert("a", 1);
        let outer = map.mark();
        map.insert("b", 2);
        map.values_mut().for_each(|value| *value += 10);
        let inner = map.mark();
        map.rekey(&"a", &"c");
        if let Some(value) = map.get_mut(&"b") {
            *value = 3;
        }
        assert_eq!(map.iter().collect::<Vec<_>>(), [(&"b", &3), (&"c", &11)]);
        map.back_to(inner);
        assert_eq!(map.iter().collect::<Vec<_>>(), [(&"a", &11), (&"b", &12)]);
        map.back_to(outer);
        assert_eq!(map.iter().collect::<Vec<_>>(), [(&"a", &1)]);
        map.stop();
        map.remove(&"a");
        assert_eq!(map.changed_since(0).count(), 0);
        assert!(map.into_inner().is_empty());
    }
}
