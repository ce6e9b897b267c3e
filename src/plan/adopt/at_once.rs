//! The same in one transaction, for files: an environment that is empty, or on which nobody works meanwhile.
//!
//! What keeps writers going is left out: no trigger fills rows, no key is made beside another, and one statement fills all rows
//! of a table. The schema that it leads to is that of the steps.

use std::collections::BTreeSet;

use super::Draft;
use super::column::on;
use super::sql;
use super::table::{Source, Table};
use super::{backfill, key, told};
use crate::catalog::ForeignKey;
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::plan::Step;
use crate::plan::key::Replacement;
use crate::plan::step::{Lock, Work};
use crate::policy::render::{Vars, render};
use crate::policy::{Bootstrap, PartKind, ddl};

/// What a step closes is said where tables are planned one by one.
const TENANT: &str = "rows would belong to no tenant";
const KEY: &str = "a foreign key needs a key that includes the tenant";
const INDEX: &str = "each statement would read the rows of all tenants to find those of one";
const FOREIGN_KEY: &str =
    "a row could refer to another tenant's, and learn that it exists; a cascade would cross over";
const UNFORCE: &str = "the owner sees no rows, and would fill none";
const SUPPORT: &str = "policies need their roles and functions";

fn step(
    table: &QualifiedName,
    what: String,
    (lock, work): (Lock, Work),
    closes: &'static str,
    (up, down): (String, String),
) -> Step {
    Step { object: table.plain(), what, up, down, lock, work, closes, in_the_way: None }
}

/// The column, or its default, as a step of its own makes it.
pub(super) fn column(draft: &mut Draft<'_>, table: &QualifiedName, what: String, sql: (String, String)) {
    draft.at_once.push(step(table, what, (Lock::AccessExclusive, Work::None), TENANT, sql));
}

/// All rows in one statement.
pub(super) fn fill(draft: &mut Draft<'_>, table: &Table<'_>, what: String) -> Result<()> {
    let (tenant, source, join) = match &table.source {
        Source::Known(tenant) => {
            let vars = Vars::default().text("tenant", tenant).sql("type", &table.data_type);
            (render("cast(:'tenant' AS :type)", &vars)?, String::new(), String::new())
        }
        Source::Parent(way) => {
            let source = format!("\nFROM {} AS parent", way.key.references);
            (format!("parent.{}", way.tenant), source, format!("\n    AND {}", backfill::join(way)))
        }
        Source::Told(telling) => (told::of_row(table, telling)?, String::new(), String::new()),
    };
    let vars = on(table.name)
        .name("column", table.column)
        .sql("tenant", tenant)
        .sql("source", source)
        .sql("join", join);
    let fires = backfill::firing(table).next().is_some();
    let mut up = render(if fires { sql::UPDATE_FIRED } else { sql::UPDATE }, &vars)?;
    if let Source::Told(telling) = &table.source {
        let path = render(sql::TOLD_PATH, &Vars::default().text("path", &telling.path))?;
        let back = render(sql::OWN_PATH, &Vars::default().sql("local", "LOCAL"))?;
        up = format!("{path}\n\n{up}\n\n{back}");
    }
    draft.at_once.push(step(table.name, what, (Lock::None, Work::Scan), TENANT, (up, String::new())));
    Ok(())
}

pub(super) fn not_null(draft: &mut Draft<'_>, table: &Table<'_>) -> Result<()> {
    let what = format!("column {} is not null", table.column.as_str());
    let (lock, sql) = match table.present.filter(|column| column.not_null_unvalidated.is_some()) {
        Some(column) => (
            Lock::ShareUpdateExclusive,
            (ddl::prove_not_null(table.name, column)?, ddl::unprove_not_null(table.name, column)?),
        ),
        None => (
            Lock::AccessExclusive,
            (ddl::not_null(table.name, table.column, true)?, ddl::not_null(table.name, table.column, false)?),
        ),
    };
    draft.at_once.push(step(table.name, what, (lock, Work::Scan), TENANT, sql));
    Ok(())
}

/// An index, and the constraint that it is where it is unique.
pub(super) fn index(
    draft: &mut Draft<'_>,
    table: &QualifiedName,
    (index, columns): (&Ident, &[&Ident]),
    unique: key::Unique,
    what: String,
) -> Result<()> {
    let is_unique = unique == key::Unique::Yes;
    let made = ddl::index(table, index, columns, is_unique)?;
    let cost = (Lock::AccessExclusive, Work::Scan);
    if is_unique {
        let attached = render(sql::ATTACH, &on(table).name("index", index))?;
        let sql = (format!("{made}\n\n{attached}"), ddl::drop_constraint(table, index)?);
        draft.at_once.push(step(table, what, cost, KEY, sql));
    } else {
        let sql = (made, ddl::drop_index(table, index)?);
        draft.at_once.push(step(table, what, (Lock::Share, Work::Scan), INDEX, sql));
    }
    Ok(())
}

/// The new key takes the place of the old one.
pub(super) fn foreign_key(draft: &mut Draft<'_>, of: &Replacement<'_>) -> Result<()> {
    // What was NOT VALID may have rows that it would not take, and is left so.
    let new = ForeignKey { validated: of.old.validated, ..of.new.clone() };
    let sql = (ddl::foreign_key(of.table, of.name, &new)?, ddl::foreign_key(of.table, of.name, of.old)?);
    let what = format!("foreign key {} includes the tenant", of.name.as_str());
    let work = if new.enforced && new.validated { Work::Scan } else { Work::None };
    draft.at_once.push(step(of.table, what, (Lock::AccessExclusive, work), FOREIGN_KEY, sql));
    Ok(())
}

/// The schema of the functions that policies call, where the adoption makes them. It stays when it is taken back.
pub(super) fn support(draft: &mut Draft<'_>) -> Result<()> {
    let manifest = draft.manifest;
    let parts = Bootstrap::new(manifest.tenancy.clone(), manifest.roles.clone()).parts()?;
    for part in parts.into_iter().filter(|part| matches!(part.kind, PartKind::Schema(_))) {
        draft.at_once.push(Step {
            object: format!("schema {}", draft.support().plain()),
            what: "schema of the functions that policies call".to_owned(),
            up: part.sql,
            down: String::new(),
            lock: Lock::None,
            work: Work::None,
            closes: SUPPORT,
            in_the_way: None,
        });
    }
    Ok(())
}

/// The owner sees all rows meanwhile of what was under FORCE before, and nobody else sees the tables without it.
pub(super) fn unforced(draft: &mut Draft<'_>, concerned: &BTreeSet<QualifiedName>) -> Result<()> {
    let forced = |name: &&QualifiedName| {
        draft.catalog.relations.get(*name).is_some_and(|relation| relation.force_row_security)
    };
    let forced: Vec<&QualifiedName> = concerned.iter().filter(forced).collect();
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for name in forced {
        let (off, on) = (ddl::force(name, false)?, ddl::force(name, true)?);
        let cost = (Lock::AccessExclusive, Work::None);
        let what = "the owner sees all rows, for the steps that follow".to_owned();
        before.push(step(name, what, cost, UNFORCE, (off.clone(), on.clone())));
        after.push(step(name, "the owner is bound again".to_owned(), cost, UNFORCE, (on, off)));
    }
    draft.at_once.splice(0..0, before);
    draft.at_once.extend(after);
    Ok(())
}
