//! Keys that include the tenant: policies bind neither unique indexes nor foreign keys.

use std::collections::BTreeSet;

use super::adopt::astray;
use super::column::names;
use super::draft::{Draft, Kind};
use super::step::{Lock, Work};
use super::unique;
use crate::catalog::{ForeignKey, Index};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::policy::crossing::Sides;
use crate::policy::ddl::{self as sql, Unique};
use crate::policy::place::Place;

const UNIQUE: Kind = Kind {
    lock: Lock::Share,
    work: Work::Scan,
    closes: "a foreign key needs a key that includes the tenant",
};

const WITHOUT_OVERLAPS: Kind = Kind { lock: Lock::AccessExclusive, ..UNIQUE };

const INDEX: Kind = Kind {
    lock: Lock::Share,
    work: Work::Scan,
    closes: "each statement would read the rows of all tenants to find those of one",
};

const FOREIGN_KEY: Kind = Kind {
    lock: Lock::AccessExclusive,
    work: Work::Scan,
    closes: "a row could refer to another tenant's, and learn that it exists; a cascade would cross over",
};

const UNFORCE: Kind = Kind {
    lock: Lock::AccessExclusive,
    work: Work::None,
    closes: "a foreign key is checked against those rows alone that the owner sees",
};

/// A foreign key and what takes its place.
pub(super) struct Replacement<'a> {
    pub(super) table: &'a QualifiedName,
    pub(super) name: &'a Ident,
    pub(super) old: &'a ForeignKey,
    pub(super) new: ForeignKey,
}

pub(super) fn indexes(draft: &mut Draft<'_>) -> Result<()> {
    let mut led: BTreeSet<&QualifiedName> = BTreeSet::new();
    let mut made: BTreeSet<(&QualifiedName, Vec<Ident>, Unique)> = BTreeSet::new();
    let replacements = replacements(draft);
    led.extend(unique::lacking(draft).into_iter().map(|(table, _)| table));
    for replacement in &replacements {
        let Some((parent, relation)) = draft.catalog.relations.get_key_value(&replacement.old.references)
        else {
            continue;
        };
        let columns: Vec<&Ident> = replacement.new.referenced_columns.iter().collect();
        let is_key = |index: &Index| index.is_referenced_by(&replacement.new);
        let unique = Unique::referenced_by(&replacement.new);
        if relation.indexes.values().any(|index| is_key(index))
            || !made.insert((parent, replacement.new.referenced_columns.clone(), unique))
        {
            continue;
        }
        led.insert(parent);
        let index = draft.index_name(parent, &columns, "key");
        let (what, kind, sql) = match unique {
            Unique::Values => (
                format!("unique index on {}", names(&columns)),
                UNIQUE,
                (sql::index(parent, &index, &columns, true)?, sql::drop_index(parent, &index)?),
            ),
            Unique::Periods => (
                format!("unique key on {} WITHOUT OVERLAPS", names(&columns)),
                WITHOUT_OVERLAPS,
                (sql::without_overlaps(parent, &index, &columns)?, sql::drop_constraint(parent, &index)?),
            ),
        };
        draft.push(parent.plain(), what, kind, sql);
    }
    for (name, relation, place) in draft.relations() {
        let column = match place {
            Place::Tenant { column, .. }
            | Place::SharedRows { column }
            | Place::Tree { column }
            | Place::Membership { column } => &column.name,
            _ => continue,
        };
        if led.contains(name) || relation.indexes.values().any(|index| index.leads_with(column)) {
            continue;
        }
        let index = draft.index_name(name, &[column], "idx");
        let sql = (sql::index(name, &index, &[column], false)?, sql::drop_index(name, &index)?);
        draft.push(name.plain(), format!("index on {}", column.as_str()), INDEX, sql);
    }
    Ok(())
}

