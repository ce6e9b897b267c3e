//! The tenants of rows that were there before.

use super::Draft;
use super::at_once;
use super::column::on;
use super::sql;
use super::step::{Action, Backfill, Phase, Step};
use super::table::{Source, Table, Walk, pairs};
use super::told;
use super::way::Way;
use crate::catalog::{Trigger, TriggerEvent};
use crate::error::Result;
use crate::ident::Ident;
use crate::plan::step::{Lock, Work};
use crate::policy::render::{Vars, render};

pub(super) fn steps(draft: &mut Draft<'_>, tables: &[Table<'_>]) -> Result<()> {
    for (number, table) in (1..).zip(tables) {
        let known = matches!(table.source, Source::Known(_));
        if table.is_filled() || (known && table.present.is_none()) {
            continue;
        }
        remark_triggers(draft, table);
        let what = match &table.source {
            Source::Known(_) => "rows that are there get the one tenant".to_owned(),
            Source::Parent(way) => {
                format!("rows that are there get the tenant of their {}", way.key.references.plain())
            }
            Source::Told(_) => "rows that are there get the tenant that the expression tells".to_owned(),
        };
        at_once::fill(draft, table, what.clone())?;
        draft.push(step(table, Phase::Backfill, what, backfill(draft, number, table, false)?)?);
    }
    Ok(())
}

/// A row may have been on its way while its parent had no tenant yet, and have come in behind the batches. Once the check is
/// there no such row can come any more.
pub(super) fn sweep(draft: &Draft<'_>, number: usize, table: &Table<'_>) -> Result<Step> {
    let what = "rows that came in meanwhile get their tenant".to_owned();
    step(table, Phase::NotNull, what, backfill(draft, number, table, true)?)
}

fn step(table: &Table<'_>, phase: Phase, what: String, backfill: Backfill) -> Result<Step> {
    Ok(Step {
        object: table.name.plain(),
        phase,
        what,
        // A batch locks rows, those that nobody else has locked.
        lock: Lock::None,
        locked: 0,
        work: Work::None,
        up: Action::Backfill(Box::new(backfill)),
        down: Action::Nothing,
        in_the_way: Some(render(sql::WITHOUT_TENANT, &on(table.name).name("column", table.column))?),
    })
}

fn backfill(draft: &Draft<'_>, number: usize, table: &Table<'_>, sweep: bool) -> Result<Backfill> {
    let (after, upto) = (range(table, "$1", Side::After), range(table, "$2", Side::Upto));
    let relation = || Vars::default().text("relation", table.name.to_string());
    let (size, bound) = match &table.walk {
        Walk::Key(columns) => {
            let list = |suffix: &str| {
                let of = |name: &Ident| format!("t.{name}{suffix}");
                columns.iter().map(|column| of(&column.name)).collect::<Vec<_>>().join(", ")
            };
            let vars =
                on(table.name).sql("texts", list("::text")).sql("keys", list("")).sql("after", after.clone());
            let size = relation().sql("table", table.name.to_string());
            (render(sql::TOTAL_ROWS, &size)?, render(sql::KEY_BOUND, &vars)?)
        }
        Walk::Blocks => (render(sql::TOTAL_BLOCKS, &relation())?, render(sql::BLOCK_BOUND, &relation())?),
    };
    let named = || on(table.name).name("column", table.column);
    let (tenant, source, known, left) = match &table.source {
        Source::Known(tenant) => {
            let vars = Vars::default().text("tenant", tenant).sql("type", &table.data_type);
            let tenant = render("cast(:'tenant' AS :type)", &vars)?;
            (tenant, String::new(), "true".to_owned(), render(sql::LEFT_KNOWN, &named())?)
        }
        Source::Parent(way) => {
            let tenant = format!("parent.{}", way.tenant);
            let source = format!("\n        JOIN {} AS parent ON {}", way.key.references, join(way));
            let known = format!("{tenant} IS NOT NULL");
            (tenant, source, known, left(table, way)?)
        }
        Source::Told(_) => {
            let source = told::source(draft, number)?;
            let left = render(sql::LEFT_TOLD, &named().sql("source", &source))?;
            let (tenant, known) = ("told.tenant".to_owned(), "told.tenant IS NOT NULL".to_owned());
            (tenant, format!("\n        {source}"), known, left)
        }
    };
    let vars = named()
        .sql("tenant", tenant)
        .sql("source", source)
        .sql("known", known)
        .sql("after", after)
        .sql("upto", upto);
    Ok(Backfill { size, bound, batch: render(sql::BATCH, &vars)?, left, sweep })
}

pub(super) fn join(way: &Way<'_>) -> String {
    let pair = |(own, referenced): (&Ident, &Ident)| format!("parent.{referenced} = t.{own}");
    pairs(way.key).map(pair).collect::<Vec<_>>().join(" AND ")
}

fn left(table: &Table<'_>, way: &Way<'_>) -> Result<String> {
    let null = |(own, _): (&Ident, &Ident)| format!("t.{own} IS NULL");
    let no_key: Vec<String> = pairs(way.key).map(null).collect();
    // A referenced column of a row that was found is never NULL, or the join had not found it.
    let no_parent: Vec<String> =
        pairs(way.key).take(1).map(|(_, referenced)| format!("parent.{referenced} IS NULL")).collect();
    let parent = &way.key.references;
    let vars = on(table.name)
        .name("column", table.column)
        .name("parent_schema", parent.schema())
        .name("parent_table", parent.name())
        .name("parent_column", way.tenant)
        .sql("join", join(way))
        .sql("no_key", no_key.join(" OR "))
        .sql("no_parent", no_parent.join(""));
    render(sql::LEFT, &vars)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    After,
    Upto,
}

/// Whether a row lies on one side of the bound that a parameter holds.
fn range(table: &Table<'_>, parameter: &str, side: Side) -> String {
    match &table.walk {
        Walk::Key(columns) => {
            let own: Vec<String> = columns.iter().map(|column| format!("t.{}", column.name)).collect();
            let value = |(at, data_type): (usize, &String)| {
                format!("cast(({parameter}::text[])[{at}] AS {data_type})")
            };
            let values: Vec<String> =
                (1..).zip(columns.iter().map(|column| &column.data_type)).map(value).collect();
            let operator = if side == Side::After { ">" } else { "<=" };
            format!("({}) {operator} ({})", own.join(", "), values.join(", "))
        }
        Walk::Blocks => {
            let operator = if side == Side::After { ">=" } else { "<" };
            format!("t.ctid {operator} cast('(' || ({parameter}::text[])[1] || ',0)' AS tid)")
        }
    }
}

/// What others have fire at every update fires at these too.
fn remark_triggers(draft: &mut Draft<'_>, table: &Table<'_>) {
    for name in firing(table) {
        let what = format!(
            "trigger {} fires for the rows that the backfill changes; see that it is meant to",
            name.plain()
        );
        draft.remark(table.name, what);
    }
}

/// The triggers of others that fire where a tenant is set.
pub(super) fn firing<'a>(table: &Table<'a>) -> impl Iterator<Item = &'a Ident> {
    let column = table.column;
    let fires = move |trigger: &Trigger| {
        let here = trigger.columns.is_empty() || trigger.columns.contains(column);
        trigger.enabled && trigger.events.contains(&TriggerEvent::Update) && here
    };
    table.relation.triggers.iter().filter(move |(_, trigger)| fires(trigger)).map(|(name, _)| name)
}
