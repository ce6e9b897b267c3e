//! Everything that is governed belongs to one role, which services cannot become; but for materialized views, which a role reads
//! that policies must not bind.
//!
//! What the app role owns besides, and could replace by code of its own, goes to that role too. What services do with all of
//! it is granted in the same step.

use std::collections::BTreeSet;

use super::draft::{Draft, Kind};
use super::roles::{bypasses, reaches};
use super::step::{Lock, Work};
use crate::catalog::{DML, Privilege};
use crate::error::Result;
use crate::ident::Ident;
use crate::policy::ddl::Object;
use crate::policy::owned::acted_as;
use crate::policy::place::Place;
use crate::policy::refresh;
use crate::policy::transfer::Transfer;

const OF_RELATION: Kind = Kind {
    lock: Lock::AccessExclusive,
    work: Work::None,
    closes: "an owner can drop the policies of its tables",
};

const OF_SEQUENCE: Kind = Kind {
    lock: Lock::AccessExclusive,
    work: Work::None,
    closes: "an owner can drop the sequence, and the defaults that draw from it",
};

const OF_SCHEMA: Kind = Kind {
    lock: Lock::None,
    work: Work::None,
    closes: "the owner of a schema can drop what is in it, and put its own in the place",
};

const OF_FUNCTION: Kind = Kind {
    lock: Lock::None,
    work: Work::None,
    closes: "an owner can replace the function, which runs with the rights of whoever calls it",
};

const OF_TYPE: Kind = Kind {
    lock: Lock::None,
    work: Work::None,
    closes: "an owner can drop the type, and the columns of that type",
};

/// Before anything in them changes hands: a new owner has to be allowed to make objects there.
pub(super) fn schemas(draft: &mut Draft<'_>) -> Result<()> {
    push(draft, |transfer| matches!(transfer.owned.object, Object::Schema(_)))
}

pub(super) fn steps(draft: &mut Draft<'_>) -> Result<()> {
    push(draft, |transfer| !matches!(transfer.owned.object, Object::Schema(_)))?;
    remarks(draft);
    beyond_the_migrator(draft);
    refreshed(draft);
    Ok(())
}

/// Who gives something away has to be its owner, and a member of who gets it.
fn beyond_the_migrator(draft: &mut Draft<'_>) {
    let Some(migrator) = draft.manifest.roles.migrator_role() else { return };
    if draft.catalog.roles.get(migrator).is_none_or(|role| role.superuser) {
        return;
    }
    let former: BTreeSet<&Ident> = draft
        .transfers
        .iter()
        .map(|transfer| transfer.owned.owner)
        .filter(|owner| !reaches(draft.catalog, migrator, owner))
        .collect();
    if former.is_empty() {
        return;
    }
    let named: Vec<String> = former.into_iter().map(Ident::plain).collect();
    let what = format!(
        "is no member of {}, who owns what changes hands here: have a superuser run this one",
        named.join(", ")
    );
    draft.remark_on(format!("role {}", migrator.plain()), what);
}

/// A plan puts tables under FORCE, and the owner of a materialized view over them then reads no more than a tenant's rows.
fn refreshed(draft: &mut Draft<'_>) {
    for (name, relation, place) in draft.relations() {
        let Some(table) = refresh::tenants_table(draft.catalog, &draft.places, relation) else { continue };
        let is_left = matches!(place, Place::Exempt { .. } | Place::Apart);
        if is_left || bypasses(draft.manifest, draft.catalog, &relation.owner) {
            continue;
        }
        let what = format!(
            "its refresh reads {} as {}, whom policies bind: it is emptied, keeps one tenant's rows, or fails, and so does \
             pg_restore; give it to a role with BYPASSRLS",
            table.plain(),
            relation.owner.plain()
        );
        draft.remark(name, what);
    }
}

