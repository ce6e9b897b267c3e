//! Everything that is governed belongs to one role, which services cannot become.

use super::draft::{Draft, Kind};
use super::step::{Lock, Work};
use crate::catalog::{Grant, Grantee};
use crate::error::Result;
use crate::policy::ddl::{self as sql, Object, Privileges};
use crate::policy::place::Place;

const OWNER: Kind = Kind {
    lock: Lock::AccessExclusive,
    work: Work::None,
    closes: "an owner can drop the policies of its tables",
};

pub(super) fn steps(draft: &mut Draft<'_>) -> Result<()> {
    let Some(owner) = draft.manifest.roles.owner_role() else { return Ok(()) };
    for (name, relation, place) in draft.relations() {
        if matches!(place, Place::Exempt { .. } | Place::Apart) || relation.owner == *owner {
            continue;
        }
        let up = sql::owner(name, owner)?;
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
