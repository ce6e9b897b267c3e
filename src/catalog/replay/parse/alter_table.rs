//! `ALTER TABLE`, and what other relations share with it.

use super::super::cursor::{Cursor, Name, Parsed};
use super::column::{ColumnDef, column, identity};
use super::constraint::{Constraint, Timing, constraint, is_constraint, timing};
use super::options::{options, skip_options};
use super::role::{RoleName, role};
use super::sequence::{SequenceOptions, sequence_options};
use super::table::{Bound, bound};
use super::type_name::{TypeName, type_name};
use crate::catalog::Identity;
use crate::ident::Ident;
use crate::lex::Kind;

/// `ALTER TABLE`, `ALTER VIEW` and their like.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AlterTable {
    pub(crate) kind: AlteredKind,
    pub(crate) if_exists: bool,
    pub(crate) only: bool,
    pub(crate) name: Name,
    pub(crate) actions: Vec<Action>,
}

/// What the statement calls what it alters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AlteredKind {
    Table,
    View,
    MaterializedView,
    Index,
    Sequence,
}

/// One action.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    AddColumn {
        if_not_exists: bool,
        column: ColumnDef,
    },
    DropColumn {
        if_exists: bool,
        name: Ident,
        cascade: bool,
    },
    SetDefault(Ident, String),
    DropDefault(Ident),
    NotNull(Ident, bool),
    SetType(Ident, TypeName),
    SetExpression(Ident, String),
    DropExpression {
        name: Ident,
        if_exists: bool,
    },
    AddIdentity(Ident, Identity, SequenceOptions),
    SetIdentity(Ident, Option<Identity>),
    DropIdentity {
        name: Ident,
        if_exists: bool,
    },
    AddConstraint(Constraint),
    AlterConstraint(Ident, Timing),
    ValidateConstraint(Ident),
    DropConstraint {
        if_exists: bool,
        name: Ident,
        cascade: bool,
    },
    RowSecurity(bool),
    ForceRowSecurity(bool),
    Trigger(WhichTrigger, bool),
    Rule(Ident, bool),
    Inherit(Name),
    NoInherit(Name),
    Attach(Name, Bound),
    Detach(Name),
    AttachIndex(Name),
    Owner(RoleName),
    SetOptions(Vec<(String, String)>),
    ResetOptions(Vec<String>),
    Unlogged(bool),
    RenameTo(Ident),
    RenameColumn(Ident, Ident),
    RenameConstraint(Ident, Ident),
    SetSchema(Ident),
    Sequence(SequenceOptions),
    /// What is not understood, and why.
    Unread(String),
    /// Of no account to the model.
    Nothing,
}

/// Which triggers are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WhichTrigger {
    All,
    User,
    Named(Ident),
}

/// What follows `ALTER`.
pub(crate) fn alter_table(cursor: &mut Cursor<'_>) -> Parsed<AlterTable> {
    let kind = match cursor.take_one_of(&[
        "table",
        "foreign table",
        "view",
        "materialized view",
        "index",
        "sequence",
    ]) {
        Some("table" | "foreign table") => AlteredKind::Table,
        Some("view") => AlteredKind::View,
        Some("materialized view") => AlteredKind::MaterializedView,
        Some("index") => AlteredKind::Index,
        Some(_) => AlteredKind::Sequence,
        None => return Err(cursor.unexpected("TABLE")),
    };
    let if_exists = cursor.take("if exists");
    let only = cursor.take("only");
    let name = cursor.name()?;
    let _ = cursor.take("*");
    let actions = if kind == AlteredKind::Sequence && !is_relation_action(cursor) {
        vec![Action::Sequence(sequence_options(cursor)?)]
    } else {
        let read = |cursor: &mut Cursor<'_>| action(cursor, kind);
        let actions = cursor.list(|cursor| Ok(cursor.one_of_list(read).unwrap_or_else(Action::Unread)))?;
        if let [Action::Unread(why)] = &actions[..] {
            return Err(why.clone());
        }
        actions
    };
    cursor.end()?;
    Ok(AlterTable { kind, if_exists, only, name, actions })
}

/// Whether what comes next is not particular to sequences.
fn is_relation_action(cursor: &Cursor<'_>) -> bool {
    cursor.is_one_of(&["owner to", "rename", "set"])
}

