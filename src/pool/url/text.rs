//! The text of a database URL, taken apart no further than the options need it.

use crate::conninfo;
use crate::error::{Error, Result};

/// An option and its value, decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) value: String,
}

/// Splits a URL into what stands between its scheme and the `?`, and its options. `key=value` pairs
/// are options, and nothing stands before them.
pub(super) fn split(text: &str) -> Result<(&str, Vec<Pair>)> {
    let text = text.trim();
    let scheme = ["postgresql://", "postgres://"].into_iter().find_map(|scheme| text.strip_prefix(scheme));
    let Some(rest) = scheme else {
        let foreign = text.split_once("://").is_some_and(|(scheme, _)| !scheme.contains('='));
        return if foreign { Err(not_read()) } else { Ok(("", pairs(text)?)) };
    };
    let (head, query) = match question_mark(rest) {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, ""),
    };
    // Most likely the password holds a / and a ? that are not encoded, and what follows is a piece of it.
    if !head.contains('@') && head.contains(':') && query.contains('@') {
        return Err(not_read());
    }
    let options = query.split('&').filter(|option| !option.is_empty());
    let options = options.map(|option| {
        let (name, value) = option.split_once('=').ok_or_else(not_read)?;
        Ok(Pair { name: decode(name)?, value: decode(value)? })
    });
    Ok((head, options.collect::<Result<_>>()?))
}

/// Where the options begin. A password can hold a `?`, or a `/` that should be encoded; an option an `@`.
fn question_mark(rest: &str) -> Option<usize> {
    let (at, slash, mark) = (rest.find('@'), rest.find('/'), rest.find('?')?);
    let login = at.filter(|at| *at < mark || slash.is_none_or(|slash| *at < slash));
    match login {
        Some(login) => rest[login..].find('?').map(|mark| login + mark),
        None => Some(mark),
    }
}

fn not_read() -> Error {
    Error::config(
        "the database URL does not parse; expected postgresql://user@host:port/database, with %40 for @, %3A for : and %2F for / in user and password",
    )
}

fn decode(text: &str) -> Result<String> {
    conninfo::decode(text).map_err(|_| not_read())
}

/// Encodes a value such that the driver finds nothing in it that it takes for a part of the URL.
pub(super) fn encode(value: &str) -> String {
    value
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

fn pairs(text: &str) -> Result<Vec<Pair>> {
    let pairs = conninfo::key_values(text).map_err(|_| not_read())?;
    Ok(pairs.into_iter().map(|(name, value)| Pair { name, value }).collect())
}
