//! Types that somebody made.

use std::collections::BTreeSet;

use super::security::Grant;
use crate::ident::Ident;

/// A type of `CREATE TYPE` or `CREATE DOMAIN`. Arrays and the row types of relations go with what they are of, and from
/// PostgreSQL 17 on so do multiranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserType {
    /// What it is.
    pub kind: TypeKind,
    /// The role that owns it.
    pub owner: Ident,
    /// What others than its owner may do. PUBLIC may use a new type.
    pub grants: BTreeSet<Grant>,
    /// The extension that it belongs to.
    pub extension: Option<Ident>,
}

/// What kind of type it is: `typtype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeKind {
    /// A base type, or one of which only the name is known so far.
    Base,
    /// A composite type.
    Composite,
    /// A domain.
    Domain,
    /// An enum type.
    Enum,
    /// A range type.
    Range,
    /// The multirange type of a range type, which has an owner of its own before PostgreSQL 17.
    Multirange,
}
