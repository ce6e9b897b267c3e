//! The last steps: what a plan asks for once the columns and keys are there.

use std::collections::BTreeSet;

use super::step::{Action, Phase, Step};
use super::table::Table;
use super::{Draft, at_once, column};
use crate::catalog::{Catalog, Column, Relation, RelationKind};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::plan;
use crate::plan::roles::bypasses;
use crate::plan::step::{Lock, Work};
use crate::policy::ddl::Object;
use crate::policy::transfer::{Transfer, transfers};
use crate::policy::{READS_ALL, Roles, place, places};

pub(super) fn steps(draft: &mut Draft<'_>, tables: &[Table<'_>]) -> Result<()> {
    let predicted = draft.predicted()?;
    // The keys have had their phases; what cannot be made online is left for a plan, and said in a remark.
    let planned = match plan::planned(draft.manifest, &predicted, None, &[]) {
        Ok(planned) => planned,
        Err(problems) => {
            draft.problems.extend(problems);
            return Ok(());
        }
    };
    let of_app = format!("role {}", draft.manifest.roles.app_role().plain());
    let adopted = tables.iter().map(|table| table.name).chain(views_of(draft.catalog, tables));
    let adopted: BTreeSet<String> = adopted.map(QualifiedName::plain).collect();
    let meant = |remark: &&plan::Remark| remark.object == of_app || adopted.contains(&remark.object);
    draft.remarks.extend(planned.remarks.iter().filter(meant).cloned());
    let found = places(draft.manifest, &predicted).relations;
    let transfers = transfers(draft.manifest, &predicted, &found);
    let besides = transfers.iter().filter(|transfer| !matches!(transfer.owned.object, Object::Table(_)));
    let (moved, left): (Vec<_>, Vec<_>) = besides.partition(|transfer| concerns(draft, tables, transfer));
    let left: BTreeSet<String> = left.into_iter().map(|transfer| transfer.owned.name()).collect();
    let used = moved.iter().filter_map(|transfer| transfer.owned.schema());
    let schemas: BTreeSet<String> = tables
        .iter()
        .map(|table| table.name.schema())
        .chain(used)
        .map(|schema| format!("schema {}", schema.plain()))
        .collect();
    let is_first = |object: &str| {
        let kinds = ["role ", "function ", "type "];
        let is = kinds.into_iter().any(|kind| object.starts_with(kind)) || schemas.contains(object);
        is && !left.contains(object)
    };
    let first: Vec<&plan::Step> = planned.steps.iter().filter(|step| is_first(&step.object)).collect();
    let roles = &draft.manifest.roles;
    draft.roles = made(roles, draft.catalog, &first);
    let tree = format!(
        "function {}",
        QualifiedName::new(draft.support().clone(), Ident::known("tenant_tree")).plain()
    );
    if first.iter().any(|step| step.object == tree) {
        // It runs as the system role.
        draft.new_owners.extend(roles.system_role().cloned());
    }
    draft.transferred.extend(moved.iter().map(|of| (of.owned.name(), of.owned.owner.clone())));
    if let Some(owner) = roles.owner_role()
        && (!moved.is_empty() || tables.iter().any(|table| table.relation.owner != *owner))
    {
        draft.new_owners.insert(owner.clone());
    }
    ground(draft, &first, &moved)?;
    let drawn: BTreeSet<String> = tables
        .iter()
        .flat_map(|table| table.relation.columns.iter().filter_map(Column::sequence))
        .map(|sequence| sequence.plain())
        .collect();
    let sequences = moved.iter().filter(|of| matches!(of.owned.object, Object::Sequence(_)));
    for name in sequences.map(|of| of.owned.name()).filter(|name| !drawn.contains(name)) {
        whole(draft, &planned, &name);
    }
    // A child's tenants are looked up in its parent until its last step, so it goes first.
    for (number, table) in (1..).zip(tables).collect::<Vec<_>>().into_iter().rev() {
        let mut objects = vec![table.name.plain()];
        objects.extend(table.relation.columns.iter().filter_map(Column::sequence).map(|of| of.plain()));
        let own = |step: &&plan::Step| objects.contains(&step.object);
        let own: Vec<&plan::Step> = planned.steps.iter().filter(own).collect();
        draft.at_once.extend(own.iter().copied().cloned());
        let transition = column::transition(draft, number, table)?;
        if own.is_empty() && transition.is_none() {
            continue;
        }
        let (away, back) = transition.unzip();
        let lock = own.iter().map(|step| step.lock).max().unwrap_or(Lock::None).max(Lock::AccessExclusive);
        draft.push(Step {
            object: table.name.plain(),
            phase: Phase::Policies,
            what: titles(&own),
            lock,
            locked: 1,
            work: own.iter().map(|step| step.work).max().unwrap_or(Work::None),
            up: Action::Transaction(joined(own.iter().map(|step| &step.up).chain(&away))),
            down: transaction(joined(back.iter().chain(own.iter().rev().map(|step| &step.down)))),
            in_the_way: None,
        });
    }
    views(draft, &planned, tables);
    refreshed(draft, tables);
    Ok(())
}

/// What is no table's: roles, functions, schemas, and the owner of what services use besides.
fn ground(draft: &mut Draft<'_>, first: &[&plan::Step], moved: &[&Transfer<'_>]) -> Result<()> {
    if first.is_empty() {
        return Ok(());
    }
    let of_support = format!("function {}.", draft.support().plain());
    if first.iter().any(|step| step.object.starts_with(&of_support)) {
        at_once::support(draft)?;
    }
    draft.at_once.extend(first.iter().copied().cloned());
    let what = "roles, functions and schemas that policies need";
    draft.push(Step {
        object: "database".to_owned(),
        phase: Phase::Policies,
        what: if moved.is_empty() {
            what.to_owned()
        } else {
            format!("{what}, and the owner of what services use")
        },
        lock: Lock::None,
        locked: 0,
        work: Work::None,
        up: Action::Transaction(joined(first.iter().map(|step| &step.up))),
        down: transaction(joined(first.iter().rev().map(|step| &step.down))),
        in_the_way: None,
    });
    Ok(())
}

