//! Functions, procedures and aggregates.

use super::super::cursor::{Cursor, Name, Parsed};
use super::super::statement::Statement;
use super::session::{SetValue, setting_value};
use super::type_name::{TypeName, type_name};
use crate::catalog::{FunctionKind, Parallel, Volatility};
use crate::ident::Ident;
use crate::lex::Kind;

/// An argument, as a statement defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArgumentDef {
    pub(crate) mode: &'static str,
    pub(crate) name: Option<Ident>,
    pub(crate) data_type: TypeName,
    /// What it is where a call does not say.
    pub(crate) default: Option<String>,
}

/// A function, as a statement that does not define it names it; without arguments where it is the only one of its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FunctionName {
    pub(crate) name: Name,
    pub(crate) arguments: Option<Vec<ArgumentDef>>,
}

/// `CREATE FUNCTION` or `CREATE PROCEDURE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CreateFunction {
    pub(crate) name: Name,
    pub(crate) or_replace: bool,
    pub(crate) kind: FunctionKind,
    pub(crate) arguments: Vec<ArgumentDef>,
    pub(crate) returns: Option<TypeName>,
    pub(crate) attributes: Attributes,
    pub(crate) language: Option<String>,
    pub(crate) body: Body,
}

/// What a function does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// The text of `AS`.
    Text(String),
    /// A body in standard SQL, as it is written.
    Sql(String),
}

/// What `CREATE FUNCTION` and `ALTER FUNCTION` say of a function; `None` where they do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub(crate) volatility: Option<Volatility>,
    pub(crate) parallel: Option<Parallel>,
    pub(crate) security_definer: Option<bool>,
    pub(crate) leakproof: Option<bool>,
    pub(crate) strict: Option<bool>,
    /// What is set; `None` for what is reset.
    pub(crate) settings: Vec<(String, Option<SetValue>)>,
    pub(crate) reset_all: bool,
    pub(crate) window: bool,
}

/// What follows `CREATE`.
pub(crate) fn create_function(cursor: &mut Cursor<'_>) -> Parsed<CreateFunction> {
    let or_replace = cursor.take("or replace");
    let kind = match cursor.take_one_of(&["function", "procedure"]) {
        Some("procedure") => FunctionKind::Procedure,
        Some(_) => FunctionKind::Function,
        None => return Err(cursor.unexpected("FUNCTION")),
    };
    let name = cursor.name()?;
    let mut arguments = cursor.in_parens(argument)?;
    let mut returns = None;
    if cursor.take("returns table") {
        arguments.extend(cursor.in_parens(|cursor| {
            let name = Some(cursor.ident()?);
            Ok(ArgumentDef { mode: "TABLE", name, data_type: type_name(cursor)?, default: None })
        })?);
    } else if cursor.take("returns") {
        returns = Some(type_name(cursor)?);
    }
    let mut attributes = Attributes::default();
    let mut language = None;
    let mut body = None;
    while !cursor.is_at_end() {
        if cursor.take("language") {
            language = Some(super::options::value(cursor)?.to_ascii_lowercase());
        } else if cursor.take("as") {
            body = Some(Body::Text(cursor.string()?));
            // The name of the symbol in a library.
            if cursor.take(",") {
                body = Some(Body::Text(cursor.string()?));
            }
        } else if cursor.is("begin atomic") || cursor.is("return") {
            body = Some(Body::Sql(cursor.rest().text().to_owned()));
        } else if cursor.take("transform") {
            cursor.list(|cursor| {
                cursor.expect("for type")?;
                type_name(cursor)
            })?;
        } else if !attribute(cursor, &mut attributes)? {
            return Err(cursor.unexpected("an attribute of a function"));
        }
    }
    let kind = if attributes.window { FunctionKind::Window } else { kind };
    let body = body.ok_or("the function has no body")?;
    Ok(CreateFunction { name, or_replace, kind, arguments, returns, attributes, language, body })
}

/// Takes one attribute and says whether there was one.
pub(crate) fn attribute(cursor: &mut Cursor<'_>, attributes: &mut Attributes) -> Parsed<bool> {
    let _ = cursor.take("external");
    let phrases = [
        "immutable",
        "stable",
        "volatile",
        "leakproof",
        "not leakproof",
        "strict",
        "returns null on null input",
        "called on null input",
        "security definer",
        "security invoker",
        "parallel",
        "cost",
        "rows",
        "support",
        "window",
        "set",
        "reset all",
        "reset",
    ];
    let Some(found) = cursor.take_one_of(&phrases) else { return Ok(false) };
    match found {
        "immutable" => attributes.volatility = Some(Volatility::Immutable),
        "stable" => attributes.volatility = Some(Volatility::Stable),
        "volatile" => attributes.volatility = Some(Volatility::Volatile),
        "leakproof" => attributes.leakproof = Some(true),
        "not leakproof" => attributes.leakproof = Some(false),
        "strict" | "returns null on null input" => attributes.strict = Some(true),
        "called on null input" => attributes.strict = Some(false),
        "security definer" => attributes.security_definer = Some(true),
        "security invoker" => attributes.security_definer = Some(false),
        "parallel" => {
            attributes.parallel = Some(match cursor.ident()?.as_str() {
                "safe" => Parallel::Safe,
                "restricted" => Parallel::Restricted,
                _ => Parallel::Unsafe,
            });
        }
        "cost" | "rows" => drop(cursor.any()),
        "support" => drop(cursor.name()?),
        "window" => attributes.window = true,
        "set" => {
            let (name, value) = setting_value(cursor)?;
            attributes.settings.push((name, Some(value)));
        }
        "reset all" => attributes.reset_all = true,
        _ => attributes.settings.push((super::session::setting_name(cursor)?, None)),
    }
    Ok(true)
}

