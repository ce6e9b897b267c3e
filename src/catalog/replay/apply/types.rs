//! Types and domains.

use std::collections::BTreeMap;

use super::super::cursor::Name;
use super::super::opclass::TypeKind as KeyType;
use super::super::parse::object::TypeDef;
use super::super::state::{Followed, State};
use super::super::statement::{AlterType, AttributeChange, Change};
use super::super::types::Type;
use crate::catalog::{
    Argument, Function, FunctionKind, ObjectKind, Parallel, Signature, TypeKind, UserType, Volatility,
};
use crate::ident::{Ident, QualifiedName};

impl State {
    pub(super) fn create_type(&mut self, name: &Name, made: &TypeDef) -> Followed<()> {
        let name = self.make_at(name, false)?;
        let known = match made {
            TypeDef::Enum => Type::Enum,
            TypeDef::Other => Type::Other,
            TypeDef::Domain(base) => Type::Domain(self.type_text(base)?),
            TypeDef::Range(of, several) => {
                let several = match several {
                    Some(several) => self.make_at(several, false)?,
                    None => several_of(&name)?,
                };
                let of = self.argument_type(of)?;
                if self.version < 170_000 {
                    self.put_type(&several, TypeKind::Multirange);
                }
                self.types.insert(several.clone(), Type::Multirange);
                self.range_functions(&name, &several, &of);
                Type::Range(several)
            }
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
        let kind = match &known {
            Type::Enum => TypeKind::Enum,
            Type::Domain(_) => TypeKind::Domain,
            Type::Range(_) => TypeKind::Range,
            Type::Composite(_) => TypeKind::Composite,
            _ => TypeKind::Base,
        };
        self.put_type(&name, kind);
        self.types.insert(name, known);
        Ok(())
    }

    /// Puts a type into the model. One of which the name was known keeps its owner and its grants.
    pub(super) fn put_type(&mut self, name: &QualifiedName, kind: TypeKind) {
        let (owner, extension) = (self.role(), None);
        let grants = self.granted_by_default(Some(name.schema()), ObjectKind::Type);
        let new = UserType { kind, owner, grants, extension };
        let known = self.catalog.types.get(name).cloned().unwrap_or(new);
        self.catalog.types.insert(name.clone(), UserType { kind, ..known });
    }

    /// The functions that the server makes with a range, which make its values.
    fn range_functions(&mut self, range: &QualifiedName, several: &QualifiedName, of: &str) {
        // The server makes them as the role that has made the cluster, whoever makes the type.
        let owner = Ident::known("postgres");
        let of = || of.to_owned();
        let array = format!("{}[]", range.bare());
        for (name, arguments, mode, strict, body) in [
            (range, vec![of(), of()], "IN", false, "range_constructor2"),
            (range, vec![of(), of(), "text".to_owned()], "IN", false, "range_constructor3"),
            (several, vec![], "IN", true, "multirange_constructor0"),
            (several, vec![range.bare()], "IN", true, "multirange_constructor1"),
            (several, vec![array], "VARIADIC", true, "multirange_constructor2"),
        ] {
            let argument = |data_type: &String| Argument { name: None, data_type: data_type.clone(), mode };
            let function = Function {
                kind: FunctionKind::Function,
                owner: owner.clone(),
                owner_is_assumed: false,
                language: "internal".to_owned(),
                arguments: arguments.iter().map(argument).collect(),
                returns: Some(name.bare()),
                volatility: Volatility::Immutable,
                parallel: Parallel::Safe,
                security_definer: false,
                leakproof: false,
                strict,
                settings: BTreeMap::new(),
                body: body.to_owned(),
                grants: self.defaults.of(&owner, Some(name.schema()), ObjectKind::Function),
                comment: None,
                extension: None,
            };
            self.catalog.functions.insert(Signature { name: name.clone(), arguments }, function);
        }
    }

    pub(super) fn alter_type(&mut self, name: &Name, change: &AlterType) -> Followed<()> {
        let found = self.find_type(name)?;
        match change {
            AlterType::Nothing => {}
            AlterType::Change(Change::Owner(owner)) => {
                let owner = self.role_named(owner)?;
                if let Some(known) = self.catalog.types.get_mut(&found) {
                    super::owner::regrant(&mut known.grants, &owner);
                    known.owner = owner;
                }
            }
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

    /// The full name of a type that exists.
    pub(super) fn find_type(&self, name: &Name) -> Followed<QualifiedName> {
        let known = |candidate: &QualifiedName| {
            self.types.contains_key(candidate) || self.catalog.types.contains_key(candidate)
        };
        let found = self.candidates(name).into_iter().find(known);
        found.ok_or_else(|| format!("the type {name} is not known"))
    }

    fn change_attributes_of(&mut self, name: &QualifiedName, changes: &[AttributeChange]) -> Followed<()> {
        if self.typed.values().any(|of| of == name) {
            self.note(format!("what becomes of the tables of the type {name} is not followed"));
        }
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
    pub(super) fn type_kind(&self, text: &str) -> KeyType {
        let Ok(name) = QualifiedName::parse(text) else { return KeyType::Other };
        match self.types.get(&name) {
            Some(Type::Enum) => KeyType::Enum,
            Some(Type::Composite(_)) => KeyType::Composite,
            Some(Type::Range(_)) => KeyType::Range,
            Some(Type::Multirange) => KeyType::Multirange,
            _ if self.catalog.relations.contains_key(&name) => KeyType::Composite,
            _ => KeyType::Other,
        }
    }
}

/// What the server calls the type of several ranges.
fn several_of(range: &QualifiedName) -> Followed<QualifiedName> {
    let name = range.name().as_str();
    let several = if name.contains("range") {
        name.replacen("range", "multirange", 1)
    } else {
        format!("{name}_multirange")
    };
    let several = super::super::value::cut(several).ok_or("the range has no name")?;
    Ok(QualifiedName::new(range.schema().clone(), several))
}
