//! What the roles need beyond the tables that they work with: for the triggers, functions and views that statements set off.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Draft, Kind};
use super::grant::system_wanted;
use super::step::{Lock, Work};
use crate::catalog::{Catalog, DML, Grantee, Privilege};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::policy::ddl::{self as sql, Privileges};
use crate::policy::granted::{list, of_app};
use crate::policy::place::Place;
use crate::policy::sealed::Sealing;
use crate::rule::needed::{Cause, Thing, may_be_granted, needed};

const GRANT: Kind = Kind {
    lock: Lock::None,
    work: Work::None,
    closes: "permission would be denied to statements that set it off",
};

pub(super) fn steps(draft: &mut Draft<'_>) -> Result<()> {
    let catalog = as_planned(draft)?;
    let roles = &draft.manifest.roles;
    let roles = [Some(roles.app_role()), roles.system_role(), roles.owner_role()];
    for role in roles.into_iter().flatten() {
        let needs = needed(draft.manifest, &catalog, role, |name| wanted(draft, name, role));
        let grantee = Grantee::Role(role.clone());
        let mut missing: BTreeMap<Thing<'_>, (BTreeSet<Privilege>, Vec<Cause>)> = BTreeMap::new();
        for need in needs {
            if !may_be_granted(draft.manifest, &catalog, &draft.places, role, &need) {
                refused(draft, role, need.thing, need.privilege, &need.cause);
            } else if !draft.granted.contains(&(need.thing.plain(), grantee.clone(), need.privilege)) {
                let (privileges, causes) = missing.entry(need.thing).or_default();
                privileges.insert(need.privilege);
                if !causes.contains(&need.cause) {
                    causes.push(need.cause);
                }
            }
        }
        for (thing, (privileges, causes)) in missing {
            let privileges: Privileges<'_> =
                privileges.into_iter().map(|privilege| (privilege, None)).collect();
            let causes: Vec<&str> = causes.iter().map(|cause| cause.words.as_str()).collect();
            let what = format!("{} for {}, for {}", list(&privileges), role.plain(), causes.join(" and "));
            let object = thing.object();
            let sql = (
                sql::grant(object, &privileges, &grantee, false)?,
                sql::revoke(object, &privileges, &grantee)?,
            );
            draft.push(thing.plain(), what, GRANT, sql);
        }
    }
    Ok(())
}

/// What a class does not give, and a grant could not give alone.
fn refused(draft: &mut Draft<'_>, role: &Ident, thing: Thing<'_>, privilege: Privilege, cause: &Cause) {
    let class = match thing {
        Thing::Relation(name) => draft.places.get(name).map(Place::name),
        _ => None,
    };
    let class = class.map_or_else(|| "the manifest does".to_owned(), |class| format!("class {class} does"));
    let what = format!(
        "{} has no {} on it, which {} needs, and {class} not give it: let that run as SECURITY DEFINER, or write grants into \
         the manifest",
        role.plain(),
        privilege.sql(),
        cause.words
    );
    draft.remark_on(thing.plain(), what);
}

/// The verbs that the plan gives a role on a relation.
fn wanted(draft: &Draft<'_>, name: &QualifiedName, role: &Ident) -> BTreeSet<Privilege> {
    let governed = draft.places.get(name).filter(|place| place.is_governed());
    let (Some(place), Some(relation)) = (governed, draft.catalog.relations.get(name)) else {
        return BTreeSet::new();
    };
    let roles = &draft.manifest.roles;
    if role == roles.app_role() {
        let own = draft.manifest.entry(name).and_then(|entry| entry.grants.as_ref());
        of_app(place, relation, own, role)
    } else if roles.system_role() == Some(role) {
        system_wanted(place, relation).least
    } else {
        BTreeSet::from(DML)
    }
}

/// The catalog as it is once views read with the rights of who asks, and the functions of seals are those of the manifest.
fn as_planned<'a>(draft: &Draft<'a>) -> Result<Cow<'a, Catalog>> {
    let mut catalog = Cow::Borrowed(draft.catalog);
    for (name, relation, place) in draft.relations() {
        if place == Place::View
            && !relation.option_is_on("security_invoker")
            && let Some(relation) = catalog.to_mut().relations.get_mut(name)
        {
            relation.options.insert("security_invoker".to_owned(), "true".to_owned());
        }
    }
    if let Some(sealing) = Sealing::of(&draft.manifest.tenancy, &draft.manifest.roles)? {
        catalog.to_mut().functions.extend(sealing.functions);
    }
    Ok(catalog)
}
