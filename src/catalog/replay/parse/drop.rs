//! `DROP`.

use super::super::cursor::{Cursor, Name, Parsed};
use super::alter_table::cascade;
use super::function::{FunctionName, function_name};
use super::role::{RoleName, role};
use crate::ident::Ident;

/// `DROP` of whatever the model has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drop {
    pub(crate) what: Dropped,
    pub(crate) if_exists: bool,
    pub(crate) cascade: bool,
}

/// What is dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// Relations of any kind but an index.
    Relations(Vec<Name>),
    Indexes(Vec<Name>),
    Functions(Vec<FunctionName>),
    /// Types and domains.
    Types(Vec<Name>),
    Schemas(Vec<Ident>),
    Roles(Vec<Ident>),
    Extensions(Vec<Ident>),
    Publications(Vec<Ident>),
    Policy(Ident, Name),
    Trigger(Ident, Name),
    Rule(Ident, Name),
    /// `DROP OWNED BY`.
    Owned(Vec<RoleName>),
    /// What the model does not have. What depends on it is then unknown.
    Other,
}

/// `DROP` of what the model does not have, of which all words are known to be right.
pub(crate) fn drop_other(cursor: &mut Cursor<'_>) -> Drop {
    let cascade = cursor.rest().words().last().is_some_and(|last| last.eq_ignore_ascii_case("cascade"));
    Drop { what: Dropped::Other, if_exists: false, cascade }
}

/// What follows `DROP`.
pub(crate) fn drop_statement(cursor: &mut Cursor<'_>) -> Parsed<Drop> {
    if cursor.take("owned by") {
        let what = Dropped::Owned(cursor.list(role)?);
        return Ok(Drop { what, if_exists: false, cascade: cascade(cursor) });
    }
    let kinds = [
        "table",
        "foreign table",
        "view",
        "materialized view",
        "sequence",
        "index",
        "function",
        "procedure",
        "routine",
        "aggregate",
        "type",
        "domain",
        "schema",
        "role",
        "user",
        "group",
        "extension",
        "publication",
        "policy",
        "trigger",
        "rule",
    ];
    let kind = cursor.take_one_of(&kinds);
    let _ = kind == Some("index") && cursor.take("concurrently");
    let if_exists = cursor.take("if exists");
    let on = |cursor: &mut Cursor<'_>| {
        let name = cursor.ident()?;
        cursor.expect("on")?;
        Ok::<_, String>((name, cursor.name()?))
    };
    let what = match kind {
        Some("index") => Dropped::Indexes(cursor.list(Cursor::name)?),
        Some("function" | "procedure" | "routine" | "aggregate") => {
            Dropped::Functions(cursor.list(function_name)?)
        }
        Some("type" | "domain") => Dropped::Types(cursor.list(Cursor::name)?),
        Some("schema") => Dropped::Schemas(cursor.list(Cursor::ident)?),
        Some("role" | "user" | "group") => Dropped::Roles(cursor.list(Cursor::ident)?),
        Some("extension") => Dropped::Extensions(cursor.list(Cursor::ident)?),
        Some("publication") => Dropped::Publications(cursor.list(Cursor::ident)?),
        Some("policy") => on(cursor).map(|(name, table)| Dropped::Policy(name, table))?,
        Some("trigger") => on(cursor).map(|(name, table)| Dropped::Trigger(name, table))?,
        Some("rule") => on(cursor).map(|(name, table)| Dropped::Rule(name, table))?,
        None => return Err(cursor.unexpected("an object that PostgreSQL drops")),
        Some(_) => Dropped::Relations(cursor.list(Cursor::name)?),
    };
    let cascade = cascade(cursor);
    cursor.end()?;
    Ok(Drop { what, if_exists, cascade })
}
