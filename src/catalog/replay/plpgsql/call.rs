//! Functions and procedures that code calls.

use std::sync::Arc;

use super::super::cursor::{Cursor, Name};
use super::super::parse::session::{Session, SetValue};
use super::super::split::{PieceKind, split};
use super::super::told::Told;
use super::interpreter::{Frame, Interpreter};
use super::parse;
use super::reach::Reach;
use super::run::Flow;
use super::standard;
use super::value::Value;
use crate::catalog::{Argument, Function, FunctionKind, Signature, Volatility};
use crate::ident::Ident;

/// How many bodies may run within one another.
const MOST_FRAMES: usize = 12;

/// The arguments of a call, with the names that are given to them.
pub(super) type Arguments = [(Option<String>, Value)];

impl Interpreter<'_> {
    /// What a function gives that is not one of the server's that are computed here.
    pub(super) fn called(&mut self, schema: Option<&str>, own: &str, arguments: &Arguments) -> Value {
        self.visited.insert(own.to_owned());
        let Ok(own) = Ident::new(own) else { return Value::Unknown };
        let schema = schema.and_then(|schema| Ident::new(schema).ok());
        let name = Name { schema, name: own };
        let overloads = self.state().functions_named(&name);
        if overloads.is_empty() {
            if !self.state().is_harmless(&name) {
                let written = self.spot.written().to_owned();
                let reach = Reach::spoken_of(&written, self.state());
                self.not_followed(
                    format!("the function {name} is not known, so what it does is not followed"),
                    reach,
                );
            }
            return Value::Unknown;
        }
        let mut fitting = overloads.into_iter().filter(|signature| {
            let state = self.host.state();
            let defaults = state.argument_defaults.get(signature).map_or(&[][..], Vec::as_slice);
            let defaults = defaults.iter().flatten().count();
            let function = state.catalog.functions.get(signature);
            function.is_some_and(|function| takes(function, defaults, arguments.len()))
        });
        if let (Some(signature), None) = (fitting.next(), fitting.next()) {
            return self.call(&signature, arguments);
        }
        if !self.state().is_harmless(&name) {
            self.not_followed(format!("which function {name} is called is not known"), Reach::all());
        }
        Value::Unknown
    }

    /// `CALL`, without that word.
    pub(super) fn call_procedure(&mut self, text: &str) -> Value {
        let tokens = crate::lex::tokens(text);
        let name = Cursor::new(text, &tokens).name();
        match name {
            Ok(name) if self.state().functions_named(&name).is_empty() => {
                let reach = Reach::spoken_of(text, self.state());
                let why = format!("the procedure {name} is not known, so what it does is not followed");
                self.not_followed(why, reach);
                Value::Unknown
            }
            _ => self.value_of_text(text),
        }
    }

    /// What an expression gives. Of functions that it calls it is told where it is not understood.
    fn value_of_text(&mut self, text: &str) -> Value {
        self.visited.clear();
        let value = self.value_of(text);
        let tokens = crate::lex::tokens(text);
        self.check_visited(super::super::parse::calls::calls(Cursor::new(text, &tokens).rest()).as_deref());
        value
    }

    fn call(&mut self, signature: &Signature, arguments: &Arguments) -> Value {
        let Some(function) = self.state().catalog.functions.get(signature).cloned() else {
            return Value::Unknown;
        };
        if function.extension.is_some()
            || matches!(function.kind, FunctionKind::Aggregate | FunctionKind::Window)
        {
            return Value::Unknown;
        }
        if function.strict && arguments.iter().any(|(_, value)| *value == Value::Null) {
            return Value::Null;
        }
        if self.frames.len() >= MOST_FRAMES {
            self.not_followed("functions call one another too deep to be followed", Reach::all());
            return Value::Unknown;
        }
        let frame = self.bound(signature, &function, arguments);
        let told = self.state().session.now.clone();
        let scopes = std::mem::take(&mut self.scopes);
        let with = std::mem::take(&mut self.with);
        let caught = std::mem::take(&mut self.caught);
        let visited = std::mem::take(&mut self.visited);
        self.enter(&function);
        let doubt = self.doubt;
        self.doubt += usize::from(self.is_in_doubt());
        self.frames.push(frame);
        let value = self.run_function(signature, &function);
        self.frames.pop();
        self.doubt = doubt;
        (self.scopes, self.with, self.caught, self.visited) = (scopes, with, caught, visited);
        self.leave(&function, told);
        value
    }

    /// Says of functions that some code calls where they are not followed: what they stand in is not understood.
    pub(super) fn check_visited(&mut self, calls: Option<&[Name]>) {
        let visited = std::mem::take(&mut self.visited);
        for name in calls.unwrap_or_default() {
            if !visited.contains(name.name.as_str())
                && name.name.as_str() != "set_config"
                && !self.state().is_harmless(name)
            {
                self.not_followed(format!("what the function {name} does is not followed"), Reach::all());
                return;
            }
        }
    }

    fn run_function(&mut self, signature: &Signature, function: &Function) -> Value {
        let quiet = function.volatility != Volatility::Volatile;
        match function.language.as_str() {
            "plpgsql" => {
                let read = || parse::body(&function.body).ok().map(Arc::new);
                let body = self.bodies.entry(function.body.clone()).or_insert_with(read).clone();
                if let Some(body) = body {
                    self.frame().body = Some(Arc::clone(&body));
                    if let Flow::Raised(condition) = self.run_block(&body.block) {
                        self.raised = Some(condition);
                    }
                    return self.given(function);
                }
            }
            "sql" => return self.run_sql_function(&function.body),
            _ => {}
        }
        if !quiet {
            let name = signature.name.plain();
            self.not_followed(format!("what the function {name} does is not followed"), Reach::all());
        }
        Value::Unknown
    }

    /// What a function has returned, or what its `OUT` arguments are.
    fn given(&mut self, function: &Function) -> Value {
        let frame = self.frame();
        if let Some(value) = frame.returned.take() {
            return value;
        }
        let out = |argument: &&Argument| matches!(argument.mode, "OUT" | "INOUT");
        let fields = function.arguments.iter().filter(out).filter_map(|argument| {
            let name = argument.name.as_ref()?.as_str();
            Some((name.to_owned(), frame.variables.get(name).cloned().unwrap_or(Value::Unknown)))
        });
        let fields: Vec<(String, Value)> = fields.collect();
        match fields.as_slice() {
            [] if function.returns_set() => Value::Unknown,
            [] => Value::Null,
            [(_, value)] => value.clone(),
            _ => Value::Row(fields),
        }
    }

    fn run_sql_function(&mut self, body: &str) -> Value {
        // A body in standard SQL that is one expression.
        if let Some(expression) = standard::expression(body) {
            return self.value_of_text(expression);
        }
        let body = standard::statements(body);
        let mut value = Value::Null;
        for piece in split(body) {
            if piece.kind != PieceKind::Statement || piece.is_open || piece.is_cut {
                self.not_followed("what the function does is not followed", Reach::all());
                return Value::Unknown;
            }
            let text = Cursor::new(body, &piece.tokens).rest().text().to_owned();
            value = self.run_text(&text);
        }
        value.first()
    }

    /// The variables that a function begins with: its arguments, by name and by number.
    fn bound(&mut self, signature: &Signature, function: &Function, arguments: &Arguments) -> Frame {
        let mut frame = Frame { labels: vec![signature.name.name().as_str().to_owned()], ..Frame::default() };
        let defaults = self.state().argument_defaults.get(signature).cloned().unwrap_or_default();
        let mut number = 0;
        for (at, argument) in function.arguments.iter().enumerate() {
            if matches!(argument.mode, "OUT" | "TABLE") {
                if let Some(name) = &argument.name {
                    frame.variables.insert(name.as_str().to_owned(), Value::Null);
                }
                continue;
            }
            let name = argument.name.as_ref().map(Ident::as_str);
            let by_name = arguments.iter().find(|(given, _)| given.is_some() && given.as_deref() == name);
            let by_place = arguments.get(number).filter(|(given, _)| given.is_none());
            let given = by_name.or(by_place).map(|(_, value)| value.clone());
            let value = match given {
                Some(value) if argument.mode == "VARIADIC" => match value {
                    value @ Value::List(_) => value,
                    _ => Value::List(arguments.iter().skip(number).map(|(_, value)| value.clone()).collect()),
                },
                Some(value) => value,
                None => match defaults.get(at).and_then(Option::as_deref) {
                    Some(default) => self.value_of(default),
                    None => Value::Unknown,
                },
            };
            number += 1;
            frame.variables.insert(format!("${number}"), value.clone());
            if let Some(name) = name {
                frame.variables.insert(name.to_owned(), value);
            }
        }
        frame
    }

    /// Takes on the role and the settings that a function runs with.
    fn enter(&mut self, function: &Function) {
        let state = self.state();
        if function.security_definer {
            state.session.now.role = function.owner.clone();
        }
        for (name, value) in &function.settings {
            let values = vec![value.trim_matches('"').to_owned()];
            let values = if name == "search_path" { listed(value) } else { values };
            let set = Session::Set { local: true, name: name.clone(), value: SetValue::Values(values) };
            if let Err(why) = state.apply(&super::super::statement::Statement::Session(set)) {
                state.note(why);
            }
        }
    }

    /// Lets go of them again.
    fn leave(&mut self, function: &Function, before: Told) {
        let now = &mut self.state().session.now;
        if function.security_definer {
            now.role = before.role;
        }
        for name in function.settings.keys() {
            if name == "search_path" {
                now.path.clone_from(&before.path);
            } else if let Some(value) = before.settings.get(name) {
                now.settings.insert(name.clone(), value.clone());
            } else {
                now.settings.remove(name);
            }
        }
    }
}

/// The names of a list such as a search path.
fn listed(value: &str) -> Vec<String> {
    let tokens = crate::lex::tokens(value);
    let names = Cursor::new(value, &tokens).list(Cursor::ident).unwrap_or_default();
    names.into_iter().map(|name| name.as_str().to_owned()).collect()
}

/// Whether a function can be called with so many arguments.
fn takes(function: &Function, defaults: usize, count: usize) -> bool {
    let inputs = || function.arguments.iter().filter(|argument| !matches!(argument.mode, "OUT" | "TABLE"));
    if inputs().any(|argument| argument.mode == "VARIADIC") {
        return true;
    }
    // Those of a procedure are given too.
    let outputs = function.arguments.iter().filter(|argument| argument.mode == "OUT").count();
    let outputs = if function.kind == FunctionKind::Procedure { outputs } else { 0 };
    count <= inputs().count() + outputs && count + defaults >= inputs().count()
}
