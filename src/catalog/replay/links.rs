//! Who names whom: which relations and functions have to do with a relation, a type or a function.
//!
//! It all stands in the model. Whoever asks in the model itself has to look at all of it, for each statement again.

use std::collections::{BTreeMap, BTreeSet};

use super::state::without_modifier;
use super::types::Type;
use crate::catalog::{Function, Relation};
use crate::ident::QualifiedName;

/// What is named, and as what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    /// A table, by a partition or a child of it.
    Above(QualifiedName),
    /// A table, by the sequence of one of its columns.
    Owner(QualifiedName),
    /// A table, by a foreign key.
    Referenced(QualifiedName),
    /// A relation, by a view or a rule.
    Read(QualifiedName),
    /// A type, by what is of it. Those of the server are named by nobody.
    Type(String),
    /// A function, by a trigger.
    Called(QualifiedName),
}

impl Named {
    /// The type of a column or an argument, if it is not the server's.
    pub(super) fn of_type(text: &str) -> Option<Self> {
        // Those of the server have no schema.
        if !text.contains('.') {
            return None;
        }
        let text = without_modifier(text.strip_prefix("SETOF ").unwrap_or(text));
        Some(Self::Type(text.strip_suffix("[]").unwrap_or(&text).to_owned()))
    }
}

/// What can name something.
pub(super) trait Names {
    fn named(&self) -> BTreeSet<Named>;
}

impl Names for Relation {
    fn named(&self) -> BTreeSet<Named> {
        let above = self.partition_of.iter().map(|partition| &partition.parent).chain(&self.inherits);
        let owner = self.sequence.iter().filter_map(|sequence| Some(&sequence.owned_by.as_ref()?.0));
        let referenced = self.foreign_keys.values().map(|key| &key.references);
        let of_rules = self.rules.values().flat_map(|rule| &rule.uses);
        let read = self.view.iter().flat_map(|view| &view.reads).chain(of_rules);
        let types = self.columns.iter().filter_map(|column| Named::of_type(&column.data_type));
        let called = self.triggers.values().map(|trigger| &trigger.function);
        let above = above.cloned().map(Named::Above);
        let tables = above
            .chain(owner.cloned().map(Named::Owner))
            .chain(referenced.cloned().map(Named::Referenced))
            .chain(read.cloned().map(Named::Read));
        tables.chain(called.cloned().map(Named::Called)).chain(types).collect()
    }
}

impl Names for Function {
    fn named(&self) -> BTreeSet<Named> {
        let arguments = self.arguments.iter().map(|argument| argument.data_type.as_str());
        arguments.chain(self.returns.as_deref()).filter_map(Named::of_type).collect()
    }
}

impl Names for Type {
    fn named(&self) -> BTreeSet<Named> {
        match self {
            Self::Composite(attributes) => {
                attributes.iter().filter_map(|(_, data_type)| Named::of_type(data_type)).collect()
            }
            Self::Domain(base) => Named::of_type(base).into_iter().collect(),
            Self::Range(several) => BTreeSet::from([Named::Type(several.bare())]),
            Self::Enum | Self::Multirange | Self::Other => BTreeSet::new(),
        }
    }
}

/// By whom something is named.
#[derive(Clone, Debug)]
pub(super) struct Links<K> {
    by: BTreeMap<Named, BTreeSet<K>>,
    /// What each has named when it was last looked at.
    of: BTreeMap<K, BTreeSet<Named>>,
    /// Those that are to be looked at again.
    stale: BTreeSet<K>,
}

impl<K> Default for Links<K> {
    fn default() -> Self {
        Self { by: BTreeMap::new(), of: BTreeMap::new(), stale: BTreeSet::new() }
    }
}

impl<K: Ord + Clone> Links<K> {
    /// Says that one of those that name others has changed, has come or has gone.
    pub(super) fn change(&mut self, key: &K) {
        if !self.stale.contains(key) {
            self.stale.insert(key.clone());
        }
    }

    /// Looks again at those that have changed.
    pub(super) fn follow<V: Names>(&mut self, now: &BTreeMap<K, V>) {
        for key in std::mem::take(&mut self.stale) {
            let named = now.get(&key).map(Names::named).unwrap_or_default();
            let before = self.of.remove(&key).unwrap_or_default();
            for gone in before.difference(&named) {
                if let Some(by) = self.by.get_mut(gone) {
                    by.remove(&key);
                    if by.is_empty() {
                        self.by.remove(gone);
                    }
                }
            }
            for new in named.difference(&before) {
                self.by.entry(new.clone()).or_default().insert(key.clone());
            }
            if !named.is_empty() {
                self.of.insert(key, named);
            }
        }
    }

    /// Those that name it.
    pub(super) fn by(&self, named: &Named) -> Vec<K> {
        self.by.get(named).into_iter().flatten().cloned().collect()
    }

    /// How many name it.
    pub(super) fn count(&self, named: &Named) -> usize {
        self.by.get(named).map_or(0, BTreeSet::len)
    }
}
