//! What a materialized view reads when it is refreshed, and as whom.

use super::Subject;
use crate::catalog::{Relation, RelationKind};
use crate::ident::{Ident, QualifiedName};
use std::collections::BTreeSet;

/// A table of tenants, read by a role that its policies bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rule) struct Read<'a> {
    pub(in crate::rule) table: &'a QualifiedName,
    pub(in crate::rule) by: &'a Ident,
}

impl<'a> Subject<'a> {
    /// The tables of tenants of which a refresh reads no more than policies let through. It reads as the owner of the
    /// materialized view, whoever asks for it, and through a view as that one's owner.
    pub(in crate::rule) fn bound_at_refresh(&self, view: &'a Relation) -> BTreeSet<Read<'a>> {
        let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut left = vec![(view, &view.owner)];
        while let Some((view, by)) = left.pop() {
            for table in view.view.iter().flat_map(|view| &view.reads) {
                let Some(relation) = self.catalog.relations.get(table) else { continue };
                if !seen.insert((table, by)) {
                    continue;
                }
                if relation.kind == RelationKind::View {
                    let invoker = relation.option_is_on("security_invoker");
                    left.push((relation, if invoker { by } else { &relation.owner }));
                } else if relation.is_table()
                    && self.holds_tenants(table)
                    && self.unbound(by, table).is_none()
                {
                    found.insert(Read { table, by });
                }
            }
        }
        found
    }
}
