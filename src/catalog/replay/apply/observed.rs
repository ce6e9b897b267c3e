//! What a server says that has run the files, where the replay says something else.

use std::collections::{BTreeMap, BTreeSet};

use super::super::defaults::Defaults;
use super::super::depend::Object;
use super::super::state::{IndexOf, State, is_temporary};
use super::super::tracked::Tracked;
use super::super::types::Type;
use super::index::column_names;
use super::remove::constraint_names;
use crate::catalog::{Catalog, Function, Relation, TypeKind};
use crate::ident::{Ident, QualifiedName};

impl State {
    /// Takes on what a server's catalogs say, on which the files have been run. What was there before the first of them, and
    /// is still as it was, they know nothing of.
    pub(in crate::catalog::replay) fn take_on(&mut self, now: &Catalog, before: &Catalog) {
        for name in gone(&self.catalog.relations, &now.relations, |name| name) {
            self.remove(&Object::Relation(name));
        }
        for (name, relation) in &now.relations {
            let known = self.catalog.relations.get(name);
            let is_assumed =
                self.is_still_assumed(&relation.owner, known.map(|of| (&of.owner, of.owner_is_assumed)));
            let relation = Relation { owner_is_assumed: is_assumed, ..relation.clone() };
            if known != Some(&relation) {
                self.put_relation(name, &relation);
            }
        }
        for signature in gone(&self.catalog.functions, &now.functions, |signature| &signature.name) {
            self.remove(&Object::Function(signature));
        }
        for (signature, function) in &now.functions {
            let known = self.catalog.functions.get(signature);
            let is_assumed =
                self.is_still_assumed(&function.owner, known.map(|of| (&of.owner, of.owner_is_assumed)));
            let function = Function { owner_is_assumed: is_assumed, ..function.clone() };
            if !known.is_some_and(|known| is_same(known, &function)) {
                self.catalog.functions.insert(signature.clone(), function);
            }
        }
        for name in gone(&self.catalog.types, &now.types, |name| name) {
            self.remove(&Object::Type(name));
        }
        for (name, made) in &now.types {
            if self.catalog.types.get(name) != Some(made) {
                self.catalog.types.insert(name.clone(), made.clone());
            }
            if self.types.get(name).is_none() {
                let known = if made.kind == TypeKind::Enum { Type::Enum } else { Type::Other };
                self.types.insert(name.clone(), known);
            }
        }
        take(&mut self.catalog.schemas, &now.schemas, &before.schemas);
        take(&mut self.catalog.publications, &now.publications, &before.publications);
        // The role that runs the files is made a superuser for that, which says nothing of it.
        let (runner, mut roles) = (self.session.start().user.clone(), now.roles.clone());
        if before.roles.contains_key(&runner) {
            roles.remove(&runner);
            roles.extend(self.catalog.roles.get(&runner).map(|role| (runner, role.clone())));
        }
        take(&mut self.catalog.roles, &roles, &before.roles);
        take_set(&mut self.catalog.memberships, &now.memberships, &before.memberships);
        take_set(&mut self.catalog.settings, &now.settings, &before.settings);
        self.catalog.server_grants = now.server_grants.difference(&before.server_grants).cloned().collect();
        self.catalog.extensions.clone_from(&now.extensions);
        let entries = now.default_privileges.difference(&before.default_privileges).cloned().collect();
        if self.catalog.default_privileges != entries {
            self.defaults = Defaults::default();
            self.defaults.take(&entries);
            self.catalog.default_privileges = entries;
        }
    }

    /// Whether an owner is the one that is only assumed. The server's catalogs say who made a thing, and not who else might.
    fn is_still_assumed(&self, owner: &Ident, known: Option<(&Ident, bool)>) -> bool {
        let start = self.session.start();
        match known {
            Some((before, is_assumed)) if before == owner => is_assumed,
            _ => start.assumed.role && start.user == *owner,
        }
    }

    fn put_relation(&mut self, name: &QualifiedName, relation: &Relation) {
        let full = |own: &Ident| QualifiedName::new(name.schema().clone(), own.clone());
        if let Some(known) = self.catalog.relations.get(name).cloned() {
            for index in known.indexes.keys().filter(|index| !relation.indexes.contains_key(index)) {
                self.indexes.remove(&full(index));
                self.parts.remove(&full(index));
            }
            for constraint in constraint_names(&known) {
                self.constraints.remove(&full(constraint));
            }
        }
        for (index, of) in &relation.indexes {
            let columns = column_names(of);
            if !self.indexes.contains_key(&full(index)) {
                self.indexes.insert(full(index), IndexOf { table: name.clone(), columns });
            }
        }
        for constraint in constraint_names(relation) {
            self.constraints.insert(full(constraint));
        }
        self.has_children |= relation.partition_of.is_some() || !relation.inherits.is_empty();
        self.catalog.relations.insert(name.clone(), relation.clone());
    }
}

/// What is known and not there any more. Temporary objects are in no catalog that is read.
fn gone<K: Ord + Clone, A, B>(
    known: &Tracked<K, A>,
    now: &BTreeMap<K, B>,
    name: impl Fn(&K) -> &QualifiedName,
) -> Vec<K> {
    known.keys().filter(|key| !is_temporary(name(key)) && !now.contains_key(key)).cloned().collect()
}

/// Makes a map what the server says, apart from what was there before the files and is as it was: that stays as it is known.
fn take<K: Ord + Clone, V: Clone + PartialEq>(
    known: &mut Tracked<K, V>,
    now: &BTreeMap<K, V>,
    before: &BTreeMap<K, V>,
) {
    let gone: Vec<K> = known.keys().filter(|key| !now.contains_key(key)).cloned().collect();
    for key in gone {
        known.remove(&key);
    }
    for (key, value) in now {
        if before.get(key) != Some(value) && known.get(key) != Some(value) {
            known.insert(key.clone(), value.clone());
        }
    }
}

/// The same of a set.
fn take_set<T: Ord + Clone>(known: &mut Tracked<T, ()>, now: &BTreeSet<T>, before: &BTreeSet<T>) {
    let gone: Vec<T> = known.keys().filter(|one| !now.contains(one)).cloned().collect();
    for one in gone {
        known.remove(&one);
    }
    for one in now.difference(before) {
        if !known.contains_key(one) {
            known.insert(one.clone(), ());
        }
    }
}

/// Whether a function is the same, but for how the server writes a body in standard SQL.
fn is_same(known: &Function, now: &Function) -> bool {
    let standard = |of: &Function| of.body.starts_with("BEGIN ATOMIC") || of.body.starts_with("RETURN");
    if known.language == "sql" && standard(known) && standard(now) {
        let body = known.body.clone();
        return *known == Function { body, ..now.clone() };
    }
    known == now
}
