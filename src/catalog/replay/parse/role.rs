//! Roles, as statements name them.

use super::super::cursor::{Cursor, Parsed};
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

/// One role.
pub(crate) fn role(cursor: &mut Cursor<'_>) -> Parsed<RoleName> {
    Ok(match cursor.take_one_of(&["public", "current_user", "current_role", "session_user"]) {
        Some("public") => RoleName::Public,
        Some("session_user") => RoleName::Session,
        Some(_) => RoleName::Current,
        None => RoleName::Named(cursor.ident()?),
    })
}
