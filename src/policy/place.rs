//! Where each relation of a database stands among its tenants, by what the manifest says and the catalog shows.

pub(crate) mod ledger;
pub(crate) mod sections;
mod uniques;
pub(crate) mod views;
mod ways;

use std::collections::BTreeMap;

use super::manifest::{Class, Entry, Manifest, Problem, nearest};
use crate::catalog::{Catalog, Column, ForeignKey, Relation, RelationKind, canonical_type};
use crate::ident::{Ident, QualifiedName};
use crate::tenant::TenantType;

/// Where a relation stands among the tenants.
#[derive(Clone, Debug, PartialEq)]
pub enum Place<'a> {
    /// Its rows belong to the tenant in this column.
    Tenant {
        /// The tenant column.
        column: &'a Column,
        /// Whether the policy compares with the setting itself.
        direct: bool,
    },
    /// Its rows belong to the tenant of the row that they refer to.
    Child {
        /// The foreign key's name.
        name: &'a Ident,
        /// The foreign key.
        key: &'a ForeignKey,
    },
    /// Its rows belong to the tenant in this column, or to everybody where that is NULL.
    SharedRows {
        /// The tenant column.
        column: &'a Column,
    },
    /// Its rows belong to everybody.
    Shared,
    /// Its rows belong to the tenant in this column, and to those above it.
    Tree {
        /// The tenant column.
        column: &'a Column,
    },
    /// Its rows belong to the tenant in this column, and are seen by the users who are its members.
    Membership {
        /// The tenant column.
        column: &'a Column,
    },
    /// It says which user is a member of which tenant.
    Members,
    /// Nobody reaches its rows.
    Deny,
    /// It is not governed.
    Exempt {
        /// Why not.
        reason: &'a str,
    },
    /// A partition: its rows are reached through its table.
    Partition {
        /// The table at the top.
        of: &'a QualifiedName,
    },
    /// A view that reads tables which are governed.
    View,
    /// Nothing that belongs to a tenant is in it or behind it.
    Apart,
}

impl<'a> Place<'a> {
    /// The tenant column, unless the tenant is another row's.
    pub(crate) fn tenant_column(&self) -> Option<&'a Column> {
        match *self {
            Self::Tenant { column, .. }
            | Self::SharedRows { column }
            | Self::Tree { column }
            | Self::Membership { column } => Some(column),
            _ => None,
        }
    }

    /// The class, as a manifest writes it; a partition, a view and what is apart have their own words.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Tenant { .. } => "tenant",
            Self::Child { .. } => "child",
            Self::SharedRows { .. } => "shared rows",
            Self::Shared => "shared",
            Self::Tree { .. } => "tree",
            Self::Membership { .. } => "membership",
            Self::Members => "members",
            Self::Deny => "deny",
            Self::Exempt { .. } => "exempt",
            Self::Partition { .. } => "partition",
            Self::View => "view",
            Self::Apart => "apart",
        }
    }

    /// Whether its rows are told apart by tenant.
    #[must_use]
    pub fn holds_tenants(&self) -> bool {
        !matches!(self, Self::Shared | Self::Exempt { .. } | Self::Apart)
    }

    /// Whether a plan has anything to say of it.
    #[must_use]
    pub fn is_governed(&self) -> bool {
        !matches!(self, Self::Exempt { .. } | Self::Apart)
    }
}

/// The relations of a database, each in its place, and what has to be settled first.
#[derive(Clone, Debug)]
pub struct Places<'a> {
    /// Every relation that the manifest governs, sequences left out.
    pub relations: BTreeMap<&'a QualifiedName, Place<'a>>,
    /// The relations that have no place, each with the reason, which is among the problems too.
    pub unsettled: BTreeMap<&'a QualifiedName, Problem>,
    /// Where manifest and database contradict each other, or the manifest says too little.
    pub problems: Vec<Problem>,
}

impl<'a> Places<'a> {
    fn unsettle(&mut self, name: &'a QualifiedName, problem: Problem) {
        self.problems.push(problem.clone());
        self.unsettled.insert(name, problem);
    }
}

