//! The tenant column, and what fills it in rows that are written.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Draft;
use super::at_once;
use super::sql;
use super::step::{Action, Phase, Step};
use super::table::{Source, Table, pairs};
use super::told;
use super::way::Way;
use crate::catalog::{Catalog, Expr};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::plan::step::{Lock, Work};
use crate::policy::manifest::Manifest;
use crate::policy::render::{Vars, render};
use crate::policy::{Missing, ddl};

pub(super) fn on(table: &QualifiedName) -> Vars<'_> {
    Vars::default().name("schema", table.schema()).name("table", table.name())
}

/// The SQL that gives tables their tenant column, for a look at what they are with it.
pub(super) fn added(
    manifest: &Manifest,
    catalog: &Catalog,
    names: &BTreeSet<&QualifiedName>,
) -> Result<Vec<String>> {
    let lack = |name: &&&QualifiedName| {
        catalog.relations.get(**name).is_some_and(|relation| relation.column(manifest.column(name)).is_none())
    };
    let data_type = manifest.tenancy.tenant_type().sql();
    names.iter().filter(lack).map(|name| column(name, manifest.column(name), data_type)).collect()
}

fn column(table: &QualifiedName, column: &Ident, data_type: &str) -> Result<String> {
    render(sql::COLUMN, &on(table).name("column", column).sql("type", data_type))
}

pub(super) fn steps(draft: &mut Draft<'_>, tables: &[Table<'_>]) -> Result<()> {
    for table in tables.iter().filter(|table| table.present.is_none()) {
        let named = || on(table.name).name("column", table.column);
        let name = table.column.as_str();
        let (what, up) = match &table.source {
            Source::Known(tenant) => {
                let vars = named()
                    .sql("type", &table.data_type)
                    .text("tenant", tenant)
                    .sql("default", default(draft, table, tenant)?);
                (
                    format!("column {name}, with the one tenant in every row"),
                    render(sql::COLUMN_FILLED, &vars)?,
                )
            }
            Source::Parent(_) | Source::Told(_) => {
                (format!("column {name}"), column(table.name, table.column, &table.data_type)?)
            }
        };
        let down = render(sql::DROP_COLUMN, &named())?;
        at_once::column(draft, table.name, what.clone(), (up.clone(), down.clone()));
        draft.push(Step {
            object: table.name.plain(),
            phase: Phase::Column,
            what,
            lock: Lock::AccessExclusive,
            locked: 1,
            work: Work::None,
            up: Action::Transaction(up),
            down: Action::Transaction(down),
            in_the_way: None,
        });
    }
    Ok(())
}

/// The tenant that is bound, or NULL.
pub(super) fn bound(draft: &Draft<'_>) -> Result<String> {
    draft.manifest.tenancy.clone().missing(Missing::Empty).context()
}

fn default(draft: &Draft<'_>, table: &Table<'_>, tenant: &str) -> Result<String> {
    let vars =
        Vars::default().sql("bound", bound(draft)?).text("tenant", tenant).sql("type", &table.data_type);
    render(sql::DEFAULT_TENANT, &vars)
}

/// Makes rows that are written get their tenant.
pub(super) fn fill(draft: &mut Draft<'_>, tables: &[Table<'_>]) -> Result<()> {
    for (number, table) in (1..).zip(tables) {
        if table.is_filled() {
            continue;
        }
        let step = match (&table.source, table.present) {
            (Source::Known(tenant), Some(present)) => {
                let default = default(draft, table, tenant)?;
                let before = present.default.as_ref().map(Expr::as_str);
                let name = table.column.as_str();
                let what =
                    format!("column {name} defaults to the tenant that is bound, or the one that is known");
                let up = ddl::default(table.name, table.column, Some(&default))?;
                let down = ddl::default(table.name, table.column, before)?;
                at_once::column(draft, table.name, what.clone(), (up.clone(), down.clone()));
                Step {
                    object: table.name.plain(),
                    phase: Phase::Fill,
                    what,
                    lock: Lock::AccessExclusive,
                    locked: 1,
                    work: Work::None,
                    up: Action::Transaction(up),
                    down: Action::Transaction(down),
                    in_the_way: None,
                }
            }
            // The step that adds the column has said it.
            (Source::Known(_), None) => continue,
            (Source::Parent(way), _) => {
                let function = function(draft, number);
                Step {
                    object: table.name.plain(),
                    phase: Phase::Fill,
                    what: format!("new rows get the tenant of their {}", way.key.references.plain()),
                    lock: Lock::ShareRowExclusive,
                    locked: 1,
                    work: Work::None,
                    up: Action::Transaction(of_parent(draft, table, way, &function)?),
                    down: Action::Transaction(unfilling(draft, table, &function)?),
                    in_the_way: None,
                }
            }
            (Source::Told(telling), _) => {
                for schema in &telling.left_out {
                    let what = format!(
                        "names in --fill are not looked up in schema {}, where others than its owner may create; write them with it",
                        schema.plain()
                    );
                    draft.remark(table.name, what);
                }
                Step {
                    object: table.name.plain(),
                    phase: Phase::Fill,
                    what: "new rows get the tenant that the expression tells".to_owned(),
                    lock: Lock::ShareRowExclusive,
                    locked: 1,
                    work: Work::None,
                    up: Action::Transaction(told::up(draft, table, telling, number)?),
                    down: Action::Transaction(told::down(draft, table, number)?),
                    in_the_way: None,
                }
            }
        };
        draft.push(step);
    }
    Ok(())
}

