//! A manifest for files that have none, good enough to look for leaks in them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Choice, Facts, Hints, Proposal, Proposed, propose};
use crate::catalog::{Catalog, DML, Grantee};
use crate::error::Result;
use crate::ident::{Ident, QualifiedName};
use crate::plan::roles::why_unbound;
use crate::policy::manifest::{Class, Entry, Manifest};
use crate::policy::{Roles, Tenancy};
use crate::tenant::TenantType;

/// What is taken for a manifest where there is none, and what it rests on, in one line.
#[derive(Clone, Debug)]
pub struct Guess {
    /// The manifest.
    pub manifest: Manifest,
    /// The tenant column and the role of services, and what speaks for them.
    pub said: String,
}

/// Guesses a manifest from a schema. Of a table that a person would have to class, the likeliest class is taken where its rows may
/// be tenants'; the others are left alone.
///
/// # Errors
///
/// A name of the catalog's is none that a manifest can have.
pub fn guess(catalog: &Catalog) -> Result<Guess> {
    let (hints, facts) = (Hints::default(), Facts::default());
    let plain = propose(catalog, &hints, &facts);
    let likeliest = plain.candidates.iter().find(|candidate| candidate.tenant_type.is_some());
    let (proposal, is_plain) = match (&plain.column, likeliest) {
        (None, Some(likeliest)) => {
            let hints = Hints { column: Some(likeliest.column.clone()), ..hints };
            (propose(catalog, &hints, &facts), false)
        }
        (column, _) => {
            let is_plain = column.is_some();
            (plain, is_plain)
        }
    };
    let app = proposal.roles.app.name.clone().or_else(|| granted(catalog, &proposal));
    let said = said(&proposal, is_plain, app.as_ref());
    // A role that nobody has is granted nothing: what PUBLIC may do is still looked at.
    let app = app.unwrap_or_else(|| Ident::known("app"));
    let mut roles = Roles::without_owner(app.as_str())?;
    if let Some(system) = proposal.roles.system.name.as_ref().filter(|system| **system != app) {
        roles = roles.system(system.as_str())?;
    }
    let mut tenancy = Tenancy::new(TenantType::Uuid);
    if let Some(column) = &proposal.column {
        tenancy = Tenancy::new(column.tenant_type).column(column.name.as_str())?;
    }
    if let Some(setting) = &proposal.setting {
        tenancy = tenancy.setting(setting.as_str())?;
    }
    let tables = entries(catalog, &proposal);
    let schemas = proposal.schemas;
    Ok(Guess {
        manifest: Manifest {
            tenancy,
            roles,
            migrations: None,
            tenants: None,
            schemas,
            tables,
            resolvers: BTreeMap::new(),
        },
        said,
    })
}

/// The role that may read or write the most tables, if one may more than the others.
fn granted(catalog: &Catalog, proposal: &Proposal) -> Option<Ident> {
    let mut tables: BTreeMap<&Ident, usize> = BTreeMap::new();
    for (_, relation) in catalog.relations.iter().filter(|(name, _)| proposal.schemas.contains(name.schema()))
    {
        let grants = relation.grants.iter().filter(|grant| DML.contains(&grant.privilege));
        let roles: BTreeSet<&Ident> = grants
            .filter_map(|grant| match &grant.grantee {
                Grantee::Role(role) => Some(role),
                Grantee::Public => None,
            })
            .filter(|role| **role != relation.owner && why_unbound(catalog, role).is_none())
            .collect();
        for role in roles {
            *tables.entry(role).or_default() += 1;
        }
    }
    let most = tables.values().copied().max()?;
    let mut found = tables.into_iter().filter(|(_, tables)| *tables == most).map(|(role, _)| role);
    found.next().filter(|_| found.next().is_none()).cloned()
}

fn said(proposal: &Proposal, is_plain: bool, app: Option<&Ident>) -> String {
    let column = match &proposal.column {
        Some(column) => {
            let (name, data_type) = (column.name.plain(), column.tenant_type.sql());
            let reason = column.reason.strip_prefix("as --column says; ").unwrap_or(&column.reason);
            let perhaps = if is_plain { "" } else { ", perhaps wrongly" };
            format!("{name} ({data_type}) is taken for the tenant column{perhaps}: it is {reason}")
        }
        None => "no column of these files says which tenant a row belongs to".to_owned(),
    };
    match app {
        Some(app) => format!("{column}; {} for the role of services", app.plain()),
        None => format!("{column}; no role is granted its rights on tables here"),
    }
}

/// What is taken for the class of each relation that the defaults do not settle.
fn entries(catalog: &Catalog, proposal: &Proposal) -> BTreeMap<QualifiedName, Entry> {
    let entry = |class: Class, column: Option<Ident>| Entry {
        class,
        column,
        grants: None,
        unique: Vec::new(),
        line: 0,
    };
    let governed = catalog
        .relations
        .iter()
        .filter(|(name, relation)| proposal.schemas.contains(name.schema()) && relation.extension.is_none());
    let mut entries = BTreeMap::new();
    for (name, relation) in governed {
        let (class, column) = match proposal.relations.get(name) {
            Some(Proposed { choice: Choice::Entry(class), column, .. }) => (class.clone(), column.clone()),
            Some(Proposed { choice: Choice::Undecided { question, between }, .. }) => {
                let likeliest = between.iter().find(|answer| {
                    question.is_of_tenants()
                        && !answer.is_adopted
                        && matches!(answer.class, Class::Tenant { .. } | Class::Child { .. })
                });
                likeliest.map_or_else(|| (unknown(), None), |of| (of.class.clone(), of.column.clone()))
            }
            None if proposal.column.is_none() && relation.is_table() => (unknown(), None),
            Some(Proposed { choice: Choice::Default(_), .. }) | None => continue,
        };
        entries.insert(name.clone(), entry(class, column));
    }
    entries
}

fn unknown() -> Class {
    Class::Exempt { reason: "no manifest says whose its rows are".to_owned() }
}
