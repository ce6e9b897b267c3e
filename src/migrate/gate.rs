//! What rules say of the files before a run, and of the database before and after it.

use std::collections::BTreeSet;

use super::migration::Migration;
use super::migrator::{Migrator, Options};
use super::report::Why;
use crate::catalog::Catalog;
use crate::catalog::replay::Source;
use crate::ident::Ident;
use crate::policy::manifest::Migrations;
use crate::rule::{self, Finding};

/// What tells one finding from another: the rule, the object, and what is said of it.
type Found = (&'static str, String, String);

fn told(finding: &Finding) -> Found {
    (finding.rule.code, finding.object.to_string(), finding.message.clone())
}

/// Heeds what rules find in the files that are to be run, on the database that is there, as the role that runs them.
pub(super) fn lint(
    migrator: &Migrator,
    catalog: &Catalog,
    pending: &[&Migration],
    role: &Ident,
) -> Result<(), Why> {
    let Options { lint, down, baseline, .. } = &migrator.options;
    let Some(severity) = lint.filter(|_| down.is_none() && !pending.is_empty()) else { return Ok(()) };
    let sources: Vec<Source> = pending.iter().map(|migration| migration.source().clone()).collect();
    let mut manifest = migrator.manifest.clone();
    // Who runs them is known here, whatever the manifest says. What the role can do, the catalog knows.
    manifest.migrations = Some(Migrations { role: role.clone(), bypass_rls: false });
    let mut report = rule::lint_on(&manifest, catalog, &sources);
    report.findings.retain(|finding| finding.severity >= severity && !baseline.knows(finding));
    if report.findings.is_empty() { Ok(()) } else { Err(Why::Lint(report)) }
}

/// What rules find in a database: what was there before the migrations is not theirs.
pub(super) struct Audit(BTreeSet<Found>);

impl Audit {
    pub(super) fn before(migrator: &Migrator, catalog: &Catalog) -> Self {
        match migrator.options.audit {
            Some(_) => Self(rule::audit(&migrator.manifest, catalog).findings.iter().map(told).collect()),
            None => Self(BTreeSet::new()),
        }
    }

    /// Heeds what they find now and did not find before.
    pub(super) fn after(&self, migrator: &Migrator, catalog: &Catalog) -> Result<(), Why> {
        let Some(severity) = migrator.options.audit else { return Ok(()) };
        let mut report = rule::audit(&migrator.manifest, catalog);
        let is_known =
            |finding: &Finding| self.0.contains(&told(finding)) || migrator.options.baseline.knows(finding);
        report.findings.retain(|finding| finding.severity >= severity && !is_known(finding));
        if report.findings.is_empty() { Ok(()) } else { Err(Why::Audit(report)) }
    }
}