/// Puts every relation in its place.
#[must_use]
pub fn places<'a>(manifest: &'a Manifest, catalog: &'a Catalog) -> Places<'a> {
    let mut places = Places { relations: BTreeMap::new(), unsettled: BTreeMap::new(), problems: Vec::new() };
    unknown_names(manifest, catalog, &mut places.problems);
    sections::check(manifest, catalog, &mut places.problems);
    for (name, relation) in &catalog.relations {
        if relation.kind == RelationKind::Sequence || !manifest.governs(name) {
            continue;
        }
        match place(manifest, catalog, name, relation) {
            Ok(Some(place)) => {
                places.relations.insert(name, place);
            }
            Ok(None) => {}
            Err(problem) => places.unsettle(name, problem),
        }
    }
    views::place(manifest, catalog, &mut places);
    ways::check(manifest, &mut places);
    uniques::check(manifest, catalog, &mut places);
    places.problems.sort();
    places
}

/// Names in the manifest that are none of the catalog's.
fn unknown_names(manifest: &Manifest, catalog: &Catalog, problems: &mut Vec<Problem>) {
    let known: Vec<String> = catalog.relations.keys().map(QualifiedName::plain).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let mut missing = |name: &QualifiedName, line: Option<usize>, what: &str| {
        if catalog.relations.contains_key(name) {
            return;
        }
        let advice = match nearest(&name.plain(), &known) {
            Some(meant) => format!("did you mean {meant}?"),
            None => "take the entry out, or make the table first".to_owned(),
        };
        problems
            .push(Problem { line, what: format!("{what}{} is not in the database; {advice}", name.plain()) });
    };
    for (name, entry) in &manifest.tables {
        // Its runner makes it, and files are without it.
        let is_ledger = ledger::is_called_so(name.name().as_str());
        if !(is_ledger && matches!(entry.class, Class::Exempt { .. })) {
            missing(name, line(entry), "");
        }
    }
    if let Some(tenants) = &manifest.tenants {
        missing(&tenants.table, Some(tenants.line), "[tenants] ");
    }
    if let Some(tree) = manifest.tenancy.tenant_tree() {
        missing(tree.table(), None, "[tree] ");
    }
    if let Some(membership) = manifest.tenancy.members() {
        missing(membership.table(), None, "[membership] ");
    }
    for schema in manifest.schemas.iter().filter(|schema| !catalog.schemas.contains_key(*schema)) {
        let what = format!("schema {} is not in the database; take it out of include", schema.as_str());
        problems.push(Problem { line: None, what });
    }
}

/// A relation's place, or none where that depends on what it reads.
fn place<'a>(
    manifest: &'a Manifest,
    catalog: &'a Catalog,
    name: &'a QualifiedName,
    relation: &'a Relation,
) -> Result<Option<Place<'a>>, Problem> {
    let entry = manifest.entry(name);
    if let Some(top) = top(catalog, name) {
        return match entry {
            Some(entry) => Err(problem(
                Some(entry),
                format!("{} is a partition and goes with {}; take the entry out", name.plain(), top.plain()),
            )),
            None => Ok(Some(Place::Partition { of: top })),
        };
    }
    let Some(entry) = entry else { return by_default(manifest, name, relation) };
    let table = || {
        if relation.is_table() {
            return Ok(());
        }
        let (name, class) = (name.plain(), entry.class.name());
        let kind = kind(relation);
        Err(problem(
            Some(entry),
            format!("{name} is a {kind}; class {class} is for tables; use deny or exempt"),
        ))
    };
    let column = || {
        table()?;
        tenant_column(manifest, name, relation, Some(entry))
    };
    Ok(Some(match &entry.class {
        Class::Tenant { direct } => Place::Tenant { column: column()?, direct: *direct },
        Class::Child { via } => {
            table()?;
            let (key_name, key) = ways::way(name, relation, entry, via)?;
            Place::Child { name: key_name, key }
        }
        Class::Shared => {
            table()?;
            match relation.column(manifest.column(name)) {
                None if entry.column.is_none() => Place::Shared,
                _ => Place::SharedRows { column: column()? },
            }
        }
        Class::Tree => Place::Tree { column: column()? },
        Class::Membership => {
            table()?;
            let members = manifest.tenancy.members().is_some_and(|of| of.table() == name);
            if members { Place::Members } else { Place::Membership { column: column()? } }
        }
        Class::Deny => Place::Deny,
        Class::Undecided => {
            return Err(problem(Some(entry), format!("{} is undecided; choose its class", name.plain())));
        }
        Class::Exempt { reason } => Place::Exempt { reason },
    }))
}

