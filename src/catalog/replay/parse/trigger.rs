//! `CREATE TRIGGER` and `CREATE RULE`.

use std::collections::BTreeSet;

use super::super::cursor::{Cursor, Name, Parsed};
use crate::catalog::{TriggerEvent, TriggerTiming};
use crate::ident::Ident;

/// `CREATE TRIGGER`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CreateTrigger {
    pub(crate) name: Ident,
    pub(crate) table: Name,
    pub(crate) or_replace: bool,
    pub(crate) constraint: bool,
    pub(crate) timing: TriggerTiming,
    pub(crate) events: BTreeSet<TriggerEvent>,
    pub(crate) columns: Vec<Ident>,
    pub(crate) for_each_row: bool,
    pub(crate) when: Option<String>,
    pub(crate) function: Name,
}

/// `CREATE RULE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CreateRule {
    pub(crate) name: Ident,
    pub(crate) table: Name,
    pub(crate) or_replace: bool,
    pub(crate) event: &'static str,
    pub(crate) instead: bool,
    pub(crate) condition: Option<String>,
    /// Each action as it is written; none for `NOTHING`.
    pub(crate) actions: Vec<String>,
}

/// What follows `CREATE`.
pub(crate) fn create_trigger(cursor: &mut Cursor<'_>) -> Parsed<CreateTrigger> {
    let or_replace = cursor.take("or replace");
    let constraint = cursor.take("constraint");
    cursor.expect("trigger")?;
    let name = cursor.ident()?;
    let timing = match cursor.take_one_of(&["before", "after", "instead of"]) {
        Some("before") => TriggerTiming::Before,
        Some("after") => TriggerTiming::After,
        Some(_) => TriggerTiming::InsteadOf,
        None => return Err(cursor.unexpected("BEFORE, AFTER or INSTEAD OF")),
    };
    let (events, columns) = events(cursor)?;
    cursor.expect("on")?;
    let table = cursor.name()?;
    if cursor.take("from") {
        cursor.name()?;
    }
    super::constraint::timing(cursor)?;
    if cursor.take("referencing") {
        while cursor.take_one_of(&["old table", "new table", "old row", "new row", "old", "new"]).is_some() {
            let _ = cursor.take("as");
            cursor.ident()?;
        }
    }
    let mut for_each_row = false;
    if cursor.take("for") {
        let _ = cursor.take("each");
        for_each_row = match cursor.take_one_of(&["row", "statement"]) {
            Some(each) => each == "row",
            None => return Err(cursor.unexpected("ROW or STATEMENT")),
        };
    }
    let when = if cursor.take("when") { Some(cursor.parens()?.text().to_owned()) } else { None };
    cursor.expect("execute")?;
    if cursor.take_one_of(&["function", "procedure"]).is_none() {
        return Err(cursor.unexpected("FUNCTION"));
    }
    let function = cursor.name()?;
    cursor.parens()?;
    cursor.end()?;
    Ok(CreateTrigger {
        name,
        table,
        or_replace,
        constraint,
        timing,
        events,
        columns,
        for_each_row,
        when,
        function,
    })
}

fn events(cursor: &mut Cursor<'_>) -> Parsed<(BTreeSet<TriggerEvent>, Vec<Ident>)> {
    let (mut events, mut columns) = (BTreeSet::new(), Vec::new());
    loop {
        events.insert(match cursor.take_one_of(&["insert", "update of", "update", "delete", "truncate"]) {
            Some("insert") => TriggerEvent::Insert,
            Some("update of") => {
                columns = cursor.list(Cursor::ident)?;
                TriggerEvent::Update
            }
            Some("update") => TriggerEvent::Update,
            Some("delete") => TriggerEvent::Delete,
            Some(_) => TriggerEvent::Truncate,
            None => return Err(cursor.unexpected("an event")),
        });
        if !cursor.take("or") {
            return Ok((events, columns));
        }
    }
}

/// What follows `CREATE`.
pub(crate) fn create_rule(cursor: &mut Cursor<'_>) -> Parsed<CreateRule> {
    let or_replace = cursor.take("or replace");
    cursor.expect("rule")?;
    let name = cursor.ident()?;
    cursor.expect("as on")?;
    let event = match cursor.take_one_of(&["select", "insert", "update", "delete"]) {
        Some("select") => "SELECT",
        Some("insert") => "INSERT",
        Some("update") => "UPDATE",
        Some(_) => "DELETE",
        None => return Err(cursor.unexpected("an event")),
    };
    cursor.expect("to")?;
    let table = cursor.name()?;
    let condition = if cursor.take("where") { Some(cursor.until(&["do"])?.text().to_owned()) } else { None };
    cursor.expect("do")?;
    let instead = cursor.take_one_of(&["instead", "also"]) == Some("instead");
    let actions = if cursor.take("nothing") {
        Vec::new()
    } else if cursor.is("(") {
        let mut inner = cursor.parens()?.cursor();
        let mut actions = Vec::new();
        while !inner.is_at_end() {
            if !inner.take(";") {
                actions.push(inner.until(&[";"])?.text().to_owned());
            }
        }
        actions
    } else {
        vec![cursor.rest().text().to_owned()]
    };
    cursor.end()?;
    Ok(CreateRule { name, table, or_replace, event, instead, condition, actions })
}
