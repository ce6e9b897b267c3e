//! What a session is told: roles, `search_path`, and what a query says of them.

use sqlparser::ast::{self, Expr, SelectItem, SetExpr, Value};

use super::super::cursor::{Cursor, Name};
use super::super::parse::session::{Session, SetValue};
use super::super::parse::table::{CreateTableAs, Life};
use super::super::server_functions::is_of_server;
use super::super::state::{Followed, State};
use super::super::told::{Assumed, Told};
use super::super::value::cut;
use crate::catalog::parser;
use crate::ident::Ident;
use crate::lex;

impl State {
    pub(super) fn session(&mut self, session: &Session) -> Followed<()> {
        match session {
            Session::Set { local, name, value } => match name.as_str() {
                "search_path" => {
                    let start = self.session.start().path.clone();
                    let path = match value {
                        SetValue::Values(values) => path(values),
                        SetValue::Default => start,
                        SetValue::Current => return Ok(()),
                    };
                    self.tell(*local, |told| told.path.clone_from(&path));
                }
                "standard_conforming_strings" if matches!(value, SetValue::Values(values) if is_off(values)) =>
                {
                    return Err("without standard_conforming_strings, literals say something else".to_owned());
                }
                _ => self.tell(*local, |told| match value {
                    SetValue::Values(values) => {
                        told.settings.insert(name.clone(), values.join(", "));
                    }
                    SetValue::Default => drop(told.settings.remove(name)),
                    SetValue::Current => {}
                }),
            },
            Session::Role { local, role } => {
                let (role, is_assumed) = match role {
                    Some(role) => (self.role_named(role)?, self.is_assumed(role)),
                    None => (self.session.now.user.clone(), self.session.now.assumed.user),
                };
                self.tell(*local, |told| {
                    told.role.clone_from(&role);
                    told.assumed.role = is_assumed;
                });
            }
            Session::Authorization { local, role } => {
                let start = self.session.start();
                let (user, is_assumed) = match role {
                    Some(role) => (self.role_named(role)?, self.is_assumed(role)),
                    None => (start.user.clone(), start.assumed.user),
                };
                self.tell(*local, |told| {
                    told.user.clone_from(&user);
                    told.role.clone_from(&user);
                    told.assumed = Assumed { user: is_assumed, role: is_assumed };
                });
            }
            Session::ResetAll => {
                let path = self.session.start().path.clone();
                self.tell(false, |told| {
                    told.path.clone_from(&path);
                    told.settings.clear();
                });
            }
            Session::Discard => self.session.restart(),
            Session::Commit { .. } | Session::Rollback { .. } => self.session.end_transaction(),
            Session::Prepared => {
                return Err("what becomes of a prepared transaction is not followed".to_owned());
            }
            Session::Begin | Session::Savepoint(_) | Session::Release(_) | Session::RollbackTo(_) => {}
        }
        Ok(())
    }

    fn tell(&mut self, local: bool, change: impl Fn(&mut Told)) {
        change(&mut self.session.now);
        if !local {
            change(&mut self.session.after);
        }
    }
}

fn is_off(values: &[String]) -> bool {
    matches!(values, [value] if matches!(value.as_str(), "off" | "false" | "0" | "no"))
}

/// The schemas of a `search_path`; an empty name is none.
fn path(values: &[String]) -> Vec<Ident> {
    values
        .iter()
        .filter_map(|value| cut(value.clone()))
        .filter(|name| name.as_str() != "pg_catalog")
        .collect()
}

/// Follows a query that is run by itself: it can tell the session something, make a table, or call who knows what.
pub(super) fn told_by_query(state: &mut State, text: &str) -> Followed<()> {
    if let Some(made) = into(text) {
        return state.create_table_as(&made);
    }
    // Without a parenthesis nothing is called.
    if !text.contains('(') {
        return Ok(());
    }
    let parsed = parser(text).and_then(|mut parser| parser.parse_query());
    // What it reads is of no account, and what it changes is rows.
    let Ok(query) = parsed else { return Ok(()) };
    let SetExpr::Select(select) = &*query.body else { return Ok(()) };
    for item in &select.projection {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { continue };
        let Expr::Function(function) = expr else { continue };
        called(state, function, select.from.is_empty())?;
    }
    Ok(())
}

