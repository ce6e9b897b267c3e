//! Which statement each object of the model comes from.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Before, changed};
use super::model::Model;
use crate::catalog::{DefaultPrivileges, Object};
use crate::ident::QualifiedName;

/// The last statement that made each object what it is, by its place among all.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// Those of relations and of what stands with them, by the relation.
    relations: BTreeMap<QualifiedName, OfRelation>,
    others: BTreeMap<Object, usize>,
    /// The default privileges as they were when last looked at.
    defaults: BTreeSet<DefaultPrivileges>,
}

/// The statement that made a relation, and those that made it and what stands with it what they are.
#[derive(Clone, Debug, Default)]
struct OfRelation {
    made: Option<usize>,
    objects: BTreeMap<Object, usize>,
}

impl Origins {
    /// Those of a model that is there before the first statement, from which it does not come.
    pub(super) fn on(model: &Model) -> Self {
        Self { defaults: model.default_privileges.clone(), ..Self::default() }
    }

    /// The statement that an object comes from, or the one that made its relation if the object itself comes from none.
    #[must_use]
    pub fn of(&self, object: &Object) -> Option<usize> {
        let Some(relation) = object.relation() else { return self.others.get(object).copied() };
        let of_it = self.relations.get(relation)?;
        of_it.objects.get(object).copied().or(of_it.made)
    }

    /// Keeps in mind what a statement has changed.
    pub(super) fn add(&mut self, before: &Before, model: &Model, statement: usize) {
        for (from, to) in &before.renamed {
            self.rename(from, to, statement);
        }
        for name in before.relations.keys() {
            let Some(now) = model.relations.get(name) else {
                self.relations.remove(name);
                continue;
            };
            let before = before.relation(name);
            let changed = changed(name, before, now);
            if !changed.is_empty() {
                let of_it = self.relations.entry(name.clone()).or_default();
                if before.is_none() {
                    of_it.made = Some(statement);
                }
                of_it.objects.extend(changed.into_iter().map(|object| (object, statement)));
            }
        }
        let mut differs = |object: Object, differs: bool| {
            if differs {
                self.others.insert(object, statement);
            }
        };
        for (signature, before) in &before.functions {
            differs(Object::Function(signature.clone()), model.functions.get(signature) != before.as_ref());
        }
        for (name, before) in &before.types {
            differs(Object::Type(name.clone()), model.types.get(name) != before.as_ref());
        }
        for (name, before) in &before.schemas {
            differs(Object::Schema(name.clone()), model.schemas.get(name) != before.as_ref());
        }
        for (name, before) in &before.roles {
            differs(Object::Role(name.clone()), model.roles.get(name) != before.as_ref());
        }
        for (known, before) in &before.memberships {
            let object = Object::Membership(known.member.clone(), known.role.clone());
            differs(object, model.memberships.contains_key(known) != before.is_some());
        }
        for (setting, before) in &before.settings {
            let object = Object::Setting(setting.role.clone(), setting.name.clone());
            differs(object, model.settings.contains_key(setting) != before.is_some());
        }
        for (name, before) in &before.publications {
            differs(Object::Publication(name.clone()), model.publications.get(name) != before.as_ref());
        }
    }

    /// Says of what is not known yet which statement has made it what it is; of the rest that is known. What a statement has
    /// changed says which it was, by the relation if it is one.
    pub(super) fn add_unknown(
        &mut self,
        changes: &Before,
        model: &Model,
        by: impl Fn(Option<&QualifiedName>) -> usize,
    ) {
        for (name, before) in &changes.relations {
            let Some(now) = model.relations.get(name) else {
                self.relations.remove(name);
                continue;
            };
            let of_it = self.relations.entry(name.clone()).or_default();
            let statement = by(Some(name));
            of_it.made.get_or_insert(statement);
            for object in changed(name, before.as_ref(), now) {
                let is_switch = matches!(object, Object::RowSecurity(_));
                if is_switch {
                    of_it.objects.insert(object, statement);
                } else {
                    of_it.objects.entry(object).or_insert(statement);
                }
            }
        }
        let functions = changes.functions.keys().filter(|name| model.functions.contains_key(name));
        let types = changes.types.keys().filter(|name| model.types.contains_key(name));
        let schemas = changes.schemas.keys().filter(|name| model.schemas.contains_key(name));
        let roles = changes.roles.keys().filter(|name| model.roles.contains_key(name));
        let memberships = changes.memberships.keys().filter(|of| model.memberships.contains_key(of));
        let settings = changes.settings.keys().filter(|of| model.settings.contains_key(of));
        let publications = changes.publications.keys().filter(|name| model.publications.contains_key(name));
        let objects = functions
            .map(|signature| Object::Function(signature.clone()))
            .chain(types.map(|name| Object::Type(name.clone())))
            .chain(schemas.map(|name| Object::Schema(name.clone())))
            .chain(roles.map(|name| Object::Role(name.clone())))
            .chain(memberships.map(|of| Object::Membership(of.member.clone(), of.role.clone())))
            .chain(settings.map(|of| Object::Setting(of.role.clone(), of.name.clone())))
            .chain(publications.map(|name| Object::Publication(name.clone())));
        for object in objects {
            self.others.entry(object).or_insert_with(|| by(None));
        }
        for entry in model.default_privileges.difference(&self.defaults) {
            self.others.entry(Object::DefaultPrivileges(entry.role.clone())).or_insert_with(|| by(None));
        }
        self.defaults.clone_from(&model.default_privileges);
    }

    /// The same of default privileges, after a statement that may have changed some.
    pub(super) fn add_defaults(&mut self, model: &Model, statement: usize) {
        let now = &model.default_privileges;
        for changed in now.symmetric_difference(&self.defaults) {
            self.others.insert(Object::DefaultPrivileges(changed.role.clone()), statement);
        }
        self.defaults.clone_from(now);
    }

    /// Follows the new name of a relation. What was there before the first statement is known by the statement that names it
    /// anew.
    fn rename(&mut self, from: &QualifiedName, to: &QualifiedName, statement: usize) {
        let OfRelation { made, objects } = self.relations.remove(from).unwrap_or_default();
        let objects = objects.into_iter().map(|(object, statement)| (moved(object, to), statement));
        let followed = OfRelation { made: made.or(Some(statement)), objects: objects.collect() };
        self.relations.insert(to.clone(), followed);
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
