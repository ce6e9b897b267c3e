//! What rules have found, as `tenantry lint` and `tenantry audit` show it.

mod github;
mod human;
mod json;
pub(super) mod known;
mod sarif;

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::args::Global;
use super::failure::{Exit, Failure};
use super::files::{self, Existing, NewFile};
use super::output::layout::Width;
use super::output::style::{GOOD, count, paint, plain};
use super::output::{Format, Terminal};
use crate::catalog::replay::Source;
use crate::policy::manifest::Manifest;
use crate::rule::{Finding, Place, Report, Severity};

/// What is shown of what was found, and when it is too much.
#[derive(clap::Args)]
pub(super) struct Options {
    /// Show findings of this severity and above: critical, high, medium, low or info
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = Level::Low, hide_possible_values = true)]
    severity: Level,

    /// Exit with code 1 if there is a finding of this severity or above; never for none at all
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = Level::Medium, hide_possible_values = true)]
    fail_on: Level,

    /// A file of findings that are known and let stand; they are left out
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write everything that is found into the file of --baseline, as known from now on. Entries about what was not looked at
    /// stay, such as those of the database when files were. Where a symbolic link is named, the file that it leads to is
    /// replaced, and the link stays
    #[arg(long, requires = "baseline")]
    write_baseline: bool,
}

/// A severity, or none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Level {
    Critical,
    High,
    Medium,
    Low,
    Info,
    Never,
}

impl Level {
    /// The least severity that it takes in.
    pub(super) fn floor(self) -> Option<Severity> {
        match self {
            Self::Critical => Some(Severity::Critical),
            Self::High => Some(Severity::High),
            Self::Medium => Some(Severity::Medium),
            Self::Low => Some(Severity::Low),
            Self::Info => Some(Severity::Info),
            Self::Never => None,
        }
    }

    fn takes(self, finding: &Finding) -> bool {
        self.floor().is_some_and(|floor| finding.severity >= floor)
    }
}

/// Findings for people to read, and as JSON.
pub(super) fn listed(report: &Report, sources: &[Source], width: Width) -> (String, serde_json::Value) {
    let text = human::each(report.findings.iter(), sources, width);
    (text, report.findings.iter().map(json::one).collect())
}

/// The line of a file that a place is in, with what is meant marked below.
pub(super) fn marked(place: &Place, sources: &[Source], width: Width) -> String {
    human::marked(place, sources, width)
}

/// What was looked at.
pub(super) struct Looked<'a> {
    /// As a heading names it.
    pub(super) name: String,
    /// What says whose the rows of each table are, and its file.
    pub(super) manifest: &'a Manifest,
    pub(super) config: &'a str,
    /// The files; none of a live database.
    pub(super) sources: &'a [Source],
    /// Whether findings in this file are wanted.
    pub(super) is_wanted: &'a dyn Fn(&str) -> bool,
    /// The version of the server that the files were run on, if they were.
    pub(super) server: Option<&'a str>,
    /// What was assumed that nobody has said, each in one line.
    pub(super) assumptions: Vec<String>,
}

impl Looked<'_> {
    /// Whether what an entry of a baseline is about was looked at: a file, or the database.
    fn took_in(&self, file: Option<&str>) -> bool {
        let Some(file) = file else { return self.sources.is_empty() };
        // One that is gone is in no source, and its entry is for nothing.
        let is_source = self.sources.iter().any(|source| source.name() == file) || !Path::new(file).exists();
        !self.sources.is_empty() && is_source && (self.is_wanted)(file)
    }
}

/// What is shown.
struct Shown<'a> {
    looked: &'a Looked<'a>,
    findings: Vec<&'a Finding>,
    /// How many statements were read; none of a live database.
    statements: usize,
    /// How many findings are of a severity that is not shown.
    hidden: usize,
    /// How many findings the baseline has taken out.
    known: usize,
}

/// Shows a report, or writes it into the baseline, and says how that ends.
pub(super) fn show(
    mut report: Report,
    looked: &Looked<'_>,
    options: &Options,
    global: &Global,
    terminal: Terminal,
) -> Result<Exit, Failure> {
    report.findings.retain(|finding| match &finding.place {
        Some(place) => (looked.is_wanted)(&place.file),
        None => true,
    });
    if let Some(path) = options.baseline.as_deref().filter(|_| options.write_baseline) {
        let before = known::read_if_there(path)?;
        let text = before.renewed(&report.findings, |file| looked.took_in(file)).to_string();
        files::write(&[NewFile { path: path.to_owned(), text: text.into() }], Existing::Replace)?;
        let number = report.findings.len();
        let human =
            |_| format!("{} {}: {}\n", paint(GOOD, "wrote"), plain(path.display()), count(number, "finding"));
        let json = || serde_json::json!({ "file": path.display().to_string(), "findings": number });
        terminal.result(human, json)?;
        return Ok(Exit::Clean);
    }
    let found = report.findings.len();
    let mut known = 0;
    if let Some(path) = &options.baseline {
        let name = path.display().to_string();
        known::read(path)?.apply(&name, &mut report, |file| looked.took_in(file));
        known = found.saturating_sub(report.findings.len());
        report.sort();
    }
    let findings: Vec<&Finding> =
        report.findings.iter().filter(|finding| options.severity.takes(finding)).collect();
    let hidden = report.findings.len() - findings.len();
    let shown = Shown { looked, findings, statements: report.statements, hidden, known };
    match global.format {
        Format::Human => terminal.print(&human::text(&shown, Width::of_output()))?,
        Format::Json => {
            let findings = shown.findings.iter().map(|finding| json::one(finding));
            terminal.long_list("findings", findings, &json::others(&shown))?;
        }
        Format::Sarif => terminal.print(&sarif::text(&shown))?,
        Format::Github => terminal.print(&github::text(&shown))?,
    }
    let fails = report.findings.iter().any(|finding| options.fail_on.takes(finding));
    Ok(if fails { Exit::Findings } else { Exit::Clean })
}
