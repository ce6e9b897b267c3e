//! Functions, procedures and aggregates.

use std::collections::{BTreeMap, BTreeSet};

use super::super::depend::Object;
use super::super::parse::function::{
    ArgumentDef, Attributes, Body, CreateAggregate, CreateFunction, FunctionName,
};
use super::super::parse::session::SetValue;
use super::super::parse::type_name::BaseType;
use super::super::state::{Followed, State};
use super::super::statement::{AlterFunction, Change};
use super::super::types::Type;
use crate::catalog::{
    Argument, Function, FunctionKind, ObjectKind, Parallel, Signature, TypeKind, Volatility, canonical_type,
};
use crate::ident::{Ident, QualifiedName};

impl State {
    pub(super) fn create_function(&mut self, made: &CreateFunction) -> Followed<()> {
        let name = self.make_at(&made.name, false)?;
        let arguments = self.arguments(&made.arguments)?;
        let signature = Signature { name: name.clone(), arguments: inputs(&arguments) };
        self.shell_type(made)?;
        let returns = self.returns(made, &arguments)?;
        let mut function = Function {
            kind: made.kind,
            owner: self.role(),
            owner_is_assumed: self.role_is_assumed(),
            // A body in standard SQL needs no LANGUAGE.
            language: made.language.clone().unwrap_or_else(|| "sql".to_owned()),
            arguments,
            returns,
            volatility: Volatility::default(),
            parallel: Parallel::default(),
            security_definer: false,
            leakproof: false,
            strict: false,
            settings: BTreeMap::new(),
            body: match &made.body {
                Body::Text(text) => text.clone(),
                Body::Sql(text) => Function::joined_tokens(text),
            },
            grants: self.granted_by_default(Some(name.schema()), ObjectKind::Function),
            comment: None,
            extension: None,
        };
        self.change_attributes(&mut function, &made.attributes);
        if let Some(known) = self.catalog.functions.get(&signature) {
            if !made.or_replace {
                return Err(format!("{} is already there", Object::Function(signature)));
            }
            // What it is and does is new; whose it is and who may call it stays.
            function.owner.clone_from(&known.owner);
            function.owner_is_assumed = known.owner_is_assumed;
            function.grants.clone_from(&known.grants);
            function.comment.clone_from(&known.comment);
        }
        let defaults = made.arguments.iter().map(|argument| argument.default.clone()).collect();
        self.argument_defaults.insert(signature.clone(), defaults);
        self.catalog.functions.insert(signature, function);
        Ok(())
    }

    fn arguments(&mut self, made: &[ArgumentDef]) -> Followed<Vec<Argument>> {
        let one = |argument: &ArgumentDef| {
            let data_type = self.argument_type(&argument.data_type)?;
            Ok(Argument { name: argument.name.clone(), data_type, mode: argument.mode })
        };
        made.iter().map(one).collect()
    }

    /// Makes the type that a function in C returns, of which the server takes the name as known before it is defined.
    fn shell_type(&mut self, made: &CreateFunction) -> Followed<()> {
        let in_c = made.language.as_deref().is_some_and(|language| matches!(language, "c" | "internal"));
        let Some(returns) = made.returns.as_ref().filter(|returns| in_c && !returns.array) else {
            return Ok(());
        };
        if let (BaseType::Named(name), (_, false)) = (&returns.base, self.written_type(returns)?) {
            let name = self.make_at(name, false)?;
            self.put_type(&name, TypeKind::Base);
            self.types.insert(name, Type::Other);
        }
        Ok(())
    }

    /// What a function returns, as `pg_get_function_result` writes it.
    fn returns(&mut self, made: &CreateFunction, arguments: &[Argument]) -> Followed<Option<String>> {
        if made.kind == FunctionKind::Procedure {
            return Ok(None);
        }
        if let Some(table) = table_of(arguments) {
            return Ok(Some(table));
        }
        if let Some(returns) = &made.returns {
            let setof = if returns.setof { "SETOF " } else { "" };
            return self.argument_type(returns).map(|returns| Some(format!("{setof}{returns}")));
        }
        let outputs: Vec<&Argument> =
            arguments.iter().filter(|argument| matches!(argument.mode, "OUT" | "INOUT")).collect();
        Ok(match &outputs[..] {
            [] => Some(canonical_type("void")),
            [only] => Some(only.data_type.clone()),
            _ => Some("record".to_owned()),
        })
    }

    fn change_attributes(&mut self, function: &mut Function, attributes: &Attributes) {
        function.volatility = attributes.volatility.unwrap_or(function.volatility);
        function.parallel = attributes.parallel.unwrap_or(function.parallel);
        function.security_definer = attributes.security_definer.unwrap_or(function.security_definer);
        function.leakproof = attributes.leakproof.unwrap_or(function.leakproof);
        function.strict = attributes.strict.unwrap_or(function.strict);
        if attributes.reset_all {
            function.settings.clear();
        }
        for (name, value) in &attributes.settings {
            match value.as_ref().map(|value| self.setting(name, value)) {
                Some(Ok(Some(value))) => drop(function.settings.insert(name.clone(), value)),
                Some(Err(why)) => self.note(why),
                Some(Ok(None)) | None => drop(function.settings.remove(name)),
            }
        }
    }

