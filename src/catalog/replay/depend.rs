//! What needs what, as far as expressions and queries say it; the rest shows in the model itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Signature;
use crate::ident::{Ident, QualifiedName};

/// Something that others need, or that needs others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Object {
    Relation(QualifiedName),
    Column(QualifiedName, Ident),
    Part(Part, QualifiedName, Ident),
    Function(Signature),
    Type(QualifiedName),
}

/// What stands with a relation under a name of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// A column's default, or the expression that it is computed by.
    Default,
    Check,
    ForeignKey,
    Index,
    Policy,
    Trigger,
    Rule,
}

impl Object {
    /// The relation that it is or stands with.
    pub(super) fn relation(&self) -> Option<&QualifiedName> {
        match self {
            Self::Relation(name) | Self::Column(name, _) | Self::Part(_, name, _) => Some(name),
            Self::Function(_) | Self::Type(_) => None,
        }
    }

    /// The same under the new name of its relation.
    fn moved(self, from: &QualifiedName, to: &QualifiedName) -> Self {
        match self {
            Self::Relation(name) if name == *from => Self::Relation(to.clone()),
            Self::Column(name, column) if name == *from => Self::Column(to.clone(), column),
            Self::Part(part, name, own) if name == *from => Self::Part(part, to.clone(), own),
            Self::Type(name) if name == *from => Self::Type(to.clone()),
            other => other,
        }
    }
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Relation(name) => name.fmt(f),
            Self::Column(table, name) => write!(f, "the column {name} of {table}"),
            Self::Part(part, table, name) => {
                let part = match part {
                    Part::Default => "default of the column",
                    Part::Check => "check",
                    Part::ForeignKey => "foreign key",
                    Part::Index => "index",
                    Part::Policy => "policy",
                    Part::Trigger => "trigger",
                    Part::Rule => "rule",
                };
                write!(f, "the {part} {name} of {table}")
            }
            Self::Function(signature) => {
                write!(f, "the function {}({})", signature.name, signature.arguments.join(", "))
            }
            Self::Type(name) => write!(f, "the type {name}"),
        }
    }
}

/// What each object needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Uses(BTreeMap<Object, BTreeSet<Object>>);

impl Uses {
    /// What an object needs from now on.
    pub(super) fn set(&mut self, who: Object, needs: BTreeSet<Object>) {
        if needs.is_empty() {
            self.0.remove(&who);
        } else {
            self.0.insert(who, needs);
        }
    }

    /// Adds to what an object needs.
    pub(super) fn add(&mut self, who: Object, needs: impl IntoIterator<Item = Object>) {
        self.0.entry(who).or_default().extend(needs);
    }

    pub(super) fn of(&self, who: &Object) -> impl Iterator<Item = &Object> {
        self.0.get(who).into_iter().flatten()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Object, &BTreeSet<Object>)> {
        self.0.iter()
    }

    pub(super) fn forget(&mut self, who: &Object) {
        self.0.remove(who);
    }

    /// Forgets all that stands with a relation.
    pub(super) fn forget_relation(&mut self, name: &QualifiedName) {
        self.0.retain(|who, _| who.relation() != Some(name));
    }

    /// Whoever needs the object.
    pub(super) fn users(&self, of: &Object) -> Vec<Object> {
        self.0.iter().filter(|(_, needs)| needs.contains(of)).map(|(who, _)| who.clone()).collect()
    }

    /// Follows the new name of an object.
    pub(super) fn rename(&mut self, from: &Object, to: &Object) {
        self.change(|object| if object == *from { to.clone() } else { object });
    }

    /// Follows the new name of a relation or type, and of all that stands with it.
    pub(super) fn rename_relation(&mut self, from: &QualifiedName, to: &QualifiedName) {
        self.change(|object| object.moved(from, to));
    }

    fn change(&mut self, change: impl Fn(Object) -> Object) {
        let old = std::mem::take(&mut self.0);
        let changed = |needs: BTreeSet<Object>| needs.into_iter().map(&change).collect();
        self.0 = old.into_iter().map(|(who, needs)| (change(who), changed(needs))).collect();
    }
}
