//! Indexes.

use super::constraint::ForeignKey;
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
    /// Whether that is said of periods that must not overlap rather than of equal values, `WITHOUT OVERLAPS` (PostgreSQL 18).
    pub without_overlaps: bool,
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
    ///
    /// A `GiST` index with a scalar column has the operators for it from the extension `btree_gist`, equality among them.
    #[must_use]
    pub fn leads_with(&self, column: &Ident) -> bool {
        self.valid
            && self.predicate.is_none()
            && self.keys.first().is_some_and(|key| {
                let searched = self.method == "btree" || (self.method == "gist" && key.opclass.is_none());
                searched && key.column == IndexColumn::Column(column.clone())
            })
    }

    /// Whether a foreign key without a period can refer to exactly these columns through it, in any order.
    #[must_use]
    pub fn is_key_of(&self, columns: &[&Ident]) -> bool {
        !self.without_overlaps && self.is_unique_on(columns)
    }

    /// Whether this foreign key can refer to its columns through it. A period comes last on both sides.
    #[must_use]
    pub fn is_referenced_by(&self, key: &ForeignKey) -> bool {
        let columns: Vec<&Ident> = key.referenced_columns.iter().collect();
        if !key.period {
            return self.is_key_of(&columns);
        }
        let last = |index: &Self| index.columns().and_then(|columns| columns.last().copied().cloned());
        self.without_overlaps
            && last(self).as_ref() == key.referenced_columns.last()
            && self.is_unique_on(&columns)
    }

    fn is_unique_on(&self, columns: &[&Ident]) -> bool {
        let Some(mut own) = self.columns() else { return false };
        let mut wanted = columns.to_vec();
        own.sort();
        wanted.sort();
        self.unique && self.immediate && self.valid && self.predicate.is_none() && own == wanted
    }
}
