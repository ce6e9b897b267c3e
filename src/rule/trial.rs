//! One rule, tried on its own.

use super::example::{MANIFEST, ROLES, files};
use super::{Finding, Report, audit, lint};
use crate::catalog::Catalog;
use crate::catalog::replay::{Options, Source, replay};
use crate::ident::Ident;
use crate::policy::manifest::Manifest;

/// What a rule finds in files, each as its severity and its message.
pub(super) fn said(code: &str, files: &str) -> Vec<String> {
    said_under(code, MANIFEST, files)
}

/// The same under another manifest.
pub(super) fn said_under(code: &str, manifest: &str, sql: &str) -> Vec<String> {
    let mut sources = vec![Source::new("roles.sql", ROLES)];
    sources.extend(files(sql));
    lines(code, &lint(&Manifest::parse(manifest).unwrap(), &sources))
}

/// What a rule finds in the model that files leave, once it has become that of a server.
pub(super) fn said_of_server(code: &str, sql: &str, change: impl FnOnce(&mut Catalog)) -> Vec<String> {
    let manifest = Manifest::parse(MANIFEST).unwrap();
    let mut sources = vec![Source::new("roles.sql", ROLES)];
    sources.extend(files(sql));
    let options = Options { role: Ident::known("erp_owner"), ..Options::default() };
    let mut catalog = replay(&sources, &options).catalog;
    catalog.server_version = Some(150_020);
    change(&mut catalog);
    lines(code, &audit(&manifest, &catalog))
}

fn lines(code: &str, report: &Report) -> Vec<String> {
    let line = |finding: &Finding| format!("{}: {}", finding.severity.name(), finding.message);
    report.findings.iter().filter(|finding| finding.rule.code == code).map(line).collect()
}
