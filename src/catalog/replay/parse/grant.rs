//! `GRANT`, `REVOKE` and `ALTER DEFAULT PRIVILEGES`.

use super::super::cursor::{Cursor, Name, Parsed};
use super::function::{FunctionName, function_name};
use super::role::{RoleName, role};
use crate::catalog::{ObjectKind, Privilege};
use crate::ident::Ident;

/// A privilege in a list, with the columns that it is confined to; `None` for all that the object knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) privilege: Option<Privilege>,
    pub(crate) columns: Vec<Ident>,
}

/// `GRANT` or `REVOKE` of privileges on objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GrantPrivileges {
    pub(crate) revoke: bool,
    /// `WITH GRANT OPTION`, or `GRANT OPTION FOR`.
    pub(crate) option: bool,
    pub(crate) privileges: Vec<Granted>,
    pub(crate) on: GrantOn,
    pub(crate) grantees: Vec<RoleName>,
}

/// What privileges are granted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GrantOn {
    Tables(Vec<Name>),
    Sequences(Vec<Name>),
    Functions(Vec<FunctionName>),
    Schemas(Vec<Ident>),
    /// Types and domains.
    Types(Vec<Name>),
    /// `ALL TABLES IN SCHEMA` and the like; the flags are for functions and for procedures.
    AllIn(AllOf, Vec<Ident>),
    /// What the model does not have: databases, languages and the like.
    Other,
}

/// What `ALL … IN SCHEMA` means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AllOf {
    Tables,
    Sequences,
    Functions,
    Procedures,
    Routines,
}

/// `GRANT` or `REVOKE` of roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GrantRoles {
    pub(crate) revoke: bool,
    pub(crate) roles: Vec<Ident>,
    pub(crate) members: Vec<RoleName>,
    pub(crate) options: MemberOptions,
}

/// The options of a membership; `None` where nothing is said. Of `REVOKE … OPTION FOR`, those to take away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MemberOptions {
    pub(crate) admin: Option<bool>,
    pub(crate) inherit: Option<bool>,
    pub(crate) set: Option<bool>,
}

/// `ALTER DEFAULT PRIVILEGES`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AlterDefaults {
    pub(crate) roles: Vec<RoleName>,
    pub(crate) schemas: Vec<Ident>,
    pub(crate) revoke: bool,
    pub(crate) option: bool,
    pub(crate) privileges: Vec<Granted>,
    /// Of what; nothing for large objects, which the model does not have.
    pub(crate) kind: Option<ObjectKind>,
    pub(crate) grantees: Vec<RoleName>,
}

/// What `GRANT` and `REVOKE` do.
pub(crate) enum Grants {
    Privileges(GrantPrivileges),
    Roles(GrantRoles),
}

/// `GRANT` or `REVOKE`.
pub(crate) fn grant(cursor: &mut Cursor<'_>) -> Parsed<Grants> {
    let revoke = cursor.take("revoke");
    if !revoke {
        cursor.expect("grant")?;
    }
    let start = *cursor;
    let option = revoke && cursor.take("grant option for");
    let listed = privileges(cursor)?;
    if !cursor.take("on") {
        *cursor = start;
        return roles(cursor, revoke).map(Grants::Roles);
    }
    let privileges = listed.ok_or_else(|| cursor.unexpected("a privilege"))?;
    let on = on(cursor)?;
    let grantees = grantees(cursor, revoke)?;
    let option = if revoke { option } else { cursor.take("with grant option") };
    end(cursor)?;
    Ok(Grants::Privileges(GrantPrivileges { revoke, option, privileges, on, grantees }))
}

fn grantees(cursor: &mut Cursor<'_>, revoke: bool) -> Parsed<Vec<RoleName>> {
    cursor.expect(if revoke { "from" } else { "to" })?;
    cursor.list(|cursor| {
        let _ = cursor.take("group");
        role(cursor)
    })
}

fn end(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.take("granted by") {
        role(cursor)?;
    }
    let _ = cursor.take_one_of(&["cascade", "restrict"]);
    cursor.end()
}

/// Privileges, or nothing where a word is none, as a role's name.
fn privileges(cursor: &mut Cursor<'_>) -> Parsed<Option<Vec<Granted>>> {
    let listed = cursor.list(|cursor| {
        let mut words = Vec::new();
        while !cursor.is_at_end() && !cursor.is_one_of(&["on", "to", "from", ",", "("]) {
            words.push(cursor.peek().to_ascii_uppercase());
            cursor.any();
        }
        let columns = if cursor.is("(") { cursor.in_parens(Cursor::ident)? } else { Vec::new() };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Ok(match words[..] {
            // SET and ALTER SYSTEM are those of a parameter, which is no part of the model.
            ["ALL" | "SET"] | ["ALL", "PRIVILEGES"] | ["ALTER", "SYSTEM"] => {
                Some(Granted { privilege: None, columns })
            }
            [one] => Privilege::from_sql(one).map(|one| Granted { privilege: Some(one), columns }),
            _ => None,
        })
    })?;
    Ok(listed.into_iter().collect())
}

