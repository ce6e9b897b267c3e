//! Keys and foreign keys that include the tenant, made beside those that are there and put in their place.

use std::collections::BTreeSet;

use super::Draft;
use super::at_once;
use super::column::on;
use super::sql;
use super::step::{Action, Phase, Step};
use super::table::{Table, pairs};
use crate::catalog::{Catalog, ForeignKey, Index, RelationKind};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::plan::draft::Draft as PlanDraft;
use crate::plan::key::{Replacement, replacements};
use crate::plan::step::{Lock, Work};
use crate::plan::unique::lacking;
use crate::policy::render::{Vars, render};
use crate::policy::{ddl, places};

pub(super) fn steps(draft: &mut Draft<'_>, tables: &[Table<'_>]) -> Result<()> {
    let predicted = draft.predicted()?;
    let found = places(draft.manifest, &predicted);
    draft.problems.extend(found.problems);
    let mut names = PlanDraft::new(draft.manifest, &predicted, found.relations);
    let adopted: BTreeSet<&QualifiedName> = tables.iter().map(|table| table.name).collect();
    let concerns = |of: &Replacement<'_>| adopted.contains(of.table) || adopted.contains(&of.old.references);
    let replaced: Vec<Replacement<'_>> = replacements(&names).into_iter().filter(concerns).collect();
    let (offline, replaced): (Vec<_>, Vec<_>) =
        replaced.into_iter().partition(|of| is_partitioned(&predicted, of.table));
    let (unkeyed, mut replaced): (Vec<_>, Vec<_>) =
        replaced.into_iter().partition(|of| of.new.period && !has_key(&predicted, &of.new));
    let place = |name: &QualifiedName| tables.iter().position(|table| table.name == name);
    replaced.sort_by_key(|of| (place(&of.old.references), place(of.table)));
    for of in offline {
        let what = format!(
            "foreign key {} is of a partitioned table, which takes none that is NOT VALID; tenantry plan replaces it, in a time \
             without load",
            of.name.plain()
        );
        draft.remark(of.table, what);
    }
    for of in unkeyed {
        let what = format!(
            "foreign key {} stays as it is: its PERIOD refers to a key WITHOUT OVERLAPS, and one that includes the tenant cannot \
             be made online; tenantry plan makes both, in a time without load",
            of.name.plain()
        );
        draft.remark(of.table, what);
    }
    let mut led = unique_keys(draft, &predicted, &mut names, &replaced)?;
    for (table, columns) in lacking(&names).into_iter().filter(|(table, _)| adopted.contains(table)) {
        led.insert(table);
        let index = names.index_name(table, &columns, "key");
        build(draft, table, &index, &columns, Unique::Yes)?;
    }
    for table in tables {
        let leads = |index: &Index| index.leads_with(table.column);
        if !led.contains(table.name) && !table.relation.indexes.values().any(|index| leads(index)) {
            let index = names.index_name(table.name, &[table.column], "idx");
            build(draft, table.name, &index, &[table.column], Unique::No)?;
        }
    }
    for of in &replaced {
        foreign_key(draft, &predicted, of)?;
    }
    Ok(())
}

fn is_partitioned(catalog: &Catalog, table: &QualifiedName) -> bool {
    catalog.relations.get(table).is_some_and(|relation| relation.kind == RelationKind::PartitionedTable)
}

/// Whether there is what a foreign key can refer to.
fn has_key(catalog: &Catalog, key: &ForeignKey) -> bool {
    let relation = catalog.relations.get(&key.references);
    relation.is_some_and(|of| of.indexes.values().any(|index| index.is_referenced_by(key)))
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unique {
    Yes,
    No,
}

/// The keys that the new foreign keys refer to. Tells which tables have got an index that leads with the tenant by that.
fn unique_keys<'a>(
    draft: &mut Draft<'_>,
    predicted: &Catalog,
    names: &mut PlanDraft<'_>,
    replaced: &[Replacement<'a>],
) -> Result<BTreeSet<&'a QualifiedName>> {
    let mut led = BTreeSet::new();
    let mut made: BTreeSet<(&QualifiedName, Vec<Ident>)> = BTreeSet::new();
    for of in replaced {
        let parent = &of.old.references;
        let Some(relation) = predicted.relations.get(parent) else { continue };
        let columns: Vec<&Ident> = of.new.referenced_columns.iter().collect();
        if has_key(predicted, &of.new) || !made.insert((parent, of.new.referenced_columns.clone())) {
            continue;
        }
        if relation.kind == RelationKind::PartitionedTable {
            let (table, key, parent) = (of.table.plain(), of.name.plain(), parent.plain());
            draft.problems.push(super::problem(format!(
                "foreign key {key} of {table} refers to {parent}, which is partitioned and whose key with the tenant cannot be \
                 made online; make it first, in a time without load"
            )));
            continue;
        }
        led.insert(parent);
        let index = names.index_name(parent, &columns, "key");
        build(draft, parent, &index, &columns, Unique::Yes)?;
    }
    Ok(led)
}

