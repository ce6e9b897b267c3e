//! What an adoption is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::ident::{Ident, QualifiedName};
use crate::plan::step::{Lock, Plan, Remark, Work};

/// The way of some tables to their tenants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    /// The schema of the functions that policies call, in which the adoption is recorded too.
    pub support: Ident,
    /// Whether that schema is there before the first step.
    pub has_support: bool,
    /// The role that services log in as.
    pub app: Ident,
    /// The roles that tables or functions are made over to.
    pub new_owners: BTreeSet<Ident>,
    /// Functions, types, sequences and schemas that get another owner, each with the one that it has.
    pub transferred: BTreeMap<String, Ident>,
    /// What makes the roles that the manifest names and that are not there yet, a statement each.
    pub roles: Vec<String>,
    /// The tables, parents first.
    pub tables: Vec<QualifiedName>,
    /// What an expression tells of rows, to be looked at first.
    pub told: Option<Told>,
    /// The tables that tenants are taken from.
    pub parents: BTreeSet<QualifiedName>,
    /// The tables that steps change: those of the adoption, and those on the other side of their foreign keys.
    pub touched: BTreeSet<QualifiedName>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What leads to the same schema in one transaction, with nobody at work: the files of an adoption, see
    /// [`Style::files`](crate::plan::Style::files).
    pub at_once: Plan,
    /// What somebody should know before it begins.
    pub remarks: Vec<Remark>,
}

/// A part of an adoption that all its tables go through before the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The tenant column is there, and may be NULL.
    Column,
    /// Rows that are written get their tenant.
    Fill,
    /// Rows that were there get it.
    Backfill,
    /// The tenant column is NOT NULL.
    NotNull,
    /// There are indexes that lead with the tenant.
    Keys,
    /// Foreign keys include the tenant.
    ForeignKeys,
    /// What [`plan`](crate::plan::plan) asks for: policies, FORCE, grants.
    Policies,
}

/// A table whose rows' tenants an expression tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The table.
    pub table: QualifiedName,
    /// Its tenant column, where it is there already.
    pub column: Option<Ident>,
    /// The expression.
    pub expression: String,
    /// The type of the tenant column, in SQL.
    pub data_type: String,
    /// The `search_path` by which its names are looked up.
    pub path: String,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it changes, such as `public.invoice`.
    pub object: String,
    /// The phase that it belongs to.
    pub phase: Phase,
    /// What it does, such as `column tenant_id`.
    pub what: String,
    /// The strongest lock that it takes on a table.
    pub lock: Lock,
    /// How many relations it locks so, one after the other.
    pub locked: u16,
    /// What the server does with the rows under that lock.
    pub work: Work,
    /// What it does.
    pub up: Action,
    /// What takes it back.
    pub down: Action,
    /// A query for the rows that are in its way, where rows can be.
    pub in_the_way: Option<String>,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Nothing,
    /// SQL for one short transaction.
    Transaction(String),
    /// The one statement that builds an index, and that no transaction can hold.
    Build {
        /// The statement.
        sql: String,
        /// The index.
        index: QualifiedName,
    },
    /// The one statement that drops an index, and that no transaction can hold.
    Drop(String),
    /// Batches.
    Backfill(Box<Backfill>),
}

/// How the rows of a table get their tenant: queries with parameters, each written out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backfill {
    /// About how many rows there are to go through.
    pub size: String,
    /// Where a batch ends.
    pub bound: String,
    /// One batch.
    pub batch: String,
    /// Counts the rows that are left.
    pub left: String,
    /// Whether nothing is done where no row is left.
    pub sweep: bool,
}

impl Adoption {
    /// Whether nothing has to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Column,
        Self::Fill,
        Self::Backfill,
        Self::NotNull,
        Self::Keys,
        Self::ForeignKeys,
        Self::Policies,
    ];

    /// As the tool writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Column => "column",
            Self::Fill => "fill",
            Self::Backfill => "backfill",
            Self::NotNull => "not-null",
            Self::Keys => "keys",
            Self::ForeignKeys => "foreign-keys",
            Self::Policies => "policies",
        }
    }

    /// The phase of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.name() == name)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Action {
    /// The SQL that changes the schema, if it does that.
    #[must_use]
    pub fn sql(&self) -> Option<&str> {
        match self {
            Self::Nothing | Self::Backfill(_) => None,
            Self::Transaction(sql) | Self::Build { sql, .. } | Self::Drop(sql) => Some(sql),
        }
    }

    /// The SQL to show to people.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self {
            Self::Backfill(backfill) => &backfill.batch,
            other => other.sql().unwrap_or_default(),
        }
    }
}
