//! A new owner for what services work with, and the grants that leave them what they had.
//!
//! `ALTER … OWNER TO` makes the old owner's entry in the ACL the new owner's, and what the new owner had been granted before
//! goes up in it. The old owner is left with nothing but what PUBLIC and the roles that it is a member of have. So its
//! grants stand right behind the change.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::ddl::{self, Object, Privileges};
use super::granted::{Granting, granting, granting_again, list, of_app};
use super::manifest::Manifest;
use super::owned::{Owned, acted_as, besides_relations, relations, sequences};
use super::place::Place;
use super::reach::reachable;
use super::refresh;
use crate::catalog::{Catalog, DML, Grant, Grantee, Privilege};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};

/// An object that gets another owner.
#[derive(Clone, Debug)]
pub(crate) struct Transfer<'a> {
    pub(crate) owned: Owned<'a>,
    pub(crate) to: &'a Ident,
    /// The schema in which the new owner may make objects for this moment alone.
    lent: Option<&'a Ident>,
    /// The object itself, and the sequences that go with a table, each with what the roles keep of it.
    parts: Vec<Part<'a>>,
    /// Whether it is a function that ran with its owner's rights, which are the app role's and not the new owner's.
    pub(crate) ran_as_owner: bool,
}

#[derive(Clone, Debug)]
struct Part<'a> {
    object: Object<'a>,
    grants: &'a BTreeSet<Grant>,
    keep: Vec<(&'a Ident, BTreeSet<Privilege>)>,
}

/// The statements of a change of owner.
pub(crate) struct Statements {
    pub(crate) up: String,
    pub(crate) down: String,
    /// What each role is granted of the object itself, in words.
    pub(crate) granted: Vec<String>,
}

/// What is to get the manifest's owner: every relation that is governed, whoever owns it, and what else the app role owns.
/// Schemas come first, then relations.
pub(crate) fn transfers<'a>(
    manifest: &'a Manifest,
    catalog: &'a Catalog,
    places: &BTreeMap<&'a QualifiedName, Place<'a>>,
) -> Vec<Transfer<'a>> {
    let Some(to) = manifest.roles.owner_role() else { return Vec::new() };
    let of_app = acted_as(catalog, manifest.roles.app_role());
    let besides = besides_relations(manifest, catalog, places, &of_app);
    let (mut found, others): (Vec<_>, Vec<_>) =
        besides.into_iter().partition(|owned| matches!(owned.object, Object::Schema(_)));
    found.extend(relations(catalog, places));
    found.extend(others);
    let new_owner = |owned: &Owned<'a>| match owned.object {
        Object::Table(name) => {
            let relation = catalog.relations.get(name);
            relation.map_or(to, |relation| refresh::owner(manifest, catalog, places, relation, to))
        }
        _ => to,
    };
    let changes = found.into_iter().map(|owned| (new_owner(&owned), owned));
    let changes = changes.filter(|(to, owned)| owned.owner != *to);
    changes.map(|(to, owned)| transfer(manifest, catalog, owned, to)).collect()
}

