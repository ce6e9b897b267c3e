//! `SET`, `RESET` and the ends of transactions.

use super::super::cursor::{Cursor, Parsed};
use super::role::{RoleName, role};
use crate::ident::Ident;
use crate::lex::Kind;

/// What a setting is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SetValue {
    /// The values of a list, mostly one.
    Values(Vec<String>),
    Default,
    /// `FROM CURRENT`.
    Current,
}

/// `SET` and `RESET` of whatever a session has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Session {
    Set {
        local: bool,
        name: String,
        value: SetValue,
    },
    /// `SET ROLE`; nothing for `NONE`.
    Role {
        local: bool,
        role: Option<RoleName>,
    },
    /// `SET SESSION AUTHORIZATION`; nothing for `DEFAULT`.
    Authorization {
        local: bool,
        role: Option<RoleName>,
    },
    ResetAll,
    /// `DISCARD ALL`.
    Discard,
    Begin,
    /// `COMMIT`; with `AND CHAIN` another transaction begins.
    Commit {
        chain: bool,
    },
    Rollback {
        chain: bool,
    },
    Savepoint(Ident),
    Release(Ident),
    RollbackTo(Ident),
    Prepared,
}

/// A setting's name, in lower case.
pub(crate) fn setting_name(cursor: &mut Cursor<'_>) -> Parsed<String> {
    if cursor.take("time zone") {
        return Ok("timezone".to_owned());
    }
    let mut name = cursor.ident()?.as_str().to_owned();
    while cursor.take(".") {
        name = format!("{name}.{}", cursor.ident()?.as_str());
    }
    Ok(name.to_ascii_lowercase())
}

/// `name = value, …`, `name TO DEFAULT`, `name FROM CURRENT`.
pub(crate) fn setting_value(cursor: &mut Cursor<'_>) -> Parsed<(String, SetValue)> {
    if cursor.take("time zone") {
        let value = super::options::value(cursor)?;
        return Ok(("timezone".to_owned(), SetValue::Values(vec![value])));
    }
    if cursor.take("schema") {
        return Ok(("search_path".to_owned(), SetValue::Values(vec![cursor.string()?])));
    }
    if cursor.take("names") {
        let value = if cursor.is_at_end() { "utf8".to_owned() } else { super::options::value(cursor)? };
        return Ok(("client_encoding".to_owned(), SetValue::Values(vec![value])));
    }
    let name = setting_name(cursor)?;
    if cursor.take("from current") {
        return Ok((name, SetValue::Current));
    }
    if cursor.take_one_of(&["=", "to"]).is_none() {
        return Err(cursor.unexpected("TO"));
    }
    if cursor.take("default") {
        return Ok((name, SetValue::Default));
    }
    let values = cursor.list(|cursor| {
        let word = cursor.kind() == Some(Kind::Word);
        let value = super::options::value(cursor)?;
        Ok(if word { value.to_ascii_lowercase() } else { value })
    })?;
    Ok((name, SetValue::Values(values)))
}

/// A statement on the session or its transaction, if it is one.
pub(crate) fn session(cursor: &mut Cursor<'_>) -> Parsed<Option<Session>> {
    if let Some(transaction) = transaction(cursor)? {
        return Ok(Some(transaction));
    }
    if cursor.take("reset") {
        return reset(cursor).map(Some);
    }
    if cursor.take("discard") {
        return Ok(cursor.take("all").then_some(Session::Discard));
    }
    if !cursor.take("set") {
        return Ok(None);
    }
    if cursor.is_one_of(&["constraints", "transaction", "session characteristics", "xml option"]) {
        return Ok(None);
    }
    let local = cursor.take("local");
    if cursor.is("session authorization") || cursor.is("session session authorization") {
        while cursor.take("session") {}
        cursor.expect("authorization")?;
        let role = if cursor.take("default") { None } else { Some(role_or_literal(cursor)?) };
        return Ok(Some(Session::Authorization { local, role }));
    }
    let _ = !local && cursor.take("session");
    if cursor.is("role") {
        cursor.take("role");
        let _ = cursor.take_one_of(&["=", "to"]);
        let role = if cursor.take("none") { None } else { Some(role_or_literal(cursor)?) };
        return Ok(Some(Session::Role { local, role }));
    }
    let (name, value) = setting_value(cursor)?;
    cursor.end()?;
    Ok(Some(Session::Set { local, name, value }))
}

fn role_or_literal(cursor: &mut Cursor<'_>) -> Parsed<RoleName> {
    if cursor.kind() == Some(Kind::Text) {
        let name = cursor.string()?;
        return Ident::new(name).map(RoleName::Named).map_err(|error| error.to_string());
    }
    role(cursor)
}

fn reset(cursor: &mut Cursor<'_>) -> Parsed<Session> {
    if cursor.take("all") {
        return Ok(Session::ResetAll);
    }
    if cursor.take("role") {
        return Ok(Session::Role { local: false, role: None });
    }
    if cursor.take("session authorization") {
        return Ok(Session::Authorization { local: false, role: None });
    }
    Ok(Session::Set { local: false, name: setting_name(cursor)?, value: SetValue::Default })
}

fn transaction(cursor: &mut Cursor<'_>) -> Parsed<Option<Session>> {
    let chain = |cursor: &mut Cursor<'_>| {
        let _ = cursor.take_one_of(&["work", "transaction"]);
        cursor.take("and chain")
    };
    Ok(Some(if cursor.take("begin") || cursor.take("start transaction") {
        Session::Begin
    } else if cursor.is("commit prepared")
        || cursor.is("rollback prepared")
        || cursor.is("prepare transaction")
    {
        Session::Prepared
    } else if cursor.take("commit") || cursor.take("end") {
        Session::Commit { chain: chain(cursor) }
    } else if cursor.take("savepoint") {
        Session::Savepoint(cursor.ident()?)
    } else if cursor.take("release") {
        let _ = cursor.take("savepoint");
        Session::Release(cursor.ident()?)
    } else if cursor.take("rollback") || cursor.take("abort") {
        let chain = chain(cursor);
        if cursor.take("to") {
            let _ = cursor.take("savepoint");
            Session::RollbackTo(cursor.ident()?)
        } else {
            Session::Rollback { chain }
        }
    } else {
        return Ok(None);
    }))
}
