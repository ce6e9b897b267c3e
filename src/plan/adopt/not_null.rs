//! NOT NULL without a table that is read under a lock: a check tells the server that there is nothing to look for.

use super::column::on;
use super::sql;
use super::step::{Action, Phase, Step};
use super::table::{Source, Table};
use super::{Draft, at_once, backfill};
use crate::catalog::Column;
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::plan::step::{Lock, Work};
use crate::policy::ddl;
use crate::policy::render::render;

/// The query for the rows without a tenant.
pub(in crate::plan) fn without_tenant(table: &QualifiedName, column: &Ident) -> Result<String> {
    render(sql::WITHOUT_TENANT, &on(table).name("column", column))
}

pub(super) fn steps(draft: &mut Draft<'_>, tables: &[Table<'_>]) -> Result<()> {
    for (number, table) in (1..).zip(tables).filter(|(_, table)| !table.is_filled()) {
        at_once::not_null(draft, table)?;
        let check = check_name(table);
        let named = || on(table.name).name("constraint", &check);
        let with_column = || named().name("column", table.column);
        let in_the_way = without_tenant(table.name, table.column)?;
        let column = table.column.as_str();
        let step = |what: String, lock: Lock, work: Work, up: String, down: Action| Step {
            object: table.name.plain(),
            phase: Phase::NotNull,
            what,
            lock,
            locked: 1,
            work,
            up: Action::Transaction(up),
            down,
            in_the_way: Some(in_the_way.clone()),
        };

        let swept = !matches!(table.source, Source::Known(_)) || table.present.is_some();
        let refuses = |column: &&Column| column.not_null_unvalidated.is_some();
        if let Some(present) = table.present.filter(refuses) {
            // Rows that are written have to have a tenant already.
            let sweep = backfill::sweep(draft, number, table)?;
            draft.push(sweep);
            let up = ddl::prove_not_null(table.name, present)?;
            let down = Action::Transaction(ddl::unprove_not_null(table.name, present)?);
            let what = format!("column {column} is not null in any row");
            draft.push(step(what, Lock::ShareUpdateExclusive, Work::Scan, up, down));
            continue;
        }

        let up = render(sql::CHECK, &with_column())?;
        let down = Action::Transaction(render(sql::DROP_CONSTRAINT, &named())?);
        let what = format!("column {column} is not null in rows that are written");
        draft.push(step(what, Lock::AccessExclusive, Work::None, up, down));

        if swept {
            let sweep = backfill::sweep(draft, number, table)?;
            draft.push(sweep);
        }

        let up = render(sql::VALIDATE, &named())?;
        let what = format!("column {column} is not null in any row");
        draft.push(step(what, Lock::ShareUpdateExclusive, Work::Scan, up, Action::Nothing));

        let up = render(sql::NOT_NULL, &with_column())?;
        let down = Action::Transaction(render(sql::UNSET_NOT_NULL, &with_column())?);
        draft.push(step(format!("column {column} is not null"), Lock::AccessExclusive, Work::None, up, down));
    }
    Ok(())
}

/// A name that no constraint of the table has, nor the one of NOT NULL from PostgreSQL 18 on is to have.
fn check_name(table: &Table<'_>) -> Ident {
    let relation = table.relation;
    let is_taken = |name: &Ident| {
        relation.checks.contains_key(name)
            || relation.keys.contains_key(name)
            || relation.foreign_keys.contains_key(name)
            || relation.exclusions.contains_key(name)
    };
    let mut parts = vec![table.name.name().as_str(), table.column.as_str(), "is", "set"];
    loop {
        let name = Ident::joined(&parts);
        if !is_taken(&name) {
            return name;
        }
        parts.push("x");
    }
}
