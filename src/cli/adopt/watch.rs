//! What people and programs see while an adoption runs.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::show;
use crate::cli::failure::Failure;
use crate::cli::output::Terminal;
use crate::cli::output::layout::Width;
use crate::cli::output::style::{BOLD, CARE, DIM, GOOD, paint, took};
use crate::migrate::adopt::{Event, Record, Recorded};
use crate::plan::adopt::Action;

/// How often a line tells of progress where there is no bar.
const LINE_EVERY: Duration = Duration::from_secs(5);

const TEMPLATE: &str = "      {bar:30} {percent:>3} %  {msg}  {eta} left";

/// Forth, or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Forth,
    Back,
}

/// Tells of what happens.
pub(super) struct Watch {
    terminal: Terminal,
    is_terminal: bool,
    bar: Option<ProgressBar>,
    /// When the step began, and how many rows had their tenant by then.
    from: Option<(Instant, u64)>,
    said: Instant,
    steps: usize,
}

impl Watch {
    pub(super) fn new(terminal: Terminal) -> Self {
        let is_terminal = std::io::stderr().is_terminal() && !terminal.is_json();
        Self { terminal, is_terminal, bar: None, from: None, said: Instant::now(), steps: 0 }
    }

    pub(super) fn begun(&mut self, record: &Record, way: Way) -> Result<(), Failure> {
        self.steps = record.steps.len();
        let tables = record.tables.join(", ");
        let title = match way {
            Way::Forth => "Adopting",
            Way::Back => "Taking back the adoption of",
        };
        let json = || json!({ "event": "begun", "tables": record.tables, "back": way == Way::Back });
        let human = |width: Width| {
            let taken = title.chars().count() + 1;
            format!("{title} {}\n", width.hang(taken, 2, BOLD, tables))
        };
        self.terminal.result(human, json)
    }

    pub(super) fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Waiting { pid } => {
                let who = pid.map_or_else(String::new, |pid| format!(", process {pid} of the server"));
                self.terminal.warn(&format!("another tenantry adopt is at work{who}; waiting for its end"));
            }
            Event::Begun(step) => self.step(step, Way::Forth),
            Event::Undoing(step) => self.step(step, Way::Back),
            Event::Retry { step, attempt, pause } => self.retry(step, *attempt, *pause),
            Event::Running { step, elapsed } => self.running(step, *elapsed),
            Event::Batch { step, pass, walked, total, rows } => {
                self.batch(step, *pass, (*walked, *total), *rows);
            }
            Event::Skipped { step, rows } => self.line(
                &format!("{rows} rows are locked by others; coming back to them"),
                || json!({ "event": "skipped", "step": step.number, "rows": rows }),
            ),
            Event::Done { step, elapsed } => self.done(step, *elapsed),
        }
    }

    /// Shows a step before it is taken.
    fn step(&mut self, step: &Recorded, way: Way) {
        self.from = Some((Instant::now(), step.rows()));
        self.said = Instant::now();
        let action = match way {
            Way::Forth => &step.step.up,
            Way::Back => &step.step.down,
        };
        let human = |width| {
            let number = format!("{:>4}/{}", step.number, self.steps);
            let back = if way == Way::Back { "take back: " } else { "" };
            let mut shown = step.step.clone();
            shown.what = format!("{back}{}", shown.what);
            show::head(number, &shown, width) + &show::sql(action.shown())
        };
        let fields = || {
            let mut fields = show::step_fields(step.number, &step.step);
            fields["event"] = if way == Way::Back { "undoing" } else { "step" }.into();
            fields
        };
        // An output that nobody reads any more is no reason to stop.
        let _ = self.terminal.result(human, fields);
        if self.is_terminal && way == Way::Forth && matches!(step.step.up, Action::Backfill(_)) {
            let style =
                ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
            self.bar = Some(ProgressBar::no_length().with_style(style));
        }
    }

    fn retry(&mut self, step: &Recorded, attempt: u32, pause: Duration) {
        let pause = took(pause);
        self.line(
            &format!("a lock was not to be had in time (attempt {attempt}); again in {pause}"),
            || json!({ "event": "retry", "step": step.number, "attempt": attempt, "pause": pause }),
        );
    }

    fn running(&mut self, step: &Recorded, elapsed: Duration) {
        if self.said.elapsed() < LINE_EVERY {
            return;
        }
        self.said = Instant::now();
        self.line(
            &format!("under way for {}", took(elapsed)),
            || json!({ "event": "running", "step": step.number, "seconds": elapsed.as_secs() }),
        );
    }

    fn batch(&mut self, step: &Recorded, pass: u32, (walked, total): (u64, u64), rows: u64) {
        let rate = self.rate(rows);
        if let Some(bar) = &self.bar {
            bar.set_length(total.max(walked));
            bar.set_position(walked);
            bar.set_message(format!("{rows} rows, {rate} rows/s"));
            return;
        }
        if self.said.elapsed() < LINE_EVERY {
            return;
        }
        self.said = Instant::now();
        let again = if pass > 1 { format!(" (pass {pass})") } else { String::new() };
        self.line(&format!("{}{again}, {rate} rows/s", show::progress(walked, total, rows)), || {
            json!({
                "event": "batch", "step": step.number, "pass": pass, "walked": walked, "total": total, "rows": rows,
                "rows_per_second": rate,
            })
        });
    }

    /// Rows per second since the step was begun in this run.
    fn rate(&self, rows: u64) -> u64 {
        let Some((begun, before)) = self.from else { return 0 };
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        rows.saturating_sub(before).saturating_mul(1_000) / millis
    }

    /// Takes the bar away, if there is one.
    pub(super) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn done(&mut self, step: &Recorded, elapsed: Duration) {
        self.clear();
        let _ = self.terminal.result(
            |_| format!("\n      {} {}\n", paint(GOOD, "done in"), paint(DIM, took(elapsed))),
            || json!({ "event": "done", "step": step.number, "millis": u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX) }),
        );
    }

    fn line(&self, text: &str, fields: impl FnOnce() -> serde_json::Value) {
        let write = || {
            let _ = self.terminal.result(|width| width.wrap_in(6, CARE, text), fields);
        };
        match &self.bar {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }
}
