//! What a statement says, as far as the model goes.

use super::cursor::Name;
use super::parse::alter_table::AlterTable;
use super::parse::drop::Drop;
use super::parse::function::{Attributes, CreateAggregate, CreateFunction, FunctionName};
use super::parse::grant::{AlterDefaults, GrantPrivileges, GrantRoles};
use super::parse::index::CreateIndex;
use super::parse::object::{AlterPublication, CreateExtension, CreateSchema, Published, TypeDef};
use super::parse::policy::CreatedPolicy;
use super::parse::role::{AlterRole, CreateRole, RoleName, SettingChange};
use super::parse::sequence::SequenceOptions;
use super::parse::session::Session;
use super::parse::table::{CreateTable, CreateTableAs, Life};
use super::parse::trigger::{CreateRule, CreateTrigger};
use super::parse::type_name::TypeName;
use super::parse::view::CreateView;
use super::plpgsql::Body;
use crate::ident::Ident;

/// A statement that was read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Statement {
    Session(Session),
    CreateSchema(CreateSchema),
    AlterSchema(Ident, Change),
    CreateTable(Box<CreateTable>),
    CreateTableAs(CreateTableAs),
    CreateView(CreateView),
    CreateSequence {
        name: Name,
        if_not_exists: bool,
        life: Life,
        options: SequenceOptions,
    },
    CreateIndex(CreateIndex),
    AlterTable(AlterTable),
    CreatePolicy(Ident, Name, CreatedPolicy),
    AlterPolicy {
        name: Ident,
        table: Name,
        change: AlterPolicy,
    },
    CommentOnPolicy {
        name: Ident,
        table: Name,
        comment: Option<String>,
    },
    CommentOnFunction(FunctionName, Option<String>),
    CreateFunction(Box<CreateFunction>),
    CreateAggregate(Box<CreateAggregate>),
    AlterFunction(FunctionName, AlterFunction),
    CreateTrigger(CreateTrigger),
    /// `ALTER TRIGGER … RENAME` or `ALTER RULE … RENAME`; the flag says that it is a trigger.
    RenameOnTable {
        trigger: bool,
        name: Ident,
        table: Name,
        to: Ident,
    },
    CreateRule(CreateRule),
    CreateType(Name, TypeDef),
    AlterType(Name, AlterType),
    CreateRole(CreateRole),
    AlterRole(AlterRole),
    AlterDatabase(Option<SettingChange>),
    GrantPrivileges(GrantPrivileges),
    GrantRoles(GrantRoles),
    AlterDefaults(AlterDefaults),
    CreateExtension(CreateExtension),
    AlterExtension(Ident, AlterExtension),
    CreatePublication(Ident, Published),
    AlterPublication(Ident, AlterPublication),
    ReassignOwned {
        from: Vec<RoleName>,
        to: RoleName,
    },
    Drop(Drop),
    /// A query that is run for what it does: the functions that it calls, and the table that it makes.
    Select(String),
    /// A change of rows, with the table.
    Change {
        verb: &'static str,
        table: Option<Name>,
    },
    /// A block of PL/pgSQL, whose statements are run one by one.
    Do(Body),
    /// A call of a procedure.
    Call(String),
    /// `PREPARE`: a name, and the statement that it stands for.
    Prepare(Ident, String),
    /// `EXECUTE` of a statement that has been prepared.
    Execute(Ident),
    /// `EXPLAIN ANALYZE`: the statement that it runs.
    Explain(String),
    /// psql's `\connect`: another session begins.
    Connect,
    /// What has no effect on the model.
    Nothing,
    /// What is known not to be followed, and why.
    Opaque(&'static str),
}

impl Statement {
    /// Whether it may change default privileges.
    pub(super) fn is_on_default_privileges(&self) -> bool {
        matches!(self, Self::AlterSchema(..) | Self::AlterRole(_) | Self::AlterDefaults(_) | Self::Drop(_))
    }
}

/// What can be changed of most objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Rename(Ident),
    Owner(RoleName),
    Schema(Ident),
}

/// `ALTER POLICY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AlterPolicy {
    Rename(Ident),
    Change { roles: Option<Vec<RoleName>>, using: Option<String>, with_check: Option<String> },
}

/// `ALTER FUNCTION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AlterFunction {
    Change(Change),
    Attributes(Attributes),
}

/// `ALTER TYPE` and `ALTER DOMAIN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AlterType {
    Change(Change),
    /// Attributes of a composite type.
    Attributes(Vec<AttributeChange>),
    /// What the model does not show.
    Nothing,
}

/// What is done to an attribute of a composite type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AttributeChange {
    Add(Ident, TypeName),
    Drop(Ident),
    Type(Ident, TypeName),
    Rename(Ident, Ident),
}

/// `ALTER EXTENSION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AlterExtension {
    Schema(Ident),
    Update,
    /// `ADD` and `DROP` of members.
    Members,
}