fn build(
    draft: &mut Draft<'_>,
    table: &QualifiedName,
    index: &Ident,
    columns: &[&Ident],
    unique: Unique,
) -> Result<()> {
    draft.touch(table);
    let list = columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let shown = columns.iter().map(|column| column.as_str()).collect::<Vec<_>>().join(", ");
    let (kind, what) = match unique {
        Unique::Yes => ("UNIQUE INDEX", format!("unique index on {shown}")),
        Unique::No => ("INDEX", format!("index on {shown}")),
    };
    let vars = on(table).name("index", index).sql("kind", kind).sql("columns", list);
    let drop = Vars::default().name("schema", table.schema()).name("index", index);
    at_once::index(draft, table, (index, columns), unique, what.clone())?;
    draft.push(Step {
        object: table.plain(),
        phase: Phase::Keys,
        what,
        lock: Lock::ShareUpdateExclusive,
        locked: 1,
        work: Work::Scan,
        up: Action::Build {
            sql: render(sql::INDEX, &vars)?,
            index: QualifiedName::new(table.schema().clone(), index.clone()),
        },
        down: Action::Drop(render(sql::DROP_INDEX, &drop)?),
        in_the_way: None,
    });
    if unique == Unique::Yes {
        draft.push(Step {
            object: table.plain(),
            phase: Phase::Keys,
            what: format!("the index is unique constraint {}", index.plain()),
            lock: Lock::AccessExclusive,
            locked: 1,
            work: Work::None,
            up: Action::Transaction(render(sql::ATTACH, &on(table).name("index", index))?),
            down: Action::Transaction(render(sql::DROP_CONSTRAINT, &on(table).name("constraint", index))?),
            in_the_way: None,
        });
    }
    Ok(())
}

/// The new key is added beside the old one, then looked at, then put in its place: rows are checked by one of the two at any
/// time.
fn foreign_key(draft: &mut Draft<'_>, predicted: &Catalog, of: &Replacement<'_>) -> Result<()> {
    let Replacement { table, name, old, new } = of;
    draft.touch(table);
    draft.touch(&old.references);
    at_once::foreign_key(draft, of)?;
    let beside = beside(predicted, table, name);
    let unchecked =
        |key: &ForeignKey| ddl::foreign_key_definition(&ForeignKey { validated: false, ..key.clone() });
    let shown = name.as_str();
    let both = if **table == old.references { 1 } else { 2 };
    let step = |what: String, lock: Lock, work: Work, locked: u16, up: String, down: Action| Step {
        object: table.plain(),
        phase: Phase::ForeignKeys,
        what,
        lock,
        locked,
        work,
        up: Action::Transaction(up),
        down,
        in_the_way: None,
    };

    let vars = on(table).name("constraint", &beside).sql("definition", unchecked(new));
    let up = render(sql::FOREIGN_KEY, &vars)?;
    let down = Action::Transaction(render(sql::DROP_CONSTRAINT, &on(table).name("constraint", &beside))?);
    let checks = if new.enforced { "for rows that are written" } else { "NOT ENFORCED as it is itself" };
    let what = format!("foreign key {shown} has one beside it that includes the tenant, {checks}");
    draft.push(step(what, Lock::ShareRowExclusive, Work::None, both, up, down));

    // What was NOT VALID, or is NOT ENFORCED, may have rows that it would not take, and is left so.
    if old.validated {
        let up = render(sql::VALIDATE, &on(table).name("constraint", &beside))?;
        let down = Action::Transaction(render(sql::VALIDATE, &on(table).name("constraint", name))?);
        let what = format!("the one beside foreign key {shown} holds for every row");
        let step = step(what, Lock::ShareUpdateExclusive, Work::Scan, 1, up, down);
        draft.push(Step { in_the_way: Some(astray(table, new)?), ..step });
    }

    let named = || on(table).name("constraint", name).name("new", &beside);
    let up = render(sql::SWAP, &named())?;
    let down = Action::Transaction(render(sql::UNSWAP, &named().sql("definition", unchecked(old)))?);
    let what = format!("foreign key {shown} includes the tenant");
    draft.push(step(what, Lock::AccessExclusive, Work::None, both, up, down));
    Ok(())
}

/// A name that no constraint of the table has.
fn beside(catalog: &Catalog, table: &QualifiedName, name: &Ident) -> Ident {
    let mut parts = vec![name.as_str(), "tenant"];
    loop {
        let found = Ident::joined(&parts);
        let is_taken = catalog.relations.get(table).is_some_and(|relation| {
            relation.foreign_keys.contains_key(&found)
                || relation.checks.contains_key(&found)
                || relation.keys.contains_key(&found)
                || relation.exclusions.contains_key(&found)
        });
        if !is_taken {
            return found;
        }
        parts.push("x");
    }
}

/// The query for the rows that refer to none which the key lets them refer to.
pub(in crate::plan) fn astray(table: &QualifiedName, key: &ForeignKey) -> Result<String> {
    let named: Vec<String> = key.columns.iter().map(|own| format!("t.{own} IS NOT NULL")).collect();
    let mut pairs: Vec<(&Ident, &Ident)> = pairs(key).collect();
    let period = if key.period { pairs.pop() } else { None };
    let join: Vec<String> =
        pairs.iter().map(|(own, referenced)| format!("parent.{referenced} = t.{own}")).collect();
    let vars = on(table)
        .name("referenced_schema", key.references.schema())
        .name("referenced_table", key.references.name())
        .sql("join", join.join(" AND "))
        .sql("named", named.join(" AND "));
    match period {
        Some((own, referenced)) => {
            render(sql::ASTRAY_PERIOD, &vars.name("period", own).name("referenced_period", referenced))
        }
        None => render(sql::ASTRAY, &vars),
    }
}
