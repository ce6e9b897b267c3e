//! What is told of rows on their way.

use std::cell::Cell;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::output::Terminal;
use crate::cli::output::layout::{Cell as Text, Row};
use crate::cli::output::style::{BOLD, count, paint};
use crate::transfer::Imported;
use crate::transfer::archive::{ArchivedTable, Description};

/// How much time passes at least between two lines of how far it has come.
const PAUSE: Duration = Duration::from_secs(5);

/// Tells now and then how far it has come.
pub(super) struct Progress {
    terminal: Terminal,
    done: Cell<usize>,
    said: Cell<Instant>,
}

impl Progress {
    pub(super) fn new(terminal: Terminal) -> Self {
        Self { terminal, done: Cell::new(0), said: Cell::new(Instant::now()) }
    }

    pub(super) fn see(&self, table: &ArchivedTable, of: usize) {
        self.done.set(self.done.get() + 1);
        if self.terminal.is_json() || self.said.get().elapsed() < PAUSE {
            return;
        }
        self.said.set(Instant::now());
        let line = format!("{} of {}, the last {}\n", self.done.get(), count(of, "table"), table.plain());
        self.terminal.note(&line);
    }
}

pub(super) fn exported(heading: &str, described: &Description, terminal: Terminal) -> Result<(), Failure> {
    let rows: Vec<(String, u64)> = described.tables.iter().map(|table| (table.plain(), table.rows)).collect();
    show(heading, &rows, terminal, || serde_json::to_value(described).unwrap_or_default())?;
    if !described.left_out.is_empty() {
        terminal.warn(&format!(
            "{} of class deny, and not exported: {}",
            count(described.left_out.len(), "table"),
            described.left_out.join(", ")
        ));
    }
    Ok(())
}

pub(super) fn imported(heading: &str, imported: &Imported, terminal: Terminal) -> Result<(), Failure> {
    let rows: Vec<(String, u64)> = imported.rows.iter().map(|(table, rows)| (table.plain(), *rows)).collect();
    show(heading, &rows, terminal, || {
        let tables =
            imported.rows.iter().map(|(table, rows)| json!({ "table": table.to_string(), "rows": rows }));
        json!({ "tables": tables.collect::<Vec<_>>() })
    })
}

fn show(
    heading: &str,
    rows: &[(String, u64)],
    terminal: Terminal,
    json: impl FnOnce() -> serde_json::Value,
) -> Result<(), Failure> {
    terminal.result(
        |width| {
            let all: u64 = rows.iter().map(|(_, rows)| rows).sum();
            let row = |(table, rows): &(String, u64)| Row::new(Text::of(table), Text::of(rows.to_string()));
            let lines: Vec<Row> = rows.iter().filter(|(_, rows)| *rows > 0).map(row).collect();
            let tables = count(rows.len(), "table");
            format!("{}\n{}\n{all} rows of {tables}\n", paint(BOLD, heading), width.rows(2, &lines))
        },
        json,
    )
}
