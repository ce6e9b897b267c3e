//! The ways along foreign keys from tables to tenants.

use std::collections::{HashMap, HashSet, VecDeque};

use super::name::{is_authors, shared_beginning};
use super::{Table, whole};
use crate::catalog::{Catalog, ForeignKey, ReferentialAction, Relation};
use crate::ident::{Ident, QualifiedName};

/// A foreign key as a step from a table to another one.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    pub(super) from: &'a QualifiedName,
    pub(super) relation: &'a Relation,
    pub(super) name: &'a Ident,
    pub(super) key: &'a ForeignKey,
    pub(super) to: &'a QualifiedName,
    /// Whether every row refers to something: no column may be NULL.
    pub(super) always: bool,
}

/// How sure a table's rows have a tenant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground {
    /// Every row.
    Sure,
    /// Some, perhaps all.
    Perhaps,
}

type Distances<'a> = HashMap<&'a QualifiedName, usize>;

pub(super) struct Ways<'a> {
    steps: HashMap<&'a QualifiedName, Vec<Step<'a>>>,
    /// By steps that every row takes, to tables of which every row has a tenant; and to those of which perhaps some have.
    sure: Distances<'a>,
    perhaps: Distances<'a>,
    /// By any steps.
    any: Distances<'a>,
}

/// The steps of the shortest ways from a table to tenants.
pub(super) enum Shortest<'s, 'a> {
    /// Every row takes them and arrives.
    Sure(Vec<&'s Step<'a>>),
    /// Every row takes them; some may arrive at a row without a tenant.
    Perhaps(Vec<&'s Step<'a>>),
    /// Some rows may not take them.
    Nullable(Vec<&'s Step<'a>>),
    None,
}

/// Why one step is taken rather than the others that lead as far.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Because {
    Only,
    Key,
    Deleted,
    Named,
    Fewest,
}

impl<'a> Ways<'a> {
    pub(super) fn find(
        catalog: &'a Catalog,
        tables: &[Table<'a>],
        ground: &HashMap<&'a QualifiedName, Ground>,
    ) -> Self {
        let mut steps: HashMap<&QualifiedName, Vec<Step<'_>>> = HashMap::new();
        for &(from, relation) in tables {
            steps.insert(from, steps_of(catalog, from, relation));
        }
        let mut back: HashMap<&QualifiedName, Vec<Step<'_>>> = HashMap::new();
        for step in steps.values().flatten().filter(|step| !ground.contains_key(step.from)) {
            back.entry(step.to).or_default().push(*step);
        }
        let sources = |sure: bool| {
            ground.iter().filter(move |(_, of)| !sure || **of == Ground::Sure).map(|(name, _)| *name)
        };
        Self {
            sure: distances(&back, sources(true), true),
            perhaps: distances(&back, sources(false), true),
            // A way that some rows take, to where only some have a tenant, says nothing.
            any: distances(&back, sources(true), false),
            steps,
        }
    }

    /// The steps that lead to tenants in as few as can be.
    pub(super) fn shortest(&self, from: &QualifiedName) -> Shortest<'_, 'a> {
        let by = |distances: &Distances<'_>, always: bool| -> Vec<&Step<'a>> {
            let Some(length) = distances.get(from) else { return Vec::new() };
            let leads = |step: &&Step<'_>| {
                (step.always || !always) && distances.get(step.to).is_some_and(|rest| rest + 1 == *length)
            };
            self.from(from).iter().filter(leads).collect()
        };
        let sure = by(&self.sure, true);
        if !sure.is_empty() {
            return Shortest::Sure(sure);
        }
        let perhaps = by(&self.perhaps, true);
        if !perhaps.is_empty() {
            return Shortest::Perhaps(perhaps);
        }
        let any = by(&self.any, false);
        if any.is_empty() { Shortest::None } else { Shortest::Nullable(any) }
    }

    /// The foreign keys of a table to others, those left out that say who wrote a row.
    pub(super) fn from(&self, table: &QualifiedName) -> &[Step<'a>] {
        self.steps.get(table).map_or(&[], Vec::as_slice)
    }

