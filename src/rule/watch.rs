//! What watches the statements of files, one by one.

use super::finding::Findings;
use super::subject::Ground;
use crate::catalog::replay::Step;

/// Watches the statements of files in their order.
pub(super) trait Watch {
    /// Sees a statement that has just been applied.
    fn see(&mut self, step: &Step<'_>, ground: &Ground<'_>, found: &mut Findings);

    /// No statement follows.
    fn end(&mut self, _ground: &Ground<'_>, _found: &mut Findings) {}
}
