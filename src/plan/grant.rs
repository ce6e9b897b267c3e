//! What services may do with what: the four verbs that policies govern, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Draft, Kind};
use super::step::{Lock, Work};
use crate::catalog::{Column, DML, Grant, Grantee, Privilege, Relation};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::policy::ddl::{self as sql, Object, Privileges};
use crate::policy::granted::{granting, granting_again, list, of_app};
use crate::policy::place::Place;

const GRANT: Kind = Kind { lock: Lock::None, work: Work::None, closes: "services could not do their work" };

const REVOKE: Kind = Kind {
    lock: Lock::None,
    work: Work::None,
    closes: "TRUNCATE asks no policy, REFERENCES probes for hidden keys, a trigger sees every writer's rows",
};

const READ_ONLY: Kind = Kind {
    lock: Lock::None,
    work: Work::None,
    closes: "the role of backups could change the rows of all tenants",
};

const RECORDS: Kind = Kind {
    lock: Lock::None,
    work: Work::None,
    closes: "work across tenants could change what is recorded of it",
};

/// What no policy governs.
const BEYOND: [Privilege; 4] =
    [Privilege::Truncate, Privilege::References, Privilege::Trigger, Privilege::Maintain];

/// What a grantee is to hold on a relation.
pub(super) struct Wanted {
    /// At least these.
    pub(super) least: BTreeSet<Privilege>,
    /// At most these.
    most: BTreeSet<Privilege>,
}

/// Lets the roles reach what the schemas hold.
pub(super) fn schemas(draft: &mut Draft<'_>) -> Result<()> {
    let tree = draft.manifest.tenancy.tenant_tree().map(|tree| tree.table().schema());
    let governed: BTreeSet<&Ident> = draft
        .relations()
        .into_iter()
        .filter(|(_, _, place)| place.is_governed())
        .map(|(name, ..)| name.schema())
        .chain(tree)
        .chain(draft.transfers.iter().filter_map(|transfer| transfer.owned.schema()))
        .collect();
    let roles = &draft.manifest.roles;
    let uses = [Privilege::Usage];
    let creates = [Privilege::Usage, Privilege::Create];
    let wanted: Vec<(&Ident, &[Privilege])> = [(Some(roles.app_role()), &uses[..])]
        .into_iter()
        .chain([(roles.system_role(), &uses[..]), (roles.owner_role(), &creates[..])])
        .filter_map(|(role, privileges)| Some((role?, privileges)))
        .collect();
    for name in governed {
        let Some(schema) = draft.catalog.schemas.get(name) else { continue };
        for (role, privileges) in &wanted {
            let grantee = Grantee::Role((*role).clone());
            let holds = |privilege: &Privilege| {
                schema.owner == **role
                    || schema.grants.iter().any(|grant| {
                        grant.privilege == *privilege
                            && (grant.grantee == grantee || grant.grantee == Grantee::Public)
                    })
            };
            let missing: Privileges<'_> =
                privileges.iter().filter(|privilege| !holds(privilege)).map(|of| (*of, None)).collect();
            if missing.is_empty() {
                continue;
            }
            let object = Object::Schema(name);
            let sql =
                (sql::grant(object, &missing, &grantee, false)?, sql::revoke(object, &missing, &grantee)?);
            let what = format!("{} for {}", list(&missing), role.plain());
            let shown = format!("schema {}", name.plain());
            let given = missing.iter().map(|(privilege, _)| (shown.clone(), grantee.clone(), *privilege));
            draft.granted.extend(given);
            draft.push(shown, what, GRANT, sql);
        }
    }
    Ok(())
}

pub(super) fn steps(draft: &mut Draft<'_>) -> Result<()> {
    let roles = &draft.manifest.roles;
    let mut sequences: BTreeMap<QualifiedName, BTreeSet<Grantee>> = BTreeMap::new();
    for (name, relation, place) in draft.relations() {
        // A partition goes with its table.
        let governed = match place {
            Place::Partition { of } => draft.places.get(of).is_some_and(Place::is_governed),
            _ => place.is_governed(),
        };
        if !governed {
            continue;
        }
        let own = draft.manifest.entry(name).and_then(|entry| entry.grants.as_ref());
        let app = exactly(of_app(&place, relation, own, roles.app_role()));
        if app.least.contains(&Privilege::Insert) {
            for sequence in relation.columns.iter().filter_map(Column::sequence) {
                let grantees = sequences.entry(sequence).or_default();
                grantees.insert(Grantee::Role(roles.app_role().clone()));
                grantees.extend(roles.system_role().cloned().map(Grantee::Role));
            }
        }
        relation_grants(draft, name, relation, &Grantee::Role(roles.app_role().clone()), &app)?;
        // What it owns it need not be granted.
        let owns = |role: &Ident| relation.owner == *role;
        if let Some(system) = roles.system_role().filter(|system| !owns(system)) {
            let wanted = system_wanted(&place, relation);
            relation_grants(draft, name, relation, &Grantee::Role(system.clone()), &wanted)?;
        }
        if let Some(backup) = roles.backup_role() {
            let wanted = Wanted { least: BTreeSet::new(), most: BTreeSet::from([Privilege::Select]) };
            relation_grants(draft, name, relation, &Grantee::Role(backup.clone()), &wanted)?;
        }
        let everything = matches!(place, Place::Partition { .. } | Place::Deny);
        let most = if everything { BTreeSet::new() } else { without(&BEYOND) };
        relation_grants(draft, name, relation, &Grantee::Public, &Wanted { least: BTreeSet::new(), most })?;
    }
    // The tree of tenants is read by a function that runs as the system role, whether the table is governed or not.
    if let (Some(tree), Some(system)) = (draft.manifest.tenancy.tenant_tree(), roles.system_role())
        && let Some((name, relation)) = draft.catalog.relations.get_key_value(tree.table())
        && !draft.places.get(name).is_some_and(Place::is_governed)
    {
        let wanted = Wanted { least: BTreeSet::from([Privilege::Select]), most: without(&[]) };
        relation_grants(draft, name, relation, &Grantee::Role(system.clone()), &wanted)?;
    }
    records(draft)?;
    for (name, grantees) in sequences {
        let Some((name, sequence)) = draft.catalog.relations.get_key_value(&name) else { continue };
        let wanted = Wanted { least: BTreeSet::from([Privilege::Usage]), most: without(&[]) };
        for grantee in grantees {
            relation_grants(draft, name, sequence, &grantee, &wanted)?;
        }
    }
    Ok(())
}

