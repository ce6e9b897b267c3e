//! What a database lacks to be what its manifest declares, as SQL in order.
//!
//! [`plan`] compares a [`Manifest`] with a [`Catalog`], wherever that was read from, and knows nothing of servers or files.
//! What is there already gives no step, so a plan that was applied is followed by an empty one. Each step also has the SQL
//! that takes it back.

pub mod adopt;
mod bootstrap;
mod column;
mod draft;
mod files;
mod grant;
mod key;
mod map;
mod needed;
mod owner;
mod partition;
mod policies;
mod propose;
mod queries;
mod resolver;
mod roles;
#[cfg(test)]
mod sample;
mod seal;
mod step;
#[cfg(test)]
mod tests;
mod unique;
mod view;

use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::policy::absent::{Absent, absent};
use crate::policy::manifest::{Manifest, Problem};
use crate::policy::places;
use crate::policy::resolver::lookups;
use crate::policy::transfer::{applied, transfers};

pub use bootstrap::bootstrap;
use draft::Draft;
pub use files::{File, Numbering, Style};
pub use map::{Map, map};
pub use propose::{
    AdoptFrom, Candidate, Choice, Facts, Guess, Hints, Proposal, Proposed, ProposedAdoption,
    ProposedMembership, ProposedMigrations, ProposedRole, ProposedRoles, ProposedSeal, Question, Suggestion,
    TenantColumn, guess, nullable_tenant_columns, propose,
};
pub use queries::Queries;
pub use step::{InTheWay, Lock, Plan, Remark, Step, Work};

/// The steps from what a database is to what its manifest declares.
///
/// They belong into one transaction, in their order, and [`Plan::up`] writes them so: tables are out of the owner's sight
/// for a moment in between, which nobody else can see.
///
/// # Errors
///
/// What has to be settled first: relations that nobody has classed, names and types that the database contradicts, ways of
/// children that lead nowhere, roles that policies would not bind. Nothing is planned then.
pub fn plan(manifest: &Manifest, catalog: &Catalog) -> Result<Plan, Vec<Problem>> {
    planned(manifest, catalog, None, &KEYS)
}

/// The same, knowing what the code of services names: a unique key without the tenant is dropped once one with the tenant is there
/// and no statement names it in its `ON CONFLICT`, in the code or in a function of the database.
///
/// # Errors
///
/// As for [`plan`].
pub fn plan_for(manifest: &Manifest, catalog: &Catalog, queries: &Queries) -> Result<Plan, Vec<Problem>> {
    let mut queries = queries.clone();
    for (signature, function) in &catalog.functions {
        queries.add(&format!("function {}", signature.name.plain()), &function.body);
    }
    planned(manifest, catalog, Some(&queries), &KEYS)
}

type Phase = fn(&mut Draft<'_>) -> Result<()>;

/// What adds the tenant to keys.
const KEYS: [Phase; 3] = [key::indexes, key::foreign_keys, unique::steps];

/// A plan with these phases for keys.
fn planned(
    manifest: &Manifest,
    catalog: &Catalog,
    queries: Option<&Queries>,
    keys: &[Phase],
) -> Result<Plan, Vec<Problem>> {
    let mut found = places(manifest, catalog);
    roles::check(manifest, catalog, &mut found.problems);
    bootstrap::check(manifest, catalog, &mut found.problems);
    found.problems.extend(lookups(manifest, catalog).1);
    if !found.problems.is_empty() {
        return Err(found.problems);
    }
    let transfers = transfers(manifest, catalog, &found.relations);
    // An owner's rights are implied, and go with the ownership. What has to be granted shows once they are gone.
    let owned = applied(catalog, &transfers).map_err(defect)?;
    let mut draft = Draft::new(manifest, &owned, places(manifest, &owned).relations);
    draft.transfers = transfers;
    draft.queries = queries;
    let before: [Phase; 5] = [bootstrap::steps, owner::schemas, grant::schemas, owner::steps, column::steps];
    let after: [Phase; 7] = [
        policies::steps,
        partition::steps,
        view::steps,
        grant::steps,
        needed::steps,
        resolver::steps,
        seal::left_over,
    ];
    if let Some(Absent { meant: Some(meant) }) = absent(manifest, catalog) {
        let what = format!(
            "it is made by this plan; {} works with {} of the tables, did you mean it?",
            meant.role.plain(),
            meant.tables
        );
        draft.remark_on(format!("role {}", manifest.roles.app_role().plain()), what);
    }
    for phase in before.iter().chain(keys).chain(&after) {
        phase(&mut draft).map_err(defect)?;
    }
    Ok(draft.into_plan())
}

/// No phase fails on what a manifest or a catalog can hold; if one does, that is a defect to report.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn defect(error: Error) -> Vec<Problem> {
    vec![Problem { line: None, what: error.to_string() }]
}
