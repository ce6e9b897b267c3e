//! Who may do what: policies, grants, roles.

use std::collections::BTreeSet;

use super::expr::Expr;
use crate::ident::Ident;

/// A policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Whether it opens rows, rather than closing them.
    pub permissive: bool,
    /// What it governs.
    pub command: Command,
    /// Whom it governs.
    pub roles: BTreeSet<Grantee>,
    /// The rows that are there.
    pub using: Option<Expr>,
    /// The rows that may be written.
    pub with_check: Option<Expr>,
    /// What `COMMENT ON POLICY` says of it.
    pub comment: Option<String>,
}

/// What a policy governs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Command {
    /// Every command.
    #[default]
    All,
    /// SELECT.
    Select,
    /// INSERT.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
}

impl Command {
    /// As SQL writes it.
    #[must_use]
    pub fn sql(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// Whom something is granted to, or governs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grantee {
    /// Every role.
    Public,
    /// One role.
    Role(Ident),
}

/// A privilege that somebody other than the owner holds on an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// Who holds it.
    pub grantee: Grantee,
    /// Which it is.
    pub privilege: Privilege,
    /// The column that it is confined to.
    pub column: Option<Ident>,
    /// Whether the grantee may grant it to others.
    pub grant_option: bool,
}

/// A privilege.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the keyword that SQL has for it")]
pub enum Privilege {
    Select,
    Insert,
    Update,
    Delete,
    Truncate,
    References,
    Trigger,
    Maintain,
    Usage,
    Create,
    Connect,
    Temporary,
    Execute,
}

impl Privilege {
    /// Every privilege there is.
    pub const ALL: [Self; 13] = [
        Self::Select,
        Self::Insert,
        Self::Update,
        Self::Delete,
        Self::Truncate,
        Self::References,
        Self::Trigger,
        Self::Maintain,
        Self::Usage,
        Self::Create,
        Self::Connect,
        Self::Temporary,
        Self::Execute,
    ];

    /// As SQL writes it.
    #[must_use]
    pub fn sql(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Truncate => "TRUNCATE",
            Self::References => "REFERENCES",
            Self::Trigger => "TRIGGER",
            Self::Maintain => "MAINTAIN",
            Self::Usage => "USAGE",
            Self::Create => "CREATE",
            Self::Connect => "CONNECT",
            Self::Temporary => "TEMPORARY",
            Self::Execute => "EXECUTE",
        }
    }

    /// The privilege of a keyword, in any case.
    #[must_use]
    pub fn from_sql(keyword: &str) -> Option<Self> {
        if keyword.eq_ignore_ascii_case("TEMP") {
            return Some(Self::Temporary);
        }
        Self::ALL.into_iter().find(|privilege| privilege.sql().eq_ignore_ascii_case(keyword))
    }
}

/// A right that reaches past tables, and that nobody but superusers has unless somebody gave it away.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerGrant {
    /// Who holds it.
    pub grantee: Grantee,
    /// What it is.
    pub right: ServerRight,
}

/// What a [`ServerGrant`] allows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerRight {
    /// To call a function that reads or writes the server's files, or that logs in from the server's side.
    Execute(Ident),
    /// To use a foreign server for which there is a login. Not read from files.
    ForeignServer(Ident),
    /// To set a setting that others cannot: `GRANT SET ON PARAMETER`. Not read from files.
    Set(String),
    /// To write a setting into the server's configuration: `GRANT ALTER SYSTEM ON PARAMETER`. Not read from files.
    AlterSystem(String),
}

/// The functions of [`ServerRight::Execute`]. The last one is extension `dblink`'s.
pub(crate) const SERVER_FUNCTIONS: [&str; 5] =
    ["pg_read_file", "pg_read_binary_file", "lo_import", "lo_export", "dblink_connect_u"];

/// What a grant is on, where it is not said by where the grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectKind {
    /// Tables, views and their like.
    Table,
    /// Sequences.
    Sequence,
    /// Functions and procedures.
    Function,
    /// Types.
    Type,
    /// Schemas.
    Schema,
}

/// What an object that a role will make grants by itself: an entry of `pg_default_acl`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DefaultPrivileges {
    /// The role that makes the object.
    pub role: Ident,
    /// The schema that it is made in; `None` for any.
    pub schema: Option<Ident>,
    /// What it is.
    pub kind: ObjectKind,
    /// What it grants to others than the role itself.
    pub grant: Grant,
}

/// A role and its attributes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "these are the attributes of pg_roles")]
pub struct Role {
    /// `rolsuper`.
    pub superuser: bool,
    /// `rolbypassrls`.
    pub bypass_rls: bool,
    /// `rolreplication`.
    pub replication: bool,
    /// `rolcreaterole`.
    pub create_role: bool,
    /// `rolcreatedb`.
    pub create_db: bool,
    /// `rolcanlogin`.
    pub login: bool,
    /// `rolinherit`: up to PostgreSQL 15 it decides whether memberships are in force without `SET ROLE`.
    pub inherit: bool,
}

/// A role's membership in another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Membership {
    /// The role that is a member.
    pub member: Ident,
    /// The role that it is a member of, a predefined one perhaps.
    pub role: Ident,
    /// `WITH ADMIN OPTION`.
    pub admin: bool,
    /// Whether its privileges are in force without `SET ROLE`.
    pub inherit: bool,
    /// Whether `SET ROLE` is allowed.
    pub set: bool,
}

/// A setting that a role or a database brings along: an entry of `pg_db_role_setting`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setting {
    /// The role; `None` for every role.
    pub role: Option<Ident>,
    /// Whether it holds in this database alone, rather than in all.
    pub in_database: bool,
    /// The name, in lower case.
    pub name: String,
    /// The value.
    pub value: String,
}

impl Grantee {
    /// As people read it, with quotes where they are needed.
    #[must_use]
    pub fn plain(&self) -> String {
        match self {
            Self::Public => "PUBLIC".to_owned(),
            Self::Role(name) => name.plain(),
        }
    }
}

/// The four verbs that policies govern.
pub(crate) const DML: [Privilege; 4] =
    [Privilege::Select, Privilege::Insert, Privilege::Update, Privilege::Delete];

impl std::fmt::Display for Grantee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Public => f.write_str("PUBLIC"),
            Self::Role(name) => name.fmt(f),
        }
    }
}
