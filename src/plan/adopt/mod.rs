//! The way of a live table to its tenants, in steps that nobody who works with it has to wait for.
//!
//! [`adopt`] makes the whole list of steps up front, as pure data. `migrate::adopt` (feature `migrate`) keeps it in the
//! database and takes one step after the other, so that a run that was cut off goes on with the list that was begun.
//!
//! The steps go phase by phase through all tables of an adoption, parents first. Policies come last, children first: no table
//! is under FORCE while rows of another are still looked up in it.

mod at_once;
mod backfill;
mod column;
mod key;
mod last;
mod not_null;
mod psql;
mod request;
mod rights;
mod sql;
mod step;
mod table;
#[cfg(test)]
mod tests;
mod told;
mod way;

use std::collections::{BTreeMap, BTreeSet};

use super::Step as PlanStep;
use super::step::{Plan, Remark};
use crate::catalog::Catalog;
use crate::catalog::replay::{Source, replay_on};
use crate::error::{Error, Result};
use crate::ident::{Ident, QualifiedName};
use crate::policy::manifest::{Class, Entry, Manifest, Problem};
use crate::policy::places;
use crate::policy::render::{Vars, render};

pub(super) use key::astray;
pub(super) use not_null::without_tenant;
pub use psql::Psql;
pub use request::Request;
pub use rights::rights;
pub use step::{Action, Adoption, Backfill, Phase, Step, Told};
use table::Table;

/// The steps that give tables their tenants while services go on working with them.
///
/// # Errors
///
/// What has to be settled first: a table that is not of class `tenant`, one that cannot be changed online, a tenant that can
/// be derived in no way or in several, and all that [`plan`](super::plan) asks for.
pub fn adopt(manifest: &Manifest, catalog: &Catalog, request: &Request) -> Result<Adoption, Vec<Problem>> {
    let names = request::tables(manifest, catalog, request)?;
    let columns = column::added(manifest, catalog, &names).map_err(defect)?;
    let with_columns = replayed(manifest, catalog, &columns).map_err(defect)?;
    let (manifest, others) = confined(manifest, &with_columns, &names);
    let found = places(&manifest, &with_columns);
    if !found.problems.is_empty() {
        return Err(found.problems);
    }
    let tables = table::tables(&manifest, catalog, request, &names, &found)?;
    let mut draft = Draft::new(&manifest, catalog);
    draft.remarks.extend(others);
    steps(&mut draft, &tables).map_err(defect)?;
    draft.touched.extend(tables.iter().map(|table| table.name.clone()));
    let parents: BTreeSet<QualifiedName> = tables.iter().flat_map(Table::reads).cloned().collect();
    let concerned = draft.touched.union(&parents).cloned().collect();
    at_once::unforced(&mut draft, &concerned).map_err(defect)?;
    if draft.problems.is_empty() { Ok(draft.into_adoption(&tables, parents)) } else { Err(draft.problems) }
}

fn steps(draft: &mut Draft<'_>, tables: &[Table<'_>]) -> Result<()> {
    column::steps(draft, tables)?;
    column::fill(draft, tables)?;
    backfill::steps(draft, tables)?;
    not_null::steps(draft, tables)?;
    key::steps(draft, tables)?;
    last::steps(draft, tables)
}

