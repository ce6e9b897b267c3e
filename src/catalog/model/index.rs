//! Indexes.

use super::expr::Expr;
use crate::ident::Ident;

/// An index, that of a constraint included.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "these are the attributes of pg_index")]
pub struct Index {
    /// The access method, such as `btree`.
    pub method: String,
    /// What it is ordered by, the first key first.
    pub keys: Vec<IndexKey>,
    /// The columns that it only carries, `INCLUDE`.
    pub include: Vec<Ident>,
    /// Whether it is unique.
    pub unique: bool,
    /// Whether two NULLs are equal to it, `NULLS NOT DISTINCT`.
    pub nulls_not_distinct: bool,
    /// Whether it is unique at every moment, as a foreign key needs it; not so for a deferrable constraint's.
    pub immediate: bool,
    /// Whether it can be used: one that `CREATE INDEX CONCURRENTLY` left half built cannot.
    pub valid: bool,
    /// The rows that it is confined to.
    pub predicate: Option<Expr>,
    /// Whether it is part of a partitioned table's index.
    pub inherited: bool,
}

/// One key of an index.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexKey {
    /// What the key is.
    pub column: IndexColumn,
    /// The operator class, where it is not the type's default one.
    pub opclass: Option<String>,
    /// Whether its operators are leakproof, so that the planner may use the key before a policy is evaluated.
    /// `None` where the operator class is not one of PostgreSQL's own.
    pub leakproof: Option<bool>,
}

/// What a key of an index is.
#[derive(Clone, Debug, PartialEq)]
pub enum IndexColumn {
    /// A column.
    Column(Ident),
    /// An expression.
    Expr(Expr),
}

impl Index {
    /// Its key columns, or `None` if one of the keys is an expression.
    #[must_use]
    pub fn columns(&self) -> Option<Vec<&Ident>> {
        let column = |key| match key {
            &IndexKey { column: IndexColumn::Column(ref name), .. } => Some(name),
            _ => None,
        };
        self.keys.iter().map(column).collect()
    }

    /// Whether a search for one value of the column can use it, on all rows.
    #[must_use]
    pub fn leads_with(&self, column: &Ident) -> bool {
        self.valid
            && self.predicate.is_none()
            && self.method == "btree"
            && self.keys.first().is_some_and(|key| key.column == IndexColumn::Column(column.clone()))
    }

    /// Whether a foreign key can refer to exactly these columns through it, in any order.
    #[must_use]
    pub fn is_key_of(&self, columns: &[&Ident]) -> bool {
        let Some(mut own) = self.columns() else { return false };
        let mut wanted = columns.to_vec();
        own.sort();
        wanted.sort();
        self.unique && self.immediate && self.valid && self.predicate.is_none() && own == wanted
    }
}
