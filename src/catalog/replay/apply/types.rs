//! Types and domains.

use super::super::cursor::Name;
use super::super::opclass::TypeKind;
use super::super::parse::object::TypeDef;
use super::super::state::{Followed, State};
use super::super::statement::{AlterType, AttributeChange, Change};
use super::super::types::Type;
use crate::ident::QualifiedName;

impl State {
    pub(super) fn create_type(&mut self, name: &Name, made: &TypeDef) -> Followed<()> {
        let name = self.to_make(name, false)?;
        let known = match made {
            TypeDef::Enum => Type::Enum,
            TypeDef::Other => Type::Other,
            TypeDef::Domain(base) => Type::Domain(self.type_text(base)?),
            TypeDef::Composite(attributes) => {
                let mut found = Vec::new();
                for (attribute, data_type) in attributes {
                    found.push((attribute.clone(), self.type_text(data_type)?));
                }
                Type::Composite(found)
            }
        };
        // A type of which only the name was known is defined later.
        if self.types.get(&name).is_some_and(|known| *known != Type::Other) {
            return Err(format!("the type {name} is already there"));
        }
        self.types.insert(name, known);
        Ok(())
    }

    pub(super) fn alter_type(&mut self, name: &Name, change: &AlterType) -> Followed<()> {
        let found = self.candidates(name).into_iter().find(|candidate| self.types.contains_key(candidate));
        let found = found.ok_or_else(|| format!("the type {name} is not known"))?;
        match change {
            AlterType::Nothing | AlterType::Change(Change::Owner(_)) => {}
            AlterType::Change(Change::Rename(to)) => {
                self.move_type(&found, &QualifiedName::new(found.schema().clone(), to.clone()));
            }
            AlterType::Change(Change::Schema(schema)) => {
                self.assume_schema(schema);
                self.move_type(&found, &QualifiedName::new(schema.clone(), found.name().clone()));
            }
            AlterType::Attributes(changes) => self.change_attributes_of(&found, changes)?,
        }
        Ok(())
    }

    fn change_attributes_of(&mut self, name: &QualifiedName, changes: &[AttributeChange]) -> Followed<()> {
        for change in changes {
            let data_type = match change {
                AttributeChange::Add(_, data_type) | AttributeChange::Type(_, data_type) => {
                    self.type_text(data_type)?
                }
                _ => String::new(),
            };
            let Some(Type::Composite(attributes)) = self.types.get_mut(name) else {
                return Err(format!("the type {name} has no attributes"));
            };
            match change {
                AttributeChange::Add(attribute, _) => attributes.push((attribute.clone(), data_type)),
                AttributeChange::Drop(attribute) => attributes.retain(|(known, _)| known != attribute),
                AttributeChange::Type(attribute, _) => {
                    if let Some((_, known)) = attributes.iter_mut().find(|(known, _)| known == attribute) {
                        *known = data_type;
                    }
                }
                AttributeChange::Rename(from, to) => {
                    if let Some((known, _)) = attributes.iter_mut().find(|(known, _)| known == from) {
                        *known = to.clone();
                    }
                }
            }
        }
        Ok(())
    }

    /// What kind of type a text names.
    pub(super) fn type_kind(&self, text: &str) -> TypeKind {
        let Ok(name) = QualifiedName::parse(text) else { return TypeKind::Other };
        match self.types.get(&name) {
            Some(Type::Enum) => TypeKind::Enum,
            Some(Type::Composite(_)) => TypeKind::Composite,
            _ if self.catalog.relations.contains_key(&name) => TypeKind::Composite,
            _ => TypeKind::Other,
        }
    }
}