fn by_default<'a>(
    manifest: &'a Manifest,
    name: &'a QualifiedName,
    relation: &'a Relation,
) -> Result<Option<Place<'a>>, Problem> {
    if relation.extension.is_some() {
        return Ok(Some(Place::Apart));
    }
    if ledger::runner(name.name().as_str(), relation).is_some() {
        return Ok(Some(Place::Exempt { reason: ledger::REASON }));
    }
    match relation.kind {
        RelationKind::Table | RelationKind::PartitionedTable => {
            if relation.column(manifest.column(name)).is_none() {
                let what = format!(
                    "{} has no column {} and no class; class it child, shared, deny or exempt, or tenant and let tenantry adopt \
                     add the column",
                    name.plain(),
                    manifest.column(name).as_str()
                );
                return Err(problem(None, what));
            }
            let column = tenant_column(manifest, name, relation, None)?;
            Ok(Some(Place::Tenant { column, direct: false }))
        }
        RelationKind::ForeignTable => Err(problem(
            None,
            format!("{} is a foreign table, which takes no policy; class it deny or exempt", name.plain()),
        )),
        RelationKind::View | RelationKind::MaterializedView | RelationKind::Sequence => Ok(None),
    }
}

fn tenant_column<'a>(
    manifest: &Manifest,
    name: &QualifiedName,
    relation: &'a Relation,
    entry: Option<&Entry>,
) -> Result<&'a Column, Problem> {
    let (name, wanted) = (name.plain(), manifest.column(name));
    let Some(column) = relation.column(wanted) else {
        let known: Vec<&str> = relation.columns.iter().map(|column| column.name.as_str()).collect();
        let advice = match nearest(wanted.as_str(), &known) {
            Some(meant) => format!("did you mean {meant}?"),
            None => "add it (tenantry adopt does, while services go on), or choose another class".to_owned(),
        };
        return Err(problem(entry, format!("{name} has no column {}; {advice}", wanted.as_str())));
    };
    let expected = manifest.tenancy.tenant_type();
    if !fits(&column.data_type, expected) {
        let what = format!(
            "column {} of {name} is of type {}; expected {}, as type of [tenancy] says",
            wanted.as_str(),
            column.data_type,
            expected.sql()
        );
        return Err(problem(entry, what));
    }
    if column.generated.is_some() {
        let what = format!(
            "column {} of {name} is computed from others; expected one that a statement can set",
            wanted.as_str()
        );
        return Err(problem(entry, what));
    }
    Ok(column)
}

/// Whether a column of this type holds tenants of that one.
pub(crate) fn fits(data_type: &str, tenant_type: TenantType) -> bool {
    let of = canonical_type(tenant_type.sql());
    data_type == of || (tenant_type == TenantType::Text && data_type.starts_with("character varying"))
}

/// The partitioned table at the top, if the relation is a partition.
pub(crate) fn top<'a>(catalog: &'a Catalog, name: &QualifiedName) -> Option<&'a QualifiedName> {
    let mut top = None;
    let mut at = name;
    while let Some(of) = catalog.relations.get(at).and_then(|relation| relation.partition_of.as_ref()) {
        top = Some(&of.parent);
        at = &of.parent;
    }
    top
}

fn kind(relation: &Relation) -> &'static str {
    match relation.kind {
        RelationKind::Table | RelationKind::PartitionedTable => "table",
        RelationKind::View => "view",
        RelationKind::MaterializedView => "materialized view",
        RelationKind::ForeignTable => "foreign table",
        RelationKind::Sequence => "sequence",
    }
}

fn line(entry: &Entry) -> Option<usize> {
    (entry.line > 0).then_some(entry.line)
}

fn problem(entry: Option<&Entry>, what: String) -> Problem {
    Problem { line: entry.and_then(line), what }
}
