//! What the cells have shown, in one message.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

/// How many of the cells that are not as they have to be are told one by one.
const TOLD: usize = 40;

/// What is wrong with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// A call has returned what is not there, or a row that nobody can read.
    Values,
    /// A call has written what was not asked for, not once, or although it failed.
    Rows,
    Hang,
    /// A call has said that the connection is lost, or that its outcome is in doubt.
    Doubt,
    /// The first call has failed where it has to go through.
    NotHealed,
    /// A later call has failed or was wrong.
    NotRightAfterwards,
    /// The test itself could not do what it has to.
    Setup,
    Panic,
}

#[derive(Default)]
pub struct Report {
    /// For each way: how many cells ran, how many of them had an error at the first call, and how many are wrong.
    ways: BTreeMap<String, [usize; 3]>,
    kinds: BTreeMap<(Wrong, String), usize>,
    lines: Vec<String>,
}

impl Report {
    pub fn ran(&mut self, way: &str, failed_clearly: bool) {
        let counts = self.ways.entry(way.to_owned()).or_default();
        counts[0] += 1;
        counts[1] += usize::from(failed_clearly);
    }

    pub fn wrong(&mut self, way: &str, cell: &str, change: &str, what: Wrong, why: &str) {
        self.ways.entry(way.to_owned()).or_default()[2] += 1;
        *self.kinds.entry((what, change.to_owned())).or_default() += 1;
        let line = format!("{what:?}: {way} × {cell}: {why}");
        note(&line);
        self.lines.push(line);
    }

    pub fn merge(&mut self, other: Self) {
        for (way, counts) in other.ways {
            let sums = self.ways.entry(way).or_default();
            (0..3).for_each(|at| sums[at] += counts[at]);
        }
        for (kind, count) in other.kinds {
            *self.kinds.entry(kind).or_default() += count;
        }
        self.lines.extend(other.lines);
    }

    /// Prints the tables, and fails with the cells that are wrong.
    pub fn conclude(self) {
        let mut text = String::from("\n  cells  failed clearly  wrong  way\n");
        for (way, [ran, clear, wrong]) in &self.ways {
            let _ = writeln!(text, "{ran:>7}{clear:>16}{wrong:>7}  {way}");
        }
        for ((what, change), count) in &self.kinds {
            let _ = writeln!(text, "{count:>7}  {what:?}: {change}");
        }
        eprintln!("{text}");
        let cells: usize = self.ways.values().map(|counts| counts[0]).sum();
        assert!(cells > 0, "no cell ran");
        let shown = &self.lines[..self.lines.len().min(TOLD)];
        assert!(
            self.lines.is_empty(),
            "{} of {cells} cells are wrong; TENANTRY_STALE_LOG=FILE takes them all, the first are\n{}\n{text}",
            self.lines.len(),
            shown.join("\n")
        );
    }
}

/// Adds a line to the file of `TENANTRY_STALE_LOG`, for who does not want to wait for the end.
fn note(line: &str) {
    let Some(path) = std::env::var_os("TENANTRY_STALE_LOG") else { return };
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    writeln!(file, "{line}").unwrap();
}
