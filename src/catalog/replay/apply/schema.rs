//! Schemas.

use std::collections::BTreeSet;

use super::super::depend::Object;
use super::super::parse::object::CreateSchema;
use super::super::state::{Followed, State};
use super::super::statement::Change;
use crate::catalog::{ObjectKind, Schema};
use crate::ident::{Ident, QualifiedName};

impl State {
    pub(super) fn create_schema(&mut self, made: &CreateSchema) -> Followed<()> {
        let owner = match &made.owner {
            Some(owner) => self.role_named(owner)?,
            None => self.role(),
        };
        let name = made.name.clone().unwrap_or_else(|| owner.clone());
        if self.catalog.schemas.contains_key(&name) {
            return if made.if_not_exists {
                Ok(())
            } else {
                Err(format!("the schema {name} is already there"))
            };
        }
        let grants = self.defaults.of(&owner, None, ObjectKind::Schema);
        let schema = Schema { owner: owner.clone(), grants, extension: None };
        self.catalog.schemas.insert(name.clone(), schema);
        // What is in it is made by its owner, in it.
        let before = self.session.now.clone();
        self.session.now.role = owner;
        self.session.now.path.insert(0, name);
        for text in &made.elements {
            let tokens = crate::lex::tokens(text);
            let applied = super::super::parse::statement(super::super::cursor::Cursor::new(text, &tokens))
                .and_then(|statement| self.apply(&statement));
            if let Err(why) = applied {
                self.note(why);
            }
        }
        self.session.now = before;
        Ok(())
    }

    pub(super) fn alter_schema(&mut self, name: &Ident, change: &Change) -> Followed<()> {
        self.assume_schema(name);
        match change {
            Change::Owner(owner) => {
                let owner = self.role_named(owner)?;
                if let Some(schema) = self.catalog.schemas.get_mut(name) {
                    super::owner::regrant(&mut schema.grants, &owner);
                    schema.owner = owner;
                }
                Ok(())
            }
            Change::Rename(to) => self.rename_schema(name, to),
            Change::Schema(_) => Err("a schema is in no other".to_owned()),
        }
    }

    fn rename_schema(&mut self, from: &Ident, to: &Ident) -> Followed<()> {
        if self.catalog.schemas.contains_key(to) {
            return Err(format!("the schema {to} is already there"));
        }
        if let Some(schema) = self.catalog.schemas.remove(from) {
            self.catalog.schemas.insert(to.clone(), schema);
        }
        let moved = |name: &QualifiedName| QualifiedName::new(to.clone(), name.name().clone());
        let inside = |name: &&QualifiedName| name.schema() == from;
        let types: BTreeSet<QualifiedName> =
            self.types.keys().chain(self.catalog.types.keys()).filter(inside).cloned().collect();
        for name in types {
            self.move_type(&name, &moved(&name));
        }
        let functions = self.catalog.functions.keys().filter(|signature| signature.name.schema() == from);
        for signature in functions.cloned().collect::<Vec<_>>() {
            self.move_function(&signature, &moved(&signature.name))?;
        }
        for name in self.catalog.relations.keys().filter(inside).cloned().collect::<Vec<_>>() {
            self.move_relation(&name, &moved(&name))?;
        }
        for extension in self.catalog.extensions.values_mut() {
            if extension.schema == *from {
                extension.schema = to.clone();
            }
        }
        for publication in self.catalog.publications.follow_all() {
            if publication.schemas.remove(from) {
                publication.schemas.insert(to.clone());
            }
        }
        self.defaults.change_schema(from, Some(to));
        self.catalog.default_privileges = self.defaults.entries();
        Ok(())
    }

    pub(super) fn drop_schemas(&mut self, names: &[Ident], if_exists: bool, cascade: bool) -> Followed<()> {
        for name in names {
            if !self.catalog.schemas.contains_key(name) {
                let unknown = format!("the schema {name} is not known");
                if !if_exists {
                    return Err(unknown);
                }
                continue;
            }
            let mut inside: Vec<Object> = Vec::new();
            let relations = self.catalog.relations.keys().filter(|relation| relation.schema() == name);
            inside.extend(relations.cloned().map(Object::Relation));
            let functions = self.catalog.functions.keys().filter(|signature| signature.name.schema() == name);
            inside.extend(functions.cloned().map(Object::Function));
            let types = self.types.keys().chain(self.catalog.types.keys());
            inside.extend(types.filter(|known| known.schema() == name).cloned().map(Object::Type));
            if !cascade && !inside.is_empty() {
                return Err(format!("the schema {name} is not empty, and CASCADE is not said"));
            }
            self.drop_objects(inside, true)?;
            self.catalog.schemas.remove(name);
            self.catalog.extensions.retain(|_, extension| extension.schema != *name);
            for publication in self.catalog.publications.each_of(|of| of.schemas.contains(name)) {
                publication.schemas.remove(name);
            }
            self.defaults.change_schema(name, None);
            self.catalog.default_privileges = self.defaults.entries();
        }
        Ok(())
    }
}
