//! Sequences.

use super::super::cursor::Name;
use super::super::parse::sequence::SequenceOptions;
use super::super::parse::table::Life;
use super::super::state::{Followed, State};
use crate::catalog::{RelationKind, SequenceInfo};
use crate::ident::QualifiedName;

impl State {
    pub(super) fn create_sequence(
        &mut self,
        name: &Name,
        if_not_exists: bool,
        life: Life,
        options: &SequenceOptions,
    ) -> Followed<()> {
        let name = self.to_make(name, life == Life::Temporary)?;
        if self.is_taken(&name) {
            return if if_not_exists { Ok(()) } else { Err(format!("{name} is already there")) };
        }
        let mut relation = self.new_relation(RelationKind::Sequence, life, &name);
        relation.sequence = Some(SequenceInfo::default());
        self.catalog.relations.insert(name.clone(), relation);
        self.alter_sequence(&name, options)
    }

    pub(super) fn alter_sequence(&mut self, name: &QualifiedName, options: &SequenceOptions) -> Followed<()> {
        let Some(owned_by) = &options.owned_by else { return Ok(()) };
        let owned_by = match owned_by {
            Some((table, column)) => Some((self.find(table)?, column.clone())),
            None => None,
        };
        let relation = self.relation(name)?;
        let sequence = relation.sequence.as_mut().ok_or_else(|| format!("{name} is no sequence"))?;
        sequence.owned_by = owned_by;
        Ok(())
    }
}
