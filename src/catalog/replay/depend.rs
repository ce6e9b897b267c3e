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

/// What each object needs, and who needs it.
#[derive(Clone, Debug, Default)]
pub(super) struct Uses {
    needs: BTreeMap<Object, BTreeSet<Object>>,
    users: BTreeMap<Object, BTreeSet<Object>>,
}

impl Uses {
    /// What an object needs from now on.
    pub(super) fn set(&mut self, who: Object, needs: BTreeSet<Object>) {
        self.forget(&who);
        self.add(who, needs);
    }

    /// Adds to what an object needs.
    pub(super) fn add(&mut self, who: Object, needs: impl IntoIterator<Item = Object>) {
        for need in needs {
            self.users.entry(need.clone()).or_default().insert(who.clone());
            self.needs.entry(who.clone()).or_default().insert(need);
        }
    }

    pub(super) fn of(&self, who: &Object) -> impl Iterator<Item = &Object> {
        self.needs.get(who).into_iter().flatten()
    }

    /// Forgets what an object needs.
    pub(super) fn forget(&mut self, who: &Object) {
        for need in self.needs.remove(who).into_iter().flatten() {
            if let Some(users) = self.users.get_mut(&need) {
                users.remove(who);
                if users.is_empty() {
                    self.users.remove(&need);
                }
            }
        }
    }

    /// Whoever needs the object.
    pub(super) fn users(&self, of: &Object) -> impl Iterator<Item = &Object> {
        self.users.get(of).into_iter().flatten()
    }

    /// Follows the new name of an object.
    pub(super) fn rename(&mut self, from: &Object, to: &Object) {
        let users: Vec<Object> = self.users(from).cloned().collect();
        for user in users {
            let needs: BTreeSet<Object> = self.of(&user).cloned().collect();
            let renamed = |need: Object| if need == *from { to.clone() } else { need };
            self.set(user, needs.into_iter().map(renamed).collect());
        }
        let needs: BTreeSet<Object> = self.of(from).cloned().collect();
        self.forget(from);
        self.add(to.clone(), needs);
    }

    /// Follows the new name of a relation or type, and of all that stands with it.
    pub(super) fn rename_relation(&mut self, from: &QualifiedName, to: &QualifiedName) {
        let moved =
            |objects: BTreeSet<Object>| objects.into_iter().map(|object| object.moved(from, to)).collect();
        for map in [&mut self.needs, &mut self.users] {
            let old = std::mem::take(map);
            *map = old.into_iter().map(|(object, others)| (object.moved(from, to), moved(others))).collect();
        }
    }
}