/// `[mode] [name] type [DEFAULT value]`.
pub(crate) fn argument(cursor: &mut Cursor<'_>) -> Parsed<ArgumentDef> {
    let mut mode = argument_mode(cursor);
    let start = *cursor;
    let ends = |cursor: &Cursor<'_>| {
        cursor.is_at_end() || cursor.is_one_of(&[",", ")", "default", "=", ":=", "order by"])
    };
    // What reads as a type and nothing more is one; else the first word is the name.
    let (name, data_type) = match type_name(cursor) {
        Ok(data_type) if ends(cursor) => (None, data_type),
        _ => {
            *cursor = start;
            let name = cursor.ident()?;
            // The mode may stand behind the name.
            if mode == "IN" {
                mode = argument_mode(cursor);
            }
            (Some(name), type_name(cursor)?)
        }
    };
    let default = match cursor.take_one_of(&["default", "=", ":="]) {
        Some(_) => Some(cursor.until(&[","])?.text().to_owned()),
        None => None,
    };
    Ok(ArgumentDef { mode, name, data_type, default })
}

fn argument_mode(cursor: &mut Cursor<'_>) -> &'static str {
    match cursor.take_one_of(&["in out", "inout", "in", "out", "variadic"]) {
        Some("in out" | "inout") => "INOUT",
        Some("out") => "OUT",
        Some("variadic") => "VARIADIC",
        _ => "IN",
    }
}

/// `name`, `name(types)`, or an aggregate's `name(*)` and `name(types ORDER BY types)`.
pub(crate) fn function_name(cursor: &mut Cursor<'_>) -> Parsed<FunctionName> {
    let name = cursor.name()?;
    if !cursor.is("(") {
        return Ok(FunctionName { name, arguments: None });
    }
    Ok(FunctionName { name, arguments: Some(aggregated(cursor)?) })
}

/// `COMMENT ON FUNCTION`, where it is that.
pub(crate) fn comment(mut cursor: Cursor<'_>) -> Option<Statement> {
    if !cursor.take("comment on function") {
        return None;
    }
    let name = function_name(&mut cursor).ok()?;
    cursor.expect("is").ok()?;
    let comment = if cursor.take("null") { None } else { Some(cursor.string().ok()?) };
    cursor.end().ok()?;
    Some(Statement::CommentOnFunction(name, comment))
}

fn aggregated(cursor: &mut Cursor<'_>) -> Parsed<Vec<ArgumentDef>> {
    if cursor.take("( * )") {
        return Ok(Vec::new());
    }
    cursor.expect("(")?;
    if cursor.take(")") {
        return Ok(Vec::new());
    }
    let mut arguments = if cursor.is("order by") { Vec::new() } else { cursor.list(argument)? };
    if cursor.take("order by") {
        arguments.extend(cursor.list(argument)?);
    }
    cursor.expect(")")?;
    Ok(arguments)
}

/// Whether the options come next, and no arguments.
fn is_old_aggregate(cursor: &Cursor<'_>) -> bool {
    let mut ahead = *cursor;
    ahead.take("(") && ahead.ident().is_ok() && ahead.is("=")
}

/// The argument of an aggregate in the old syntax, where `ANY` stands for none.
fn base_type(cursor: &mut Cursor<'_>) -> Parsed<Vec<ArgumentDef>> {
    let word = cursor.peek().trim_matches(['"', '\'']);
    if word == "*" || word.eq_ignore_ascii_case("any") {
        cursor.any();
        return Ok(Vec::new());
    }
    Ok(vec![ArgumentDef { mode: "IN", name: None, data_type: type_name(cursor)?, default: None }])
}

/// `CREATE AGGREGATE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CreateAggregate {
    pub(crate) name: Name,
    pub(crate) or_replace: bool,
    pub(crate) arguments: Vec<ArgumentDef>,
    pub(crate) state: Option<TypeName>,
    pub(crate) final_function: Option<Name>,
    pub(crate) parallel: Parallel,
}

/// What follows `CREATE`.
pub(crate) fn create_aggregate(cursor: &mut Cursor<'_>) -> Parsed<CreateAggregate> {
    let or_replace = cursor.take("or replace");
    cursor.expect("aggregate")?;
    let name = cursor.name()?;
    let mut made = CreateAggregate {
        name,
        or_replace,
        arguments: Vec::new(),
        state: None,
        final_function: None,
        parallel: Parallel::Unsafe,
    };
    // Before PostgreSQL 8.2 the argument was one of the options, and such scripts still run.
    if !is_old_aggregate(cursor) {
        made.arguments = aggregated(cursor)?;
    }
    cursor.in_parens(|cursor| {
        let option = cursor.ident()?;
        if cursor.take("=") {
            match option.as_str() {
                "stype" => made.state = Some(type_name(cursor)?),
                "finalfunc" => made.final_function = Some(cursor.name()?),
                "parallel" => {
                    made.parallel = match super::options::value(cursor)?.to_ascii_lowercase().as_str() {
                        "safe" => Parallel::Safe,
                        "restricted" => Parallel::Restricted,
                        _ => Parallel::Unsafe,
                    };
                }
                "basetype" => made.arguments = base_type(cursor)?,
                _ if cursor.kind() == Some(Kind::Text) => drop(cursor.string()?),
                _ => drop(cursor.until(&[","])?),
            }
        }
        Ok(())
    })?;
    cursor.end()?;
    Ok(made)
}
