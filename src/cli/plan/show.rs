//! A plan for people to read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::Found;
use crate::cli::output::layout::{Cell, Row, Width};
use crate::cli::output::style::{BOLD, CARE, DIM, GOOD, NAME, block, count, paint, plain};
use crate::cli::output::{listed, not_followed};
use crate::migrate::Rows;
use crate::plan::{Lock, Plan, Step, Work};

/// Forward, or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

/// One line, and what stays open.
pub(super) fn nothing(found: &Found, width: Width) -> String {
    let name = plain(&found.database);
    format!("{} in {name}\n{}", paint(GOOD, "nothing is missing"), open(found, width))
}

/// The steps with their SQL.
pub(super) fn steps(found: &Found, way: Way, width: Width) -> String {
    let (title, order) = match way {
        Way::Up => ("What is missing in", "The numbers are the order of the steps in their transaction."),
        Way::Down => (
            "The way back for",
            "The numbers are the order of the steps in their transaction, the last one first.",
        ),
    };
    let mut text = format!("{title} {}\n", paint(BOLD, &found.database));
    text.push_str(&width.wrap_in(0, DIM, order));
    for (object, steps) in grouped(&found.plan, way) {
        let _ = writeln!(text, "\n{}", paint(NAME.bold(), object));
        let mut said = "";
        for (number, step) in steps {
            let what = match way {
                Way::Up => step.what.clone(),
                Way::Down => format!("take back: {}", step.what),
            };
            let _ =
                writeln!(text, "\n{}  {}", paint(DIM, format!("{number:>4}")), width.hang(6, 6, BOLD, what));
            // Several grants in a row have the same reason.
            if way == Way::Up && step.closes != said {
                text.push_str(&fact("without", &Cell::of(step.closes), width));
                said = step.closes;
            }
            // The lock is that of the way forward, and nobody has said what the way back takes.
            if let Some(cost) = cost(step).filter(|_| way == Way::Up) {
                text.push_str(&fact("lock", &cost, width));
            }
            if way == Way::Up {
                text.push_str(&rows(step, found.rows(number - 1), width));
            }
            let sql = match way {
                Way::Up => &step.up,
                Way::Down => &step.down,
            };
            text.push('\n');
            for line in block(sql).lines() {
                let line = format!("      {line}");
                let _ = writeln!(text, "{}", line.trim_end());
            }
        }
    }
    match way {
        Way::Up => text + &open(found, width) + &summary(found, width),
        Way::Down => text,
    }
}

/// The steps without their SQL.
pub(super) fn list(found: &Found, width: Width) -> String {
    let plan = &found.plan;
    let mut text = format!("Missing in {}\n", paint(BOLD, &found.database));
    let row = |step: &Step| Row::new(Cell::of(&step.what), cost(step).unwrap_or_else(|| Cell::of("")));
    let all: Vec<Row> = plan.steps.iter().map(row).collect();
    let column = width.column(2, &all);
    for (object, steps) in grouped(plan, Way::Up) {
        let rows: Vec<Row> = steps.into_iter().map(|(_, step)| row(step)).collect();
        let _ = write!(text, "\n{}\n{}", paint(NAME.bold(), object), width.rows_at(column, 2, &rows));
    }
    let help = paint(DIM, "tenantry plan shows the SQL, and what each step is for");
    text + &open(found, width) + &in_the_way(found, width) + &summary(found, width) + &help + "\n"
}

/// What has to be settled before there is a plan.
pub(super) fn problems(found: &Found, manifest: &Path, width: Width) -> String {
    let title = format!("{} to settle before there is a plan", count(found.problems.len(), "thing"));
    let problems = listed(&found.problems, &manifest.display().to_string(), width);
    format!("{}\n\n{problems}{}", paint(BOLD, title), open(found, width))
}

/// Which files were written.
pub(super) fn written(found: &Found, files: &[PathBuf], width: Width) -> String {
    let mut text = String::new();
    for file in files {
        let _ = writeln!(text, "{} {}", paint(GOOD, "wrote"), plain(file.display()));
    }
    text + &open(found, width) + &in_the_way(found, width) + &summary(found, width)
}

/// The steps by what they change, each with its number; the objects in the order in which they come first.
fn grouped(plan: &Plan, way: Way) -> Vec<(&str, Vec<(usize, &Step)>)> {
    let mut groups: Vec<(&str, Vec<(usize, &Step)>)> = Vec::new();
    let mut known: BTreeMap<&str, usize> = BTreeMap::new();
    let mut numbered: Vec<(usize, &Step)> = (1..).zip(&plan.steps).collect();
    if way == Way::Down {
        numbered.reverse();
    }
    for (number, step) in numbered {
        let at = *known.entry(&step.object).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, steps)) => steps.push((number, step)),
            None => groups.push((&step.object, vec![(number, step)])),
        }
    }
    groups
}