/// Has the system role add rows to the table that records work across tenants, and nobody whom tenants can act as do more.
fn records(draft: &mut Draft<'_>) -> Result<()> {
    let (tenancy, roles) = (&draft.manifest.tenancy, &draft.manifest.roles);
    let (Some(table), Some(system)) = (tenancy.system_access(), roles.system_role()) else { return Ok(()) };
    let Some((name, relation)) = draft.catalog.relations.get_key_value(&table) else { return Ok(()) };
    let (object, row_count) = (Object::Table(name), Ident::known("row_count"));
    let system = Grantee::Role(system.clone());
    let adds: Privileges<'_> = [(Privilege::Insert, Some(&row_count))].into();
    for grantee in [system.clone(), Grantee::Role(roles.app_role().clone()), Grantee::Public] {
        let wanted = if grantee == system { adds.clone() } else { Privileges::new() };
        let held = relation.grants.iter().filter(|grant| grant.grantee == grantee);
        let has: Privileges<'_> =
            held.clone().map(|grant| (grant.privilege, grant.column.as_ref())).collect();
        if has == wanted {
            continue;
        }
        let (mut up, mut down) = (Vec::new(), granting_again(object, &held, &grantee)?);
        if !has.is_empty() {
            up.push(sql::revoke(object, &has, &grantee)?);
        }
        if !wanted.is_empty() {
            up.push(sql::grant(object, &wanted, &grantee, false)?);
            down.insert(0, sql::revoke(object, &wanted, &grantee)?);
        }
        let what = match (has.is_empty(), wanted.is_empty()) {
            (_, true) => format!("no {} for {}", list(&has), grantee.plain()),
            (true, false) => format!("{} for {}", list(&wanted), grantee.plain()),
            (false, false) => format!("{} alone for {}", list(&wanted), grantee.plain()),
        };
        draft.push(name.plain(), what, RECORDS, (up.join("\n\n"), down.join("\n\n")));
    }
    Ok(())
}

fn exactly(privileges: BTreeSet<Privilege>) -> Wanted {
    Wanted { least: privileges.clone(), most: privileges }
}

pub(super) fn system_wanted(place: &Place<'_>, relation: &Relation) -> Wanted {
    let least = match place {
        Place::Partition { .. } => BTreeSet::new(),
        Place::View | Place::Deny if !relation.is_table() => BTreeSet::from([Privilege::Select]),
        _ => BTreeSet::from(DML),
    };
    Wanted { least, most: without(&BEYOND) }
}

fn without(privileges: &[Privilege]) -> BTreeSet<Privilege> {
    Privilege::ALL.into_iter().filter(|privilege| !privileges.contains(privilege)).collect()
}

/// Grants and revokes on a table, view or sequence.
fn relation_grants(
    draft: &mut Draft<'_>,
    name: &QualifiedName,
    relation: &Relation,
    grantee: &Grantee,
    wanted: &Wanted,
) -> Result<()> {
    if matches!(grantee, Grantee::Role(role) if *role == relation.owner) {
        return Ok(());
    }
    let object = if relation.sequence.is_some() { Object::Sequence(name) } else { Object::Table(name) };
    let held = relation.grants.iter().filter(|grant| grant.grantee == *grantee);
    let excess: Vec<&Grant> = held.filter(|grant| !wanted.most.contains(&grant.privilege)).collect();
    if !excess.is_empty() {
        let revoked: Privileges<'_> =
            excess.iter().map(|grant| (grant.privilege, grant.column.as_ref())).collect();
        let down = granting_again(object, &excess.iter().copied(), grantee)?;
        let what = format!("no {} for {}", list(&revoked), grantee.plain());
        let sql = (sql::revoke(object, &revoked, grantee)?, down.join("\n\n"));
        let is_backup =
            matches!(grantee, Grantee::Role(role) if draft.manifest.roles.backup_role() == Some(role));
        draft.push(name.plain(), what, if is_backup { READ_ONLY } else { REVOKE }, sql);
    }
    if let Some(granting) = granting(object, relation.grants.iter(), grantee, &wanted.least)? {
        let what = format!("{} for {}", list(&granting.privileges), grantee.plain());
        let given =
            granting.privileges.iter().map(|(privilege, _)| (name.plain(), grantee.clone(), *privilege));
        draft.granted.extend(given);
        draft.push(name.plain(), what, GRANT, (granting.up, granting.down));
    }
    Ok(())
}
