//! `ALTER` of whatever is no relation.

use super::super::cursor::{Cursor, Parsed};
use super::super::statement::{
    AlterExtension, AlterFunction, AlterPolicy, AlterType, AttributeChange, Change, Statement,
};
use super::function::{Attributes, attribute, function_name};
use super::passed::{Rest, rest};
use super::type_name::type_name;
use super::{alter_table, grant, object, policy, role};

/// What follows `ALTER`.
pub(super) fn alter(cursor: &mut Cursor<'_>) -> Parsed<Statement> {
    if cursor.take("default privileges") {
        return Ok(Statement::AlterDefaults(grant::alter_defaults(cursor)?));
    }
    if cursor.is("database") {
        return database(cursor);
    }
    Ok(match cursor.peek().to_ascii_lowercase().as_str() {
        "table" | "foreign" | "view" | "materialized" | "index" | "sequence" => {
            Statement::AlterTable(alter_table::alter_table(cursor)?)
        }
        "policy" => alter_policy(cursor)?,
        "function" | "procedure" | "routine" | "aggregate" => alter_function(cursor)?,
        "trigger" | "rule" => rename_on_table(cursor)?,
        "type" | "domain" => alter_type(cursor)?,
        "role" | "user" | "group" => Statement::AlterRole(role::alter_role(cursor)?),
        "schema" => {
            cursor.expect("schema")?;
            let name = cursor.ident()?;
            let change = change(cursor)?.ok_or_else(|| cursor.unexpected("RENAME TO or OWNER TO"))?;
            Statement::AlterSchema(name, change)
        }
        "extension" => alter_extension(cursor)?,
        "publication" => {
            cursor.expect("publication")?;
            let (name, change) = object::alter_publication(cursor)?;
            Statement::AlterPublication(name, change)
        }
        _ => return Err(cursor.unexpected("an object that PostgreSQL alters")),
    })
}

/// What can be changed of most objects, if it is that.
fn change(cursor: &mut Cursor<'_>) -> Parsed<Option<Change>> {
    Ok(if cursor.take("rename to") {
        Some(Change::Rename(cursor.ident()?))
    } else if cursor.take("owner to") {
        Some(Change::Owner(role::role(cursor)?))
    } else if cursor.take("set schema") {
        Some(Change::Schema(cursor.ident()?))
    } else {
        None
    })
}

fn database(cursor: &mut Cursor<'_>) -> Parsed<Statement> {
    cursor.expect("database")?;
    cursor.ident()?;
    let setting = cursor.is_one_of(&["set", "reset"]) && !cursor.is("set tablespace");
    if setting {
        return Ok(Statement::AlterDatabase(Some(role::setting_change(cursor)?)));
    }
    rest(cursor, Rest::AlterDatabase)?;
    Ok(Statement::AlterDatabase(None))
}

fn alter_policy(cursor: &mut Cursor<'_>) -> Parsed<Statement> {
    cursor.expect("policy")?;
    let (name, table) = policy::policy_of(cursor)?;
    let change = if cursor.take("rename to") {
        AlterPolicy::Rename(cursor.ident()?)
    } else {
        let roles = policy::roles(cursor)?;
        let (using, with_check) = policy::expressions(cursor)?;
        AlterPolicy::Change { roles, using, with_check }
    };
    Ok(Statement::AlterPolicy { name, table, change })
}

fn alter_function(cursor: &mut Cursor<'_>) -> Parsed<Statement> {
    cursor.any();
    let name = function_name(cursor)?;
    if let Some(change) = change(cursor)? {
        return Ok(Statement::AlterFunction(name, AlterFunction::Change(change)));
    }
    if cursor.take("no depends on extension") || cursor.take("depends on extension") {
        cursor.ident()?;
        return Ok(Statement::Nothing);
    }
    let mut attributes = Attributes::default();
    while attribute(cursor, &mut attributes)? {}
    let _ = cursor.take("restrict");
    Ok(Statement::AlterFunction(name, AlterFunction::Attributes(attributes)))
}

fn rename_on_table(cursor: &mut Cursor<'_>) -> Parsed<Statement> {
    let trigger = cursor.take("trigger");
    let _ = !trigger && cursor.take("rule");
    let (name, table) = policy::policy_of(cursor)?;
    if cursor.take("depends on extension") || cursor.take("no depends on extension") {
        cursor.ident()?;
        return Ok(Statement::Nothing);
    }
    cursor.expect("rename to")?;
    Ok(Statement::RenameOnTable { trigger, name, table, to: cursor.ident()? })
}

fn alter_type(cursor: &mut Cursor<'_>) -> Parsed<Statement> {
    let of = if cursor.is("domain") { Rest::AlterDomain } else { Rest::AlterType };
    cursor.any();
    let name = cursor.name()?;
    if let Some(change) = change(cursor)? {
        return Ok(Statement::AlterType(name, AlterType::Change(change)));
    }
    if cursor.is_one_of(&["add attribute", "drop attribute", "alter attribute", "rename attribute"]) {
        let changes = cursor.list(attribute_change)?;
        return Ok(Statement::AlterType(name, AlterType::Attributes(changes)));
    }
    rest(cursor, of)?;
    Ok(Statement::AlterType(name, AlterType::Nothing))
}

fn attribute_change(cursor: &mut Cursor<'_>) -> Parsed<AttributeChange> {
    let verb =
        cursor.take_one_of(&["add attribute", "drop attribute", "alter attribute", "rename attribute"]);
    if verb == Some("drop attribute") {
        let _ = cursor.take("if exists");
    }
    let name = cursor.ident()?;
    let change = match verb {
        Some("add attribute") => AttributeChange::Add(name, type_name(cursor)?),
        Some("drop attribute") => AttributeChange::Drop(name),
        Some("rename attribute") => {
            cursor.expect("to")?;
            AttributeChange::Rename(name, cursor.ident()?)
        }
        _ => {
            let _ = cursor.take("set data");
            cursor.expect("type")?;
            AttributeChange::Type(name, type_name(cursor)?)
        }
    };
    if cursor.take("collate") {
        cursor.name()?;
    }
    let _ = cursor.take_one_of(&["cascade", "restrict"]);
    Ok(change)
}

fn alter_extension(cursor: &mut Cursor<'_>) -> Parsed<Statement> {
    cursor.expect("extension")?;
    let name = cursor.ident()?;
    let change = if cursor.take("set schema") {
        AlterExtension::Schema(cursor.ident()?)
    } else if cursor.take("update") {
        rest(cursor, Rest::Update)?;
        AlterExtension::Update
    } else if cursor.is_one_of(&["add", "drop"]) {
        rest(cursor, Rest::Member)?;
        AlterExtension::Members
    } else {
        return Err(cursor.unexpected("UPDATE or SET SCHEMA"));
    };
    Ok(Statement::AlterExtension(name, change))
}
