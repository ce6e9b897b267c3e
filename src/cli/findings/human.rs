//! Findings for people to read.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Shown;
use crate::catalog::replay::Source;
use crate::cli::output::style::{BOLD, CARE, DIM, GOOD, NAME, WRONG, block, count, paint, plain, wrap};
use crate::rule::{Finding, Place, Severity};

pub(super) fn text(shown: &Shown<'_>) -> String {
    each(shown.findings.iter().copied(), shown.looked.sources) + &summary(shown)
}

/// Findings, one below the other.
pub(super) fn each<'f>(findings: impl Iterator<Item = &'f Finding>, sources: &[Source]) -> String {
    let mut text = String::new();
    let mut explained = BTreeSet::new();
    for finding in findings {
        text.push_str(&one(finding, sources, explained.insert(finding.rule.code)));
        text.push('\n');
    }
    text
}

/// The line of a place with what is meant marked below, if the file is there.
pub(super) fn marked(place: &Place, sources: &[Source]) -> String {
    match line_of(place, sources) {
        Some(line) => excerpt(place, line, place.line.to_string().len(), WRONG),
        None => format!(" {} {}:{}\n", paint(DIM, "-->"), plain(&place.file), place.line),
    }
}

/// A finding. Why it matters is said with the first of its rule.
fn one(finding: &Finding, sources: &[Source], explain: bool) -> String {
    let style = match finding.severity {
        Severity::Critical | Severity::High => WRONG,
        Severity::Medium => CARE.bold(),
        Severity::Low | Severity::Info => NAME.bold(),
    };
    let severity = paint(style, format!("{}[{}]", finding.severity.name(), finding.rule.code));
    let mut text = format!("{severity}{} {}\n", paint(BOLD, ":"), paint(BOLD, &finding.message));
    let line = finding.place.as_ref().map(|place| (place, line_of(place, sources)));
    let mut margin = 1;
    match line {
        Some((place, Some(line))) => {
            margin = place.line.to_string().len();
            text.push_str(&excerpt(place, line, margin, style));
        }
        Some((place, None)) => {
            let _ = writeln!(text, " {} {}:{}", paint(DIM, "-->"), plain(&place.file), place.line);
        }
        None => {
            let _ = writeln!(text, " {} {}", paint(DIM, "-->"), plain(&finding.object));
        }
    }
    let indent = " ".repeat(margin + 3);
    let mut note = |label: &str, said: String| {
        let label = format!("{} {}", " ".repeat(margin), paint(DIM, format!("= {label}:")));
        let _ = writeln!(text, "{label} {}", said.trim_start());
    };
    if explain {
        note("why", wrap(finding.rule.why, &format!("{indent}     ")).trim_end().to_owned());
    }
    match &finding.sql {
        Some(sql) => note("fix", block(sql).trim_end().replace('\n', &format!("\n{indent}     "))),
        None if explain => {
            note("fix", wrap(finding.rule.fix, &format!("{indent}     ")).trim_end().to_owned());
        }
        None => {}
    }
    text
}

/// The line of a file with what is meant marked below.
fn excerpt(place: &Place, line: &str, margin: usize, style: anstyle::Style) -> String {
    let space = " ".repeat(margin);
    let bar = paint(DIM, "|");
    let (shown, skipped) = part(line, place.column - 1, place.length);
    let head: String = shown.chars().take(skipped).collect();
    let meant: String = shown.chars().skip(skipped).take(place.length).collect();
    // Tabs keep the marks below what they mean.
    let before: String = block(head).chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let mark = paint(style, "^".repeat(block(meant).chars().count().max(1)));
    format!(
        "{space}{} {}:{}:{}\n{space} {bar}\n{} {bar} {}\n{space} {bar} {before}{mark}\n",
        paint(DIM, "-->"),
        plain(&place.file),
        place.line,
        place.column,
        paint(DIM, format!("{:>margin$}", place.line)),
        block(&shown),
    )
}

/// How much of a long line is shown.
const WIDEST: usize = 120;

/// As much of a line as fits, with what is meant in it, and how many characters stand before that.
fn part(line: &str, column: usize, length: usize) -> (String, usize) {
    let line = line.trim_end();
    if line.chars().count() <= WIDEST {
        return (line.to_owned(), column);
    }
    let first = column.saturating_sub(WIDEST.saturating_sub(length.min(WIDEST)) / 2);
    let shown: String = line.chars().skip(first).take(WIDEST).collect();
    let cut = first + WIDEST < line.chars().count();
    let (head, tail) = (if first > 0 { "…" } else { "" }, if cut { "…" } else { "" });
    (format!("{head}{shown}{tail}"), column - first + usize::from(first > 0))
}

fn line_of<'s>(place: &Place, sources: &'s [Source]) -> Option<&'s str> {
    let source = sources.iter().find(|source| source.name() == place.file)?;
    source.text().lines().nth(place.line - 1)
}

fn summary(shown: &Shown<'_>) -> String {
    let name = plain(&shown.looked.name);
    let read = match shown.statements {
        0 => String::new(),
        number => format!(", {}", count(number, "statement")),
    };
    let mut text = if shown.findings.is_empty() {
        format!("{} in {name}{read}\n", paint(GOOD, "nothing found"))
    } else {
        let of = |severity| shown.findings.iter().filter(|finding| finding.severity == severity).count();
        let by: Vec<String> = Severity::ALL
            .into_iter()
            .rev()
            .filter(|severity| of(*severity) > 0)
            .map(|severity| format!("{} {}", of(severity), severity.name()))
            .collect();
        let number = count(shown.findings.len(), "finding");
        format!("{} in {name}{read}\n", paint(BOLD, format!("{number} ({})", by.join(", "))))
    };
    let mut notes = Vec::new();
    if shown.hidden > 0 {
        notes.push(format!("{} below the severity that is shown", shown.hidden));
    }
    if shown.known > 0 {
        notes.push(format!("{} known by the baseline", shown.known));
    }
    if let Some(first) = shown.findings.first() {
        notes.push(format!("tenantry explain {} says more", first.rule.code));
    }
    for note in notes {
        let _ = writeln!(text, "{}", paint(DIM, note));
    }
    text
}