fn push<'a>(draft: &mut Draft<'a>, is_meant: impl Fn(&Transfer<'a>) -> bool) -> Result<()> {
    for transfer in draft.transfers.iter().filter(|transfer| is_meant(transfer)).cloned().collect::<Vec<_>>()
    {
        let statements = transfer.statements()?;
        let kind = match transfer.owned.object {
            Object::Schema(_) | Object::Database(_) => OF_SCHEMA,
            Object::Sequence(_) => OF_SEQUENCE,
            Object::Routine(_) => OF_FUNCTION,
            Object::Type(_) => OF_TYPE,
            Object::Table(_) => OF_RELATION,
        };
        let mut what = vec![format!("owner is {}", transfer.to.plain())];
        what.extend(transfer.ran_as_owner.then(|| "SECURITY INVOKER".to_owned()));
        what.extend(statements.granted);
        draft.push(transfer.owned.name(), what.join("; "), kind, (statements.up, statements.down));
    }
    Ok(())
}

/// What the app role could do as an owner and cannot do any more.
fn remarks(draft: &mut Draft<'_>) {
    let Some(owner) = draft.manifest.roles.owner_role() else { return };
    let app = draft.manifest.roles.app_role();
    let role = format!("role {}", app.plain());
    if let Some(database) = &draft.catalog.database
        && acted_as(draft.catalog, app).contains(&database.owner)
    {
        let (name, of) = (&database.name, database.owner.plain());
        let what = format!(
            "{of} owns it, and can make schemas and drop whatever is in it; run ALTER DATABASE {name} OWNER TO {owner}"
        );
        draft.remark_on("database", what);
    }
    let transfers = draft.transfers.clone();
    let given: Vec<&Transfer<'_>> =
        transfers.iter().filter(|transfer| transfer.kept(app).is_some()).collect();
    if given.is_empty() {
        return;
    }
    draft.remark_on(
        role,
        format!(
            "gives up the ownership of what goes to {0}, and keeps the use of it by grants; what only an owner may do, or no \
             policy governs, goes with it: CREATE in schemas, ALTER, DROP, TRUNCATE, REFERENCES, TRIGGER, REFRESH, setval; \
             run migrations as a member of {0}",
            owner.plain()
        ),
    );
    partitions(draft, &given);
    for transfer in given {
        let name = transfer.owned.name();
        if transfer.ran_as_owner {
            let what = format!(
                "was SECURITY DEFINER with the rights of {}, and runs with those of its caller now",
                transfer.owned.owner.plain()
            );
            draft.remark_on(name, what);
            continue;
        }
        let (Some(place), Some(kept)) = (&transfer.owned.place, transfer.kept(app)) else { continue };
        let lost: Vec<&str> =
            DML.iter().filter(|privilege| !kept.contains(privilege)).map(|of| of.sql()).collect();
        if !lost.is_empty() && !matches!(place, Place::Partition { .. }) {
            let kept = words(kept);
            let what = format!(
                "{} owned it, and keeps {kept} by its class; it loses {}",
                app.plain(),
                lost.join(", ")
            );
            draft.remark_on(name, what);
        }
    }
}

/// Partitions that the app role owned: their rows are reached through their table from now on.
fn partitions(draft: &mut Draft<'_>, given: &[&Transfer<'_>]) {
    let app = draft.manifest.roles.app_role().plain();
    let of = |transfer: &&Transfer<'_>| match transfer.owned.place {
        Some(Place::Partition { of }) => Some(of.clone()),
        _ => None,
    };
    for table in given.iter().filter_map(of).collect::<BTreeSet<_>>() {
        let what = format!(
            "{app} owned its partitions too, and reaches their rows through it alone: it loses SELECT, INSERT, UPDATE, DELETE \
             on each of them"
        );
        draft.remark(&table, what);
    }
}

fn words(privileges: &BTreeSet<Privilege>) -> String {
    if privileges.is_empty() {
        return "nothing".to_owned();
    }
    privileges.iter().map(|privilege| privilege.sql()).collect::<Vec<_>>().join(", ")
}
