//! How a run of migrations has ended, for people and programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::catalog::replay::Source;
use crate::cli::failure::{Exit, Failure};
use crate::cli::findings;
use crate::cli::output::Terminal;
use crate::cli::output::layout::Width;
use crate::cli::output::style::{BOLD, CARE, DIM, GOOD, NAME, PLAIN, WRONG, count, paint, plain, took};
use crate::error::Error;
use crate::ident::QualifiedName;
use crate::migrate::{Direction, Migration, Mode, Report, Stopped, TenantFailure, Why};
use crate::rule::Place;

/// A migration as a line begins with it.
pub(super) fn name(migration: &Migration) -> String {
    let said = match (migration.direction(), migration.mode()) {
        (Direction::Up, Mode::Transaction) => String::new(),
        (Direction::Down, Mode::Transaction) => "down".to_owned(),
        (Direction::Up, mode) => mode.name().to_owned(),
        (Direction::Down, mode) => format!("down, {}", mode.name()),
    };
    let name = paint(NAME, migration.name());
    if said.is_empty() { name } else { format!("{name} {}", paint(DIM, format!("({said})"))) }
}

/// What is pending.
pub(super) fn pending(pending: &[&Migration], database: &str) -> String {
    if pending.is_empty() {
        return nothing(Direction::Up, database);
    }
    let title = format!("{} pending in {}", count(pending.len(), "migration"), plain(database));
    let lines = pending.iter().fold(String::new(), |lines, migration| lines + "  " + &name(migration) + "\n");
    format!("{}\n{lines}", paint(BOLD, title))
}

pub(super) fn nothing(direction: Direction, database: &str) -> String {
    let nothing = match direction {
        Direction::Up => "nothing is pending",
        Direction::Down => "nothing is to be taken back",
    };
    format!("{} in {}\n", paint(GOOD, nothing), plain(database))
}

/// What a run does to migrations, and in what state are those that are left.
fn verbs(direction: Direction) -> [&'static str; 2] {
    match direction {
        Direction::Up => ["applied", "pending"],
        Direction::Down => ["taken back", "to be taken back"],
    }
}

/// A migration that counts as applied from now on.
pub(super) fn marked(migration: &str, added: bool, database: &str) -> String {
    let (said, how) = if added {
        ("added to the ledger", "; nothing of it was run")
    } else {
        ("in the ledger already", "")
    };
    format!("{} {} of {}{how}\n", paint(NAME, migration), paint(GOOD, said), plain(database))
}

/// What has been done, and what is left. Each migration was told when it was done.
pub(super) fn report(direction: Direction, report: &Report) -> String {
    let (mut text, [done, left]) = (String::new(), verbs(direction));
    if !report.applied.is_empty() {
        let applied = paint(BOLD, format!("{} {done}", count(report.applied.len(), "migration")));
        let time = report.applied.iter().map(|applied| applied.took).sum();
        let _ = writeln!(text, "{applied} in {}", took(time));
    }
    if !report.pending.is_empty() {
        let _ =
            writeln!(text, "{}", paint(CARE, format!("{} {left}", count(report.pending.len(), "migration"))));
        for name in &report.pending {
            let _ = writeln!(text, "  {}", plain(name));
        }
    }
    if let Some(left) = report.waits_for_tenants {
        let left = count(left, "tenant");
        let _ = writeln!(text, "done for the tenants that were asked for; {left} to go, without --tenant");
    }
    for relation in &report.strays {
        let said = "belongs to the superuser who ran this; tenantry plan gives it to the owner";
        let _ = writeln!(text, "{} {said}", paint(CARE, relation.plain()));
    }
    text
}

pub(super) fn fields(direction: Direction, report: &Report) -> Value {
    let done = verbs(direction)[0].replace(' ', "_");
    let applied: Vec<Value> = report
        .applied
        .iter()
        .map(|of| {
            json!({
                "name": of.name,
                "mode": of.mode.name(),
                "seconds": of.took.as_secs_f64(),
                "rows": of.rows,
                "tenants": of.tenants,
            })
        })
        .collect();
    json!({ done: applied, "pending": report.pending, "tenants_left": report.waits_for_tenants,
        "strays": report.strays.iter().map(QualifiedName::plain).collect::<Vec<_>>() })
}

