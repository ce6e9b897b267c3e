//! Roles, and the statements that make and change them.

use super::super::cursor::{Cursor, Parsed};
use super::session::{SetValue, setting_name, setting_value};
use crate::ident::Ident;

/// A role, as a statement names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RoleName {
    /// `PUBLIC`: every role.
    Public,
    /// `CURRENT_USER` or `CURRENT_ROLE`.
    Current,
    /// `SESSION_USER`.
    Session,
    /// A role of this name.
    Named(Ident),
}

/// `CREATE ROLE`, `CREATE USER` or `CREATE GROUP`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CreateRole {
    pub(crate) name: Ident,
    pub(crate) login: bool,
    pub(crate) options: RoleOptions,
}

/// What is said of a role; `None` where nothing is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RoleOptions {
    pub(crate) superuser: Option<bool>,
    pub(crate) bypass_rls: Option<bool>,
    pub(crate) replication: Option<bool>,
    pub(crate) create_role: Option<bool>,
    pub(crate) create_db: Option<bool>,
    pub(crate) login: Option<bool>,
    pub(crate) inherit: Option<bool>,
    /// `IN ROLE`: what it is a member of.
    pub(crate) in_roles: Vec<Ident>,
    /// `ROLE`: its members.
    pub(crate) members: Vec<RoleName>,
    /// `ADMIN`: its members with the admin option.
    pub(crate) admins: Vec<RoleName>,
}

/// `ALTER ROLE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AlterRole {
    Options(RoleName, RoleOptions),
    Rename(Ident, Ident),
    /// `SET` and `RESET`; no role for `ALL`.
    Setting {
        role: Option<RoleName>,
        in_database: bool,
        change: SettingChange,
    },
    /// `ALTER GROUP … ADD USER` and `DROP USER`.
    Members {
        group: RoleName,
        members: Vec<Ident>,
        add: bool,
    },
}

/// What `ALTER ROLE` and `ALTER DATABASE` do to settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SettingChange {
    Set(String, SetValue),
    Reset(String),
    ResetAll,
}

/// One role.
pub(crate) fn role(cursor: &mut Cursor<'_>) -> Parsed<RoleName> {
    Ok(match cursor.take_one_of(&["public", "current_user", "current_role", "session_user"]) {
        Some("public") => RoleName::Public,
        Some("session_user") => RoleName::Session,
        Some(_) => RoleName::Current,
        None => RoleName::Named(cursor.ident()?),
    })
}

/// What follows `CREATE`.
pub(crate) fn create_role(cursor: &mut Cursor<'_>) -> Parsed<CreateRole> {
    let login = match cursor.take_one_of(&["role", "user", "group"]) {
        Some(kind) => kind == "user",
        None => return Err(cursor.unexpected("ROLE")),
    };
    let name = cursor.ident()?;
    let _ = cursor.take("with");
    let options = role_options(cursor)?;
    Ok(CreateRole { name, login, options })
}

/// Options with a value that is of no account here.
const VALUED: [&str; 5] = ["valid until", "sysid", "password", "encrypted password", "unencrypted password"];

fn role_options(cursor: &mut Cursor<'_>) -> Parsed<RoleOptions> {
    let mut options = RoleOptions::default();
    while !cursor.is_at_end() {
        let flag = match cursor.peek().to_ascii_lowercase().as_str() {
            "superuser" | "nosuperuser" => Some(&mut options.superuser),
            "bypassrls" | "nobypassrls" => Some(&mut options.bypass_rls),
            "replication" | "noreplication" => Some(&mut options.replication),
            "createrole" | "nocreaterole" => Some(&mut options.create_role),
            "createdb" | "nocreatedb" => Some(&mut options.create_db),
            "login" | "nologin" => Some(&mut options.login),
            "inherit" | "noinherit" => Some(&mut options.inherit),
            _ => None,
        };
        if let Some(flag) = flag {
            *flag = Some(!cursor.peek().to_ascii_lowercase().starts_with("no"));
            cursor.any();
        } else if cursor.take("in role") || cursor.take("in group") {
            options.in_roles = cursor.list(Cursor::ident)?;
        } else if cursor.take("role") || cursor.take("user") {
            options.members = cursor.list(role)?;
        } else if cursor.take("admin") {
            options.admins = cursor.list(role)?;
        } else if cursor.take("connection limit") {
            let _ = cursor.take("-");
            cursor.any();
        } else if cursor.take_one_of(&VALUED).is_some() {
            cursor.any();
        } else {
            return Err(cursor.unexpected("an option of a role"));
        }
    }
    Ok(options)
}

/// What follows `ALTER`.
pub(crate) fn alter_role(cursor: &mut Cursor<'_>) -> Parsed<AlterRole> {
    let group = cursor.take("group");
    if !group && cursor.take_one_of(&["role", "user"]).is_none() {
        return Err(cursor.unexpected("ROLE"));
    }
    let all = cursor.take("all");
    let of = if all { None } else { Some(role(cursor)?) };
    if cursor.take("rename to") {
        let Some(RoleName::Named(from)) = of else { return Err(cursor.unexpected("a name")) };
        return Ok(AlterRole::Rename(from, cursor.ident()?));
    }
    if group && let Some(group) = of {
        let add = cursor.take("add user");
        if !add {
            cursor.expect("drop user")?;
        }
        return Ok(AlterRole::Members { group, members: cursor.list(Cursor::ident)?, add });
    }
    let in_database = cursor.take("in database");
    if in_database {
        cursor.ident()?;
    }
    if cursor.is("set") || cursor.is("reset") {
        return Ok(AlterRole::Setting { role: of, in_database, change: setting_change(cursor)? });
    }
    let Some(of) = of else { return Err(cursor.unexpected("SET")) };
    let _ = cursor.take("with");
    Ok(AlterRole::Options(of, role_options(cursor)?))
}

/// `SET …` or `RESET …`.
pub(crate) fn setting_change(cursor: &mut Cursor<'_>) -> Parsed<SettingChange> {
    if cursor.take("reset all") {
        return Ok(SettingChange::ResetAll);
    }
    if cursor.take("reset") {
        return Ok(SettingChange::Reset(setting_name(cursor)?));
    }
    cursor.expect("set")?;
    let (name, value) = setting_value(cursor)?;
    Ok(SettingChange::Set(name, value))
}
