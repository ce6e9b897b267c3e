//! What watches the statements of files, one by one.

pub(in crate::rule) mod bound;
pub(in crate::rule) mod opened;
pub(in crate::rule) mod pending;
#[cfg(feature = "migrate")]
pub(crate) mod rows;

use crate::catalog::replay::Step;
use crate::ident::QualifiedName;
use crate::rule::finding::Findings;
use crate::rule::subject::Ground;

/// Watches the statements of files in their order.
pub(in crate::rule) trait Watch {
    /// Sees a statement that has just been applied.
    fn see(&mut self, step: &Step<'_>, ground: &Ground<'_>, found: &mut Findings);

    /// No statement follows.
    fn end(&mut self, _ground: &Ground<'_>, _found: &mut Findings) {}
}

/// Follows the new names that a statement has given to relations.
pub(in crate::rule) fn follow(table: &mut QualifiedName, renamed: &[(QualifiedName, QualifiedName)]) {
    for (from, to) in renamed {
        if table == from {
            table.clone_from(to);
        }
    }
}