/// The same of a run that has ended before its end, with what failed in it.
pub(super) fn stopped_fields(direction: Direction, stopped: &Stopped) -> Value {
    let fault = |error: &Error, place: Option<&Place>| {
        json!({
            "file": place.map(|place| place.file.as_str()),
            "line": place.map(|place| place.line),
            "message": error.to_string(),
            "sqlstate": error.code().map(tokio_postgres::error::SqlState::code),
            "causes": causes_of(error),
        })
    };
    let mut fields = fields(direction, &stopped.report);
    match &stopped.why {
        Why::Migration { name, place, error, .. } => {
            fields["failed"] = fault(error, place.as_ref());
            fields["failed"]["name"] = name.as_str().into();
        }
        Why::Tenants { name, done, of, failed } => {
            let tenants = failed.iter().map(|failure| {
                let mut fields = fault(&failure.error, failure.place.as_ref());
                fields["tenant"] = failure.tenant.as_str().into();
                fields
            });
            let tenants: Vec<Value> = tenants.collect();
            fields["failed"] = json!({ "name": name, "done": done, "of": of, "tenants": tenants });
        }
        _ => {}
    }
    fields
}

/// An error about the files or the ledger.
pub(super) fn of_files(error: Error) -> Failure {
    error.into()
}

/// Says why it has ended before its end: what can be shown in the files is, and the rest is the failure.
pub(super) fn stopped(stopped: &Stopped, sources: &[Source], terminal: Terminal) -> Failure {
    let width = Width::of_notes();
    let (shown, exit) = match &stopped.why {
        Why::Refused(refusals) => {
            let one = |text: String, refusal: &crate::migrate::Refusal| {
                let marked = findings::marked(&refusal.place, sources, width);
                let what = Width::of_messages().hang(9, 2, BOLD, &refusal.what);
                format!("{text}{} {what}\n{marked}\n", paint(WRONG, "refused:"))
            };
            (refusals.iter().fold(String::new(), one), Exit::Findings)
        }
        Why::Lint(report) => (findings::listed(report, sources, width).0, Exit::Findings),
        Why::Audit(report) => (findings::listed(report, &[], width).0, Exit::Findings),
        Why::Failed(error) if error.is_usage() => (String::new(), Exit::Usage),
        Why::Migration { place: Some(place), .. } => {
            (findings::marked(place, sources, width) + "\n", Exit::Database)
        }
        Why::Tenants { failed, .. } => (failures(failed, Width::of_messages()), Exit::Database),
        Why::Failed(_) | Why::Migration { .. } => (String::new(), Exit::Database),
    };
    let shown = if terminal.is_json() { String::new() } else { shown };
    terminal.note(&shown);
    let line = match &stopped.why {
        Why::Refused(refusals) => {
            format!("{} of the files that are pending cannot be run", count(refusals.len(), "statement"))
        }
        why => why.to_string(),
    };
    let mut failure = Failure { exit, ..Failure::usage(line) };
    // What stands above, with the lines that it is about, is not said twice.
    if shown.is_empty() || matches!(stopped.why, Why::Migration { .. }) {
        failure.causes = causes(&stopped.why);
    }
    failure.help(stopped.why.next())
}

/// The server's own words.
fn causes(why: &Why) -> Vec<String> {
    match why {
        Why::Failed(error) | Why::Migration { error, .. } => causes_of(error),
        Why::Refused(refusals) => {
            let line =
                |of: &crate::migrate::Refusal| format!("{}:{}: {}", of.place.file, of.place.line, of.what);
            refusals.iter().map(line).collect()
        }
        Why::Lint(report) | Why::Audit(report) => {
            report.findings.iter().map(|of| format!("{}: {}", of.rule.code, of.message)).collect()
        }
        Why::Tenants { failed, .. } => failed.iter().map(of_tenant).collect(),
    }
}

fn causes_of(error: &Error) -> Vec<String> {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref());
    source.map(crate::cli::failure::causes).unwrap_or_default()
}

/// How many tenants are listed one by one.
const LISTED: usize = 20;

fn failures(failed: &[TenantFailure], width: Width) -> String {
    let mut text = String::new();
    for failure in failed.iter().take(LISTED) {
        let said = width.hang(11, 4, PLAIN, of_tenant(failure));
        let _ = writeln!(text, "  {}  {said}", paint(WRONG, "failed:"));
    }
    if failed.len() > LISTED {
        let _ = writeln!(text, "  and {} more", failed.len() - LISTED);
    }
    text
}

fn of_tenant(failure: &TenantFailure) -> String {
    let place =
        failure.place.as_ref().map(|place| format!("{}:{}: ", place.file, place.line)).unwrap_or_default();
    let said = failure.error.as_db_error().map(|db| format!(" ({})", db.message())).unwrap_or_default();
    format!("tenant {}: {place}{}{said}", failure.tenant, failure.error)
}
