//! What may be set in a transaction, and how.

use std::borrow::Cow;

use super::Place;
use super::advice;
use super::tokens::{Token, Tokens};
use crate::ident::MAX_NAME_BYTES;

/// The settings that say who the session is, which the pool has looked at.
const IDENTITY: [&str; 2] = ["role", "session_authorization"];

/// What is refused of a statement, and what to do instead.
pub(super) type Refused = (&'static str, &'static str);

/// Judges what follows `SET`.
pub(super) fn judge(mut tokens: Tokens<'_>, place: Place<'_>) -> Result<(), Refused> {
    let outlives = Err(("SET", advice::SET));
    let Some(first) = tokens.next() else { return outlives };
    // `SET local.x = 1` sets, for the session, a setting that is named like this.
    let is_name = match tokens.peek() {
        Some(Token::Sign(b'.' | b'=')) => true,
        Some(next) => next.is("to"),
        None => false,
    };
    if first.is("role") {
        Err(("SET ROLE", advice::IDENTITY))
    } else if is_name {
        outlives
    } else if first.is("local") {
        local(tokens, place)
    } else if first.is("constraints") {
        match place {
            Place::Scope => Err(("SET CONSTRAINTS", advice::ALONE)),
            Place::Transaction(_) => Ok(()),
        }
    } else if first.is("transaction") {
        Err(("SET TRANSACTION", advice::MODES))
    } else if first.is("session") && tokens.accept("characteristics") {
        Err(("SET SESSION CHARACTERISTICS", advice::MODES))
    } else if first.is("session") && tokens.accept("authorization") {
        Err(("SET SESSION AUTHORIZATION", advice::IDENTITY))
    } else {
        outlives
    }
}

fn local(mut tokens: Tokens<'_>, place: Place<'_>) -> Result<(), Refused> {
    let mut ahead = tokens.clone();
    if ahead.accept("session") && ahead.accept("authorization") {
        return Err(("SET LOCAL SESSION AUTHORIZATION", advice::IDENTITY));
    }
    let name = name(&mut tokens);
    let is = |known: &str| name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(known));
    if IDENTITY.into_iter().any(is) {
        return Err(("SET LOCAL ROLE", advice::IDENTITY));
    }
    if is("transaction") || is("session") {
        return Err(("SET LOCAL TRANSACTION", advice::MODES));
    }
    match (place, name.as_deref()) {
        (Place::Scope, _) => Err(("SET LOCAL", advice::LOCAL_ALONE)),
        (Place::Transaction(_), None) => Err(("SET LOCAL", advice::UNREADABLE)),
        (Place::Transaction(carrier), _) if is(carrier) => Err(("SET LOCAL", advice::CARRIER)),
        (Place::Transaction(_), _) => Ok(()),
    }
}

/// The name of a setting as the server puts it together. `None` where this cannot be said.
fn name<'a>(tokens: &mut Tokens<'a>) -> Option<Cow<'a, str>> {
    let mut name = part(tokens)?;
    while tokens.peek() == Some(Token::Sign(b'.')) {
        tokens.next();
        name = Cow::Owned(format!("{name}.{}", part(tokens)?));
    }
    Some(name)
}

/// One part of a name, empty where none stands, which the server will say. It cuts off what is too
/// long, so that it could come to be another.
fn part<'a>(tokens: &mut Tokens<'a>) -> Option<Cow<'a, str>> {
    let part = match tokens.next() {
        Some(Token::Word(word)) => Cow::Borrowed(word),
        Some(Token::Quoted(name)) if name.contains('"') => Cow::Owned(name.replace("\"\"", "\"")),
        Some(Token::Quoted(name)) => Cow::Borrowed(name),
        Some(Token::Escaped) => return None,
        _ => Cow::Borrowed(""),
    };
    (part.len() <= MAX_NAME_BYTES).then_some(part)
}
