//! An adoption for people to read, and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::watch::Way;
use crate::cli::output::layout::{Cell, Row, Width};
use crate::cli::output::listed;
use crate::cli::output::style::{BOLD, CARE, DIM, GOOD, NAME, PLAIN, block, count, paint, plain};
use crate::error::Error;
use crate::ident::QualifiedName;
use crate::migrate::adopt::{Left, LeftOut, Outcome, Record, Recorded, State};
use crate::plan::adopt::{Action, Adoption, Phase, Psql, Step, Told};
use crate::plan::{Lock, Work};

pub(super) fn nothing(adoption: &Adoption, width: Width) -> String {
    let names: Vec<String> = adoption.tables.iter().map(QualifiedName::plain).collect();
    let title = "nothing is left to do";
    let said = width.hang(title.len() + 1, 2, PLAIN, format!("for {}", names.join(", ")));
    format!("{} {said}\n", paint(GOOD, title))
}

/// An adoption as a script for psql.
pub(super) struct Script {
    setup: String,
    /// The SQL of each step.
    steps: Vec<String>,
}

impl Script {
    pub(super) fn of(adoption: &Adoption, psql: &Psql) -> Result<Self, Error> {
        let steps = adoption.steps.iter().map(|step| psql.step(step)).collect::<Result<_, _>>()?;
        Ok(Self { setup: psql.setup(adoption)?, steps })
    }

    /// The SQL as it is, and what is said of it in comments.
    pub(super) fn text(&self, adoption: &Adoption, name: &str, width: Width) -> String {
        let width = width.within(3);
        let title = format!("What an adoption would do in {}\n\n", paint(BOLD, name));
        let mut text = comment(&(title + &width.wrap_in(0, DIM, HOW)));
        let _ = writeln!(text, "\n{}", self.setup);
        let mut said = None;
        for (number, (step, sql)) in (1..).zip(adoption.steps.iter().zip(&self.steps)) {
            if said.replace(step.phase) != Some(step.phase) {
                let _ = write!(text, "\n{}", comment(&paint(CARE.bold(), step.phase)));
            }
            text += "\n";
            text += &comment(head(number, step, width).trim_start_matches('\n'));
            if let Some(query) = step.in_the_way.as_deref().filter(|_| rows_are_left(step)) {
                let query = query.lines().map(str::trim).collect::<Vec<_>>().join(" ");
                text += &comment(&width.wrap_in(6, DIM, format!("rows that are left: {query}")));
            }
            let _ = writeln!(text, "\n{sql}");
        }
        for remark in &adoption.remarks {
            let said = width.hang(6, 2, PLAIN, format!("{}: {}", remark.object, remark.what));
            let _ = write!(text, "\n{}", comment(&format!("{} {said}", paint(CARE.bold(), "note:"))));
        }
        let (steps, tables) = (count(adoption.steps.len(), "step"), count(adoption.tables.len(), "table"));
        text + "\n" + &comment(&paint(BOLD, format!("{steps} on {tables}")))
    }
}

const HOW: &str = "For psql -f, outside of a transaction: each step commits by itself, so that nobody waits long. A step whose lock is \
    not to be had ends the script; go on with that step. Batches pass over rows that somebody has locked: where a query lists some \
    that are left, run the batches again. --out writes the same as one transaction, with the way back.";

/// Whether rows can be left that somebody has to look for: batches end whatever they have found.
fn rows_are_left(step: &Step) -> bool {
    matches!(step.up, Action::Backfill(_))
}

/// Text as lines that SQL passes over.
fn comment(text: &str) -> String {
    let line = |line: &str| if line.is_empty() { "--\n".to_owned() } else { format!("-- {line}\n") };
    text.trim_end().lines().map(line).collect()
}

/// A step's number, what it does to what, and what it costs.
pub(super) fn head(number: impl std::fmt::Display, step: &Step, width: Width) -> String {
    let row = Row::new(Cell::new(NAME, &step.object), Cell::new(BOLD, &step.what));
    let what = width.rows(6, &[row]);
    format!(
        "\n{}  {}{}",
        paint(DIM, format!("{number:>4}")),
        what.trim_start(),
        width.wrap_in(6, DIM, cost(step))
    )
}

/// SQL, indented.
pub(super) fn sql(text: &str) -> String {
    let mut shown = "\n".to_owned();
    for line in block(text).lines() {
        let line = format!("      {line}");
        let _ = writeln!(shown, "{}", line.trim_end());
    }
    shown
}