fn on(cursor: &mut Cursor<'_>) -> Parsed<GrantOn> {
    let all = [
        ("all tables in schema", AllOf::Tables),
        ("all sequences in schema", AllOf::Sequences),
        ("all functions in schema", AllOf::Functions),
        ("all procedures in schema", AllOf::Procedures),
        ("all routines in schema", AllOf::Routines),
    ];
    if let Some((_, of)) = all.into_iter().find(|(phrase, _)| cursor.take(phrase)) {
        return Ok(GrantOn::AllIn(of, cursor.list(Cursor::ident)?));
    }
    if cursor.take("sequence") {
        return cursor.list(Cursor::name).map(GrantOn::Sequences);
    }
    if cursor.take_one_of(&["function", "procedure", "routine"]).is_some() {
        return cursor.list(function_name).map(GrantOn::Functions);
    }
    if cursor.take("schema") {
        return cursor.list(Cursor::ident).map(GrantOn::Schemas);
    }
    if cursor.take_one_of(&["type", "domain"]).is_some() {
        return cursor.list(Cursor::name).map(GrantOn::Types);
    }
    let others = [
        "database",
        "language",
        "foreign data wrapper",
        "foreign server",
        "large object",
        "tablespace",
        "parameter",
    ];
    if cursor.take_one_of(&others).is_some() {
        cursor.until(&["to", "from"])?;
        return Ok(GrantOn::Other);
    }
    let _ = cursor.take("table");
    cursor.list(Cursor::name).map(GrantOn::Tables)
}

fn roles(cursor: &mut Cursor<'_>, revoke: bool) -> Parsed<GrantRoles> {
    let mut options = MemberOptions::default();
    if revoke {
        let option = ["admin option for", "inherit option for", "set option for"];
        match cursor.take_one_of(&option) {
            Some("admin option for") => options.admin = Some(false),
            Some("inherit option for") => options.inherit = Some(false),
            Some(_) => options.set = Some(false),
            None => {}
        }
    }
    let roles = cursor.list(Cursor::ident)?;
    let members = grantees(cursor, revoke)?;
    if !revoke && cursor.take("with") {
        cursor.list(|cursor| {
            let which = cursor.take_one_of(&["admin", "inherit", "set"]);
            let value = match cursor.take_one_of(&["option", "true", "false"]) {
                Some(value) => value != "false",
                None => return Err(cursor.unexpected("OPTION, TRUE or FALSE")),
            };
            match which {
                Some("admin") => options.admin = Some(value),
                Some("inherit") => options.inherit = Some(value),
                Some(_) => options.set = Some(value),
                None => return Err(cursor.unexpected("ADMIN, INHERIT or SET")),
            }
            Ok(())
        })?;
    }
    end(cursor)?;
    Ok(GrantRoles { revoke, roles, members, options })
}

/// What follows `ALTER DEFAULT PRIVILEGES`.
pub(crate) fn alter_defaults(cursor: &mut Cursor<'_>) -> Parsed<AlterDefaults> {
    let (mut roles, mut schemas) = (Vec::new(), Vec::new());
    loop {
        if cursor.take_one_of(&["for role", "for user"]).is_some() {
            roles = cursor.list(role)?;
        } else if cursor.take("in schema") {
            schemas = cursor.list(Cursor::ident)?;
        } else {
            break;
        }
    }
    let revoke = cursor.take("revoke");
    if !revoke {
        cursor.expect("grant")?;
    }
    let option = revoke && cursor.take("grant option for");
    let privileges = privileges(cursor)?.ok_or_else(|| cursor.unexpected("a privilege"))?;
    cursor.expect("on")?;
    let kind = match cursor.take_one_of(&[
        "tables",
        "sequences",
        "functions",
        "routines",
        "types",
        "schemas",
        "large objects",
    ]) {
        Some("tables") => Some(ObjectKind::Table),
        Some("sequences") => Some(ObjectKind::Sequence),
        Some("functions" | "routines") => Some(ObjectKind::Function),
        Some("types") => Some(ObjectKind::Type),
        Some("schemas") => Some(ObjectKind::Schema),
        Some(_) => None,
        None => return Err(cursor.unexpected("a kind of objects")),
    };
    let grantees = grantees(cursor, revoke)?;
    let option = if revoke { option } else { cursor.take("with grant option") };
    end(cursor)?;
    Ok(AlterDefaults { roles, schemas, revoke, option, privileges, kind, grantees })
}
