//! What happens while migrations run, on a terminal and in a log.

use std::cell::RefCell;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::show::name;
use crate::cli::output::Terminal;
use crate::cli::output::style::{BOLD, CARE, DIM, GOOD, WRONG, count, paint, took};
use crate::migrate::{Event, Mode};

/// How much time passes at least between two lines about the same where there is no bar.
const PAUSE: Duration = Duration::from_secs(5);

/// Shows how far it has come: on a terminal with a bar that moves, elsewhere with a line now and then.
pub(super) struct Progress {
    terminal: Terminal,
    state: RefCell<State>,
}

struct State {
    bar: Option<ProgressBar>,
    /// When the last of the lines was written that come now and then.
    said: Instant,
    /// When the first tenant of this run was done, and for how many it was done by then.
    first: Option<(Instant, usize)>,
    /// What the database is called, until that is said.
    database: Option<String>,
}

impl Progress {
    pub(super) fn new(terminal: Terminal, database: &str) -> Self {
        let said = Instant::now().checked_sub(PAUSE).unwrap_or_else(Instant::now);
        let state = State { bar: None, said, first: None, database: Some(database.to_owned()) };
        Self { terminal, state: RefCell::new(state) }
    }

    /// The last one was seen.
    pub(super) fn end(&self) {
        if let Some(bar) = self.state.borrow_mut().bar.take() {
            bar.finish_and_clear();
        }
    }

    pub(super) fn see(&self, event: &Event<'_>) {
        match event {
            Event::Waiting { waited, pid } => {
                let who = pid.map(|pid| format!(", as process {pid} of the server")).unwrap_or_default();
                self.now_and_then(&format!(
                    "{} another tenantry migrate is at work{who}; waited {} so far",
                    paint(CARE, "waiting:"),
                    took(*waited)
                ));
            }
            Event::Started { migration } => {
                self.state.borrow_mut().first = None;
                let database = self.state.borrow_mut().database.take();
                if let Some(database) = database {
                    self.line(&paint(BOLD, database));
                }
                if let Mode::System { reason } = migration.mode() {
                    self.line(&format!(
                        "{}  {}",
                        name(migration),
                        paint(DIM, format!("reaches the rows of all tenants: {reason}"))
                    ));
                }
            }
            Event::Retrying { migration, attempt, attempts, pause } => self.line(&format!(
                "{}  {} a lock was not to be had in time; attempt {attempt} of {attempts} in {}",
                name(migration),
                paint(CARE, "waiting:"),
                took(*pause)
            )),
            Event::Statement { migration, done, of } => {
                self.now_and_then(&format!("{}  {done} of {}", name(migration), count(*of, "statement")));
            }
            Event::Tenants { migration, done, failed, of } => {
                let failures = if *failed > 0 {
                    format!(", {}", paint(WRONG, format!("{failed} failed")))
                } else {
                    String::new()
                };
                self.tenants(&name(migration), (*done, *failed, *of), &failures);
            }
            Event::Finished { migration, took: time, rows } => {
                self.end();
                let rows = if *rows > 0 { format!(", {}", many(*rows, "row")) } else { String::new() };
                self.result(&format!(
                    "{}  {} in {}{rows}",
                    name(migration),
                    paint(GOOD, "done"),
                    took(*time)
                ));
            }
        }
    }

    fn tenants(&self, name: &str, (done, failed, of): (usize, usize, usize), failures: &str) {
        let gone = done + failed;
        let (begun, before) = *self.state.borrow_mut().first.get_or_insert((Instant::now(), gone));
        let pace = pace(begun.elapsed(), gone - before, of.saturating_sub(gone));
        if !self.has_bar() {
            if gone < of {
                self.now_and_then(&format!("{name}  {gone} of {}{pace}{failures}", count(of, "tenant")));
            }
            return;
        }
        let mut state = self.state.borrow_mut();
        let number = |of: usize| u64::try_from(of).unwrap_or(u64::MAX);
        let bar = state.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(number(of));
            if let Ok(style) = ProgressStyle::with_template("{prefix}  {bar:24} {pos} of {len} tenants{msg}")
            {
                bar.set_style(style);
            }
            bar.set_prefix(name.to_owned());
            bar
        });
        bar.set_length(number(of));
        bar.set_message(format!("{pace}{failures}"));
        bar.set_position(number(gone));
    }

    fn has_bar(&self) -> bool {
        !self.terminal.is_json() && io::stderr().is_terminal()
    }

    /// A line that is worth reading whenever it comes.
    fn line(&self, line: &str) {
        if self.terminal.is_json() {
            return;
        }
        match &self.state.borrow().bar {
            Some(bar) => bar.suspend(|| self.terminal.note(&format!("{line}\n"))),
            None => self.terminal.note(&format!("{line}\n")),
        }
    }

    /// A line that says what has been done for good.
    fn result(&self, line: &str) {
        if !self.terminal.is_json() {
            // Who does not read it any more is no reason to stop in the middle.
            let _ = self.terminal.print(&format!("{line}\n"));
        }
    }

    /// A line that is one of many of its kind.
    fn now_and_then(&self, line: &str) {
        let mut state = self.state.borrow_mut();
        if state.said.elapsed() < PAUSE {
            return;
        }
        state.said = Instant::now();
        drop(state);
        self.line(line);
    }
}

/// How fast it goes, and how long it will take, once that can be told: `, 12.5/s, 8 s left`.
fn pace(time: Duration, gone: usize, left: usize) -> String {
    let number = |of: usize| f64::from(u32::try_from(of).unwrap_or(u32::MAX));
    let per_second = number(gone) / time.as_secs_f64();
    if gone < 3 || !per_second.is_finite() {
        return String::new();
    }
    let left = Duration::try_from_secs_f64(number(left) / per_second).unwrap_or(Duration::MAX);
    format!(", {per_second:.1}/s, {} left", took(left))
}

fn many(number: u64, thing: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), thing)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::pace;

    #[test]
    fn the_pace_is_told_once_there_is_one() {
        assert_eq!(pace(Duration::ZERO, 0, 10), "");
        assert_eq!(pace(Duration::from_millis(10), 2, 10), "");
        assert_eq!(pace(Duration::ZERO, 5, 10), "");
        assert_eq!(pace(Duration::from_secs(2), 25, 100), ", 12.5/s, 8.0 s left");
        assert_eq!(pace(Duration::from_secs(10), 5, 100), ", 0.5/s, 3 min 20 s left");
    }
}