    /// The value of a setting as the server keeps it; nothing for the default.
    pub(super) fn setting(&self, name: &str, value: &SetValue) -> Followed<Option<String>> {
        let quotes = matches!(
            name,
            "search_path"
                | "temp_tablespaces"
                | "session_preload_libraries"
                | "shared_preload_libraries"
                | "local_preload_libraries"
        );
        let bare = |name: &String| match Ident::new(name.as_str()) {
            Ok(name) => name.bare().into_owned(),
            Err(_) => "\"\"".to_owned(),
        };
        match value {
            SetValue::Values(values) if quotes => {
                let values: Vec<String> = values.iter().map(bare).collect();
                Ok(Some(values.join(", ")))
            }
            SetValue::Values(values) => Ok(Some(values.join(", "))),
            SetValue::Default => Ok(None),
            SetValue::Current if name == "search_path" => {
                let path = self.session.now.path.iter().map(|name| name.bare().into_owned());
                let path: Vec<String> = path.collect();
                Ok(Some(if path.is_empty() { "\"\"".to_owned() } else { path.join(", ") }))
            }
            SetValue::Current => Err(format!("what {name} is in the session is not known")),
        }
    }

    pub(super) fn create_aggregate(&mut self, made: &CreateAggregate) -> Followed<()> {
        let name = self.make_at(&made.name, false)?;
        let arguments = self.arguments(&made.arguments)?;
        let signature = Signature { name: name.clone(), arguments: inputs(&arguments) };
        let known = self.catalog.functions.get(&signature);
        if known.is_some() && !made.or_replace {
            return Err(format!("{} is already there", Object::Function(signature)));
        }
        let returns = match (&made.final_function, &made.state) {
            (Some(last), _) => {
                let found = self.functions_named(last).into_iter().next();
                let returns = found.and_then(|found| self.catalog.functions.get(&found)?.returns.clone());
                if returns.is_none() {
                    self.note(format!("what the function {last} returns is not known"));
                }
                returns
            }
            (None, Some(state)) => Some(self.argument_type(state)?),
            (None, None) => return Err("the aggregate has no STYPE".to_owned()),
        };
        let function = Function {
            kind: FunctionKind::Aggregate,
            owner: self.role(),
            owner_is_assumed: self.role_is_assumed(),
            language: "internal".to_owned(),
            arguments,
            returns,
            volatility: Volatility::Immutable,
            parallel: made.parallel,
            security_definer: false,
            leakproof: false,
            strict: false,
            settings: BTreeMap::new(),
            body: "aggregate_dummy".to_owned(),
            grants: self.granted_by_default(Some(name.schema()), ObjectKind::Function),
            comment: None,
            extension: None,
        };
        self.catalog.functions.insert(signature, function);
        Ok(())
    }

    pub(super) fn alter_function(&mut self, name: &FunctionName, change: &AlterFunction) -> Followed<()> {
        let signature = self.find_function(name)?;
        match change {
            AlterFunction::Change(Change::Rename(to)) => {
                let to = QualifiedName::new(signature.name.schema().clone(), to.clone());
                self.move_function(&signature, &to)
            }
            AlterFunction::Change(Change::Schema(schema)) => {
                self.assume_schema(schema);
                let to = QualifiedName::new(schema.clone(), signature.name.name().clone());
                self.move_function(&signature, &to)
            }
            AlterFunction::Change(Change::Owner(owner)) => {
                let owner = self.new_owner(owner)?;
                if let Some(function) = self.catalog.functions.get_mut(&signature) {
                    super::owner::regrant(&mut function.grants, &owner.role);
                    function.owner_is_assumed = owner.is_assumed;
                    function.owner = owner.role;
                }
                Ok(())
            }
            AlterFunction::Attributes(attributes) => {
                if let Some(mut function) = self.catalog.functions.get(&signature).cloned() {
                    self.change_attributes(&mut function, attributes);
                    self.catalog.functions.insert(signature, function);
                }
                Ok(())
            }
        }
    }

    pub(super) fn comment_on_function(&mut self, name: &FunctionName, comment: Option<&str>) {
        // Of one that is not known, such as an extension's, nothing depends on it.
        let known = self.find_function(name).ok();
        if let Some(function) = known.and_then(|known| self.catalog.functions.get_mut(&known)) {
            function.comment = comment.filter(|comment| !comment.is_empty()).map(str::to_owned);
        }
    }

    /// Those of some functions that are there, by kind.
    pub(super) fn functions_in(&self, schemas: &[Ident], kinds: &[FunctionKind]) -> BTreeSet<Signature> {
        let of = |(signature, function): &(&Signature, &Function)| {
            schemas.contains(signature.name.schema()) && kinds.contains(&function.kind)
        };
        self.catalog.functions.iter().filter(of).map(|(signature, _)| signature.clone()).collect()
    }
}

/// `TABLE(…)`, where some arguments are the columns of what is returned.
pub(super) fn table_of(arguments: &[Argument]) -> Option<String> {
    let columns: Vec<String> = arguments
        .iter()
        .filter(|argument| argument.mode == "TABLE")
        .map(|argument| {
            let name = argument.name.as_ref().map(|name| name.bare().into_owned());
            format!("{} {}", name.unwrap_or_default(), argument.data_type)
        })
        .collect();
    (!columns.is_empty()).then(|| format!("TABLE({})", columns.join(", ")))
}

/// The types of the arguments that a call gives.
fn inputs(arguments: &[Argument]) -> Vec<String> {
    let given = arguments.iter().filter(|argument| !matches!(argument.mode, "OUT" | "TABLE"));
    given.map(|argument| argument.data_type.clone()).collect()
}
