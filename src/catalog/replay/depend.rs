//! What needs what, as far as expressions and queries say it; the rest shows in the model itself.

use std::collections::{BTreeMap, BTreeSet};

use super::undo::Undo;
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

    /// The relation that it is or stands with, or else its own name.
    fn home(&self) -> &QualifiedName {
        match self {
            Self::Relation(name) | Self::Column(name, _) | Self::Part(_, name, _) | Self::Type(name) => name,
            Self::Function(signature) => &signature.name,
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
    needs: Ties,
    users: Ties,
    /// The ties that have come and gone, the last one last, if somebody may go back.
    changes: Option<Vec<(Change, Object, Object)>>,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Tied,
    Cut,
}

/// Objects with others that they are tied to, by the relation that they stand with, or their own name.
#[derive(Clone, Debug, Default)]
struct Ties(BTreeMap<QualifiedName, BTreeMap<Object, BTreeSet<Object>>>);

impl Ties {
    fn of(&self, object: &Object) -> impl Iterator<Item = &Object> {
        self.0.get(object.home()).and_then(|at| at.get(object)).into_iter().flatten()
    }

    fn tie(&mut self, object: &Object, to: &Object) -> bool {
        let at = self.0.entry(object.home().clone()).or_default();
        at.entry(object.clone()).or_default().insert(to.clone())
    }

    fn cut(&mut self, object: &Object, from: &Object) {
        let Some(at) = self.0.get_mut(object.home()) else { return };
        if let Some(tied) = at.get_mut(object) {
            tied.remove(from);
            if tied.is_empty() {
                at.remove(object);
            }
        }
        if at.is_empty() {
            self.0.remove(object.home());
        }
    }
}

impl Uses {
    /// What an object needs from now on.
    pub(super) fn set(&mut self, who: &Object, needs: BTreeSet<Object>) {
        self.forget(who);
        self.add(who, needs);
    }

    /// Adds to what an object needs.
    pub(super) fn add(&mut self, who: &Object, needs: impl IntoIterator<Item = Object>) {
        for need in needs {
            self.tie(who, &need);
        }
    }

    pub(super) fn of(&self, who: &Object) -> impl Iterator<Item = &Object> {
        self.needs.of(who)
    }

    /// Forgets what an object needs.
    pub(super) fn forget(&mut self, who: &Object) {
        for need in self.of(who).cloned().collect::<Vec<_>>() {
            self.cut(who, &need);
        }
    }

    /// Whoever needs the object.
    pub(super) fn users(&self, of: &Object) -> impl Iterator<Item = &Object> {
        self.users.of(of)
    }

    /// Follows the new name of an object.
    pub(super) fn rename(&mut self, from: &Object, to: &Object) {
        for user in self.users(from).cloned().collect::<Vec<_>>() {
            self.cut(&user, from);
            self.tie(&user, to);
        }
        let needs: BTreeSet<Object> = self.of(from).cloned().collect();
        self.forget(from);
        self.add(to, needs);
    }

    /// Follows the new name of a relation or type, and of all that stands with it.
    pub(super) fn rename_relation(&mut self, from: &QualifiedName, to: &QualifiedName) {
        let pairs = |ties: &Ties| {
            let tied = ties.0.get(from).into_iter().flatten();
            let pairs = tied.flat_map(|(object, others)| others.iter().map(move |other| (object, other)));
            pairs.map(|(object, other)| (object.clone(), other.clone())).collect::<Vec<_>>()
        };
        let mut ties: BTreeSet<(Object, Object)> = pairs(&self.needs).into_iter().collect();
        ties.extend(pairs(&self.users).into_iter().map(|(need, user)| (user, need)));
        for (who, need) in &ties {
            self.cut(who, need);
        }
        for (who, need) in ties {
            self.tie(&who.moved(from, to), &need.moved(from, to));
        }
    }

    fn tie(&mut self, who: &Object, need: &Object) {
        self.users.tie(need, who);
        if self.needs.tie(who, need)
            && let Some(changes) = &mut self.changes
        {
            changes.push((Change::Tied, who.clone(), need.clone()));
        }
    }

    fn cut(&mut self, who: &Object, need: &Object) {
        self.users.cut(need, who);
        self.needs.cut(who, need);
        if let Some(changes) = &mut self.changes {
            changes.push((Change::Cut, who.clone(), need.clone()));
        }
    }
}

impl Undo for Uses {
    fn mark(&mut self) -> usize {
        self.changes.get_or_insert_default().len()
    }

    fn back_to(&mut self, mark: usize) {
        let Some(mut changes) = self.changes.take() else { return };
        for (change, who, need) in changes.drain(mark..).rev() {
            match change {
                Change::Tied => self.cut(&who, &need),
                Change::Cut => self.tie(&who, &need),
            }
        }
        self.changes = Some(changes);
    }

    fn stop(&mut self) {
        self.changes = None;
    }
}
