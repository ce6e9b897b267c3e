//! Everything that is governed belongs to one role, which services cannot become; but for materialized views, which a role reads
//! that policies must not bind.

use super::draft::{Draft, Kind};
use super::roles::bypasses;
use super::step::{Lock, Work};
use crate::catalog::{Grant, Grantee, Privilege, Relation, RelationKind};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::policy::ddl::{self as sql, Object, Privileges};
use crate::policy::place::{Place, views};

const OWNER: Kind = Kind {
    lock: Lock::AccessExclusive,
    work: Work::None,
    closes: "an owner can drop the policies of its tables",
};

pub(super) fn steps(draft: &mut Draft<'_>) -> Result<()> {
    for (name, relation, place) in draft.relations() {
        refreshed(draft, name, relation, &place);
        let Some(owner) = wanted(draft, relation, &place).filter(|owner| relation.owner != **owner) else {
            continue;
        };
        let up = made_over(draft, name, owner)?;
        let mut down = vec![sql::owner(name, &relation.owner)?];
        // What the new owner had been granted before is its own now, and goes with the ownership.
        let grantee = Grantee::Role(owner.clone());
        for grant_option in [false, true] {
            let lost = |grant: &&Grant| grant.grantee == grantee && grant.grant_option == grant_option;
            let lost: Privileges<'_> = relation
                .grants
                .iter()
                .filter(lost)
                .map(|grant| (grant.privilege, grant.column.as_ref()))
                .collect();
            if !lost.is_empty() {
                down.push(sql::grant(Object::Table(name), &lost, &grantee, grant_option)?);
            }
        }
        draft.push(name.plain(), format!("owner is {}", owner.plain()), OWNER, (up, down.join("\n\n")));
    }
    Ok(())
}

/// The role that a relation is to belong to; none where that is left as it is.
pub(super) fn wanted<'a>(draft: &Draft<'a>, relation: &'a Relation, place: &Place<'_>) -> Option<&'a Ident> {
    if matches!(place, Place::Exempt { .. } | Place::Apart) {
        return None;
    }
    let roles = &draft.manifest.roles;
    if tenants_table(draft, relation).is_none() {
        return roles.owner_role();
    }
    // A refresh reads as the owner.
    if bypasses(draft.manifest, draft.catalog, &relation.owner) {
        return Some(&relation.owner);
    }
    roles.system_role().or(roles.owner_role())
}

/// Whoever gets a relation has to be able to make one in its schema at that moment. The owner of all tables is, for good.
fn made_over(draft: &Draft<'_>, name: &QualifiedName, owner: &Ident) -> Result<String> {
    let own = sql::owner(name, owner)?;
    let grantee = Grantee::Role(owner.clone());
    let schema = draft.catalog.schemas.get(name.schema());
    let may = schema.is_none_or(|schema| {
        let of = |grant: &Grant| grant.grantee == grantee || grant.grantee == Grantee::Public;
        let mut grants = schema.grants.iter().filter(|grant| grant.privilege == Privilege::Create);
        schema.owner == *owner || grants.any(of)
    });
    if may || draft.manifest.roles.owner_role() == Some(owner) {
        return Ok(own);
    }
    let (schema, create) = (Object::Schema(name.schema()), Privileges::from([(Privilege::Create, None)]));
    let may = sql::grant(schema, &create, &grantee, false)?;
    Ok(format!("{may}\n\n{own}\n\n{}", sql::revoke(schema, &create, &grantee)?))
}

/// A table of tenants that a materialized view reads.
fn tenants_table<'a>(draft: &Draft<'a>, relation: &'a Relation) -> Option<&'a QualifiedName> {
    if relation.kind != RelationKind::MaterializedView {
        return None;
    }
    let reached = views::reached(draft.catalog, relation);
    reached.into_iter().find(|name| draft.places.get(name).is_some_and(Place::holds_tenants))
}

/// A plan puts tables under FORCE, and their owner then reads no more than a tenant's rows.
fn refreshed(draft: &mut Draft<'_>, name: &QualifiedName, relation: &Relation, place: &Place<'_>) {
    let Some(table) = tenants_table(draft, relation) else { return };
    let owner = wanted(draft, relation, place).unwrap_or(&relation.owner);
    if bypasses(draft.manifest, draft.catalog, owner) {
        return;
    }
    let what = format!(
        "its refresh reads {} as {}, whom policies bind: it is emptied, keeps one tenant's rows, or fails, and so does pg_restore; \
         give it to a role with BYPASSRLS",
        table.plain(),
        owner.plain()
    );
    draft.remark(name, what);
}