/// What a step takes from those who work with the table.
fn cost(step: &Step) -> String {
    match (&step.up, step.lock, step.work) {
        (Action::Backfill(_), ..) => "in batches; locks rows that nobody has locked, for a moment".to_owned(),
        (_, Lock::None, _) => "locks no table".to_owned(),
        (_, lock, Work::Scan) => format!("{lock}; reads every row while reads and writes go on"),
        (_, lock, Work::None) => format!("{lock}, for a moment"),
    }
}

/// What has to be settled first.
pub(super) fn problems(
    problems: &[crate::policy::manifest::Problem],
    manifest: &Path,
    width: Width,
) -> String {
    let title = format!("{} to settle before anything is begun", count(problems.len(), "thing"));
    format!("{}\n\n{}", paint(BOLD, title), listed(problems, &manifest.display().to_string(), width))
}

pub(super) fn status(record: Option<&Record>, width: Width) -> String {
    let Some(record) = record else { return "no adoption has been begun\n".to_owned() };
    let state = match (record.ended, record.aborting) {
        (true, true) => paint(CARE, "taken back"),
        (true, false) => paint(GOOD, "done"),
        (false, true) => paint(CARE.bold(), "being taken back; tenantry adopt --abort goes on with it"),
        (false, false) => paint(CARE.bold(), "not done; tenantry adopt goes on with it"),
    };
    let mut text = format!(
        "The adoption of {}, begun {} UTC by {}: {state}\n",
        paint(BOLD, record.tables.join(", ")),
        plain(&record.begun_at),
        plain(&record.begun_by)
    );
    let mut phases: BTreeMap<Phase, Vec<&Recorded>> = BTreeMap::new();
    for step in &record.steps {
        phases.entry(step.step.phase).or_default().push(step);
    }
    text.push('\n');
    for (phase, steps) in phases {
        let done = steps.iter().filter(|step| step.state == State::Done).count();
        let _ = writeln!(text, "  {phase:<13} {done:>3} of {}", count(steps.len(), "step"));
    }
    for step in record.steps.iter().filter(|step| step.state == State::Started) {
        let _ = write!(text, "\n{}", head(step.number, &step.step, width).trim_start_matches('\n'));
        if let (Action::Backfill(_), (walked, total)) = (&step.step.up, step.walked()) {
            let _ = writeln!(text, "      {}", progress(walked, total, step.rows()));
        }
    }
    text
}

/// How far a backfill is.
pub(super) fn progress(walked: u64, total: u64, rows: u64) -> String {
    let part = (walked.min(total) * 100).checked_div(total);
    let part = part.map(|part| format!("{part} %, ")).unwrap_or_default();
    format!("{part}{rows} rows have got their tenant")
}

pub(super) fn outcome(record: &Record, outcome: &Outcome, way: Way, width: Width) -> String {
    let tables = plain(record.tables.join(", "));
    match outcome {
        Outcome::Done if way == Way::Back => {
            format!("\n{}: {tables} as before, rows included\n", paint(GOOD, "taken back"))
        }
        Outcome::Done => {
            let help = paint(DIM, "tenantry plan shows what is left for other tables, if anything is");
            format!("\n{}: {tables}\n{help}\n", paint(GOOD, "done"))
        }
        Outcome::Stopped => format!("\n{}; tenantry adopt goes on\n", paint(GOOD, "stopped where it was to")),
        Outcome::Left { step, left } => {
            let title = format!("{} of {} without a tenant", rows(left.rows()), step.step.object);
            settle(&title, &reasons(*left), step, width)
        }
        Outcome::InTheWay { step, rows: number } => {
            let title = format!("{} of {} in the way", rows(*number), step.step.object);
            settle(&title, &step.step.what, step, width)
        }
    }
}

fn settle(title: &str, why: &str, step: &Recorded, width: Width) -> String {
    let query = step.step.in_the_way.as_deref().unwrap_or_default();
    let next = "settle them, then run tenantry adopt again; tenantry adopt --abort takes everything back";
    format!(
        "\n{}: {}\n{}\n{}",
        paint(CARE.bold(), title),
        width.hang(title.chars().count() + 2, 2, PLAIN, why),
        sql(query),
        width.wrap_in(0, DIM, next)
    )
}

