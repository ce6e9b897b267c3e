//! `tenantry explain`: what a rule is about.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::args::help;
use super::failure::{Exit, Failure};
use super::output::Terminal;
use super::output::layout::{Cell, Row, Width};
use super::output::style::{BOLD, CARE, DIM, GOOD, NAME, WRONG, paint};
use crate::policy::manifest::nearest;
use crate::rule::{Reach, Rule, Severity, all, rule};

const EXAMPLES: &str = "\
tenantry explain                    every rule, in a line
tenantry explain guc-fail-open      one, with an example of either side";

/// Tell what a rule finds, why that matters and what to do, with examples
#[derive(clap::Args)]
#[command(after_help = help(EXAMPLES))]
pub(super) struct Arguments {
    /// The rule; without one, all are listed
    #[arg(value_name = "RULE")]
    rule: Option<String>,
}

pub(super) fn run(arguments: &Arguments, terminal: Terminal) -> Result<Exit, Failure> {
    match &arguments.rule {
        None => terminal.result(list, || json!({ "rules": all().map(fields).collect::<Vec<_>>() }))?,
        Some(code) => {
            let rule = rule(code).ok_or_else(|| unknown(code))?;
            terminal.result(|width| page(rule, width), || json!({ "rules": [fields(rule)] }))?;
        }
    }
    Ok(Exit::Clean)
}

fn unknown(code: &str) -> Failure {
    let known: Vec<&str> = all().map(|rule| rule.code).collect();
    let failure = Failure::usage(format!("there is no rule {code}"));
    match nearest(code, &known) {
        Some(meant) => failure.help(format!("did you mean {meant}?")),
        None => failure.help("tenantry explain lists all of them"),
    }
}

fn style(severity: Severity) -> anstyle::Style {
    match severity {
        Severity::Critical | Severity::High => WRONG,
        Severity::Medium => CARE.bold(),
        Severity::Low | Severity::Info => NAME.bold(),
    }
}

fn list(width: Width) -> String {
    let longest = all().map(|rule| rule.code.len()).max().unwrap_or_default();
    let mut text = String::new();
    for severity in Severity::ALL.into_iter().rev() {
        let rules: Vec<&Rule> = all().filter(|rule| rule.severity == severity).collect();
        if rules.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{}", paint(style(severity), severity.name()));
        // As wide in each list.
        let row = |rule: &&Rule| {
            Row::new(Cell::new(NAME, format!("{:<longest$}", rule.code)), Cell::of(rule.finds))
        };
        text.push_str(&width.rows(2, &rules.iter().map(row).collect::<Vec<_>>()));
        text.push('\n');
    }
    text + &paint(DIM, "tenantry explain RULE shows one with examples") + "\n"
}

fn page(rule: &Rule, width: Width) -> String {
    let reach = match rule.reach() {
        Reach::Both => "in files and in live databases",
        Reach::Files => "in files",
        Reach::Database => "in live databases",
    };
    let severity = paint(style(rule.severity), rule.severity.name());
    let mut text =
        format!("{} {severity} {}\n\n", paint(BOLD, rule.code), paint(DIM, format!("found {reach}")));
    for (title, said) in [("What", rule.finds), ("Why", rule.why), ("Fix", rule.fix)] {
        let _ = write!(text, "{}\n{}\n", paint(BOLD, title), width.wrap(2, said));
    }
    for (title, style, sql) in [("Bad", WRONG, rule.bad), ("Good", GOOD.bold(), rule.good)] {
        let _ = writeln!(text, "{}", paint(style, title));
        for line in sql.lines() {
            let _ = writeln!(text, "  {line}");
        }
        text.push('\n');
    }
    let _ = write!(text, "{}\n  {}\n", paint(BOLD, "PostgreSQL's manual"), rule.manual);
    text
}

fn fields(rule: &Rule) -> Value {
    json!({
        "rule": rule.code,
        "severity": rule.severity.name(),
        "reach": match rule.reach() {
            Reach::Both => "both",
            Reach::Files => "files",
            Reach::Database => "database",
        },
        "finds": rule.finds,
        "why": rule.why,
        "fix": rule.fix,
        "bad": rule.bad,
        "good": rule.good,
        "manual": rule.manual,
    })
}
