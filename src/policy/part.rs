//! A part of the bootstrap.

use super::render::{Vars, render};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};

/// Something that the bootstrap makes or checks, and its opposite.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "lint"), allow(dead_code, reason = "the plan alone asks for parts"))]
pub(crate) struct Part {
    pub(crate) kind: PartKind,
    /// What it does and to what.
    pub(crate) what: String,
    /// It can be run again.
    pub(crate) sql: String,
    /// What takes it away, for where it was not there before.
    pub(crate) down: Option<String>,
}

/// What a part makes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "lint"), allow(dead_code, reason = "the plan alone asks for parts"))]
pub(crate) enum PartKind {
    Role(Ident),
    /// Membership in a role.
    Member {
        role: Ident,
        member: Ident,
    },
    Password(Ident),
    Schema(Ident),
    Function(QualifiedName),
    /// The table of the keys that seals are verified with.
    SealKey(QualifiedName),
    /// What the migrator may do with those keys.
    SealKeeper(QualifiedName),
    /// The table of accesses across tenants, and who may do what with it.
    SystemAccess(QualifiedName),
    /// What a role needs of something that another part makes.
    Grant,
    /// Nothing. It fails where the database is not as it should be.
    Check,
}

impl Part {
    pub(super) fn new(kind: PartKind, what: impl AsRef<str>, file: &str, vars: &Vars<'_>) -> Result<Self> {
        let what = format!("bootstrap: {}", what.as_ref());
        Ok(Self { kind, what, sql: render(file, vars)?, down: None })
    }

    pub(super) fn undone_by(mut self, file: &str, vars: &Vars<'_>) -> Result<Self> {
        self.down = Some(render(file, vars)?);
        Ok(self)
    }
}
