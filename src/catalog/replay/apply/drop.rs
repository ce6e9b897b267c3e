//! `DROP`, with whatever falls along.

use super::super::depend::{Object, Part};
use super::super::parse::drop::{Drop, Dropped};
use super::super::parse::function::FunctionName;
use super::super::state::{Followed, State};
use crate::catalog::Signature;
use crate::ident::Ident;

impl State {
    pub(super) fn drop_statement(&mut self, drop: &Drop) -> Followed<()> {
        let objects = match &drop.what {
            Dropped::Relations(names) => {
                self.existing(names, drop.if_exists, |state, name| state.find(name).map(Object::Relation))
            }
            Dropped::Indexes(names) => self.existing(names, drop.if_exists, |state, name| {
                let (index, table) = state.find_index(name)?;
                Ok(Object::Part(Part::Index, table, index.name().clone()))
            }),
            Dropped::Functions(names) => self.existing(names, drop.if_exists, |state, name| {
                state.find_function(name).map(Object::Function)
            }),
            Dropped::Types(names) => {
                self.existing(names, drop.if_exists, |state, name| state.find_type(name).map(Object::Type))
            }
            Dropped::Policy(name, table) => self.part(Part::Policy, name, table, drop.if_exists)?,
            Dropped::Trigger(name, table) => self.part(Part::Trigger, name, table, drop.if_exists)?,
            Dropped::Rule(name, table) => self.part(Part::Rule, name, table, drop.if_exists)?,
            Dropped::Schemas(names) => return self.drop_schemas(names, drop.if_exists, drop.cascade),
            Dropped::Roles(names) => return self.drop_roles(names, drop.if_exists),
            Dropped::Extensions(names) => return self.drop_extensions(names, drop.if_exists, drop.cascade),
            Dropped::Publications(names) => {
                for name in names {
                    if self.catalog.publications.remove(name).is_none() && !drop.if_exists {
                        return Err(format!("the publication {name} is not known"));
                    }
                }
                return Ok(());
            }
            Dropped::Owned(roles) => return self.drop_owned(roles, drop.cascade),
            Dropped::Other if drop.cascade => {
                return Err("what falls along with it is not followed".to_owned());
            }
            Dropped::Other => return Ok(()),
        };
        self.drop_objects(objects, drop.cascade)
    }

    /// Those of some objects that are there; what is not is said, and keeps none of the others.
    fn existing<T>(
        &mut self,
        names: &[T],
        if_exists: bool,
        find: impl Fn(&Self, &T) -> Followed<Object>,
    ) -> Vec<Object> {
        let mut found = Vec::new();
        for name in names {
            match find(self, name) {
                Ok(object) => found.push(object),
                Err(_) if if_exists => {}
                Err(why) => self.note(why),
            }
        }
        found
    }

    fn part(
        &self,
        part: Part,
        name: &Ident,
        table: &super::super::cursor::Name,
        if_exists: bool,
    ) -> Followed<Vec<Object>> {
        let found = self.find(table).and_then(|table| {
            let relation = self.seen(&table)?;
            let there = match part {
                Part::Policy => relation.policies.contains_key(name),
                Part::Trigger => relation.triggers.contains_key(name),
                _ => relation.rules.contains_key(name),
            };
            let object = Object::Part(part, table, name.clone());
            if there { Ok(object) } else { Err(format!("{object} is not known")) }
        });
        match found {
            Ok(object) => Ok(vec![object]),
            Err(_) if if_exists => Ok(Vec::new()),
            Err(why) => Err(why),
        }
    }

    /// The one function that a statement names.
    pub(super) fn find_function(&self, name: &FunctionName) -> Followed<Signature> {
        let unknown = || format!("the function {} is not known", name.name);
        let Some(arguments) = &name.arguments else {
            let found = self.functions_named(&name.name);
            return match &found[..] {
                [only] => Ok(only.clone()),
                [] => Err(unknown()),
                _ => Err(format!("there are several functions {}", name.name)),
            };
        };
        let types = |inputs: bool| {
            let wanted =
                arguments.iter().filter(|argument| !inputs || !matches!(argument.mode, "OUT" | "TABLE"));
            let text = |argument: &super::super::parse::function::ArgumentDef| {
                let (text, _) = self.written_type(&argument.data_type)?;
                Ok(super::super::state::without_modifier(&text))
            };
            wanted.map(text).collect::<Followed<Vec<String>>>()
        };
        let (inputs, all) = (types(true)?, types(false)?);
        for candidate in self.candidates(&name.name) {
            for arguments in [&inputs, &all] {
                let signature = Signature { name: candidate.clone(), arguments: arguments.clone() };
                if self.catalog.functions.contains_key(&signature) {
                    return Ok(signature);
                }
            }
        }
        Err(unknown())
    }
}
