//! Which statement each object of the model comes from.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Before, changed};
use super::model::Model;
use crate::catalog::{Membership, Object};
use crate::ident::QualifiedName;

/// The last statement that made each object what it is, by its place among all.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    of: BTreeMap<Object, usize>,
    roles: Small,
}

/// Parts of the model that hardly ever hold much, as they were when last looked at.
#[derive(Clone, Debug, Default)]
struct Small(BTreeMap<Object, String>);

impl Origins {
    /// Those of a model that is there before the first statement, from which it does not come.
    pub(super) fn on(model: &Model) -> Self {
        Self { roles: Small(small(model)), ..Self::default() }
    }

    /// The statement that an object comes from, or its relation if the object itself comes from none.
    #[must_use]
    pub fn of(&self, object: &Object) -> Option<usize> {
        let relation = || self.of.get(&Object::Relation(object.relation()?.clone()));
        self.of.get(object).or_else(relation).copied()
    }

    /// Keeps in mind what a statement has changed.
    pub(super) fn add(&mut self, before: &Before, model: &Model, statement: usize) {
        if let Some((from, to)) = before.renamed() {
            self.rename(from, to);
        }
        for (name, before) in &before.relations {
            let Some(now) = model.relations.get(name) else { continue };
            for object in changed(name, before.as_ref(), now) {
                self.of.insert(object, statement);
            }
        }
        for (signature, before) in &before.functions {
            if model.functions.get(signature) != before.as_ref() {
                self.of.insert(Object::Function(signature.clone()), statement);
            }
        }
    }

    /// The same of roles and their like, after a statement that may have changed some.
    pub(super) fn add_roles(&mut self, model: &Model, statement: usize) {
        let now = small(model);
        for (object, value) in &now {
            if self.roles.0.get(object) != Some(value) {
                self.of.insert(object.clone(), statement);
            }
        }
        self.roles = Small(now);
    }

    fn rename(&mut self, from: &QualifiedName, to: &QualifiedName) {
        let of_it: BTreeSet<Object> =
            self.of.keys().filter(|object| object.relation() == Some(from)).cloned().collect();
        for object in of_it {
            if let Some(statement) = self.of.remove(&object) {
                self.of.insert(moved(object, to), statement);
            }
        }
    }
}

fn moved(object: Object, to: &QualifiedName) -> Object {
    match object {
        Object::Relation(_) => Object::Relation(to.clone()),
        Object::RowSecurity(_) => Object::RowSecurity(to.clone()),
        Object::Part(part, _, name) => Object::Part(part, to.clone(), name),
        Object::Grant(_, grantee, privilege) => Object::Grant(to.clone(), grantee, privilege),
        other => other,
    }
}

fn small(model: &Model) -> BTreeMap<Object, String> {
    let mut found = BTreeMap::new();
    let mut add = |object, value: String| {
        let all: &mut String = found.entry(object).or_default();
        all.push_str(&value);
    };
    for (name, schema) in &model.schemas {
        add(Object::Schema(name.clone()), format!("{schema:?}"));
    }
    for (name, known) in &model.types {
        add(Object::Type(name.clone()), format!("{known:?}"));
    }
    for (name, role) in &model.roles {
        add(Object::Role(name.clone()), format!("{role:?}"));
    }
    for membership in &model.memberships {
        let Membership { member, role, .. } = membership;
        add(Object::Membership(member.clone(), role.clone()), format!("{membership:?}"));
    }
    for setting in &model.settings {
        add(Object::Setting(setting.role.clone(), setting.name.clone()), format!("{setting:?}"));
    }
    for privileges in &model.default_privileges {
        add(Object::DefaultPrivileges(privileges.role.clone()), format!("{privileges:?}"));
    }
    for (name, publication) in &model.publications {
        add(Object::Publication(name.clone()), format!("{publication:?}"));
    }
    found
}