/// One change of owner.
pub(crate) fn transfer<'a>(
    manifest: &'a Manifest,
    catalog: &'a Catalog,
    owned: Owned<'a>,
    to: &'a Ident,
) -> Transfer<'a> {
    let app = manifest.roles.app_role();
    let mut keep = Vec::new();
    if acted_as(catalog, app).contains(owned.owner) {
        keep.push((app, kept_by_app(manifest, catalog, &owned)));
    }
    // Of other objects the app role owns, the system role had nothing as their owner.
    if let Some(system) = manifest.roles.system_role()
        && reachable(catalog, system).contains(owned.owner)
        && matches!(owned.place, Some(Place::View))
    {
        keep.push((system, BTreeSet::from(DML)));
    }
    let writes = |(_, privileges): &&(&Ident, BTreeSet<Privilege>)| privileges.contains(&Privilege::Insert);
    let draws: Vec<&Ident> = keep.iter().filter(writes).map(|(role, _)| *role).collect();
    let mut parts = vec![Part { object: owned.object, grants: owned.grants, keep }];
    if let Object::Table(table) = owned.object {
        for (name, sequence) in sequences(catalog, table) {
            let keep = draws.iter().map(|role| (*role, of_sequence())).collect();
            parts.push(Part { object: Object::Sequence(name), grants: &sequence.grants, keep });
        }
    }
    let ran_as_owner = match owned.object {
        Object::Routine(signature) => catalog.functions.get(signature).is_some_and(|of| of.security_definer),
        _ => false,
    };
    let lent = owned
        .schema()
        .filter(|_| manifest.roles.owner_role() != Some(to) && !may_create(catalog, &owned, to));
    Transfer { owned, to, lent, parts, ran_as_owner }
}

/// Whether a role may make objects where one stands. Whoever gets it has to, at that moment.
fn may_create(catalog: &Catalog, owned: &Owned<'_>, role: &Ident) -> bool {
    let schema = owned.schema().and_then(|schema| catalog.schemas.get(schema));
    schema.is_none_or(|schema| {
        let is_its = |grantee: &Grantee| match grantee {
            Grantee::Public => true,
            Grantee::Role(name) => name == role,
        };
        let mut create = schema.grants.iter().filter(|grant| grant.privilege == Privilege::Create);
        schema.owner == *role || create.any(|grant| is_its(&grant.grantee))
    })
}

fn of_sequence() -> BTreeSet<Privilege> {
    BTreeSet::from([Privilege::Usage, Privilege::Select])
}

/// What the app role keeps of an object that it owned.
fn kept_by_app(manifest: &Manifest, catalog: &Catalog, owned: &Owned<'_>) -> BTreeSet<Privilege> {
    match (owned.object, &owned.place) {
        (Object::Table(name), Some(place)) => {
            let own = manifest.entry(name).and_then(|entry| entry.grants.as_ref());
            match (place, catalog.relations.get(name)) {
                // An owner writes through its views as it likes.
                (Place::View, _) if own.is_none() => BTreeSet::from(DML),
                (_, Some(relation)) => of_app(place, relation, own, manifest.roles.app_role()),
                (_, None) => BTreeSet::new(),
            }
        }
        (Object::Sequence(_), _) => of_sequence(),
        (Object::Routine(_), _) => BTreeSet::from([Privilege::Execute]),
        (Object::Schema(_) | Object::Type(_), _) => BTreeSet::from([Privilege::Usage]),
        (Object::Table(_) | Object::Database(_), _) => BTreeSet::new(),
    }
}

