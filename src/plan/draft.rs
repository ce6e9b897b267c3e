//! A plan in the making.

use std::collections::{BTreeMap, BTreeSet};

use super::queries::Queries;
use super::step::{InTheWay, Lock, Plan, Remark, Step, Work};
use crate::catalog::{Catalog, Grantee, Privilege, Relation};
use crate::ident::{Ident, QualifiedName};
use crate::policy::Tenancy;
use crate::policy::manifest::Manifest;
use crate::policy::place::{Place, sections};
use crate::policy::transfer::Transfer;

/// What is planned so far, and what it is planned from.
pub(super) struct Draft<'a> {
    pub(super) manifest: &'a Manifest,
    /// The manifest's, with what the catalog adds.
    pub(super) tenancy: Tenancy,
    /// With every object in the hands of the owner that it is to have.
    pub(super) catalog: &'a Catalog,
    pub(super) places: BTreeMap<&'a QualifiedName, Place<'a>>,
    /// What the code of services names, if it was looked at.
    pub(super) queries: Option<&'a Queries>,
    /// What gets another owner.
    pub(super) transfers: Vec<Transfer<'a>>,
    /// The names of all relations and indexes, and of those that steps of this plan make.
    taken: BTreeSet<QualifiedName>,
    /// What steps grant on what, by its name in the plan.
    pub(super) granted: BTreeSet<(String, Grantee, Privilege)>,
    steps: Vec<Step>,
    remarks: Vec<Remark>,
}

/// A step without its SQL.
#[derive(Clone, Copy)]
pub(super) struct Kind {
    pub(super) lock: Lock,
    pub(super) work: Work,
    pub(super) closes: &'static str,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        manifest: &'a Manifest,
        catalog: &'a Catalog,
        places: BTreeMap<&'a QualifiedName, Place<'a>>,
    ) -> Self {
        let mut taken: BTreeSet<QualifiedName> = catalog.relations.keys().cloned().collect();
        for (table, relation) in &catalog.relations {
            let of = |index: &Ident| QualifiedName::new(table.schema().clone(), index.clone());
            taken.extend(relation.indexes.keys().map(of));
        }
        let tenancy = sections::settled(manifest, catalog);
        let (transfers, steps, remarks) = (Vec::new(), Vec::new(), Vec::new());
        let (queries, granted) = (None, BTreeSet::new());
        Self { manifest, tenancy, catalog, places, queries, transfers, taken, granted, steps, remarks }
    }

    pub(super) fn into_plan(mut self) -> Plan {
        self.remarks.sort();
        Plan { steps: self.steps, remarks: self.remarks }
    }

    pub(super) fn push(
        &mut self,
        object: impl Into<String>,
        what: impl Into<String>,
        kind: Kind,
        (mut up, mut down): (String, String),
    ) {
        let Kind { lock, work, closes } = kind;
        let (object, what) = (object.into(), what.into());
        up.shrink_to_fit();
        down.shrink_to_fit();
        self.steps.push(Step { object, what, up, down, lock, work, closes, in_the_way: None });
    }

    /// Says of the last step which rows of a table it does not take.
    pub(super) fn in_the_way(&mut self, table: &QualifiedName, query: String) {
        if let Some(step) = self.steps.last_mut() {
            step.in_the_way = Some(Box::new(InTheWay { table: table.clone(), query }));
        }
    }

    pub(super) fn remark(&mut self, object: &QualifiedName, what: impl Into<String>) {
        self.remark_on(object.plain(), what);
    }

    pub(super) fn remark_on(&mut self, object: impl Into<String>, what: impl Into<String>) {
        self.remarks.push(Remark { object: object.into(), what: what.into() });
    }

    /// The relations with their places, without borrowing the draft.
    pub(super) fn relations(&self) -> Vec<(&'a QualifiedName, &'a Relation, Place<'a>)> {
        let of = |(name, place): (&&'a QualifiedName, &Place<'a>)| {
            Some((*name, self.catalog.relations.get(*name)?, place.clone()))
        };
        self.places.iter().filter_map(of).collect()
    }

    /// A name for an index that nothing in the schema has yet.
    pub(super) fn index_name(&mut self, table: &QualifiedName, columns: &[&Ident], suffix: &str) -> Ident {
        let parts: Vec<&str> = std::iter::once(table.name().as_str())
            .chain(columns.iter().map(|column| column.as_str()))
            .chain([suffix])
            .collect();
        let mut number = 0_usize;
        loop {
            let count = number.to_string();
            let numbered: Vec<&str> =
                if number == 0 { parts.clone() } else { [&parts[..], &[&count]].concat() };
            let name = QualifiedName::new(table.schema().clone(), Ident::joined(&numbered));
            if self.taken.insert(name.clone()) {
                return name.name().clone();
            }
            number += 1;
        }
    }
}