/// A view that reads a table of the adoption would go on reading it with the rights of its owner.
fn views(draft: &mut Draft<'_>, planned: &plan::Plan, tables: &[Table<'_>]) {
    for name in views_of(draft.catalog, tables) {
        whole(draft, planned, &name.plain());
    }
}

/// The views that read a table of the adoption.
fn views_of<'a>(catalog: &'a Catalog, tables: &[Table<'_>]) -> Vec<&'a QualifiedName> {
    let is_adopted = |name: &QualifiedName| tables.iter().any(|table| table.name == name);
    let reads = |relation: &Relation| {
        relation.kind == RelationKind::View
            && relation.view.as_ref().is_some_and(|view| view.reads.iter().any(is_adopted))
    };
    catalog.relations.iter().filter(|(_, relation)| reads(relation)).map(|(name, _)| name).collect()
}

/// All that a plan does to one object, as one step.
fn whole(draft: &mut Draft<'_>, planned: &plan::Plan, object: &str) {
    let own: Vec<&plan::Step> = planned.steps.iter().filter(|step| step.object == object).collect();
    if own.is_empty() {
        return;
    }
    draft.at_once.extend(own.iter().copied().cloned());
    draft.push(Step {
        object: object.to_owned(),
        phase: Phase::Policies,
        what: titles(&own),
        lock: own.iter().map(|step| step.lock).max().unwrap_or(Lock::None),
        locked: 1,
        work: Work::None,
        up: Action::Transaction(joined(own.iter().map(|step| &step.up))),
        down: transaction(joined(own.iter().rev().map(|step| &step.down))),
        in_the_way: None,
    });
}

/// Whether something that is no table has to do with the tables of an adoption: what is in their schemas, in that of the
/// functions that policies call, and what their triggers call.
fn concerns(draft: &Draft<'_>, tables: &[Table<'_>], transfer: &Transfer<'_>) -> bool {
    let inside = transfer.owned.schema().is_some_and(|schema| {
        schema == draft.support() || tables.iter().any(|table| table.name.schema() == schema)
    });
    let calls = |table: &Table<'_>| match transfer.owned.object {
        Object::Routine(signature) => {
            table.relation.triggers.values().any(|trigger| trigger.function == signature.name)
        }
        _ => false,
    };
    inside || tables.iter().any(calls)
}

/// The owner of a materialized view reads no more than a tenant's rows once a table that it reads is under FORCE.
fn refreshed(draft: &mut Draft<'_>, tables: &[Table<'_>]) {
    let (manifest, catalog) = (draft.manifest, draft.catalog);
    for (name, relation) in &catalog.relations {
        let reached = || place::views::reached(catalog, relation);
        let reads = || tables.iter().find(|table| reached().contains(table.name));
        if relation.kind != RelationKind::MaterializedView || bypasses(manifest, catalog, &relation.owner) {
            continue;
        }
        let Some(table) = reads() else { continue };
        let what = format!(
            "its refresh reads {} as {}, whom policies bind from the last step on: give it to a role with BYPASSRLS before that, \
             or it is emptied, keeps one tenant's rows, or fails, and pg_restore with it",
            table.name.plain(),
            relation.owner.plain()
        );
        draft.remark(name, what);
    }
}

fn transaction(sql: String) -> Action {
    if sql.is_empty() { Action::Nothing } else { Action::Transaction(sql) }
}

fn joined<'s>(parts: impl Iterator<Item = &'s String>) -> String {
    parts.filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join("\n\n")
}

fn titles(steps: &[&plan::Step]) -> String {
    let titles: Vec<&str> = steps.iter().map(|step| step.what.as_str()).collect();
    if titles.is_empty() { "nothing fills the column any more".to_owned() } else { titles.join("; ") }
}

/// The roles that steps make, and the memberships, as somebody else can make them.
fn made(roles: &Roles, catalog: &Catalog, first: &[&plan::Step]) -> Vec<String> {
    let is_touched = |role: &Ident| {
        let object = format!("role {}", role.plain());
        first.iter().any(|step| step.object == object)
    };
    let kinds = [
        (roles.owner_role(), "NOLOGIN"),
        (Some(roles.app_role()), "LOGIN"),
        (roles.migrator_role(), "LOGIN"),
        (roles.system_role(), "LOGIN BYPASSRLS"),
        (roles.backup_role(), "LOGIN BYPASSRLS"),
        (roles.resolver_role(), "NOLOGIN BYPASSRLS"),
    ];
    let touched =
        kinds.into_iter().filter_map(|(role, is)| Some((role.filter(|role| is_touched(role))?, is)));
    let absent = touched.filter(|(role, _)| !catalog.roles.contains_key(*role));
    let mut sql: Vec<String> = absent.map(|(role, is)| format!("CREATE ROLE {role} {is};")).collect();
    if let (Some(owner), Some(migrator)) = (roles.owner_role(), roles.migrator_role())
        && is_touched(migrator)
    {
        sql.push(format!("GRANT {owner} TO {migrator};"));
    }
    if let Some(backup) = roles.backup_role().filter(|backup| is_touched(backup)) {
        sql.push(format!("GRANT {READS_ALL} TO {backup};"));
    }
    sql
}