    /// A circle of foreign keys that a table is part of, from the table back to itself.
    pub(super) fn circle(&self, table: &'a QualifiedName) -> Option<Vec<&'a QualifiedName>> {
        let mut came: HashMap<&QualifiedName, &QualifiedName> = HashMap::new();
        let mut left = VecDeque::from([table]);
        while let Some(at) = left.pop_front() {
            for step in self.from(at) {
                if step.to == table {
                    let mut circle = vec![table];
                    let mut back = at;
                    while back != table {
                        circle.push(back);
                        back = came.get(back)?;
                    }
                    circle.push(table);
                    circle.reverse();
                    return Some(circle);
                }
                if !came.contains_key(step.to) {
                    came.insert(step.to, at);
                    left.push_back(step.to);
                }
            }
        }
        None
    }

    /// For each table, how many others refer to it whose rows are tenants'.
    pub(super) fn referring(&self) -> HashMap<&'a QualifiedName, usize> {
        let mut pairs: HashSet<(&QualifiedName, &QualifiedName)> = HashSet::new();
        for step in self.steps.values().flatten() {
            if self.any.contains_key(step.from) {
                pairs.insert((step.to, step.from));
            }
        }
        let mut counts = HashMap::new();
        for (to, _) in pairs {
            *counts.entry(to).or_default() += 1;
        }
        counts
    }
}

fn steps_of<'a>(catalog: &'a Catalog, from: &'a QualifiedName, relation: &'a Relation) -> Vec<Step<'a>> {
    let not_null = |column: &Ident| relation.column(column).is_some_and(|column| column.not_null);
    let step = |name: &'a Ident, key: &'a ForeignKey| {
        let to = whole(catalog, &key.references);
        let authors = key.columns.iter().any(|column| is_authors(column.as_str()));
        let always = key.columns.iter().all(not_null);
        (to != from && !key.inherited && !authors && key.names_one_row()).then_some(Step {
            from,
            relation,
            name,
            key,
            to,
            always,
        })
    };
    relation.foreign_keys.iter().filter_map(|(name, key)| step(name, key)).collect()
}

fn distances<'a>(
    back: &HashMap<&'a QualifiedName, Vec<Step<'a>>>,
    sources: impl Iterator<Item = &'a QualifiedName>,
    always: bool,
) -> Distances<'a> {
    let mut distances: Distances<'_> = sources.map(|name| (name, 0)).collect();
    let mut left: VecDeque<&QualifiedName> = distances.keys().copied().collect();
    while let Some(at) = left.pop_front() {
        let next = distances.get(at).map_or(0, |distance| distance + 1);
        for step in back.get(at).into_iter().flatten().filter(|step| step.always || !always) {
            distances.entry(step.from).or_insert_with(|| {
                left.push_back(step.from);
                next
            });
        }
    }
    distances
}

/// How much says that a row is part of what a step leads to.
type Sign<'f> = &'f dyn Fn(&Step<'_>) -> usize;

/// The one of several steps that leads to what a row is part of, if all signs agree on it.
pub(super) fn pick<'s, 'a>(steps: &[&'s Step<'a>]) -> Option<(&'s Step<'a>, Because)> {
    if let [only] = steps {
        return Some((only, Because::Only));
    }
    let key = |step: &Step<'_>| {
        let own = step.relation.primary_key().unwrap_or_default();
        usize::from(step.key.columns.iter().all(|column| own.contains(column)))
    };
    let deleted = |step: &Step<'_>| usize::from(step.key.on_delete == ReferentialAction::Cascade);
    let named = |step: &Step<'_>| shared_beginning(step.from.name().as_str(), step.to.name().as_str());
    let signs: [(Because, Sign<'_>); 3] =
        [(Because::Key, &key), (Because::Deleted, &deleted), (Because::Named, &named)];
    let mut found: Option<(&'s Step<'a>, Because)> = None;
    for (because, sign) in signs {
        let Some(step) = most(steps, sign) else { continue };
        match found {
            None => found = Some((step, because)),
            Some((other, _)) if other.name == step.name => {}
            Some(_) => return None,
        }
    }
    let fewest = |step: &Step<'_>| usize::MAX - step.key.columns.len();
    found.or_else(|| Some((most(steps, &fewest)?, Because::Fewest)))
}

/// The only step of which a sign says most.
fn most<'s, 'a>(steps: &[&'s Step<'a>], sign: Sign<'_>) -> Option<&'s Step<'a>> {
    let most = steps.iter().map(|step| sign(step)).max().filter(|most| *most > 0)?;
    let mut with = steps.iter().filter(|step| sign(step) == most);
    let first = with.next()?;
    with.next().is_none().then_some(*first)
}
