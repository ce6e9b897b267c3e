//! What is not a table, and what stands or falls with one.

use std::collections::{BTreeMap, BTreeSet};

use super::answer::{deny, exempt};
use super::{Proposed, Question, said};
use crate::catalog::{Catalog, Relation, RelationKind};
use crate::ident::{Ident, QualifiedName};
use crate::policy::place::{top, views::reached};

/// Places partitions, members of extensions, foreign tables, and views by what they read.
pub(super) fn place(
    catalog: &Catalog,
    schemas: &BTreeSet<Ident>,
    found: &mut BTreeMap<QualifiedName, Proposed>,
) {
    let others = catalog.relations.iter().filter(|(name, relation)| {
        schemas.contains(name.schema()) && relation.kind != RelationKind::Sequence
    });
    let others: Vec<(&QualifiedName, &Relation)> =
        others.filter(|(name, _)| !found.contains_key(*name)).collect();
    let (views, others): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|(_, relation)| relation.view.is_some());
    for (name, relation) in others {
        let proposed = if let Some(top) = top(catalog, name) {
            Proposed::default("partition", format!("goes with {}", said(top, name)))
        } else if let Some(extension) = &relation.extension {
            Proposed::default("apart", format!("belongs to extension {}", extension.plain()))
        } else {
            let between = vec![deny(), exempt("not governed")];
            Proposed::undecided(Question::NoPolicy, between, "a foreign table takes no policy")
        };
        found.insert(name.clone(), proposed);
    }
    // What a view reads is a table in the end, so one pass over the tables' places is enough.
    let placed: Vec<(QualifiedName, Proposed)> = views
        .into_iter()
        .map(|(name, relation)| (name.clone(), view(catalog, found, name, relation)))
        .collect();
    found.extend(placed);
}

fn view(
    catalog: &Catalog,
    found: &BTreeMap<QualifiedName, Proposed>,
    name: &QualifiedName,
    relation: &Relation,
) -> Proposed {
    if let Some(extension) = &relation.extension {
        return Proposed::default("apart", format!("belongs to extension {}", extension.plain()));
    }
    let reached = reached(catalog, relation);
    let holds = |table: &&&QualifiedName| found.get(**table).is_some_and(Proposed::may_hold_tenants);
    let is_undecided =
        |table: &&&QualifiedName| found.get(**table).is_some_and(|of| of.class() == "undecided");
    let Some(table) = reached.iter().find(holds).or_else(|| reached.iter().find(is_undecided)) else {
        return Proposed::default("apart", "reads no rows of tenants");
    };
    let may_hold = holds(&table);
    let table = said(table, name);
    let open =
        |what: String| Proposed::undecided(Question::NoPolicy, vec![deny(), exempt("not governed")], what);
    if relation.kind == RelationKind::MaterializedView {
        let what = if may_hold { "" } else { ", if there are tenants' in that" };
        return open(format!(
            "a materialized view over {table} takes no policy and holds every tenant's rows{what}"
        ));
    }
    if catalog.server_version.is_some_and(|version| version < 150_000) {
        return open(format!("a view over {table} reads with its owner's rights before PostgreSQL 15"));
    }
    if !may_hold {
        return Proposed::default("view", format!("reads {table}, which is undecided, and goes with it"));
    }
    let reason = if relation.option_is_on("security_invoker") {
        format!("reads {table} with the rights of its reader")
    } else {
        format!("reads {table} with its owner's rights; the plan has it read with those of its reader")
    };
    Proposed::default("view", reason)
}
