//! What a table demands of its rows.

use super::expr::Expr;
use crate::ident::{Ident, QualifiedName};

/// A primary key or unique constraint. Its index stands among the table's indexes under the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "these are the attributes of pg_constraint")]
pub struct KeyConstraint {
    /// Whether it is the primary key.
    pub primary: bool,
    /// The key columns, in order.
    pub columns: Vec<Ident>,
    /// `conperiod`: the last column is a period, and two rows with the same values before it must not overlap in it, `WITHOUT
    /// OVERLAPS` (PostgreSQL 18).
    pub without_overlaps: bool,
    /// Whether it can be checked at the commit.
    pub deferrable: bool,
    /// Whether it is checked at the commit unless told otherwise.
    pub initially_deferred: bool,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "these are the attributes of pg_constraint")]
pub struct ForeignKey {
    /// The referencing columns, in order.
    pub columns: Vec<Ident>,
    /// The referenced table.
    pub references: QualifiedName,
    /// The referenced columns, in order.
    pub referenced_columns: Vec<Ident>,
    /// `conperiod`: the last column on either side is a period, and the referenced rows together cover that of the row,
    /// `PERIOD` (PostgreSQL 18).
    pub period: bool,
    /// What an update of the referenced row does.
    pub on_update: ReferentialAction,
    /// What a deletion of the referenced row does.
    pub on_delete: ReferentialAction,
    /// The columns that `ON DELETE SET NULL` or `SET DEFAULT` sets; empty for all of them.
    pub on_delete_columns: Vec<Ident>,
    /// How a row of which some columns are NULL is treated.
    pub match_type: MatchType,
    /// Whether it can be checked at the commit.
    pub deferrable: bool,
    /// Whether it is checked at the commit unless told otherwise.
    pub initially_deferred: bool,
    /// `conenforced`: whether rows are checked at all; not so `NOT ENFORCED` (PostgreSQL 18).
    pub enforced: bool,
    /// Whether every row has been checked.
    pub validated: bool,
    /// Whether it comes from the partitioned table that this table is a partition of.
    pub inherited: bool,
}

impl ForeignKey {
    /// Whether each row refers to one row, which its columns name. With a period several rows can cover it together, and what
    /// is not enforced may refer to none.
    #[must_use]
    pub fn names_one_row(&self) -> bool {
        self.enforced && !self.period
    }
}

impl CheckConstraint {
    /// Whether it holds for every row that there is and that will be.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.enforced && self.validated
    }
}

/// What happens to the referencing rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReferentialAction {
    /// The change fails once the statement, or the transaction, is over.
    #[default]
    NoAction,
    /// The change fails at once.
    Restrict,
    /// They change along.
    Cascade,
    /// Their columns become NULL.
    SetNull,
    /// Their columns get their defaults.
    SetDefault,
}

impl ReferentialAction {
    /// As SQL writes it.
    #[must_use]
    pub fn sql(self) -> &'static str {
        match self {
            Self::NoAction => "NO ACTION",
            Self::Restrict => "RESTRICT",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET NULL",
            Self::SetDefault => "SET DEFAULT",
        }
    }
}

/// How a foreign key treats a row of which some columns are NULL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MatchType {
    /// It is not checked.
    #[default]
    Simple,
    /// It is refused unless all of them are NULL.
    Full,
}

/// A check constraint.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "these are the attributes of pg_constraint")]
pub struct CheckConstraint {
    /// What has to hold.
    pub expression: Expr,
    /// `conenforced`: whether rows are checked at all; not so `NOT ENFORCED` (PostgreSQL 18).
    pub enforced: bool,
    /// Whether every row has been checked.
    pub validated: bool,
    /// Whether children do not get it.
    pub no_inherit: bool,
    /// Whether a parent has it too.
    pub inherited: bool,
}

/// An exclusion constraint. Its index stands among the table's indexes under the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExclusionConstraint {
    /// The operators, one for each key of the index.
    pub operators: Vec<String>,
    /// Whether it can be checked at the commit.
    pub deferrable: bool,
    /// Whether it is checked at the commit unless told otherwise.
    pub initially_deferred: bool,
}
