//! `CREATE POLICY` and `ALTER POLICY`.

use super::super::cursor::{Cursor, Name, Parsed};
use super::super::statement::Statement;
use super::role::{RoleName, role};
use crate::catalog::Command;
use crate::ident::Ident;

/// What `CREATE POLICY` says after the table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CreatedPolicy {
    pub(crate) permissive: bool,
    pub(crate) command: Command,
    pub(crate) roles: Vec<RoleName>,
    pub(crate) using: Option<String>,
    pub(crate) with_check: Option<String>,
}

/// `name ON table`.
pub(crate) fn policy_of(cursor: &mut Cursor<'_>) -> Parsed<(Ident, Name)> {
    let name = cursor.ident()?;
    cursor.expect("on")?;
    Ok((name, cursor.name()?))
}

/// What `CREATE POLICY` says after the table.
pub(crate) fn created(cursor: &mut Cursor<'_>) -> Parsed<CreatedPolicy> {
    let permissive = match cursor.take_one_of(&["as permissive", "as restrictive"]) {
        Some(kind) => kind == "as permissive",
        None => true,
    };
    let command = if cursor.take("for") {
        match cursor.take_one_of(&["all", "select", "insert", "update", "delete"]) {
            Some("all") => Command::All,
            Some("select") => Command::Select,
            Some("insert") => Command::Insert,
            Some("update") => Command::Update,
            Some(_) => Command::Delete,
            None => return Err(cursor.unexpected("a command")),
        }
    } else {
        Command::All
    };
    let roles = roles(cursor)?.unwrap_or_else(|| vec![RoleName::Public]);
    let (using, with_check) = expressions(cursor)?;
    Ok(CreatedPolicy { permissive, command, roles, using, with_check })
}

/// `TO role, …`; where `PUBLIC` is among them the server forgets the others.
pub(crate) fn roles(cursor: &mut Cursor<'_>) -> Parsed<Option<Vec<RoleName>>> {
    if !cursor.take("to") {
        return Ok(None);
    }
    let roles = cursor.list(role)?;
    Ok(Some(if roles.contains(&RoleName::Public) { vec![RoleName::Public] } else { roles }))
}

/// `USING (…)` and `WITH CHECK (…)`, as they are written.
pub(crate) fn expressions(cursor: &mut Cursor<'_>) -> Parsed<(Option<String>, Option<String>)> {
    let mut expression = |phrase| {
        if cursor.take(phrase) {
            cursor.parens().map(|inner| Some(inner.text().to_owned()))
        } else {
            Ok(None)
        }
    };
    Ok((expression("using")?, expression("with check")?))
}

/// What follows `COMMENT ON POLICY`.
pub(crate) fn comment(cursor: &mut Cursor<'_>) -> Parsed<Statement> {
    let (name, table) = policy_of(cursor)?;
    cursor.expect("is")?;
    let comment = if cursor.take("null") { None } else { Some(cursor.string()?) };
    cursor.end()?;
    Ok(Statement::CommentOnPolicy { name, table, comment })
}
