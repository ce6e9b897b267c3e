//! Findings as [SARIF 2.1.0](https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html), for code scanning.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::Shown;
use crate::catalog::Object;
use crate::policy::manifest::Entry;
use crate::rule::{Finding, Rule, Severity};

pub(super) fn text(shown: &Shown<'_>) -> String {
    let mut rules: Vec<&Rule> = shown.findings.iter().map(|finding| finding.rule).collect();
    rules.sort_by_key(|rule| rule.code);
    rules.dedup_by_key(|rule| rule.code);
    let result = |finding: &&Finding| {
        let index = rules.iter().position(|rule| rule.code == finding.rule.code);
        result(finding, index.unwrap_or_default(), shown)
    };
    let mut log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| self::rule(rule)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": shown.findings.iter().map(result).collect::<Vec<_>>(),
        }],
    });
    let assumed = &shown.looked.assumptions;
    if !assumed.is_empty() {
        let notes: Vec<Value> = assumed
            .iter()
            .map(|assumed| json!({ "level": "note", "message": { "text": format!("assumed: {assumed}") } }))
            .collect();
        log["runs"][0]["invocations"] =
            json!([{ "executionSuccessful": true, "toolExecutionNotifications": notes }]);
    }
    format!("{log}\n")
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "shortDescription": { "text": rule.finds },
        "fullDescription": { "text": rule.why },
        "help": {
            "text": format!("{}\n\n{}\n\nBad:\n{}\n\nGood:\n{}", rule.why, rule.fix, rule.bad, rule.good),
            "markdown": format!(
                "{}\n\n{}\n\nBad:\n\n```sql\n{}\n```\n\nGood:\n\n```sql\n{}\n```\n",
                rule.why, rule.fix, rule.bad, rule.good
            ),
        },
        "helpUri": rule.manual,
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": { "security-severity": score(rule.severity), "tags": ["security", "postgresql"] },
    })
}

fn result(finding: &Finding, index: usize, shown: &Shown<'_>) -> Value {
    let object = finding.object.to_string();
    let (file, region) = match &finding.place {
        Some(place) => (
            place.file.as_str(),
            json!({
                "startLine": place.line,
                "startColumn": place.column,
                "endColumn": place.column + place.length,
            }),
        ),
        // Code scanning takes no result without a file, and of a database the manifest is what there is of one.
        None => (shown.looked.config, json!({ "startLine": line(&finding.object, shown) })),
    };
    let location = json!({
        "physicalLocation": { "artifactLocation": { "uri": uri(file) }, "region": region },
        "logicalLocations": [{ "fullyQualifiedName": object }],
    });
    json!({
        "ruleId": finding.rule.code,
        "ruleIndex": index,
        "level": level(finding.severity),
        "message": { "text": format!("{}. Fix: {}", finding.message, finding.fix()) },
        "locations": [location],
        "partialFingerprints": { "tenantry/v1": format!("{}:{object}", finding.rule.code) },
        "properties": { "severity": finding.severity.name() },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// The number that code scanning sorts by, on the scale of CVSS.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.5",
    }
}

/// The line of the manifest that classes a relation, or else the first.
fn line(object: &Object, shown: &Shown<'_>) -> usize {
    let entry = match object {
        Object::Relation(name)
        | Object::RowSecurity(name)
        | Object::Part(_, name, _)
        | Object::Grant(name, ..) => shown.looked.manifest.entry(name),
        _ => None,
    };
    entry.map_or(1, |Entry { line, .. }| (*line).max(1))
}

/// A file's name as a relative reference, or as a URL where its path begins at the root.
fn uri(file: &str) -> String {
    let path = file.strip_prefix("./").unwrap_or(file).replace('\\', "/");
    let mut uri = if Path::new(&path).is_absolute() { "file://".to_owned() } else { String::new() };
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}