/// The tables that a request names, whatever state they are in.
///
/// # Errors
///
/// Names that no table has, or several.
pub fn named(
    manifest: &Manifest,
    catalog: &Catalog,
    request: &Request,
) -> Result<Vec<QualifiedName>, Vec<Problem>> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for written in &request.tables {
        match request::table(manifest, catalog, written) {
            Ok(name) => found.push(name.clone()),
            Err(what) => problems.push(problem(what)),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// The manifest without what it has to settle of other tables. Of class `tenant` are those, for the most part, that are to be
/// adopted another time; until then nobody's tenants are in them.
fn confined(
    manifest: &Manifest,
    catalog: &Catalog,
    names: &BTreeSet<&QualifiedName>,
) -> (Manifest, Option<Remark>) {
    let mut confined = manifest.clone();
    let mut others = BTreeSet::new();
    loop {
        let found = places(&confined, catalog);
        let unsettled =
            found.unsettled.keys().filter(|name| !names.contains(**name)).map(|name| (*name).clone());
        let unsettled: Vec<QualifiedName> = unsettled.filter(|name| !others.contains(name)).collect();
        if unsettled.is_empty() {
            break;
        }
        for name in unsettled {
            let class = Class::Exempt { reason: "not adopted yet".to_owned() };
            confined.tables.insert(
                name.clone(),
                Entry { class, column: None, grants: None, unique: Vec::new(), line: 0 },
            );
            others.insert(name);
        }
    }
    let mut shown: Vec<String> = others.iter().take(3).map(QualifiedName::plain).collect();
    if others.len() > shown.len() {
        shown.push("...".to_owned());
    }
    let remark = || Remark {
        object: "other tables".to_owned(),
        what: format!("{} stay without tenants ({}); tenantry plan says why", others.len(), shown.join(", ")),
    };
    let remark = (!others.is_empty()).then(remark);
    (confined, remark)
}

/// No step fails on what a manifest or a catalog can hold; if one does, that is a defect to report.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err hands over")]
fn defect(error: Error) -> Vec<Problem> {
    vec![problem(error.to_string())]
}

fn problem(what: String) -> Problem {
    Problem { line: None, what }
}

/// What a catalog is once this SQL was run on it, behind what makes the schema of the records.
fn replayed(manifest: &Manifest, catalog: &Catalog, sql: &[String]) -> Result<Catalog> {
    let support = manifest.tenancy.support();
    let schema = render(sql::SCHEMA, &Vars::default().name("support", support))?;
    let schema = (!catalog.schemas.contains_key(support)).then_some(schema);
    let sources: Vec<Source> =
        schema.iter().chain(sql).map(|sql| Source::new("adopt", sql.as_str())).collect();
    Ok(replay_on(catalog, &sources, &manifest.replay_options()).catalog)
}

/// An adoption in the making.
struct Draft<'a> {
    manifest: &'a Manifest,
    /// The catalog before the first step.
    catalog: &'a Catalog,
    steps: Vec<Step>,
    /// What comes to the same in one transaction.
    at_once: Vec<PlanStep>,
    remarks: Vec<Remark>,
    problems: Vec<Problem>,
    /// The tables that steps change.
    touched: BTreeSet<QualifiedName>,
    roles: Vec<String>,
    new_owners: BTreeSet<Ident>,
    transferred: BTreeMap<String, Ident>,
}

impl<'a> Draft<'a> {
    fn new(manifest: &'a Manifest, catalog: &'a Catalog) -> Self {
        let (steps, remarks, problems) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            manifest,
            catalog,
            steps,
            at_once: Vec::new(),
            remarks,
            problems,
            touched: BTreeSet::new(),
            roles: Vec::new(),
            new_owners: BTreeSet::new(),
            transferred: BTreeMap::new(),
        }
    }

    fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    fn touch(&mut self, table: &QualifiedName) {
        self.touched.insert(table.clone());
    }

    fn remark(&mut self, table: &QualifiedName, what: impl Into<String>) {
        self.remarks.push(Remark { object: table.plain(), what: what.into() });
    }

    fn support(&self) -> &'a Ident {
        self.manifest.tenancy.support()
    }

    /// What the catalog is after the steps so far.
    fn predicted(&self) -> Result<Catalog> {
        let sql: Vec<String> =
            self.steps.iter().filter_map(|step| step.up.sql()).map(ToOwned::to_owned).collect();
        replayed(self.manifest, self.catalog, &sql)
    }

    fn into_adoption(self, tables: &[Table<'_>], parents: BTreeSet<QualifiedName>) -> Adoption {
        Adoption {
            support: self.support().clone(),
            has_support: self.catalog.schemas.contains_key(self.support()),
            new_owners: self.new_owners,
            transferred: self.transferred,
            roles: self.roles,
            app: self.manifest.roles.app_role().clone(),
            tables: tables.iter().map(|table| table.name.clone()).collect(),
            parents,
            told: tables.iter().find_map(Table::told),
            touched: self.touched,
            steps: self.steps,
            at_once: Plan { steps: self.at_once, remarks: Vec::new() },
            remarks: self.remarks,
        }
    }
}