pub(super) fn foreign_keys(draft: &mut Draft<'_>) -> Result<()> {
    let replacements = replacements(draft);
    // A table that is under FORCE already shows its owner no rows, and the check of a new key would find nothing wrong.
    let forced: BTreeSet<&QualifiedName> = replacements
        .iter()
        .flat_map(|of| [of.table, &of.old.references])
        .filter(|name| draft.catalog.relations.get(*name).is_some_and(|relation| relation.force_row_security))
        .collect();
    for name in &forced {
        let sql = (sql::force(name, false)?, sql::force(name, true)?);
        draft.push(name.plain(), "the owner sees all rows, for the next checks", UNFORCE, sql);
    }
    for Replacement { table, name, old, new } in &replacements {
        let sql = (sql::foreign_key(table, name, new)?, sql::foreign_key(table, name, old)?);
        let (more, work) =
            if new.enforced { ("", Work::Scan) } else { (", and stays NOT ENFORCED", Work::None) };
        let what = format!("foreign key {} includes the tenant{more}", name.as_str());
        draft.push(table.plain(), what, Kind { work, ..FOREIGN_KEY }, sql);
        if new.enforced {
            draft.in_the_way(table, astray(table, new)?);
        }
    }
    for name in &forced {
        let sql = (sql::force(name, true)?, sql::force(name, false)?);
        draft.push(name.plain(), "the owner is bound again", UNFORCE, sql);
    }
    for (table, name) in unenforced(draft) {
        let what = format!(
            "foreign key {} is NOT ENFORCED, so nothing keeps a row from referring to another tenant's, or to none; once its \
             rows hold, ALTER CONSTRAINT … ENFORCED makes it one, by a role that policies do not bind",
            name.as_str()
        );
        draft.remark(table, what);
    }
    for (table, name, why) in open(draft) {
        draft.remark(
            table,
            format!("foreign key {} can cross from one tenant to another: {why}", name.as_str()),
        );
    }
    Ok(())
}

/// The foreign keys between tables of tenants that check nothing.
fn unenforced<'a>(draft: &Draft<'a>) -> Vec<(&'a QualifiedName, &'a Ident)> {
    let tenants = |name: &QualifiedName| draft.places.get(name).is_some_and(Place::holds_tenants);
    let keys = draft.catalog.foreign_keys();
    let keys = keys.filter(|(table, _, key)| !key.enforced && tenants(table) && tenants(&key.references));
    keys.map(|(table, name, _)| (table, name)).collect()
}

/// The foreign keys between tables of tenants that do not include the tenant, and could.
pub(super) fn replacements<'a>(draft: &Draft<'a>) -> Vec<Replacement<'a>> {
    let catalog = draft.catalog;
    let keys = catalog.foreign_keys().filter_map(|(table, name, old)| {
        let sides = crossing(draft, table, old)?;
        let open = sides.obstacle(catalog, old).is_some();
        (!open).then(|| Replacement { table, name, old, new: sides.added_to(old) })
    });
    keys.collect()
}

/// The foreign keys that can cross from one tenant to another and cannot be replaced, with the reason.
fn open<'a>(draft: &Draft<'a>) -> Vec<(&'a QualifiedName, &'a Ident, &'static str)> {
    let catalog = draft.catalog;
    let keys = catalog.foreign_keys().filter_map(|(table, name, key)| {
        if let Some(sides) = crossing(draft, table, key) {
            return Some((table, name, sides.obstacle(catalog, key)?));
        }
        let to = draft.places.get(&key.references)?;
        let from = draft.places.get(table)?;
        let way = matches!(from, Place::Child { name: way, .. } if *way == name);
        let apart = |place: &Place<'_>| {
            matches!(place, Place::Child { .. } | Place::Tenant { .. } | Place::SharedRows { .. })
        };
        let child = matches!(from, Place::Child { .. }) || matches!(to, Place::Child { .. });
        (child && !way && apart(from) && apart(to)).then_some((
            table,
            name,
            "one of the two tables has no tenant column; add one to both",
        ))
    });
    keys.collect()
}

/// The tenant columns on both sides of a foreign key that does not include them.
fn crossing<'a>(draft: &Draft<'a>, table: &QualifiedName, key: &ForeignKey) -> Option<Sides<'a>> {
    let Place::Tenant { column, .. } = draft.places.get(table)? else { return None };
    let Place::Tenant { column: referenced, .. } = draft.places.get(&key.references)? else { return None };
    let sides = Sides { own: &column.name, referenced: &referenced.name };
    (!sides.are_in(key)).then_some(sides)
}
