//! What tests of rules share.

use super::example::{MANIFEST, ROLES, files};
use super::{Report, Severity, audit, lint};
use crate::catalog::replay::{Options, Source, replay};
use crate::ident::Ident;
use crate::policy::manifest::Manifest;

/// What is added to the manifest of the examples.
pub(super) fn manifest(more: &str) -> Manifest {
    Manifest::parse(&format!("{MANIFEST}{more}")).unwrap()
}

fn sources(sql: &str) -> Vec<Source> {
    let mut sources = vec![Source::new("roles.sql", ROLES)];
    sources.extend(files(sql));
    sources
}

/// What a rule finds in SQL: the severity and the object of each.
pub(super) fn found(code: &str, more: &str, sql: &str) -> Vec<(Severity, String)> {
    let sources = sources(sql);
    let opaque = replay(&sources, &Options::default()).opaque;
    assert!(opaque.is_empty(), "{opaque:?}");
    of(code, &lint(&manifest(more), &sources))
}

/// The same of a server of another version.
pub(super) fn found_on(version: u32, code: &str, sql: &str) -> Vec<(Severity, String)> {
    let options = Options { role: Ident::new("erp_owner").unwrap(), ..Options::default() };
    let mut catalog = replay(&sources(sql), &options).catalog;
    catalog.server_version = Some(version);
    of(code, &audit(&manifest(""), &catalog))
}

fn of(code: &str, report: &Report) -> Vec<(Severity, String)> {
    assert!(super::rule(code).is_some(), "{code}");
    let findings = report.findings.iter().filter(|finding| finding.rule.code == code);
    findings.map(|finding| (finding.severity, finding.object.to_string())).collect()
}

/// What is expected to be found, if anything.
pub(super) type Expected<'a> = Option<(Severity, &'a str)>;

/// Checks what a rule finds in each of several texts, with what is added to the manifest.
pub(super) fn check(code: &str, cases: &[(&str, &str, Expected<'_>)]) {
    for (more, sql, expected) in cases {
        let expected: Vec<_> =
            expected.iter().map(|(severity, object)| (*severity, (*object).to_owned())).collect();
        assert_eq!(found(code, more, sql), expected, "{code}: {sql}");
    }
}