/// What a catalog is once all of this was done.
pub(crate) fn applied<'a>(catalog: &'a Catalog, transfers: &[Transfer<'_>]) -> Result<Cow<'a, Catalog>> {
    let mut after = Cow::Borrowed(catalog);
    for transfer in transfers {
        let after = after.to_mut();
        for part in &transfer.parts {
            let grants = part.after(transfer.to)?;
            let (owner, held) = match part.object {
                Object::Schema(name) => after.schemas.get_mut(name).map(|of| (&mut of.owner, &mut of.grants)),
                Object::Table(name) | Object::Sequence(name) => {
                    after.relations.get_mut(name).map(|of| (&mut of.owner, &mut of.grants))
                }
                Object::Type(name) => after.types.get_mut(name).map(|of| (&mut of.owner, &mut of.grants)),
                Object::Routine(signature) => after.functions.get_mut(signature).map(|of| {
                    of.security_definer &= !transfer.ran_as_owner;
                    (&mut of.owner, &mut of.grants)
                }),
                Object::Database(_) => None,
            }
            .unzip();
            if let (Some(owner), Some(held)) = (owner, held) {
                owner.clone_from(transfer.to);
                *held = grants;
            }
        }
    }
    Ok(after)
}

impl Transfer<'_> {
    /// The statements.
    pub(crate) fn statements(&self) -> Result<Statements> {
        let mut up = vec![ddl::owner(self.owned.object, self.to)?];
        if let Some(schema) = self.lent {
            let create = Privileges::from([(Privilege::Create, None)]);
            let (schema, to) = (Object::Schema(schema), Grantee::Role(self.to.clone()));
            up.insert(0, ddl::grant(schema, &create, &to, false)?);
            up.push(ddl::revoke(schema, &create, &to)?);
        }
        let mut down = Vec::new();
        let mut granted = Vec::new();
        for (number, part) in self.parts.iter().enumerate() {
            for (role, granting) in part.granting(self.to)? {
                if number == 0 {
                    granted.push(format!("{} for {}", list(&granting.privileges), role.plain()));
                }
                up.push(granting.up);
                down.push(granting.down);
            }
        }
        if let (Object::Routine(signature), true) = (self.owned.object, self.ran_as_owner) {
            up.push(ddl::alter_function(signature, "SECURITY INVOKER")?);
            down.push(ddl::alter_function(signature, "SECURITY DEFINER")?);
        }
        down.reverse();
        down.push(ddl::owner(self.owned.object, self.owned.owner)?);
        for part in &self.parts {
            down.extend(part.merged(self.to)?);
        }
        Ok(Statements { up: up.join("\n\n"), down: down.join("\n\n"), granted })
    }

    /// The statements that do it, alone.
    pub(crate) fn sql(&self) -> Result<String> {
        self.statements().map(|statements| statements.up)
    }

    /// What the app role, whose object it was, keeps of it.
    pub(crate) fn kept(&self, app: &Ident) -> Option<&BTreeSet<Privilege>> {
        let mut all = self.parts.first()?.keep.iter();
        all.find(|(role, _)| *role == app).map(|(_, privileges)| privileges)
    }
}

impl<'a> Part<'a> {
    /// What roles other than the new owner have been granted.
    fn others(&self, to: &Ident) -> impl Iterator<Item = &'a Grant> + Clone {
        let to = Grantee::Role(to.clone());
        self.grants.iter().filter(move |grant| grant.grantee != to)
    }

    fn granting(&self, to: &Ident) -> Result<Vec<(&'a Ident, Granting<'a>)>> {
        let mut found = Vec::new();
        for (role, keep) in &self.keep {
            // PUBLIC may do with these what the roles are to do, unless somebody has taken that away.
            let by_public = |privilege: &Privilege| {
                let of = |grant: &Grant| grant.grantee == Grantee::Public && grant.privilege == *privilege;
                !matches!(self.object, Object::Table(_) | Object::Sequence(_)) && self.grants.iter().any(of)
            };
            let least = keep.iter().filter(|privilege| !by_public(privilege)).copied().collect();
            let grantee = Grantee::Role((*role).clone());
            let granting = granting(self.object, self.others(to), &grantee, &least)?;
            found.extend(granting.map(|granting| (*role, granting)));
        }
        Ok(found)
    }

    /// The grants once the owner has changed.
    fn after(&self, to: &Ident) -> Result<BTreeSet<Grant>> {
        let mut grants: BTreeSet<Grant> = self.others(to).cloned().collect();
        for (role, granting) in self.granting(to)? {
            grants.extend(granting.privileges.iter().map(|(privilege, _)| Grant {
                grantee: Grantee::Role(role.clone()),
                privilege: *privilege,
                column: None,
                grant_option: false,
            }));
        }
        Ok(grants)
    }

    /// What the new owner had been granted before, to be granted again when it is owner no more.
    fn merged(&self, to: &Ident) -> Result<Vec<String>> {
        let to = Grantee::Role(to.clone());
        granting_again(self.object, &self.grants.iter().filter(|grant| grant.grantee == to), &to)
    }
}