fn action(cursor: &mut Cursor<'_>, kind: AlteredKind) -> Parsed<Action> {
    if let Some(action) = of_table(cursor, kind)? {
        return Ok(action);
    }
    if cursor.take("add") {
        return add(cursor);
    }
    if cursor.take("drop constraint") {
        let if_exists = cursor.take("if exists");
        return Ok(Action::DropConstraint { if_exists, name: cursor.ident()?, cascade: cascade(cursor) });
    }
    if cursor.take("drop") {
        let _ = cursor.take("column");
        let if_exists = cursor.take("if exists");
        return Ok(Action::DropColumn { if_exists, name: cursor.ident()?, cascade: cascade(cursor) });
    }
    if cursor.take("alter constraint") {
        let constraint = cursor.ident()?;
        // Of a NOT NULL, whose heirs have it in the model anyway.
        if cursor.take_one_of(&["inherit", "no inherit"]).is_some() {
            return Ok(Action::Nothing);
        }
        return Ok(Action::AlterConstraint(constraint, timing(cursor)?));
    }
    if cursor.take("alter") {
        let _ = cursor.take("column");
        return alter_column(cursor);
    }
    Err(cursor.unexpected("an action of ALTER TABLE"))
}

/// `CASCADE` or `RESTRICT`; the latter is what is meant where neither is written.
pub(crate) fn cascade(cursor: &mut Cursor<'_>) -> bool {
    cursor.take_one_of(&["cascade", "restrict"]) == Some("cascade")
}

/// What is done to the relation as a whole.
fn of_table(cursor: &mut Cursor<'_>, kind: AlteredKind) -> Parsed<Option<Action>> {
    Ok(Some(if cursor.take("rename to") {
        Action::RenameTo(cursor.ident()?)
    } else if cursor.take("rename constraint") {
        let (from, to) = renamed(cursor)?;
        Action::RenameConstraint(from, to)
    } else if cursor.take("rename") {
        let _ = cursor.take("column");
        let (from, to) = renamed(cursor)?;
        Action::RenameColumn(from, to)
    } else if cursor.take("owner to") {
        Action::Owner(role(cursor)?)
    } else if cursor.take("set schema") {
        Action::SetSchema(cursor.ident()?)
    } else if cursor.is("set (") {
        cursor.take("set");
        Action::SetOptions(options(cursor)?)
    } else if cursor.is("reset (") {
        cursor.take("reset");
        Action::ResetOptions(options(cursor)?.into_iter().map(|(name, _)| name).collect())
    } else if cursor.take("set logged") {
        Action::Unlogged(false)
    } else if cursor.take("set unlogged") {
        Action::Unlogged(true)
    } else if cursor.take_one_of(&["set without cluster", "set without oids"]).is_some() {
        Action::Nothing
    } else if cursor.take("set tablespace") || cursor.take("set access method") || cursor.take("cluster on") {
        cursor.ident()?;
        let _ = cursor.take("nowait");
        Action::Nothing
    } else if cursor.take("replica identity using index") {
        cursor.ident()?;
        Action::Nothing
    } else if cursor.take("replica identity") {
        cursor.any();
        Action::Nothing
    } else if cursor.is_one_of(&["enable", "disable", "force", "no force"]) {
        enabled(cursor)?
    } else if cursor.take("inherit") {
        Action::Inherit(cursor.name()?)
    } else if cursor.take("no inherit") {
        Action::NoInherit(cursor.name()?)
    } else if cursor.take("not of") {
        Action::Nothing
    } else if cursor.take("of") {
        cursor.name()?;
        Action::Nothing
    } else if cursor.take("attach partition") {
        let name = cursor.name()?;
        if kind == AlteredKind::Index {
            Action::AttachIndex(name)
        } else {
            Action::Attach(name, bound(cursor)?)
        }
    } else if cursor.take("detach partition") {
        let name = cursor.name()?;
        let _ = cursor.take_one_of(&["concurrently", "finalize"]);
        Action::Detach(name)
    } else if cursor.take("validate constraint") {
        Action::ValidateConstraint(cursor.ident()?)
    } else if cursor.is("options") {
        cursor.take("options");
        skip_options(cursor)?;
        Action::Nothing
    } else if cursor.take("no depends on extension") || cursor.take("depends on extension") {
        cursor.ident()?;
        Action::Nothing
    } else {
        return Ok(None);
    }))
}

fn renamed(cursor: &mut Cursor<'_>) -> Parsed<(Ident, Ident)> {
    let from = cursor.ident()?;
    cursor.expect("to")?;
    Ok((from, cursor.ident()?))
}

