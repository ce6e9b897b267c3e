//! In tests, names count how often they are held against one another and copied: whoever looks at all of them for the sake of one
//! shows in it, on any machine and at any time of the day. What is looked up in an ordered map is not counted, for that is what whoever
//! does not look at all of them does instead.

use std::cell::Cell;

use super::Ident;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// How often this thread has held a name against another one, or copied it.
pub(crate) fn count() -> u64 {
    COUNT.with(Cell::get)
}

/// Counts what another thread has done for this one.
pub(crate) fn add(names: u64) {
    COUNT.with(|count| count.set(count.get() + names));
}

fn once_more() {
    add(1);
}

impl Clone for Ident {
    fn clone(&self) -> Self {
        once_more();
        Self(self.0.clone())
    }
}

impl PartialEq for Ident {
    fn eq(&self, other: &Self) -> bool {
        once_more();
        self.0 == other.0
    }
}

impl Eq for Ident {}

impl std::hash::Hash for Ident {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
