//! `LIKE` in `CREATE TABLE`.

use super::super::depend::Part;
use super::super::parse::sequence::SequenceOptions;
use super::super::parse::table::Included;
use super::super::state::{Followed, State};
use super::column::column_mut;
use super::index::NewIndex;
use crate::catalog::{Column, Index};
use crate::ident::QualifiedName;

/// Whether something is included, by the last word on it.
fn includes(included: &[Included], what: &str) -> bool {
    let mut about = included.iter().filter(|(said, _)| *said == what || *said == "all");
    about.next_back().is_some_and(|(_, included)| *included)
}

impl State {
    /// The columns, which are always copied, with their types and NOT NULL.
    pub(super) fn like_columns(
        &mut self,
        table: &QualifiedName,
        source: &QualifiedName,
        included: &[Included],
    ) -> Followed<()> {
        let columns = self.columns_of(source).unwrap_or_default();
        let of = self.seen(source)?.clone();
        for (name, data_type) in columns {
            let known = of.column(&name);
            // What is NOT VALID there has no rows to leave out here.
            let not_null =
                known.is_some_and(|column| column.not_null || column.not_null_unvalidated.is_some());
            if let Ok(given) = column_mut(self.relation(table)?, &name) {
                if !given.inherited {
                    return Err(format!("{table} has a column {name} already"));
                }
                // The parent's column and this one are merged.
                given.not_null |= not_null;
                given.inherited = false;
            } else {
                let data_type =
                    data_type.ok_or_else(|| format!("the type of {name} of {source} is not known"))?;
                self.relation(table)?.columns.push(Column {
                    name: name.clone(),
                    data_type,
                    not_null,
                    not_null_unvalidated: None,
                    default: None,
                    generated: None,
                    identity: None,
                    inherited: false,
                });
            }
            let Some(known) = known else { continue };
            let own = column_mut(self.relation(table)?, &name)?;
            if includes(included, "defaults") {
                own.default.clone_from(&known.default);
            }
            if includes(included, "generated") {
                own.generated.clone_from(&known.generated);
            }
            if own.default.is_some() || own.generated.is_some() {
                self.copy_uses(Part::Default, &name, source, table);
            }
            if let (Some(identity), true) = (known.identity, includes(included, "identity")) {
                self.add_identity(table, &name, identity, &SequenceOptions::default())?;
            }
        }
        Ok(())
    }

    /// The checks and the indexes, where they are included. Foreign keys, triggers, policies and grants never are.
    pub(super) fn like_parts(
        &mut self,
        table: &QualifiedName,
        source: &QualifiedName,
        included: &[Included],
    ) -> Followed<()> {
        let of = self.seen(source)?.clone();
        if includes(included, "constraints") {
            for (name, check) in &of.checks {
                if self.seen(table)?.checks.get(name).is_some_and(|given| given.inherited) {
                    self.put_local_check(table, name.clone());
                    continue;
                }
                let mut copy = check.clone();
                copy.inherited = false;
                copy.validated = copy.enforced;
                self.relation(table)?.checks.insert(name.clone(), copy);
                self.constraints.insert(QualifiedName::new(table.schema().clone(), name.clone()));
                self.copy_uses(Part::Check, name, source, table);
            }
        }
        if !includes(included, "indexes") {
            return Ok(());
        }
        // The primary key comes first, as in CREATE TABLE itself.
        let mut names: Vec<_> = of.indexes.keys().collect();
        names.sort_by_key(|name| !of.keys.get(*name).is_some_and(|key| key.primary));
        for name in names {
            let Some(index) = of.indexes.get(name) else { continue };
            let mut copy = Index::clone(index);
            copy.inherited = false;
            copy.valid = true;
            let new = NewIndex {
                name: None,
                index: copy,
                key: of.keys.get(name).cloned(),
                exclusion: of.exclusions.get(name).cloned(),
                needs: self.copied_uses(Part::Index, name, source, table),
                columns: {
                    let full = QualifiedName::new(source.schema().clone(), name.clone());
                    self.indexes.get(&full).map(|index| index.columns.clone())
                },
            };
            self.add_index(table, &new, true, None)?;
        }
        Ok(())
    }
}