fn enabled(cursor: &mut Cursor<'_>) -> Parsed<Action> {
    for (phrase, action) in [
        ("enable row level security", Action::RowSecurity(true)),
        ("disable row level security", Action::RowSecurity(false)),
        ("no force row level security", Action::ForceRowSecurity(false)),
        ("force row level security", Action::ForceRowSecurity(true)),
    ] {
        if cursor.take(phrase) {
            return Ok(action);
        }
    }
    let on = cursor.take("enable");
    if !on {
        cursor.expect("disable")?;
    }
    let replica = cursor.take("replica");
    let _ = cursor.take("always");
    if cursor.take("rule") {
        return Ok(Action::Rule(cursor.ident()?, on && !replica));
    }
    cursor.expect("trigger")?;
    let which = match cursor.take_one_of(&["all", "user"]) {
        Some("all") => WhichTrigger::All,
        Some(_) => WhichTrigger::User,
        None => WhichTrigger::Named(cursor.ident()?),
    };
    Ok(Action::Trigger(which, on && !replica))
}

fn add(cursor: &mut Cursor<'_>) -> Parsed<Action> {
    if is_constraint(cursor) {
        return constraint(cursor).map(Action::AddConstraint);
    }
    let _ = cursor.take("column");
    let if_not_exists = cursor.take("if not exists");
    Ok(Action::AddColumn { if_not_exists, column: column(cursor)? })
}

fn alter_column(cursor: &mut Cursor<'_>) -> Parsed<Action> {
    if cursor.kind() == Some(Kind::Number) {
        cursor.any();
        cursor.expect("set statistics")?;
        let _ = cursor.take("-");
        cursor.any();
        return Ok(Action::Nothing);
    }
    let name = cursor.ident()?;
    Ok(if cursor.take("set default") {
        Action::SetDefault(name, cursor.until(&[","])?.text().to_owned())
    } else if cursor.take("drop default") {
        Action::DropDefault(name)
    } else if cursor.take("set not null") {
        Action::NotNull(name, true)
    } else if cursor.take("drop not null") {
        Action::NotNull(name, false)
    } else if cursor.take_one_of(&["set data type", "type"]).is_some() {
        let data_type = type_name(cursor)?;
        if cursor.take("collate") {
            cursor.name()?;
        }
        if cursor.take("using") {
            cursor.until(&[","])?;
        }
        Action::SetType(name, data_type)
    } else if cursor.take("set expression as (") {
        let expression = cursor.until(&[])?.text().to_owned();
        cursor.expect(")")?;
        Action::SetExpression(name, expression)
    } else if cursor.take("drop expression") {
        Action::DropExpression { name, if_exists: cursor.take("if exists") }
    } else if cursor.take("drop identity") {
        Action::DropIdentity { name, if_exists: cursor.take("if exists") }
    } else if cursor.take("add generated") {
        let (kind, options) = identity(cursor)?;
        Action::AddIdentity(name, kind, options)
    } else if cursor.is_one_of(&["set generated", "restart"]) || is_sequence_setting(cursor) {
        Action::SetIdentity(name, identity_changes(cursor)?)
    } else if cursor.take("set statistics") {
        let _ = cursor.take("-");
        cursor.any();
        Action::Nothing
    } else if cursor.take("set storage") || cursor.take("set compression") {
        cursor.any();
        Action::Nothing
    } else if cursor.take_one_of(&["set", "reset", "options"]).is_some() {
        skip_options(cursor)?;
        Action::Nothing
    } else {
        return Err(cursor.unexpected("what to alter of a column"));
    })
}

fn is_sequence_setting(cursor: &Cursor<'_>) -> bool {
    let settings = [
        "set increment",
        "set minvalue",
        "set maxvalue",
        "set start",
        "set cache",
        "set no",
        "set cycle",
        "set restart",
    ];
    cursor.is_one_of(&settings)
}

fn identity_changes(cursor: &mut Cursor<'_>) -> Parsed<Option<Identity>> {
    let mut identity = None;
    loop {
        match cursor.take_one_of(&["set generated always", "set generated by default"]) {
            Some("set generated always") => identity = Some(Identity::Always),
            Some(_) => identity = Some(Identity::ByDefault),
            None if cursor.is("restart") || is_sequence_setting(cursor) => {
                let _ = cursor.take("set");
                sequence_options(cursor)?;
            }
            None => return Ok(identity),
        }
    }
}
