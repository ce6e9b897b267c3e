//! Views.

use std::collections::BTreeSet;

use super::super::depend::{Object, Part};
use super::super::parse::table::Life;
use super::super::parse::view::CreateView;
use super::super::state::{Followed, State, is_temporary};
use crate::catalog::{RelationKind, View};
use crate::ident::{Ident, QualifiedName};

/// The rule that makes a view a view, which stands for its query.
pub(super) fn return_rule() -> Ident {
    Ident::known("_RETURN")
}

/// The relations that something needs, itself and sequences left out.
pub(super) fn reads(uses: &BTreeSet<Object>, own: &QualifiedName) -> BTreeSet<QualifiedName> {
    let relation = |object: &Object| match object {
        Object::Relation(name) if name != own => Some(name.clone()),
        _ => None,
    };
    uses.iter().filter_map(relation).collect()
}

impl State {
    pub(super) fn create_view(&mut self, made: &CreateView) -> Followed<()> {
        let query = match (made.recursive, &made.columns[..]) {
            // What the server makes of it.
            (true, columns) => {
                let columns: Vec<_> = columns.iter().map(ToString::to_string).collect();
                let (name, columns) = (&made.name.name, columns.join(", "));
                format!("WITH RECURSIVE {name} ({columns}) AS ({}) SELECT {columns} FROM {name}", made.query)
            }
            (false, _) => made.query.clone(),
        };
        let (mut analyzed, note) = self.analyze_query(&query);
        self.notes.extend(note);
        let temporary = made.life == Life::Temporary
            || analyzed.uses.iter().any(|used| matches!(used, Object::Relation(name) if is_temporary(name)));
        let name = self.to_make(&made.name, temporary)?;
        for (output, column) in analyzed.outputs.iter_mut().flatten().zip(&made.columns) {
            output.0 = column.clone();
        }
        let options = super::object::options(&made.options);
        let reads = self.readable(reads(&analyzed.uses, &name));
        if let Some(known) = self.catalog.relations.get_mut(&name) {
            if !made.or_replace || known.kind != RelationKind::View {
                return Err(format!("{name} is already there"));
            }
            // Its owner, its grants, its triggers and its rules stay.
            known.options = options;
            known.view = Some(View { reads });
        } else if self.indexes.contains_key(&name) {
            return Err(format!("{name} is already there"));
        } else {
            let mut relation = self.new_relation(RelationKind::View, Life::Permanent, &name);
            relation.options = options;
            relation.view = Some(View { reads });
            self.catalog.relations.insert(name.clone(), relation);
        }
        match analyzed.outputs {
            Some(outputs) => drop(self.outputs.insert(name.clone(), outputs)),
            None => drop(self.outputs.remove(&name)),
        }
        self.uses.set(Object::Part(Part::Rule, name, return_rule()), analyzed.uses);
        Ok(())
    }

    /// Those of some relations that have rows to read.
    pub(super) fn readable(&self, names: BTreeSet<QualifiedName>) -> BTreeSet<QualifiedName> {
        let is_sequence = |name: &QualifiedName| {
            self.catalog.relations.get(name).is_some_and(|relation| relation.kind == RelationKind::Sequence)
        };
        names.into_iter().filter(|name| !is_sequence(name)).collect()
    }
}