/// Rows that an expression leaves out, before anything is begun.
pub(super) fn left_out(told: &Told, left_out: &LeftOut, width: Width) -> String {
    let title = format!("{} of {} left out", rows(left_out.rows()), told.table.plain());
    let reasons = [
        (left_out.untold, "without a tenant by the expression"),
        (left_out.unknown, "with one that the table of tenants does not have"),
    ];
    let said =
        reasons.iter().filter(|(number, _)| *number > 0).map(|(number, why)| format!("{number} {why}"));
    format!(
        "{}: {}\n{}\n{}",
        paint(CARE.bold(), &title),
        width.hang(title.chars().count() + 2, 2, PLAIN, said.collect::<Vec<_>>().join(", ")),
        sql(&left_out.query),
        width.wrap_in(
            0,
            DIM,
            "nothing was begun; settle them, or give an expression that tells their tenants too"
        )
    )
}

pub(super) fn left_out_fields(told: &Told, left_out: &LeftOut) -> Value {
    json!({
        "event": "ended",
        "outcome": "left out",
        "object": told.table.plain(),
        "untold": left_out.untold,
        "unknown": left_out.unknown,
        "query": left_out.query,
    })
}

fn rows(number: u64) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), "row")
}

/// Why rows have no tenant.
fn reasons(left: Left) -> String {
    let reasons = [
        (left.without_key, "name no parent"),
        (left.without_parent, "name a parent that is not there"),
        (left.of_no_tenant, "have a parent without a tenant"),
        (left.untold, "have none that the expression tells"),
        (left.locked, "are kept locked by other transactions"),
    ];
    let said =
        reasons.into_iter().filter(|(number, _)| *number > 0).map(|(number, why)| format!("{number} {why}"));
    said.collect::<Vec<_>>().join(", ")
}

/// A step as JSON has it.
pub(super) fn step_fields(number: i32, step: &Step) -> Value {
    json!({
        "number": number,
        "phase": step.phase.name(),
        "object": step.object,
        "what": step.what,
        "lock": step.lock.name(),
        "work": step.work.name(),
        "up": step.up.shown(),
        "down": step.down.shown(),
    })
}

pub(super) fn adoption_fields(adoption: &Adoption) -> Value {
    let steps: Vec<Value> =
        (1..).zip(&adoption.steps).map(|(number, step)| step_fields(number, step)).collect();
    let remark = |of: &crate::plan::Remark| json!({ "object": of.object, "what": of.what });
    json!({
        "tables": adoption.tables.iter().map(QualifiedName::plain).collect::<Vec<_>>(),
        "steps": steps,
        "remarks": adoption.remarks.iter().map(remark).collect::<Vec<_>>(),
    })
}

pub(super) fn script_fields(adoption: &Adoption, script: &Script) -> Value {
    let mut fields = adoption_fields(adoption);
    fields["script"] = format!("{}\n\n{}\n", script.setup, script.steps.join("\n\n")).into();
    fields
}

pub(super) fn status_fields(record: Option<&Record>) -> Value {
    let Some(record) = record else { return json!({ "adoption": null }) };
    let step = |step: &Recorded| {
        let mut fields = step_fields(step.number, &step.step);
        fields["state"] = state_name(step.state).into();
        if matches!(step.step.up, Action::Backfill(_)) {
            let (walked, total) = step.walked();
            fields["walked"] = walked.into();
            fields["total"] = total.into();
            fields["rows"] = step.rows().into();
        }
        fields
    };
    json!({
        "adoption": {
            "tables": record.tables,
            "begun_by": record.begun_by,
            "begun_at": record.begun_at,
            "aborting": record.aborting,
            "ended": record.ended,
            "steps": record.steps.iter().map(step).collect::<Vec<_>>(),
        }
    })
}

fn state_name(state: State) -> &'static str {
    match state {
        State::Pending => "pending",
        State::Started => "started",
        State::Done => "done",
        State::Undone => "undone",
    }
}

pub(super) fn outcome_fields(outcome: &Outcome) -> Value {
    let in_the_way = |step: &Recorded| step.step.in_the_way.clone();
    match outcome {
        Outcome::Done => json!({ "event": "ended", "outcome": "done" }),
        Outcome::Stopped => json!({ "event": "ended", "outcome": "stopped" }),
        Outcome::Left { step, left } => json!({
            "event": "ended",
            "outcome": "left",
            "step": step.number,
            "object": step.step.object,
            "without_key": left.without_key,
            "without_parent": left.without_parent,
            "parent_without_tenant": left.of_no_tenant,
            "untold": left.untold,
            "locked": left.locked,
            "query": in_the_way(step),
        }),
        Outcome::InTheWay { step, rows } => json!({
            "event": "ended",
            "outcome": "in the way",
            "step": step.number,
            "object": step.step.object,
            "rows": rows,
            "query": in_the_way(step),
        }),
    }
}
