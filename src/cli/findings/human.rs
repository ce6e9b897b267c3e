//! Findings for people to read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::Style;

use super::Shown;
use crate::catalog::replay::Source;
use crate::cli::output::layout::Width;
use crate::cli::output::style::{BOLD, CARE, DIM, GOOD, NAME, PLAIN, WRONG, block, count, paint, plain};
use crate::rule::{Finding, Place, Severity};

pub(super) fn text(shown: &Shown<'_>, width: Width) -> String {
    each(shown.findings.iter().copied(), shown.looked.sources, width) + &summary(shown, width)
}

/// Findings, one below the other.
pub(super) fn each<'f>(
    findings: impl Iterator<Item = &'f Finding>,
    sources: &[Source],
    width: Width,
) -> String {
    let (mut text, mut after_brief) = (String::new(), false);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings {
        let before = seen.entry(finding.rule.code).or_default();
        let is_brief = *before >= IN_FULL;
        let why = if *before == 0 { Why::Said } else { Why::Known };
        *before += 1;
        if is_brief && COUNTED.contains(&finding.rule.code) {
            continue;
        }
        if after_brief && !is_brief {
            text.push('\n');
        }
        after_brief = is_brief;
        text.push_str(&if is_brief {
            brief(finding, width)
        } else {
            one(finding, sources, why, width) + "\n"
        });
    }
    if after_brief {
        text.push('\n');
    }
    for (code, count) in seen.into_iter().filter(|(code, count)| COUNTED.contains(code) && *count > IN_FULL) {
        let more = format!("{} more like these; --format json says where", count - IN_FULL);
        let _ = writeln!(text, "{}{} {more}\n", paint(NAME.bold(), code), paint(BOLD, ":"));
    }
    text
}

/// Rules that find the same in one place after the other, with one way to mend them all: further findings are counted.
const COUNTED: [&str; 3] = ["opaque-statement", "per-row-function", "rls-ddl-lock"];

/// How many findings of a rule are shown with their lines and their fix. The rest say what they found and where.
const IN_FULL: usize = 5;

/// The line of a place with what is meant marked below, if the file is there.
pub(super) fn marked(place: &Place, sources: &[Source], width: Width) -> String {
    match line_of(place, sources) {
        Some(line) => excerpt(place, line, place.line.to_string().len(), WRONG, width),
        None => format!(" {} {}:{}\n", paint(DIM, "-->"), plain(&place.file), place.line),
    }
}

/// Whether it is said why a finding matters: with the first of its rule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Said,
    Known,
}

/// The line that a finding begins with.
fn heading(finding: &Finding, message: &str, width: Width) -> String {
    let severity = format!("{}[{}]", finding.severity.name(), finding.rule.code);
    let message = width.hang(severity.len() + 2, 2, BOLD, message);
    format!("{}{} {message}\n", paint(style(finding), &severity), paint(BOLD, ":"))
}

fn style(finding: &Finding) -> Style {
    match finding.severity {
        Severity::Critical | Severity::High => WRONG,
        Severity::Medium => CARE.bold(),
        Severity::Low | Severity::Info => NAME.bold(),
    }
}

/// A finding like others before it, in one line.
fn brief(finding: &Finding, width: Width) -> String {
    let place = match &finding.place {
        Some(place) => format!("{}:{}:{}", place.file, place.line, place.column),
        None => finding.object.to_string(),
    };
    let said = &finding.message;
    let message = if said.contains(&place) { said.clone() } else { format!("{said} ({place})") };
    heading(finding, &message, width)
}

/// A finding.
fn one(finding: &Finding, sources: &[Source], why: Why, width: Width) -> String {
    let style = style(finding);
    let mut text = heading(finding, &finding.message, width);
    let line = finding.place.as_ref().map(|place| (place, line_of(place, sources)));
    let mut margin = 1;
    match line {
        Some((place, Some(line))) => {
            margin = place.line.to_string().len();
            text.push_str(&excerpt(place, line, margin, style, width));
        }
        Some((place, None)) => {
            let _ = writeln!(text, " {} {}:{}", paint(DIM, "-->"), plain(&place.file), place.line);
        }
        None => {
            let _ = writeln!(text, " {} {}", paint(DIM, "-->"), plain(&finding.object));
        }
    }
    let indent = margin + 8;
    let running = |said: &str| width.hang(indent, indent, PLAIN, said);
    let mut note = |label: &str, said: String| {
        let label = format!("{} {}", " ".repeat(margin), paint(DIM, format!("= {label}:")));
        let _ = writeln!(text, "{label} {said}");
    };
    if why == Why::Said {
        note("why", running(finding.rule.why));
    }
    match &finding.sql {
        Some(sql) => note("fix", block(sql).trim_end().replace('\n', &format!("\n{}", " ".repeat(indent)))),
        None if why == Why::Said => note("fix", running(finding.rule.fix)),
        None => {}
    }
    text
}

/// The line of a file with what is meant marked below.
fn excerpt(place: &Place, line: &str, margin: usize, style: Style, width: Width) -> String {
    let space = " ".repeat(margin);
    let bar = paint(DIM, "|");
    let (shown, skipped) =
        part(line, place.column - 1, place.length, width.columns().saturating_sub(margin + 5));
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

/// As much of a line as fits, with what is meant in it, and how many characters stand before that.
fn part(line: &str, column: usize, length: usize, widest: usize) -> (String, usize) {
    let line = line.trim_end();
    if line.chars().count() <= widest {
        return (line.to_owned(), column);
    }
    let first = column.saturating_sub(widest.saturating_sub(length.min(widest)) / 2);
    let shown: String = line.chars().skip(first).take(widest).collect();
    let cut = first + widest < line.chars().count();
    let (head, tail) = (if first > 0 { "…" } else { "" }, if cut { "…" } else { "" });
    (format!("{head}{shown}{tail}"), column - first + usize::from(first > 0))
}

fn line_of<'s>(place: &Place, sources: &'s [Source]) -> Option<&'s str> {
    let source = sources.iter().find(|source| source.name() == place.file)?;
    source.text().lines().nth(place.line - 1)
}

fn summary(shown: &Shown<'_>, width: Width) -> String {
    let read = match shown.statements {
        0 => String::new(),
        number => format!(", {}", count(number, "statement")),
    };
    let place = |title: &str| {
        let run =
            shown.looked.server.map_or(String::new(), |version| format!(", run on PostgreSQL {version}"));
        let place = format!("in {}{read}{run}", shown.looked.name);
        format!(" {}", width.hang(title.len() + 1, 2, PLAIN, place))
    };
    let mut text = if shown.findings.is_empty() {
        let title = "nothing found";
        format!("{}{}\n", paint(GOOD, title), place(title))
    } else {
        let of = |severity| shown.findings.iter().filter(|finding| finding.severity == severity).count();
        let by: Vec<String> = Severity::ALL
            .into_iter()
            .rev()
            .filter(|severity| of(*severity) > 0)
            .map(|severity| format!("{} {}", of(severity), severity.name()))
            .collect();
        let number = count(shown.findings.len(), "finding");
        let title = format!("{number} ({})", by.join(", "));
        format!("{}{}\n", paint(BOLD, &title), place(&title))
    };
    let mut notes: Vec<String> =
        shown.looked.assumptions.iter().map(|assumed| format!("assumed: {assumed}")).collect();
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
        text.push_str(&width.wrap_in(0, DIM, note));
    }
    text
}
