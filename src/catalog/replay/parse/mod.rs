//! Statements, read: each form of PostgreSQL's grammar that the model has to do with.

pub(super) mod alter;
pub(super) mod alter_table;
pub(super) mod calls;
pub(super) mod column;
pub(super) mod constraint;
pub(super) mod drop;
mod form;
pub(super) mod function;
pub(super) mod grant;
pub(super) mod index;
pub(super) mod object;
pub(super) mod options;
pub(super) mod passed;
pub(super) mod policy;
pub(super) mod role;
mod running;
pub(super) mod sequence;
pub(super) mod session;
pub(super) mod table;
pub(super) mod trigger;
pub(super) mod type_name;
pub(super) mod view;

use super::cursor::{Cursor, Parsed};
use super::plpgsql;
use super::statement::Statement;
use grant::Grants;
use table::Made;

/// What has no effect on the model by itself, whatever it says.
const NOTHING: [&str; 2] = ["prepare", "execute"];

/// What is known not to be followed, by its first words.
const OPAQUE: [(&str, &str); 5] = [
    ("import foreign schema", "the tables that it makes are known to the foreign server alone"),
    ("create event trigger", "an event trigger can change what every later statement does"),
    ("alter event trigger", "an event trigger can change what every later statement does"),
    ("drop event trigger", "an event trigger can change what every later statement does"),
    ("create or replace transform", "a transform is not followed"),
];

/// Reads one statement.
pub(super) fn statement(cursor: Cursor<'_>) -> Parsed<Statement> {
    let mut cursor = cursor;
    if let Some((_, why)) = OPAQUE.iter().find(|(words, _)| cursor.is(words)) {
        return Ok(Statement::Opaque(why));
    }
    if cursor.take("do") {
        return Ok(plpgsql::do_block(&mut cursor).map_or(Statement::Opaque(plpgsql::DO), Statement::Do));
    }
    if let Some(run) = running::running(&mut cursor)? {
        return Ok(run);
    }
    if cursor.take("comment on policy") {
        return policy::comment(&mut cursor);
    }
    if let Some(query) = query(&mut cursor) {
        return Ok(query);
    }
    let passed = passed::passed(&cursor);
    if !cursor.is("discard all") {
        passed.clone().transpose()?;
    }
    if let Some(session) = session::session(&mut cursor)? {
        if passed.is_none() {
            cursor.end()?;
        }
        return Ok(Statement::Session(session));
    }
    if passed.is_some() && cursor.is("drop") {
        return Ok(Statement::Drop(drop::drop_other(&mut cursor)));
    }
    if let (Some(_), Some(read)) = (&passed, function::comment(cursor)) {
        return Ok(read);
    }
    if passed.is_some() || cursor.is_one_of(&NOTHING) {
        return Ok(Statement::Nothing);
    }
    if cursor.is_one_of(&["grant", "revoke"]) {
        let read = match grant::grant(&mut cursor)? {
            Grants::Privileges(grant) => Statement::GrantPrivileges(grant),
            Grants::Roles(grant) => Statement::GrantRoles(grant),
        };
        cursor.end()?;
        return Ok(read);
    }
    let read = if cursor.take("create") {
        create(&mut cursor)?
    } else if cursor.take("alter") {
        alter::alter(&mut cursor)?
    } else if cursor.take("drop") {
        Statement::Drop(drop::drop_statement(&mut cursor)?)
    } else if cursor.take("reassign owned by") {
        let from = cursor.list(role::role)?;
        cursor.expect("to")?;
        Statement::ReassignOwned { from, to: role::role(&mut cursor)? }
    } else {
        return Err(cursor.unexpected("a statement of PostgreSQL"));
    };
    cursor.end()?;
    Ok(read)
}

/// What reads or changes rows.
fn query(cursor: &mut Cursor<'_>) -> Option<Statement> {
    if cursor.is_one_of(&["select", "with", "values", "table", "("]) {
        return Some(Statement::Select(cursor.rest().text().to_owned()));
    }
    let (verb, phrases): (_, &[&str]) = match cursor.peek().to_ascii_lowercase().as_str() {
        "insert" => ("INSERT", &["insert into"]),
        "update" => ("UPDATE", &["update only", "update"]),
        "delete" => ("DELETE", &["delete from only", "delete from"]),
        "merge" => ("MERGE", &["merge into only", "merge into"]),
        "truncate" => ("TRUNCATE", &["truncate table only", "truncate table", "truncate only", "truncate"]),
        "copy" => ("COPY", &["copy"]),
        _ => return None,
    };
    cursor.take_one_of(phrases);
    Some(Statement::Change { verb, table: cursor.name().ok() })
}

fn create(cursor: &mut Cursor<'_>) -> Parsed<Statement> {
    // What may stand before the word that tells.
    let mut ahead = *cursor;
    let _ = ahead.take("or replace");
    let _ = ahead.take_one_of(&["global", "local"]);
    let _ = ahead.take_one_of(&["temporary", "temp", "unlogged", "foreign", "constraint", "unique"]);
    let _ = ahead.take("recursive");
    Ok(match ahead.peek().to_ascii_lowercase().as_str() {
        "table" => match table::create_table(cursor)? {
            Made::Table(table) => Statement::CreateTable(Box::new(table)),
            Made::As(table) => Statement::CreateTableAs(table),
        },
        "materialized" => Statement::CreateTableAs(table::materialized_view(cursor)?),
        "view" => Statement::CreateView(view::create_view(cursor)?),
        "index" => Statement::CreateIndex(index::create_index(cursor)?),
        "sequence" => sequence::create_sequence(cursor)?,
        "function" | "procedure" => Statement::CreateFunction(Box::new(function::create_function(cursor)?)),
        "aggregate" => Statement::CreateAggregate(Box::new(function::create_aggregate(cursor)?)),
        "trigger" => Statement::CreateTrigger(trigger::create_trigger(cursor)?),
        "rule" => Statement::CreateRule(trigger::create_rule(cursor)?),
        "policy" => {
            cursor.expect("policy")?;
            let (name, table) = policy::policy_of(cursor)?;
            Statement::CreatePolicy(name, table, policy::created(cursor)?)
        }
        "schema" => Statement::CreateSchema(object::create_schema(cursor)?),
        "extension" => Statement::CreateExtension(object::create_extension(cursor)?),
        "publication" => {
            cursor.expect("publication")?;
            let (name, published) = object::create_publication(cursor)?;
            Statement::CreatePublication(name, published)
        }
        "type" | "domain" => {
            let (name, made) = object::create_type(cursor)?;
            Statement::CreateType(name, made)
        }
        "role" | "user" | "group" => Statement::CreateRole(role::create_role(cursor)?),
        _ => return Err(cursor.unexpected("an object that PostgreSQL makes")),
    })
}
