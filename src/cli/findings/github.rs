//! Findings as annotations of a pull request: the
//! [workflow commands](https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands) of GitHub Actions.

use std::fmt::Write as _;

use super::Shown;
use crate::rule::{Finding, Severity};

pub(super) fn text(shown: &Shown<'_>) -> String {
    let assumed = shown.looked.assumptions.iter();
    let assumed = assumed
        .map(|assumed| format!("::notice title={}::assumed: {}\n", property("tenantry lint"), data(assumed)));
    shown.findings.iter().map(|finding| command(finding)).chain(assumed).collect()
}

fn command(finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "notice",
    };
    let mut text = format!("::{level} ");
    if let Some(place) = &finding.place {
        let end = place.column + place.length;
        let _ = write!(
            text,
            "file={},line={},col={},endColumn={end},",
            property(&place.file),
            place.line,
            place.column
        );
    }
    let title = property(&format!("{} ({})", finding.rule.code, finding.severity.name()));
    let message = data(&format!("{}\nfix: {}", finding.message, finding.fix()));
    let _ = writeln!(text, "title={title}::{message}");
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