fn called(state: &mut State, function: &ast::Function, alone: bool) -> Followed<()> {
    let mut parts = function.name.0.iter().rev().filter_map(|part| part.as_ident());
    let (Some(own), schema) = (parts.next(), parts.next()) else { return Ok(()) };
    let named = |ident: &ast::Ident| {
        cut(if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_ascii_lowercase() })
    };
    let Some(own) = named(own) else { return Ok(()) };
    let name = Name { schema: schema.and_then(named), name: own };
    let of_server = name.schema.as_ref().is_none_or(|schema| schema.as_str() == "pg_catalog");
    if of_server && name.name.as_str() == "set_config" {
        return set_config(state, function);
    }
    let overloads = state.functions_named(&name);
    let harmless = |function: &crate::catalog::Function| {
        function.volatility != crate::catalog::Volatility::Volatile
            || function.kind == crate::catalog::FunctionKind::Aggregate
            || state.has_inert_body(function)
    };
    if !overloads.is_empty() {
        let all =
            overloads.iter().filter_map(|signature| state.catalog.functions.get(signature)).all(harmless);
        return if all { Ok(()) } else { Err(format!("what the function {name} does is not followed")) };
    }
    let known = of_server && is_of_server(name.name.as_str());
    if known || !alone || name.schema.as_ref().is_some_and(|schema| schema.as_str() == "pg_catalog") {
        return Ok(());
    }
    Err(format!("the function {name} is not known, so what it does is not followed"))
}

/// The arguments that a function is called with.
fn arguments(function: &ast::Function) -> impl Iterator<Item = &Expr> {
    let list = match &function.args {
        ast::FunctionArguments::List(list) => &list.args[..],
        _ => &[],
    };
    list.iter().filter_map(|argument| match argument {
        ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    })
}

/// The text of an argument that is a constant, or a setting that is known.
fn text(state: &State, argument: &Expr) -> Option<String> {
    match argument {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            Value::Boolean(value) => Some(value.to_string()),
            _ => None,
        },
        Expr::Function(function) if is_current_setting(function) => {
            let name = text(state, arguments(function).next()?)?.to_ascii_lowercase();
            let told = &state.session.now;
            if name == "search_path" {
                let names: Vec<String> = told.path.iter().map(Ident::to_string).collect();
                return Some(names.join(", "));
            }
            told.settings.get(&name).cloned()
        }
        _ => None,
    }
}

fn is_current_setting(function: &ast::Function) -> bool {
    matches!(
        function.name.to_string().to_ascii_lowercase().as_str(),
        "current_setting" | "pg_catalog.current_setting"
    )
}

/// `set_config('search_path', …)`, as `pg_dump` writes it.
fn set_config(state: &mut State, function: &ast::Function) -> Followed<()> {
    let arguments: Vec<Option<String>> = arguments(function).map(|argument| text(state, argument)).collect();
    let [Some(name), value, local] = &arguments[..] else { return Ok(()) };
    let name = name.to_ascii_lowercase();
    let known = matches!(name.as_str(), "search_path" | "role" | "session_authorization");
    match (value, local) {
        (Some(value), Some(local)) => state.set_config(&name, value, local == "true"),
        _ if known => Err(format!("what {name} is set to is not known")),
        _ => Ok(()),
    }
}

impl State {
    /// Gives a setting a value, as `set_config` does.
    pub(in super::super) fn set_config(&mut self, name: &str, value: &str, local: bool) -> Followed<()> {
        let name = name.to_owned();
        if !matches!(name.as_str(), "search_path" | "role" | "session_authorization") {
            let value = SetValue::Values(vec![value.to_owned()]);
            return self.session(&Session::Set { local, name, value });
        }
        if name == "search_path" {
            let tokens = lex::tokens(value);
            let mut cursor = Cursor::new(value, &tokens);
            let names = if cursor.is_at_end() { Vec::new() } else { cursor.list(Cursor::ident)? };
            let values = names.iter().map(|name| name.as_str().to_owned()).collect();
            return self.session(&Session::Set { local, name, value: SetValue::Values(values) });
        }
        let role = Ident::new(value).map_err(|error| error.to_string())?;
        let role = Some(super::super::parse::role::RoleName::Named(role));
        self.session(&if name == "role" {
            Session::Role { local, role }
        } else {
            Session::Authorization { local, role }
        })
    }
}

/// `SELECT … INTO`, as the `CREATE TABLE AS` that it is.
fn into(text: &str) -> Option<CreateTableAs> {
    let tokens = lex::tokens(text);
    let mut depth = 0_usize;
    let place = tokens.iter().position(|token| {
        if token.is_symbol(text, "(") {
            depth += 1;
        } else if token.is_symbol(text, ")") {
            depth = depth.saturating_sub(1);
        }
        depth == 0 && token.is_word(text, "into")
    })?;
    let before = tokens.get(place.checked_sub(1)?)?;
    // INSERT INTO and MERGE INTO behind WITH.
    if !tokens.first()?.is_word(text, "select")
        || before.is_word(text, "insert")
        || before.is_word(text, "merge")
    {
        return None;
    }
    let rest = tokens.get(place + 1..)?;
    let mut cursor = Cursor::new(text, rest);
    let life = super::super::parse::table::life(&mut cursor);
    let _ = cursor.take("table");
    let name = cursor.name().ok()?;
    let query = format!("{} {}", text.get(..before.end)?, cursor.rest().text());
    Some(CreateTableAs {
        name,
        if_not_exists: false,
        life,
        materialized: false,
        columns: Vec::new(),
        options: Vec::new(),
        query,
    })
    .filter(|made| made.life != Life::Temporary || !made.query.is_empty())
}
