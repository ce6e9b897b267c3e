//! What something can be said of: an object of a database, or a part of one.

use std::fmt;

use super::routine::Signature;
use super::security::{Grantee, Privilege};
use crate::ident::{Ident, QualifiedName};

/// An object of a database, or a part of one, by its name.
///
/// `Display` writes it for people and programs, the schema first: `public.invoice`, and a part behind its relation,
/// `public.invoice.customer_id`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    /// The database itself.
    Database,
    /// A schema.
    Schema(Ident),
    /// A relation of any kind.
    Relation(QualifiedName),
    /// Whether policies are asked for a table, and whether for its owner too.
    RowSecurity(QualifiedName),
    /// A part of a relation.
    Part(Part, QualifiedName, Ident),
    /// A privilege on a relation.
    Grant(QualifiedName, Grantee, Privilege),
    /// A function.
    Function(Signature),
    /// A type.
    Type(QualifiedName),
    /// A role.
    Role(Ident),
    /// A role's membership, the member first.
    Membership(Ident, Ident),
    /// A setting that a role, or every role, brings along.
    Setting(Option<Ident>, String),
    /// What is granted on objects that a role will make.
    DefaultPrivileges(Ident),
    /// A publication of logical replication.
    Publication(Ident),
}

/// What stands with a relation under a name of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A column.
    Column,
    /// A primary key or a unique constraint.
    Key,
    /// A foreign key.
    ForeignKey,
    /// A check constraint.
    Check,
    /// An exclusion constraint.
    Exclusion,
    /// An index.
    Index,
    /// A policy.
    Policy,
    /// A trigger.
    Trigger,
    /// A rewrite rule.
    Rule,
}

impl Object {
    /// A policy.
    #[must_use]
    pub fn policy(table: &QualifiedName, name: &Ident) -> Self {
        Self::Part(Part::Policy, table.clone(), name.clone())
    }

    /// A column.
    #[must_use]
    pub fn column(table: &QualifiedName, name: &Ident) -> Self {
        Self::Part(Part::Column, table.clone(), name.clone())
    }

    /// A foreign key.
    #[must_use]
    pub fn foreign_key(table: &QualifiedName, name: &Ident) -> Self {
        Self::Part(Part::ForeignKey, table.clone(), name.clone())
    }

    /// The relation that it is or stands with.
    #[must_use]
    pub fn relation(&self) -> Option<&QualifiedName> {
        match self {
            Self::Relation(name)
            | Self::RowSecurity(name)
            | Self::Part(_, name, _)
            | Self::Grant(name, ..) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database => f.write_str("database"),
            Self::Schema(name)
            | Self::Role(name)
            | Self::Publication(name)
            | Self::DefaultPrivileges(name) => f.write_str(&name.plain()),
            Self::Relation(name) | Self::RowSecurity(name) | Self::Grant(name, ..) | Self::Type(name) => {
                f.write_str(&name.plain())
            }
            Self::Part(_, relation, name) => write!(f, "{}.{}", relation.plain(), name.plain()),
            Self::Function(signature) => {
                write!(f, "{}({})", signature.name.plain(), signature.arguments.join(", "))
            }
            Self::Membership(member, _) => f.write_str(&member.plain()),
            Self::Setting(role, name) => match role {
                Some(role) => write!(f, "{}.{name}", role.plain()),
                None => f.write_str(name),
            },
        }
    }
}
