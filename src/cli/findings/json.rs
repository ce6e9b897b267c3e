//! Findings for programs.

use serde_json::{Value, json};

use super::Shown;
use crate::rule::Finding;

pub(super) fn fields(shown: &Shown<'_>) -> Value {
    let mut fields = json!({
        "findings": shown.findings.iter().map(|finding| one(finding)).collect::<Vec<_>>(),
        "files": shown.looked.sources.len(),
        "statements": shown.statements,
        "hidden": shown.hidden,
        "known": shown.known,
        "assumptions": shown.looked.assumptions,
    });
    if let Some(version) = shown.looked.server {
        fields["server_version"] = version.into();
    }
    fields
}

pub(super) fn one(finding: &Finding) -> Value {
    let mut fields = json!({
        "rule": finding.rule.code,
        "severity": finding.severity.name(),
        "object": finding.object.to_string(),
        "message": finding.message,
        "fix": finding.fix(),
        "fix_is_sql": finding.sql.is_some(),
    });
    if let Some(place) = &finding.place {
        fields["file"] = place.file.as_str().into();
        fields["line"] = place.line.into();
        fields["column"] = place.column.into();
    }
    fields
}
