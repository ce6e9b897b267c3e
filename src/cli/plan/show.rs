//! A plan for people to read.

use std::fmt::{Display, Write as _};
use std::path::{Path, PathBuf};

use super::Found;
use crate::cli::output::style::{BOLD, CARE, DIM, GOOD, NAME, block, count, paint, plain};
use crate::cli::output::{listed, not_followed};
use crate::plan::{Lock, Plan, Step, Work};

/// Forward, or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

/// How long the titles of steps are at most when something stands beside them.
const WIDEST: usize = 64;

/// One line, and what stays open.
pub(super) fn nothing(found: &Found) -> String {
    let name = plain(&found.source.name);
    format!("{} in {name}\n{}", paint(GOOD, "nothing is missing"), open(found))
}

/// The steps with their SQL.
pub(super) fn steps(found: &Found, way: Way) -> String {
    let (title, order) = match way {
        Way::Up => ("What is missing in", "The numbers are the order of the steps in their transaction."),
        Way::Down => (
            "The way back for",
            "The numbers are the order of the steps in their transaction, the last one first.",
        ),
    };
    let mut text = format!("{title} {}\n{}\n", paint(BOLD, &found.source.name), paint(DIM, order));
    for (object, steps) in grouped(&found.plan, way) {
        let _ = writeln!(text, "\n{}", paint(NAME.bold(), object));
        let mut said = "";
        for (number, step) in steps {
            let what = match way {
                Way::Up => step.what.clone(),
                Way::Down => format!("take back: {}", step.what),
            };
            let _ = writeln!(text, "\n{}  {}", paint(DIM, format!("{number:>4}")), paint(BOLD, what));
            // Several grants in a row have the same reason.
            if way == Way::Up && step.closes != said {
                let _ = writeln!(text, "      {}", fact("without", plain(step.closes)));
                said = step.closes;
            }
            // The lock is that of the way forward, and nobody has said what the way back takes.
            if let Some(cost) = cost(step).filter(|_| way == Way::Up) {
                let _ = writeln!(text, "      {}", fact("lock", cost));
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
        Way::Up => text + &open(found) + &summary(&found.plan),
        Way::Down => text,
    }
}

/// The steps without their SQL.
pub(super) fn list(found: &Found) -> String {
    let plan = &found.plan;
    let mut text = format!("Missing in {}\n", paint(BOLD, &found.source.name));
    let widths = plan.steps.iter().map(|step| plain(&step.what).chars().count());
    let width = widths.filter(|width| *width <= WIDEST).max().unwrap_or_default();
    for (object, steps) in grouped(plan, Way::Up) {
        let _ = write!(text, "\n{}\n", paint(NAME.bold(), object));
        for (_, step) in steps {
            let what = plain(&step.what);
            let _ = match cost(step) {
                None => writeln!(text, "  {what}"),
                Some(cost) => writeln!(text, "  {what:<width$}  {cost}"),
            };
        }
    }
    let help = paint(DIM, "tenantry plan shows the SQL, and what each step is for");
    text + &open(found) + &summary(plan) + &help + "\n"
}

/// What has to be settled before there is a plan.
pub(super) fn problems(found: &Found, manifest: &Path) -> String {
    let title = format!("{} to settle before there is a plan", count(found.problems.len(), "thing"));
    let problems = listed(&found.problems, &manifest.display().to_string());
    format!("{}\n\n{problems}{}", paint(BOLD, title), open(found))
}

/// Which files were written.
pub(super) fn written(found: &Found, files: &[PathBuf]) -> String {
    let mut text = String::new();
    for file in files {
        let _ = writeln!(text, "{} {}", paint(GOOD, "wrote"), plain(file.display()));
    }
    text + &open(found) + &summary(&found.plan)
}

/// The steps by what they change, each with its number; the objects in the order in which they come first.
fn grouped(plan: &Plan, way: Way) -> Vec<(&str, Vec<(usize, &Step)>)> {
    let mut groups: Vec<(&str, Vec<(usize, &Step)>)> = Vec::new();
    let mut numbered: Vec<(usize, &Step)> = (1..).zip(&plan.steps).collect();
    if way == Way::Down {
        numbered.reverse();
    }
    for (number, step) in numbered {
        match groups.iter_mut().find(|(object, _)| *object == step.object) {
            Some((_, steps)) => steps.push((number, step)),
            None => groups.push((&step.object, vec![(number, step)])),
        }
    }
    groups
}

/// Something that is known of a step.
fn fact(label: &str, text: impl Display) -> String {
    format!("{} {text}", paint(DIM, format!("{:<8}", format!("{label}:"))))
}

/// The lock that a step takes, and how long it may keep it. None if it takes none and no time.
fn cost(step: &Step) -> Option<String> {
    match (step.lock, step.work) {
        (Lock::None, Work::None) => None,
        (lock, Work::None) => Some(paint(DIM, lock.name())),
        (lock, Work::Scan) => Some(paint(CARE, format!("{}, reads every row", lock.name()))),
    }
}

/// What stays open: what no step can close, and what nobody knows.
fn open(found: &Found) -> String {
    let mut text = String::new();
    if !found.plan.remarks.is_empty() {
        let _ = writeln!(text, "\n{}", paint(CARE.bold(), "Stays open"));
    }
    for remark in &found.plan.remarks {
        let _ = writeln!(text, "  {}  {}", paint(NAME, &remark.object), plain(&remark.what));
    }
    if !found.source.opaque.is_empty() {
        text = text + "\n" + &not_followed(&found.source.opaque);
    }
    text
}

fn summary(plan: &Plan) -> String {
    let scans = plan.steps.iter().filter(|step| step.work == Work::Scan).count();
    let objects = grouped(plan, Way::Up).len();
    let mut text = format!("{} on {}", count(plan.steps.len(), "step"), count(objects, "object"));
    if scans > 0 {
        let read = if scans == 1 { "reads" } else { "read" };
        let _ = write!(text, "; {scans} of them {read} every row of a table under its lock");
    }
    format!("\n{}\n", paint(BOLD, text))
}
