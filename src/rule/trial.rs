//! One rule, tried on its own.

use super::example::{MANIFEST, ROLES, files};
use super::{Finding, Report, Severity, audit, lint, rule};
use crate::catalog::Catalog;
use crate::catalog::replay::{Options, Source, replay};
use crate::ident::Ident;
use crate::policy::manifest::Manifest;

/// The manifest of the examples, and what is added to it.
pub(super) fn manifest(more: &str) -> Manifest {
    Manifest::parse(&format!("{MANIFEST}{more}")).unwrap()
}

/// The files of an example, behind the one that makes the roles.
pub(super) fn sources(example: &str) -> Vec<Source> {
    let mut sources = vec![Source::new("roles.sql", ROLES)];
    sources.extend(files(example));
    sources
}

/// What a rule finds in files, each as its severity and its message.
pub(super) fn said(code: &str, files: &str) -> Vec<String> {
    said_under(code, MANIFEST, files)
}

/// The same under another manifest.
pub(super) fn said_under(code: &str, manifest: &str, sql: &str) -> Vec<String> {
    lines(code, &lint(&Manifest::parse(manifest).unwrap(), &sources(sql)))
}

/// What a rule finds in the model that files leave, once it has become that of a server.
pub(super) fn said_of_server(code: &str, sql: &str, change: impl FnOnce(&mut Catalog)) -> Vec<String> {
    lines(code, &audited(sql, change))
}

fn audited(sql: &str, change: impl FnOnce(&mut Catalog)) -> Report {
    let options = Options { role: Ident::known("erp_owner"), ..Options::default() };
    let mut catalog = replay(&sources(sql), &options).catalog;
    catalog.server_version = Some(150_020);
    change(&mut catalog);
    audit(&manifest(""), &catalog)
}

fn lines(code: &str, report: &Report) -> Vec<String> {
    let line = |finding: &Finding| format!("{}: {}", finding.severity.name(), finding.message);
    of(code, report).map(line).collect()
}

/// What a rule finds in SQL that is followed wholly: the severity and the object of each.
pub(super) fn found(code: &str, more: &str, sql: &str) -> Vec<(Severity, String)> {
    let sources = sources(sql);
    let opaque = replay(&sources, &Options::default()).opaque;
    assert!(opaque.is_empty(), "{opaque:?}");
    graded(code, &lint(&manifest(more), &sources))
}

/// The same of a server of another version.
pub(super) fn found_on(version: u32, code: &str, sql: &str) -> Vec<(Severity, String)> {
    graded(code, &audited(sql, |catalog| catalog.server_version = Some(version)))
}

fn graded(code: &str, report: &Report) -> Vec<(Severity, String)> {
    of(code, report).map(|finding| (finding.severity, finding.object.to_string())).collect()
}

fn of<'r>(code: &'r str, report: &'r Report) -> impl Iterator<Item = &'r Finding> {
    assert!(rule(code).is_some(), "{code}");
    report.findings.iter().filter(move |finding| finding.rule.code == code)
}

/// How much each finding of a rule matters in an example.
pub(super) fn severities(code: &str, example: &str) -> Vec<&'static str> {
    of(code, &lint(&manifest(""), &sources(example))).map(|finding| finding.severity.name()).collect()
}

/// What a rule says of an example, line by line.
pub(super) fn messages(code: &str, example: &str) -> String {
    let report = lint(&manifest(""), &sources(example));
    of(code, &report).map(|finding| finding.message.as_str()).collect::<Vec<_>>().join("\n")
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
