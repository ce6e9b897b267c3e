//! What a statement has changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{
    Function, Grant, Membership, Object, Part, Publication, Relation, Role, Schema, Setting, Signature,
    UserType,
};
use crate::ident::{Ident, QualifiedName};

/// What a statement has touched, each as it was before; none where it was not there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Before {
    pub(crate) relations: BTreeMap<QualifiedName, Option<Relation>>,
    pub(crate) functions: BTreeMap<Signature, Option<Function>>,
    /// The relations that have got another name or schema, each with both names, in order.
    pub(crate) renamed: Vec<(QualifiedName, QualifiedName)>,
    pub(super) types: BTreeMap<QualifiedName, Option<UserType>>,
    pub(super) schemas: BTreeMap<Ident, Option<Schema>>,
    pub(super) roles: BTreeMap<Ident, Option<Role>>,
    pub(super) publications: BTreeMap<Ident, Option<Publication>>,
    pub(super) memberships: BTreeMap<Membership, Option<()>>,
    pub(super) settings: BTreeMap<Setting, Option<()>>,
}

impl Before {
    /// A relation as it was before, whatever it was called then.
    pub(super) fn relation(&self, now: &QualifiedName) -> Option<&Relation> {
        let mut name = now;
        for (from, to) in self.renamed.iter().rev() {
            if to == name {
                name = from;
            }
        }
        self.relations.get(name)?.as_ref()
    }
}

/// The parts of a relation that are not what they were.
pub(super) fn changed(name: &QualifiedName, before: Option<&Relation>, now: &Relation) -> Vec<Object> {
    let mut found = Vec::new();
    let itself = |of: &Relation| {
        (of.kind, of.owner.clone(), of.view.clone(), of.partition_of.clone(), of.inherits.clone())
    };
    if before.is_none_or(|before| itself(before) != itself(now) || before.options != now.options) {
        found.push(Object::Relation(name.clone()));
    }
    let security = |of: &Relation| (of.row_security, of.force_row_security);
    if security(now) != before.map(security).unwrap_or_default() {
        found.push(Object::RowSecurity(name.clone()));
    }
    let mut part = |kind, names: Vec<&Ident>| {
        found.extend(names.into_iter().map(|own| Object::Part(kind, name.clone(), own.clone())));
    };
    let same = |column| before.is_some_and(|before| before.columns.contains(column));
    let columns = now.columns.iter().filter(|column| !same(*column)).map(|column| &column.name);
    part(Part::Column, columns.collect());
    part(Part::Key, differing(before.map(|of| &of.keys), &now.keys));
    part(Part::ForeignKey, differing(before.map(|of| &of.foreign_keys), &now.foreign_keys));
    part(Part::Check, differing(before.map(|of| &of.checks), &now.checks));
    part(Part::Exclusion, differing(before.map(|of| &of.exclusions), &now.exclusions));
    part(Part::Index, differing(before.map(|of| &of.indexes), &now.indexes));
    part(Part::Policy, differing(before.map(|of| &of.policies), &now.policies));
    part(Part::Trigger, differing(before.map(|of| &of.triggers), &now.triggers));
    part(Part::Rule, differing(before.map(|of| &of.rules), &now.rules));
    let none = BTreeSet::new();
    let granted = now.grants.difference(before.map_or(&none, |before| &before.grants));
    let object = |grant: &Grant| Object::Grant(name.clone(), grant.grantee.clone(), grant.privilege);
    found.extend(granted.map(object));
    found
}

fn differing<'n, V: PartialEq>(
    before: Option<&BTreeMap<Ident, V>>,
    now: &'n BTreeMap<Ident, V>,
) -> Vec<&'n Ident> {
    let differs = |(name, value): &(&Ident, &V)| before.and_then(|before| before.get(*name)) != Some(*value);
    now.iter().filter(differs).map(|(name, _)| name).collect()
}
