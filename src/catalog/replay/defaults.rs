//! Default privileges: what objects that are still to be made will grant.

use std::collections::{BTreeMap, BTreeSet};

use super::state::State;
use crate::catalog::{DefaultPrivileges, Grant, Grantee, ObjectKind, Privilege};
use crate::ident::Ident;

/// A place of `pg_default_acl`: the role that makes objects, the schema that they are made in or any, and their kind.
type Place = (Ident, Option<Ident>, ObjectKind);

/// The entries of `pg_default_acl`. One for any schema holds what the server grants by itself as well, so it can lack that.
#[derive(Clone, Debug, Default)]
pub(super) struct Defaults(BTreeMap<Place, BTreeSet<Grant>>);

/// What the server grants by itself to others than the owner.
fn by_itself(kind: ObjectKind) -> BTreeSet<Grant> {
    let privilege = match kind {
        ObjectKind::Function => Privilege::Execute,
        ObjectKind::Type => Privilege::Usage,
        ObjectKind::Table | ObjectKind::Sequence | ObjectKind::Schema => return BTreeSet::new(),
    };
    BTreeSet::from([Grant { grantee: Grantee::Public, privilege, column: None, grant_option: false }])
}

impl Defaults {
    /// What an object that a role makes in a schema grants to others than the role.
    pub(super) fn of(&self, role: &Ident, schema: Option<&Ident>, kind: ObjectKind) -> BTreeSet<Grant> {
        let any = self.0.get(&(role.clone(), None, kind));
        let mut grants = any.cloned().unwrap_or_else(|| by_itself(kind));
        let here = schema.and_then(|schema| self.0.get(&(role.clone(), Some(schema.clone()), kind)));
        for grant in here.into_iter().flatten() {
            add(&mut grants, grant);
        }
        grants
    }

    /// Changes one entry.
    pub(super) fn change(&mut self, place: Place, change: impl FnOnce(&mut BTreeSet<Grant>)) {
        let unsaid = if place.1.is_none() { by_itself(place.2) } else { BTreeSet::new() };
        let owner = Grantee::Role(place.0.clone());
        let mut grants = self.0.remove(&place).unwrap_or_else(|| unsaid.clone());
        change(&mut grants);
        grants.retain(|grant| grant.grantee != owner);
        // The server keeps no entry that says what holds without it.
        if grants != unsaid {
            self.0.insert(place, grants);
        }
    }

    /// Takes the entries that a model has.
    pub(super) fn take(&mut self, entries: &BTreeSet<DefaultPrivileges>) {
        for DefaultPrivileges { role, schema, kind, grant } in entries {
            self.0.entry((role.clone(), schema.clone(), *kind)).or_default().insert(grant.clone());
        }
    }

    /// The entries as the model has them.
    pub(super) fn entries(&self) -> BTreeSet<DefaultPrivileges> {
        let entry = |((role, schema, kind), grants): (&Place, &BTreeSet<Grant>)| {
            let (role, schema, kind) = (role.clone(), schema.clone(), *kind);
            let one = move |grant: Grant| DefaultPrivileges {
                role: role.clone(),
                schema: schema.clone(),
                kind,
                grant,
            };
            grants.clone().into_iter().map(one).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(entry).collect()
    }

    /// Forgets whatever names a role, as `DROP OWNED BY` does.
    pub(super) fn forget(&mut self, role: &Ident) {
        self.0.retain(|(maker, ..), _| maker != role);
        let grantee = Grantee::Role(role.clone());
        for grants in self.0.values_mut() {
            grants.retain(|grant| grant.grantee != grantee);
        }
    }

    /// Follows the new name of a role.
    pub(super) fn rename_role(&mut self, from: &Ident, to: &Ident) {
        let renamed = |role: Ident| if role == *from { to.clone() } else { role };
        let old = std::mem::take(&mut self.0);
        self.0 = old
            .into_iter()
            .map(|((role, schema, kind), grants)| {
                let grants = grants.into_iter().map(|grant| renamed_grant(grant, from, to)).collect();
                ((renamed(role), schema, kind), grants)
            })
            .collect();
    }

    /// Follows the new name of a schema, or forgets the schema.
    pub(super) fn change_schema(&mut self, from: &Ident, to: Option<&Ident>) {
        let old = std::mem::take(&mut self.0);
        let changed = |((role, schema, kind), grants): (Place, BTreeSet<Grant>)| {
            let schema = if schema.as_ref() == Some(from) { Some(to?.clone()) } else { schema };
            Some(((role, schema, kind), grants))
        };
        self.0 = old.into_iter().filter_map(changed).collect();
    }
}

/// A grant under the new name of a role.
pub(super) fn renamed_grant(grant: Grant, from: &Ident, to: &Ident) -> Grant {
    match &grant.grantee {
        Grantee::Role(role) if role == from => Grant { grantee: Grantee::Role(to.clone()), ..grant },
        _ => grant,
    }
}

/// Adds a grant, or its grant option to the one that is there.
pub(super) fn add(grants: &mut BTreeSet<Grant>, grant: &Grant) {
    let without = Grant { grant_option: false, ..grant.clone() };
    let with = Grant { grant_option: true, ..grant.clone() };
    if grant.grant_option {
        grants.remove(&without);
        grants.insert(with);
    } else if !grants.contains(&with) {
        grants.insert(without);
    }
}

impl State {
    /// What an object that is made now grants to others than its owner.
    pub(super) fn granted_by_default(&self, schema: Option<&Ident>, kind: ObjectKind) -> BTreeSet<Grant> {
        let role = self.role();
        let grants = self.defaults.of(&role, schema, kind);
        let owner = Grantee::Role(role);
        grants.into_iter().filter(|grant| grant.grantee != owner).collect()
    }
}