/// What the last step of a table takes away, and brings back, of what filled its column; nothing if a default does.
pub(super) fn transition(
    draft: &Draft<'_>,
    number: usize,
    table: &Table<'_>,
) -> Result<Option<(String, String)>> {
    match &table.source {
        Source::Parent(way) if !table.is_filled() => {
            let function = function(draft, number);
            Ok(Some((unfilling(draft, table, &function)?, of_parent(draft, table, way, &function)?)))
        }
        Source::Told(telling) if !table.is_filled() => {
            Ok(Some((told::down(draft, table, number)?, told::up(draft, table, telling, number)?)))
        }
        _ => Ok(None),
    }
}

/// A name that no function has: tables of the same name in two schemas need two of them.
pub(super) fn function(draft: &Draft<'_>, number: usize) -> Ident {
    unused(draft, "fill", number)
}

pub(super) fn unused(draft: &Draft<'_>, kind: &str, number: usize) -> Ident {
    let mut parts = vec!["adopt".to_owned(), kind.to_owned(), number.to_string()];
    loop {
        let name = Ident::joined(&parts.iter().map(String::as_str).collect::<Vec<_>>());
        let is_taken = draft
            .catalog
            .functions
            .keys()
            .any(|of| of.name.schema() == draft.support() && *of.name.name() == name);
        if !is_taken {
            return name;
        }
        parts.push("x".to_owned());
    }
}

fn of_parent(draft: &Draft<'_>, table: &Table<'_>, way: &Way<'_>, function: &Ident) -> Result<String> {
    let (mut join, mut moved) = (String::new(), String::new());
    for (own, referenced) in pairs(way.key) {
        let _ = write!(join, "{}parent.{referenced} = NEW.{own}", if join.is_empty() { "" } else { " AND " });
        let _ = write!(
            moved,
            "{}NEW.{own} IS DISTINCT FROM OLD.{own}",
            if moved.is_empty() { "" } else { " OR " }
        );
    }
    let parent = &way.key.references;
    let body = Vars::default()
        .sql("type", &table.data_type)
        .name("column", table.column)
        .name("parent_schema", parent.schema())
        .name("parent_table", parent.name())
        .name("parent_column", way.tenant)
        .sql("join", join)
        .sql("bound", bound(draft)?);
    filling(draft, table, function, &render(sql::FILL_BODY, &body)?, &moved)
}

/// The triggers, and the function that they call. `moved` says of OLD and NEW whether a row may belong to another tenant now.
pub(super) fn filling(
    draft: &Draft<'_>,
    table: &Table<'_>,
    function: &Ident,
    body: &str,
    moved: &str,
) -> Result<String> {
    let vars = on(table.name)
        .name("column", table.column)
        .name("support", draft.support())
        .name("function", function)
        .body("body", format!("\n{body}\n"))
        .sql("moved", moved);
    render(sql::FILL, &vars)
}

pub(super) fn unfilling(draft: &Draft<'_>, table: &Table<'_>, function: &Ident) -> Result<String> {
    render(sql::UNFILL, &on(table.name).name("support", draft.support()).name("function", function))
}
