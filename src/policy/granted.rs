//! What the roles are to hold of relations, and the grants that are missing for it.

use std::collections::BTreeSet;

use super::ddl::{self, Object, Privileges};
use super::place::Place;
use crate::catalog::{DML, Grant, Grantee, Privilege, Relation};
use crate::error::Result;
use crate::ident::Ident;

/// A GRANT, and what takes it back.
pub(crate) struct Granting<'a> {
    pub(crate) privileges: Privileges<'a>,
    pub(crate) up: String,
    pub(crate) down: String,
}

/// Exactly what the app role is to hold of a relation; `own` is what the manifest says of this one.
pub(crate) fn of_app(
    place: &Place<'_>,
    relation: &Relation,
    own: Option<&BTreeSet<Privilege>>,
    app: &Ident,
) -> BTreeSet<Privilege> {
    if let Some(own) = own {
        return own.clone();
    }
    match place {
        Place::Shared | Place::Members => BTreeSet::from([Privilege::Select]),
        Place::Deny | Place::Partition { .. } => BTreeSet::new(),
        Place::View => {
            // Which views are written through is not for a plan to guess.
            let grantee = Grantee::Role(app.clone());
            let held =
                relation.grants.iter().filter(|grant| grant.grantee == grantee && grant.column.is_none());
            let verbs = held.map(|grant| grant.privilege).filter(|privilege| DML.contains(privilege));
            verbs.chain([Privilege::Select]).collect()
        }
        _ => BTreeSet::from(DML),
    }
}

/// The GRANT of those privileges that a role does not hold on the whole object.
pub(crate) fn granting<'a>(
    object: Object<'_>,
    held: impl Iterator<Item = &'a Grant> + Clone,
    grantee: &Grantee,
    least: &BTreeSet<Privilege>,
) -> Result<Option<Granting<'a>>> {
    let held = held.filter(|grant| grant.grantee == *grantee);
    let whole = |privilege: &Privilege| {
        held.clone().any(|grant| grant.privilege == *privilege && grant.column.is_none())
    };
    let missing: Privileges<'a> =
        least.iter().filter(|privilege| !whole(privilege)).map(|of| (*of, None)).collect();
    if missing.is_empty() {
        return Ok(None);
    }
    let mut down = vec![ddl::revoke(object, &missing, grantee)?];
    // Taking a privilege on the table takes it on the columns too.
    let columns = held.filter(|grant| grant.column.is_some() && missing.contains(&(grant.privilege, None)));
    down.extend(granting_again(object, &columns, grantee)?);
    let up = ddl::grant(object, &missing, grantee, false)?;
    Ok(Some(Granting { privileges: missing, up, down: down.join("\n\n") }))
}

/// The GRANTs that restore privileges of one grantee as they were.
pub(crate) fn granting_again<'a>(
    object: Object<'_>,
    lost: &(impl Iterator<Item = &'a Grant> + Clone),
    grantee: &Grantee,
) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for grant_option in [false, true] {
        let lost = lost.clone().filter(|grant| grant.grant_option == grant_option);
        let lost: Privileges<'_> = lost.map(|grant| (grant.privilege, grant.column.as_ref())).collect();
        if !lost.is_empty() {
            found.push(ddl::grant(object, &lost, grantee, grant_option)?);
        }
    }
    Ok(found)
}

/// Privileges as a list.
pub(crate) fn list(privileges: &Privileges<'_>) -> String {
    let one = |(privilege, column): &(Privilege, Option<&Ident>)| match column {
        Some(column) => format!("{} ({})", privilege.sql(), column.plain()),
        None => privilege.sql().to_owned(),
    };
    privileges.iter().map(one).collect::<Vec<_>>().join(", ")
}
