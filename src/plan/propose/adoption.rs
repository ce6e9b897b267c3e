//! How the tables that lack the tenant column get it: which `tenantry adopt` to run, in which order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::name::is_authors;
use super::{Choice, Proposed, Table};
use crate::catalog::{ForeignKey, Relation, RelationKind};
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::Class;

/// One run of `tenantry adopt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedAdoption {
    /// The tables.
    pub tables: Vec<QualifiedName>,
    /// Where they get their tenants from.
    pub from: AdoptFrom,
}

/// Where the rows of tables get their tenants from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdoptFrom {
    /// No foreign key that every row has leads to a tenant: somebody has to say whose all the rows are.
    Somebody,
    /// The rows that they refer to: the foreign key of each table that has several.
    Parents(Vec<(QualifiedName, Ident)>),
}

/// As a shell takes it. `ID` stands for the tenant.
impl fmt::Display for ProposedAdoption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tenantry adopt")?;
        for table in &self.tables {
            write!(f, " {}", shell(&table.plain()))?;
        }
        match &self.from {
            AdoptFrom::Somebody => f.write_str(" --tenant ID"),
            AdoptFrom::Parents(ways) => ways.iter().try_for_each(|(table, key)| {
                write!(f, " --via {}", shell(&format!("{}={}", table.plain(), key.as_str())))
            }),
        }
    }
}

fn shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._=-".contains(c);
    if word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.split('\'').collect::<Vec<_>>().join("'\\''"))
    }
}

/// Whether an answer is that a table gets the tenant column.
fn is_adopted(proposed: &Proposed) -> bool {
    let Choice::Undecided { between, .. } = &proposed.choice else { return false };
    between.iter().any(|of| matches!(of.class, Class::Tenant { .. }) && of.is_adopted)
}

/// The runs for all tables that can be of class tenant once they have the column, those first that others refer to.
pub(super) fn plan(tables: &[Table<'_>], found: &BTreeMap<QualifiedName, Proposed>) -> Vec<ProposedAdoption> {
    let mut left: BTreeMap<&QualifiedName, &Relation> = tables
        .iter()
        .filter(|(name, relation)| {
            relation.kind == RelationKind::Table && found.get(*name).is_some_and(is_adopted)
        })
        .copied()
        .collect();
    // Where most tables have their tenants, what is left is rather everybody's.
    if 2 * left.len() < tables.len() {
        return Vec::new();
    }
    // What knows its tenants, or will by then.
    let knows: BTreeSet<&QualifiedName> = found
        .iter()
        .filter(|(_, proposed)| {
            matches!(proposed.choice, Choice::Default("tenant") | Choice::Entry(Class::Tenant { .. }))
        })
        .map(|(name, _)| name)
        .chain(left.keys().copied())
        .collect();
    let mut runs = Vec::new();
    let mut placed: BTreeSet<&QualifiedName> = BTreeSet::new();
    // What has its tenants, or gets them from its parents; of the others somebody has to say whose they are.
    let mut led: BTreeSet<&QualifiedName> =
        knows.iter().filter(|name| !left.contains_key(*name)).copied().collect();
    let all = left.clone();
    while !left.is_empty() {
        let parents = |name: &QualifiedName, relation: &Relation| -> Vec<QualifiedName> {
            let keys = keys(name, relation, &knows).filter(|(_, key)| says_whose(relation, key));
            keys.map(|(_, key)| key.references.clone()).collect()
        };
        let waits = |name: &QualifiedName, relation: &Relation| {
            parents(name, relation).iter().any(|parent| left.contains_key(parent))
        };
        let mut ready: Vec<(&QualifiedName, &Relation)> =
            left.iter().filter(|(name, of)| !waits(name, of)).map(|(name, of)| (*name, *of)).collect();
        if ready.is_empty() {
            // A circle begins where somebody says so.
            ready.extend(left.iter().next().map(|(name, of)| (*name, *of)));
        }
        let (children, roots): (Vec<_>, Vec<_>) = ready.into_iter().partition(|(name, of)| {
            parents(name, of).iter().any(|parent| placed.contains(parent) || !left.contains_key(parent))
        });
        for (names, is_root) in [(&roots, true), (&children, false)] {
            if names.is_empty() {
                continue;
            }
            let from = if is_root {
                AdoptFrom::Somebody
            } else {
                let ways = names.iter().filter_map(|(name, of)| {
                    let keys: Vec<_> = keys(name, of, &knows).collect();
                    let able = keys.iter().filter(|(_, key)| says_whose(of, key));
                    let unlike = |key: &ForeignKey| {
                        let listed = all.get(&key.references).is_some_and(|parent| is_list(parent, key));
                        (!led.contains(&key.references), listed)
                    };
                    let (key, _) = able.min_by_key(|(_, key)| unlike(key))?;
                    (keys.len() > 1).then(|| ((*name).clone(), (*key).clone()))
                });
                AdoptFrom::Parents(ways.collect())
            };
            runs.push(ProposedAdoption {
                tables: names.iter().map(|(name, _)| (*name).clone()).collect(),
                from,
            });
        }
        led.extend(children.iter().map(|(name, _)| *name));
        for (name, _) in roots.into_iter().chain(children) {
            placed.insert(name);
            left.remove(name);
        }
    }
    runs
}

/// Whether a table looks like a list for all, such as one of currencies: it is known by a text, and refers to nobody.
fn is_list(parent: &Relation, key: &ForeignKey) -> bool {
    let is_text = |name: &Ident| {
        parent
            .column(name)
            .is_some_and(|column| column.data_type == "text" || column.data_type.starts_with("character"))
    };
    parent.foreign_keys.is_empty() && key.referenced_columns.iter().all(is_text)
}

/// The foreign keys of a table to others that know their tenants.
fn keys<'a>(
    name: &'a QualifiedName,
    relation: &'a Relation,
    knows: &'a BTreeSet<&QualifiedName>,
) -> impl Iterator<Item = (&'a Ident, &'a ForeignKey)> {
    relation
        .foreign_keys
        .iter()
        .map(|(own, key)| (own, &**key))
        .filter(move |(_, key)| key.references != *name && !key.inherited && knows.contains(&key.references))
}

/// Whether every row has it, and it is not that of who wrote the row.
fn says_whose(relation: &Relation, key: &ForeignKey) -> bool {
    let is_there = |name: &Ident| relation.column(name).is_some_and(|column| column.not_null);
    key.columns.iter().all(|name| is_there(name) && !is_authors(name.as_str()))
}