/// Something that is known of a step.
fn fact(label: &str, said: &Cell, width: Width) -> String {
    let label = paint(DIM, format!("{:<8}", format!("{label}:")));
    format!("      {label} {}\n", width.hang(15, 15, said.style(), said.text()))
}

/// What is known of the rows in the way of a step, if it may not be run.
fn rows(step: &Step, rows: Option<Rows>, width: Width) -> String {
    let (said, style) = match rows {
        None | Some(Rows::InTheWay(0)) => return String::new(),
        Some(Rows::InTheWay(rows)) => (format!("{}; this lists them:", refusing(rows)), CARE),
        Some(Rows::Unread(why)) => (format!("not looked at, since {why}; this lists those in the way:"), DIM),
    };
    let query = block(query(step));
    let mut text = fact("rows", &Cell::new(style, said), width) + "\n";
    for line in query.lines() {
        let line = format!("               {line}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// What lists the rows in the way of a step.
fn query(step: &Step) -> &str {
    step.in_the_way.as_ref().map(|rows| rows.query.as_str()).unwrap_or_default()
}

fn refusing(rows: u64) -> String {
    let are = if rows == 1 { "is" } else { "are" };
    format!("{} {are} in the way, and the server will refuse the step", count_rows(rows))
}

fn count_rows(rows: u64) -> String {
    usize::try_from(rows).map_or_else(|_| format!("{rows} rows"), |rows| count(rows, "row"))
}

/// The rows in the way of all steps, each with the query that lists them, and what was not looked at.
pub(super) fn in_the_way(found: &Found, width: Width) -> String {
    let (mut refused, mut unread) = (String::new(), Vec::new());
    for (at, step) in found.plan.steps.iter().enumerate() {
        match found.rows(at) {
            Some(Rows::InTheWay(rows @ 1..)) => {
                let _ = writeln!(refused, "\n{}", paint(NAME.bold(), &step.object));
                let said = format!("{}: {}; this lists them:", step.what, refusing(rows));
                refused.push_str(&width.wrap_in(2, CARE, said));
                for line in block(query(step)).lines() {
                    let _ = writeln!(refused, "{}", format!("      {line}").trim_end());
                }
            }
            Some(Rows::Unread(why)) => {
                let said = format!("{}, since {why}", step.what);
                unread.push(Row::new(Cell::new(NAME, &step.object), Cell::of(said)));
            }
            _ => {}
        }
    }
    let mut text = String::new();
    if !refused.is_empty() {
        let _ = write!(text, "\n{}\n{refused}", paint(CARE.bold(), "Rows in the way"));
    }
    if !unread.is_empty() {
        let _ = write!(text, "\n{}\n{}", paint(CARE.bold(), "Rows not looked at"), width.rows(2, &unread));
    }
    text
}

/// The lock that a step takes, and how long it may keep it. None if it takes none and no time.
fn cost(step: &Step) -> Option<Cell> {
    match (step.lock, step.work) {
        (Lock::None, Work::None) => None,
        (lock, Work::None) => Some(Cell::new(DIM, lock.name())),
        (lock, Work::Scan) => Some(Cell::new(CARE, format!("{}, reads every row", lock.name()))),
    }
}

/// What stays open: what no step can close, and what nobody knows.
fn open(found: &Found, width: Width) -> String {
    let mut text = String::new();
    if !found.plan.remarks.is_empty() {
        let _ = writeln!(text, "\n{}", paint(CARE.bold(), "Stays open"));
    }
    for remark in &found.plan.remarks {
        let row = Row::new(Cell::new(NAME, &remark.object), Cell::of(&remark.what));
        text.push_str(&width.rows(2, &[row]));
    }
    if !found.opaque.is_empty() {
        text = text + "\n" + &not_followed(&found.opaque, width);
    }
    text
}

fn summary(found: &Found, width: Width) -> String {
    let plan = &found.plan;
    let scans = plan.steps.iter().filter(|step| step.work == Work::Scan).count();
    let objects = grouped(plan, Way::Up).len();
    let mut text = format!("{} on {}", count(plan.steps.len(), "step"), count(objects, "object"));
    if scans > 0 {
        let read = if scans == 1 { "reads" } else { "read" };
        let _ = write!(text, "; {scans} of them {read} every row of a table under its lock");
    }
    let known = || (0..plan.steps.len()).filter_map(|step| found.rows(step));
    let refused = known().filter(|rows| matches!(rows, Rows::InTheWay(1..))).count();
    let unread = known().filter(|rows| matches!(rows, Rows::Unread(_))).count();
    if refused > 0 {
        let _ = write!(text, "; rows are in the way of {refused}");
    }
    if unread > 0 {
        let _ = write!(text, "; for {unread} of them the rows were not looked at");
    }
    format!("\n{}", width.wrap_in(0, BOLD, text))
}
