//! Findings for programs.

use serde_json::{Map, Value, json};

use super::Shown;
use crate::rule::Finding;

/// What is told beside the findings.
pub(super) fn others(shown: &Shown<'_>) -> Map<String, Value> {
    let mut fields = json!({
        "files": shown.looked.sources.len(),
        "statements": shown.statements,
        "hidden": shown.hidden,
        "known": shown.known,
        "assumptions": shown.looked.assumptions,
    });
    if let Some(version) = shown.looked.server {
        fields["server_version"] = version.into();
    }
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
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
